"""The exact step of a Riccati equation with constant coefficients, compiled.

``dy/dt = alpha + beta y + gamma y^2`` is solved by a Moebius map, that of the 2 x 2 matrix
``exp(t [[beta/2, alpha], [-gamma, -beta/2]]) = cosh(theta) 1 + sinh(theta)/root M``, ``root^2 = beta^2/4 - alpha gamma``, ``theta = t root``
(Reid, Riccati Differential Equations, Academic Press 1972, chapter 1). Every entry is scaled by ``exp(-theta)``, which the map does
not feel, so that no step overflows, however long.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numba import njit
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ionspike.device.ecram import Ecram

Array = NDArray[np.float64]


@njit(cache=True)
def hyperbolic(alpha: float, beta: float, gamma: float, t: float) -> tuple[float, float]:
    """``cosh(theta) exp(-theta)`` and ``sinh(theta)/root exp(-theta)`` of one step of length ``t`` (s)."""
    square = 0.25 * beta * beta - alpha * gamma
    root = math.sqrt(square) if square > 0.0 else 0.0
    theta = root * t
    if theta < 1e-9:  # sinh(theta)/root -> t: the difference is of order theta^2
        return math.exp(-theta), t * math.exp(-theta)
    decay = -math.expm1(-2.0 * theta)
    return 1.0 - 0.5 * decay, 0.5 * decay / root


@njit(cache=True)
def step(y: float, alpha: float, beta: float, gamma: float, t: float) -> float:
    """The state after ``t`` seconds. Written as an increment, so that a fixed point stays where it is to the last bit."""
    rate = alpha + (beta + gamma * y) * y
    if rate == 0.0:
        return y
    c, s = hyperbolic(alpha, beta, gamma, t)
    # the law keeps y in [0, 1]; rounding may leave it by 1e-16
    return min(max(y + s * rate / (c - s * (0.5 * beta + gamma * y)), 0.0), 1.0)


@njit(cache=True)
def matrix(alpha: float, beta: float, gamma: float, t: float) -> Array:
    """The scaled 2 x 2 matrix of one step: ``y -> (m00 y + m01)/(m10 y + m11)``. A pulse and a rest are a product of two."""
    c, s = hyperbolic(alpha, beta, gamma, t)
    m = np.empty((2, 2))
    m[0, 0] = c + s * 0.5 * beta
    m[0, 1] = s * alpha
    m[1, 0] = -s * gamma
    m[1, 1] = c - s * 0.5 * beta
    return m


@njit(cache=True)
def advance_states(y: Array, alpha: Array, beta: Array, gamma: Array, t: float) -> Array:
    """:func:`step` for each state of one device: arrays of one shape (states,)."""
    out = np.empty(y.shape[0])
    for k in range(y.shape[0]):
        out[k] = step(y[k], alpha[k], beta[k], gamma[k], t)
    return out


@njit(cache=True)
def logistic(u: float) -> float:
    """``1/(1 + exp(-u))`` without overflow."""
    small = math.exp(-abs(u))
    return (1.0 if u >= 0.0 else small) / (1.0 + small)


@njit(cache=True)
def coefficients(eta: float, gate: Array, state: Array) -> tuple[float, float, float]:
    """``alpha, beta, gamma`` of one state at overpotential ``eta``: the compiled form of ``Ecram.coefficients``.

    ``gate`` is (V_T, V_0, J_lim), ``state`` is (polarity, a, tau, V_d, c, d, s), as :func:`table` gives them.
    """
    seen = state[0] * eta
    insert = state[1] * gate[2] * logistic((seen - gate[0]) / gate[1])
    remove = state[1] * gate[2] * logistic((-seen - gate[0]) / gate[1])
    release = 2.0 / state[2] * logistic(-seen / state[3])
    return (
        insert,
        insert * (state[4] - 1.0) - remove * (1.0 + state[5]) - release,
        -insert * state[4] + remove * state[5] + release * state[6],
    )


def table(ecram: Ecram) -> tuple[Array, Array]:
    """The parameters of ``ecram`` as the compiled functions take them: gate (3,), states (n + 1, 7), the weight last."""
    gate, states = ecram.gate, ecram.states
    rows = [[p.polarity, p.a, p.tau, p.V_d, p.c, p.d, p.s] for p in states]
    return np.array([gate.V_T, gate.V_0, gate.J_lim]), np.array(rows)
