"""The law under voltages that move, against an integrator at tight tolerance."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.law_accuracy import Worst, moving_waveform
from scipy.integrate import solve_ivp

from ionspike.device import Ecram
from ionspike.device.follow import follow
from ionspike.errors import InputError


@pytest.mark.parametrize("card", ["reference", "band-pass"])
def test_a_spike_with_slopes_is_followed(card: str):
    device = Ecram.load(card)
    time = np.array([0, 2e-9, 6e-9, 7e-9, 20e-9, 1e-3])
    gate = np.array([0, 1.8, 1.8, 0.0, 0.0, 0.0])
    drain, source = np.array([0.0, 0.4, 0.4, 0.2, 0.2, 0.2]), np.array([0.0, 0.1, 0.2, 0.2, 0.2, 0.2])
    found = follow(device, time, gate, drain, source)

    def slope(t: float, y: np.ndarray) -> np.ndarray:
        eta = device.overpotential(np.interp(t, time, gate), np.interp(t, time, drain), np.interp(t, time, source))
        alpha, beta, gamma = device.coefficients(eta)
        return alpha + beta * y + gamma * y * y

    state = device.at_rest()
    for k in range(len(time) - 1):
        state = solve_ivp(slope, time[k : k + 2], state, "DOP853", rtol=1e-11, atol=1e-13).y[:, -1]
        # each accepted step may be off by 1e-9, and there are some hundred of them
        np.testing.assert_allclose(found[k + 1], state, atol=1e-7)


def test_random_devices_under_moving_voltages_are_followed():
    worst = Worst()
    for seed in range(2):  # the whole hundred: python -m benchmarks.law_accuracy
        moving_waveform(seed, worst)
    assert max(worst.largest.values()) < 1e-9


def test_a_burst_of_flux_between_two_distant_samples_is_not_missed(reference: Ecram):
    # at both ends, at the middle and at the quarters of this ramp there is no flux; in the last fifth there is
    found = follow(reference, [0.0, 1e-6, 2e-6], [-1.9, 1.9, -1.9], 0.0, 0.0, state=[0.0, 0.3])
    assert found[1, 0] > 0.5


def test_times_that_go_back_are_refused(reference: Ecram):
    with pytest.raises(InputError, match="ascend"):
        follow(reference, [0, 2, 1], 0.0, 0.0, 0.0)


def test_voltages_and_tolerances_that_do_not_fit_are_refused(reference: Ecram):
    with pytest.raises(InputError, match="do not fit 3 times"):
        follow(reference, [0, 1, 2], [0.0, 1.0], 0.0, 0.0)
    with pytest.raises(InputError, match="tolerance"):
        follow(reference, [0, 1, 2], 0.0, 0.0, 0.0, tolerance=0.0)
