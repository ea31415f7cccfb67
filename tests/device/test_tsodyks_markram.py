"""In the limit of short pulses and no back flux, one linear population is the facilitation variable of Tsodyks and Markram."""

from __future__ import annotations

import numpy as np
from benchmarks.tsodyks_markram import device, facilitation

from ionspike.device import propagate


def test_a_population_is_the_facilitation_variable_in_its_limit():
    utilisation, tau = 0.23, 0.35
    card, width = device(utilisation, tau)
    times = np.cumsum(np.random.default_rng(3).exponential(0.08, 400) + 1e-3)
    gaps = np.diff(times, prepend=0.0)
    durations = np.column_stack([gaps, np.full(400, width)]).ravel()
    states = propagate(card, durations, np.tile([0.0, 1.8], 400), state=[0.0, 0.0])
    # the pulse lasts 1e-10 of tau
    np.testing.assert_allclose(states[1::2, 0], facilitation(times, utilisation, tau), atol=1e-9)


def test_a_pulse_that_lasts_is_not_that_variable():
    card, width = device(0.23, 0.35, width=1e-3)
    times = np.cumsum(np.full(50, 0.05))
    durations = np.column_stack([np.diff(times, prepend=width) - width, np.full(50, width)]).ravel()
    states = propagate(card, durations, np.tile([0.0, 1.8], 50), state=[0.0, 0.0])
    assert np.abs(states[1::2, 0] - facilitation(times, 0.23, 0.35)).max() > 1e-5
