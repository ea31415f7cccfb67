"""One state of the law along a sampled trace, compiled: exact from edge to edge and from sample to sample."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ionspike.device.compiled import compiled
from ionspike.device.moebius import coefficients, moved, scaled_root, slope, step

Array = NDArray[np.float64]
Index = NDArray[np.int64]

_FOR_EVER = 1e30  # s: a step that ends at rest
_SAME = 1e-10  # relative difference of two steps that are one, but for the rounding of the times of samples
_REACH = 1e-5  # of the difference quotient by the logarithmic factor of a pulse
_GONE = 1e-15  # what is left of a pulse and counts no more


@compiled()
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
    span, root, decay, s = -1.0, 0.0, 0.0, 0.0  # of the step before: evenly spaced samples share it
    for i in range(time.shape[0]):
        while e < edges.shape[0] and edges[e] <= time[i]:
            if now != -np.inf and edges[e] > now:
                y = step(y, alpha, beta, gamma, edges[e] - now)
            now = edges[e]
            own[1] = state[1] * insertion[pulse[e]]
            own[2] = state[2] * release[pulse[e]]
            alpha, beta, gamma = coefficients(float(eta[level[e + 1]]), gate, own)
            span = -1.0
            e += 1
        if now != -np.inf and time[i] > now:
            if abs(time[i] - now - span) > _SAME * span:
                span = time[i] - now
                root, decay, s = scaled_root(alpha, beta, gamma, span)
            y = moved(y, alpha, beta, gamma, root, decay, s)
            now = time[i]
        out[i] = y
    return out


@compiled()
def pulse_slopes(
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
    """Derivative of :func:`state_along` by the logarithm of the insertion factor of each pulse, (time, pulses).

    Until the next pulse begins it is a difference of two states that start as one; from then on it shrinks by the slope of every step.
    """
    out = np.zeros((time.shape[0], insertion.shape[0]))
    ahead = np.zeros(insertion.shape[0])
    laws = np.empty((3, 3))  # as it is, more, less
    rows = np.empty((3, state.shape[0]))
    rows[:] = state
    laws[0] = coefficients(float(eta[level[0]]), gate, state)
    y = np.full(3, step(0.0, laws[0, 0], laws[0, 1], laws[0, 2], _FOR_EVER))
    now, e, own, oldest = -np.inf, 0, -1, 0
    for i in range(time.shape[0]):
        while e <= edges.shape[0]:
            until = time[i] if e == edges.shape[0] or edges[e] > time[i] else edges[e]
            if own >= 0 and until > now:
                left = slope(y[0], laws[0, 0], laws[0, 1], laws[0, 2], until - now)
                for p in range(oldest, own):
                    ahead[p] *= left
                while oldest < own and abs(ahead[oldest]) < _GONE:
                    ahead[oldest] = 0.0
                    oldest += 1
                for k in range(3):
                    y[k] = step(y[k], laws[k, 0], laws[k, 1], laws[k, 2], until - now)
                ahead[own] = (y[1] - y[2]) / (2 * _REACH)
                now = until
            if e == edges.shape[0] or edges[e] > time[i]:
                break
            if pulse[e] != own:
                own = pulse[e]
                y[1], y[2] = y[0], y[0]
            now = edges[e]
            for k in range(3):
                rows[k, 1] = state[1] * insertion[own] * np.exp((0.0, _REACH, -_REACH)[k])
                rows[k, 2] = state[2] * release[own]
                laws[k] = coefficients(float(eta[level[e + 1]]), gate, rows[k])
            e += 1
        out[i] = ahead
    return out


@compiled()
def doses(moments: Array, recovery: float) -> Array:
    """Dose before each pulse, one added by each and leaving with the time constant ``recovery`` (s): the fatigue of
    :class:`~ionspike.device.aging.Aging` with one unit a pulse; infinite ``recovery``: its wear."""
    out = np.zeros(moments.shape[0])
    for k in range(1, moments.shape[0]):
        out[k] = (out[k - 1] + 1.0) * np.exp(-(moments[k] - moments[k - 1]) / recovery)
    return out
