"""What ``ionspike circuit jitter`` does: the jitter of a spike at some input currents, predicted and in runs with noise."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from ionspike.circuit.jitter import spike_jitter, table
from ionspike.circuit.neurons import Neuron
from ionspike.circuit.provenance import conditions
from ionspike.cli.circuit_results import setting_of
from ionspike.units import quantity

_RELTOL = 1e-5  # at 1e-4 the solver itself jitters


def run_jitter(topology: str, currents: list[str], intervals: int, seed: int) -> tuple[dict[str, Any], list[str]]:
    """Measure; the result as a dictionary and as lines for a reader."""
    values = [quantity(text, "A", "current") for text in currents]
    setting = setting_of()
    setting = replace(setting, accuracy=replace(setting.accuracy, reltol=_RELTOL))
    neuron = Neuron(topology)
    found = [spike_jitter(neuron, setting, value, intervals, seed) for value in values]
    rows = [asdict(one) | {"predicted": one.predicted, "relative_error": one.uncertainty} for one in found]
    told = conditions(neuron, setting) | {"seed": seed}
    return {"conditions": told, "jitter": rows}, [table(found)]
