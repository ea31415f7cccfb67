"""One state of the law along a sampled trace, compiled: exact from edge to edge and from sample to sample."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ionspike.device.moebius import coefficients, step

Array = NDArray[np.float64]
Index = NDArray[np.int64]

_FOR_EVER = 1e30  # s: a step that ends at rest


@njit(cache=True)
def state_along(
    time: Array,
    edges: Array,
    level: Index,
    pulse: Index,
    eta: Array,
    gate: Array,
    state: Array,
    insertion: Array,
    release: Array,
) -> Array:
    """The state at every ``time`` (s, ascending), from rest at the first level.

    Args:
        edges: when the gate steps (s, ascending).
        level: number of the gate level before the first edge and after each, (edges + 1,).
        pulse: number of the pulse that began last, after each edge, (edges,).
        eta: overpotential (V) of every level.
        gate, state: parameters as ``moebius.coefficients`` takes them.
        insertion, release: factors of the insertion rate a and the release time tau, one a pulse.
    """
    out = np.empty(time.shape[0])
    own = state.copy()
    alpha, beta, gamma = coefficients(float(eta[level[0]]), gate, own)
    y = step(0.0, alpha, beta, gamma, _FOR_EVER)
    now, e = -np.inf, 0
    for i in range(time.shape[0]):
        while e < edges.shape[0] and edges[e] <= time[i]:
            if now != -np.inf and edges[e] > now:
                y = step(y, alpha, beta, gamma, edges[e] - now)
            now = edges[e]
            own[1] = state[1] * insertion[pulse[e]]
            own[2] = state[2] * release[pulse[e]]
            alpha, beta, gamma = coefficients(float(eta[level[e + 1]]), gate, own)
            e += 1
        if now != -np.inf and time[i] > now:
            y = step(y, alpha, beta, gamma, time[i] - now)
            now = time[i]
        out[i] = y
    return out


@njit(cache=True)
def doses(moments: Array, recovery: float) -> Array:
    """Dose before each pulse, one added by each and leaving with the time constant ``recovery`` (s): the fatigue of
    :class:`~ionspike.device.aging.Aging` with one unit a pulse; infinite ``recovery``: its wear."""
    out = np.zeros(moments.shape[0])
    for k in range(1, moments.shape[0]):
        out[k] = (out[k - 1] + 1.0) * np.exp(-(moments[k] - moments[k - 1]) / recovery)
    return out
