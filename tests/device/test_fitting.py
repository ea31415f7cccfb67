"""Fits find the device that made a record, and the card they give is the trace they fitted."""

from __future__ import annotations

import numpy as np
import pytest

from ionspike.device import Ecram, Gate, Population, Weight
from ionspike.device.fitting import Shape, fit
from ionspike.device.synthetic import synthetic_record
from ionspike.errors import InputError

DEVICE = Ecram(
    "made", Gate(V_T=0.4, V_0=0.05, J_lim=150.0), (Population(tau=2e-3, g=5e-3, V_d=0.3, s=0.9),), Weight(G_min=1e-4)
)


def test_a_fit_finds_the_device_that_made_the_record():
    found = fit(synthetic_record(DEVICE, 0.2, 0.1, 12, 1e-3, noise=1e-3), starts=3)
    population = found.device.populations[0]
    # a thousandth of noise over 2,400 samples leaves a few parts in a hundred on the rates
    assert found.device.gate.J_lim == pytest.approx(150, rel=0.03)
    assert population.tau == pytest.approx(2e-3, rel=0.05)
    assert population.s == pytest.approx(0.9, abs=0.02)
    assert found.agreeing >= 2


def test_the_fitted_card_is_the_fitted_trace():
    record = synthetic_record(DEVICE, 0.2, 0.1, 3, 1e-3, noise=0.0)
    found = fit(record, starts=2)
    state, now, gate = found.device.at_rest(), 0.0, 0.0
    edges = sorted([(t, 1.0) for t in found.on_edges] + [(t, 0.0) for t in found.off_edges])
    moments = sorted([(t, None) for t in record.time] + edges, key=lambda pair: pair[0])
    trace = []
    for t, level in moments:
        state, now = found.device.advance(state, gate, duration=t - now), t
        if level is None:
            trace.append(float(found.device.conductance(state)))
        else:
            gate = level
    # the card's assumed threshold leaves a few parts in ten thousand of the flux at rest
    assert np.abs(np.array(trace) - found.model).max() < 2e-3 * record.swing


def test_aging_per_cycle_is_found():
    record = synthetic_record(DEVICE, 0.2, 0.1, 12, 1e-3, fatigue=0.02)
    found = fit(record, shape=Shape(aging=True), starts=2)
    assert found.aging[0] == pytest.approx(-0.02, abs=0.002)


def test_a_simpler_law_fits_worse():
    record = synthetic_record(DEVICE, 0.2, 0.1, 12, 1e-3)
    assert fit(record, cooperative=False, starts=2).error > 3 * fit(record, starts=2).error


def test_a_record_of_three_levels_is_refused():
    record = synthetic_record(DEVICE, 0.2, 0.1, 3, 1e-3)
    record.gate[:5] = 0.5
    with pytest.raises(InputError, match="3 gate levels"):
        fit(record)
