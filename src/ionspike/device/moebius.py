"""The exact step of a Riccati equation with constant coefficients, compiled.

``dy/dt = alpha + beta y + gamma y^2`` is solved by a Moebius map, that of the 2 x 2 matrix
``exp(t [[beta/2, alpha], [-gamma, -beta/2]]) = cosh(theta) 1 + sinh(theta)/root M``, ``root^2 = beta^2/4 - alpha gamma``, ``theta = t root``
(Reid, Riccati Differential Equations, Academic Press 1972, chapter 1). Every entry is scaled by ``exp(-theta)``, which the map does
not feel, so that no step overflows, however long.

With ``h = beta/2 + gamma y`` the step is ``y + s y'/(c - s h)``, ``c = cosh(theta) exp(-theta)``, ``s = sinh(theta) exp(-theta)/root``.
Nothing in it cancels: y' and root^2 are taken in twice the digits, and for h > 0, as ``h^2 - root^2 = gamma y'``, the denominator is
``exp(-2 theta) - s gamma y'/(root + h)``. That keeps near-degenerate roots as exact as all others.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ionspike.device.compiled import compiled
from ionspike.device.exponential import difference_of_products, exponential, fma, logistic, quadratic

if TYPE_CHECKING:
    from ionspike.device.ecram import Ecram

Array = NDArray[np.float64]

_NO_ROOT = 1e-150  # stands for 0: sinh(theta)/root is then t to the last bit


@njit(forceinline=True, error_model="numpy")
def scaled_root(alpha: float, beta: float, gamma: float, t: float) -> tuple[float, float, float]:
    """``root``, ``exp(-2 theta)`` and ``sinh(theta)/root exp(-theta)`` of one step of length ``t`` (s)."""
    square = difference_of_products(0.5 * beta, 0.5 * beta, alpha, gamma)
    root = math.sqrt(max(square, _NO_ROOT * _NO_ROOT))
    decay, less = exponential(-2.0 * root * t)
    return root, decay, -0.5 * less / root


@njit(forceinline=True, error_model="numpy")
def moved(y: float, alpha: float, beta: float, gamma: float, root: float, decay: float, s: float) -> float:
    """The state after a step whose ``root, decay, s`` are those of :func:`scaled_root`; a fixed point stays to the last bit."""
    h = fma(gamma, y, 0.5 * beta)
    # the law's roots are real: where rounded coefficients say that they are not, they are taken as one, and gamma y' = h^2
    real = root > _NO_ROOT or gamma == 0.0
    rate, by = (quadratic(y, alpha, beta, gamma), 1.0) if real else (h * h, gamma)
    # c = (1 + decay)/2 = decay + s root; both ratios are brought on one denominator, since a division costs most of a step
    q = root + h if h > 0.0 else 1.0
    away = decay * q - s * (gamma * rate if real else rate) if h > 0.0 else 0.5 + 0.5 * decay - s * h
    new = y + (s * rate * q / (away * by) if rate != 0.0 else 0.0)
    return min(max(new, 0.0), 1.0)  # the law keeps y in [0, 1]; rounding may leave it by 1e-16


@njit(forceinline=True, error_model="numpy")
def exact_step(y: float, alpha: float, beta: float, gamma: float, t: float) -> float:
    """The state after ``t`` seconds, for loops that LLVM shall vectorise."""
    root, decay, s = scaled_root(alpha, beta, gamma, t)
    return moved(y, alpha, beta, gamma, root, decay, s)


@compiled(error_model="numpy")
def step(y: float, alpha: float, beta: float, gamma: float, t: float) -> float:
    """The state after ``t`` seconds."""
    return exact_step(y, alpha, beta, gamma, t)


@compiled(error_model="numpy")
def slope(y: float, alpha: float, beta: float, gamma: float, t: float) -> float:
    """Derivative of :func:`step` by ``y``: the determinant of the scaled matrix, exp(-2 theta), over the square of the denominator."""
    root, decay, s = scaled_root(alpha, beta, gamma, t)
    h = fma(gamma, y, 0.5 * beta)
    away = decay - s * gamma * quadratic(y, alpha, beta, gamma) / (root + h) if h > 0.0 else 0.5 + 0.5 * decay - s * h
    return decay / (away * away)


@compiled(error_model="numpy")
def matrix(alpha: float, beta: float, gamma: float, t: float) -> Array:
    """The scaled 2 x 2 matrix of one step: ``y -> (m00 y + m01)/(m10 y + m11)``. A pulse and a rest are a product of two."""
    root, decay, s = scaled_root(alpha, beta, gamma, t)
    half = 0.5 * beta
    # c - s |beta|/2 = decay + s (root - |beta|/2), and root^2 - beta^2/4 = -alpha gamma
    small = decay - s * alpha * gamma / (root + abs(half))
    large = 0.5 + 0.5 * decay + s * abs(half)
    m = np.empty((2, 2))
    m[0, 0], m[1, 1] = (small, large) if beta < 0.0 else (large, small)
    m[0, 1] = s * alpha
    m[1, 0] = -s * gamma
    return m


@compiled(error_model="numpy")
def advance_states(y: Array, alpha: Array, beta: Array, gamma: Array, t: float) -> Array:
    """:func:`step` for each state of one device: arrays of one shape (states,)."""
    out = np.empty(y.shape[0])
    for k in range(y.shape[0]):
        out[k] = exact_step(y[k], alpha[k], beta[k], gamma[k], t)
    return out


@compiled(error_model="numpy")
def states_at(y: Array, alpha: Array, beta: Array, gamma: Array, times: Array) -> Array:
    """:func:`advance_states` for every one of ``times`` (s), all from ``y``: shape (times, states)."""
    out = np.empty((times.shape[0], y.shape[0]))
    for i in range(times.shape[0]):
        for k in range(y.shape[0]):
            out[i, k] = exact_step(y[k], alpha[k], beta[k], gamma[k], times[i])
    return out


@njit(forceinline=True, error_model="numpy")
def riccati(
    seen: float, v_t: float, v_0: float, j_lim: float, a: float, tau: float, v_d: float, c: float, d: float, s: float
) -> tuple[float, float, float]:
    """``alpha, beta, gamma`` of one state that sees the overpotential ``seen``: the compiled form of ``Ecram.coefficients``."""
    insert = a * j_lim * logistic((seen - v_t) / v_0)
    remove = a * j_lim * logistic((-seen - v_t) / v_0)
    release = 2.0 / tau * logistic(-seen / v_d)
    beta = insert * (c - 1.0) - remove * (1.0 + d) - release
    return insert, beta, -insert * c + remove * d + release * s


@njit(forceinline=True, error_model="numpy")
def coefficients(eta: float, gate: Array, state: Array) -> tuple[float, float, float]:
    """:func:`riccati` at overpotential ``eta``; ``gate`` is (V_T, V_0, J_lim), ``state`` is (polarity, a, tau, V_d, c, d, s), as
    :func:`table` gives them."""
    return riccati(
        state[0] * eta, gate[0], gate[1], gate[2], state[1], state[2], state[3], state[4], state[5], state[6]
    )


def table(ecram: Ecram) -> tuple[Array, Array]:
    """The parameters of ``ecram`` as the compiled functions take them: gate (3,), states (n + 1, 7), the weight last."""
    gate, states = ecram.gate, ecram.states
    rows = [[p.polarity, p.a, p.tau, p.V_d, p.c, p.d, p.s] for p in states]
    return np.array([gate.V_T, gate.V_0, gate.J_lim]), np.array(rows)
