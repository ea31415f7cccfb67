"""A record as a chain of Moebius maps, compiled.

An evenly sampled record repeats a few steps over and over: the same gate voltage for the same time. Each such step is one 2 x 2 matrix,
worked out once; a sample then costs four multiplications and a division for each state.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ionspike.device.compiled import compiled
from ionspike.device.moebius import coefficients, matrix

Array = NDArray[np.float64]
Index = NDArray[np.int64]


@compiled()
def maps(gate: Array, row: Array, eta: Array, span: Array, rate: Array) -> Array:
    """Matrices of one state, (steps, 4), for steps of length ``span`` (s) at overpotential ``eta`` (V), its ``a`` times ``rate``."""
    out = np.empty((span.shape[0], 4))
    own = row.copy()
    for k in range(span.shape[0]):
        own[1] = row[1] * rate[k]
        alpha, beta, gamma = coefficients(float(eta[k]), gate, own)
        out[k] = matrix(alpha, beta, gamma, span[k]).ravel()
    return out


@compiled()
def chain(m: Array, order: Index, place: Index, samples: int, y: float) -> Array:
    """The state at every sample: step j applies ``m[order[j]]`` and, where ``place[j]`` >= 0, is read there."""
    out = np.empty(samples)
    for j in range(order.shape[0]):
        k = order[j]
        y = (m[k, 0] * y + m[k, 1]) / (m[k, 2] * y + m[k, 3])
        if place[j] >= 0:
            out[place[j]] = y
    return out


@compiled()
def pulse_chains(
    m: Array, up: Array, down: Array, order: Index, place: Index, pulse: Index, samples: int, pulses: int, y: float
) -> Array:
    """Difference of two chains for every pulse, (samples, pulses): its own steps by ``up`` and ``down``, all others by ``m``.

    After its pulse a small difference shrinks by the slope of every map, its determinant over the square of the denominator.
    """
    out = np.zeros((samples, pulses))
    ahead = np.zeros(pulses)
    a, b, now = y, y, -1
    for j in range(order.shape[0]):
        k = order[j]
        below = m[k, 2] * y + m[k, 3]
        slope = (m[k, 0] * m[k, 3] - m[k, 1] * m[k, 2]) / (below * below)
        if pulse[j] >= 0 and pulse[j] != now:
            a, b = y, y
        for p in range(pulses):
            ahead[p] *= slope
        y = (m[k, 0] * y + m[k, 1]) / below
        now = pulse[j]
        if now >= 0:
            a = (up[k, 0] * a + up[k, 1]) / (up[k, 2] * a + up[k, 3])
            b = (down[k, 0] * b + down[k, 1]) / (down[k, 2] * b + down[k, 3])
            ahead[now] = a - b
        if place[j] >= 0:
            out[place[j]] = ahead
    return out
