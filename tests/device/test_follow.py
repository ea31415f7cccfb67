"""The law under voltages that move, against an integrator at tight tolerance."""

from __future__ import annotations

import numpy as np
import pytest
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


def test_times_that_go_back_are_refused(reference: Ecram):
    with pytest.raises(InputError, match="ascend"):
        follow(reference, [0, 2, 1], 0.0, 0.0, 0.0)
