"""The claims of arXiv:2605.11243, one module each, in the order of the report."""

from __future__ import annotations

from ionspike.report.claim import Claim
from ionspike.report.claims import (
    cell_calibration,
    coexistence,
    compact_model,
    energy_per_spike,
    excitability,
    frequency_selectivity,
    pulse_width_tuning,
    resistance_step,
    stp_overhead,
    synaptic_facilitation,
    topologies,
)

CLAIMS: tuple[Claim, ...] = (
    compact_model.CLAIM,
    resistance_step.CLAIM,
    synaptic_facilitation.CLAIM,
    excitability.CLAIM,
    energy_per_spike.CLAIM,
    stp_overhead.CLAIM,
    topologies.CLAIM,
    pulse_width_tuning.CLAIM,
    coexistence.CLAIM,
    cell_calibration.CLAIM,
    frequency_selectivity.CLAIM,
)
