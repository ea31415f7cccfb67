"""A record of many gate levels is fitted from the data alone."""

from __future__ import annotations

import numpy as np
import pytest

from ionspike.device.ecram import Ecram, Gate, Population, Weight
from ionspike.device.uncertainty.intervals import intervals
from ionspike.device.waveforms.pulse_blocks import PulseFamily
from ionspike.device.waveforms.waveform import Waveform, sampled, simulate
from ionspike.device.waveforms.waveform_fit import fit_waveform
from ionspike.device.waveforms.waveform_problem import Trace
from ionspike.errors import InputError

CARD = Ecram(
    "truth",
    Gate(V_T=0.7, V_0=0.06, J_lim=80.0, V_rest=0.02),
    (Population(tau=0.02, g=6e-6), Population(tau=0.25, g=-2e-6, a=0.1)),
    Weight(G_min=1e-5),
)


def test_two_populations_of_opposite_sign_are_found_in_a_ladder():
    family = PulseFamily.for_device(CARD, duration=10.0, samples=1000)
    waveform = family.ladder()
    at = sampled(waveform, 1000)
    clean = simulate(CARD, waveform, at)
    swing = float(np.ptp(clean))
    noisy = clean + 0.003 * swing * np.random.default_rng(1).normal(size=1000)
    found = fit_waveform([Trace(at, noisy, waveform, swing)], populations=2, starts=4)
    assert found.error == pytest.approx(0.003, rel=0.1)
    assert found.agreeing >= 1 and f"of {found.starts} starts" in str(found)
    for row in intervals(found.problem, found.theta, method="covariance", kinds=("white",), level=0.9999):
        section, name = row.name.split(".")
        k = int(section[-1]) - 1 if section.startswith("population") else None
        holder = getattr(CARD, section) if k is None else CARD.populations[k]
        assert row.covers(getattr(holder, name)), str(row)


def test_a_gate_that_never_moves_is_told():
    at = np.linspace(0, 1, 50)
    with pytest.raises(InputError, match="the gate never moves"):
        fit_waveform([Trace(at, np.ones(50), Waveform((0.0,), (1.0,)), 1.0)])
    with pytest.raises(InputError, match="no record"):
        fit_waveform([])
