"""What a presynaptic spike does to its synapses: their states move by the exact map, and each gives the size of its arrival."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from ionspike.device.moebius import step
from ionspike.network.arrays import MAX_STATES, Array
from ionspike.network.elementary import FAST, exp

# Gauss-Legendre on [0, 1], three points: Abramowitz and Stegun, Handbook of Mathematical Functions, 25.4.30
_AT = (0.5 - 0.5 * math.sqrt(0.6), 0.5, 0.5 + 0.5 * math.sqrt(0.6))
_OF = (5.0 / 18.0, 8.0 / 18.0, 5.0 / 18.0)
_PARTS = 8  # of a pulse in which a channel turns off


@njit(fastmath=FAST, cache=True)
def own_after(
    weight: Any,
    dose: Any,
    rate: Any,
    state: Any,
    syn: int,
    own: int,
    n: int,
    interval: float,
    shape: Any,
    out: Any,
    filled: int,
) -> None:
    """Devices of their own with one state that relaxes exponentially; the arrival goes by the state after the pulse.

    ``shape`` is (x at rest, x in an endless pulse, size at x = 0, size per x); ``interval`` (s) the time since the last pulse.
    """
    real = weight.dtype.type
    t, rest, full, base, gain = real(-interval), real(shape[0]), real(shape[1]), real(shape[2]), real(shape[3])
    first, owned, to = np.uint64(syn), np.uint64(own), np.uint64(filled)
    for j in range(np.uint64(n)):
        i = owned + j
        x = rest + (state[i] - rest) * exp(t * rate[i])
        x += dose[i] * (full - x)
        state[i] = x
        out[to + j] = weight[first + j] * (base + gain * x)


@njit(fastmath=FAST, cache=True)
def own_mean(
    weight: Any,
    dose: Any,
    rate: Any,
    state: Any,
    syn: int,
    own: int,
    n: int,
    interval: float,
    shape: Any,
    out: Any,
    filled: int,
) -> None:
    """The same, the arrival by the mean of the state over the pulse: ``x_p - (x_p - x) (1 - exp(-z))/z``, z the dose."""
    real = weight.dtype.type
    t, rest, full, base, gain = real(-interval), real(shape[0]), real(shape[1]), real(shape[2]), real(shape[3])
    one = real(1.0)
    first, owned, to = np.uint64(syn), np.uint64(own), np.uint64(filled)
    for j in range(np.uint64(n)):
        i = owned + j
        x = rest + (state[i] - rest) * exp(t * rate[i])
        used = one - exp(-dose[i])
        state[i] = x + used * (full - x)
        out[to + j] = weight[first + j] * (base + gain * (full - (full - x) * used / dose[i]))


@njit(fastmath=FAST, cache=True)
def own_mean_with_gains(
    weight: Any,
    dose: Any,
    rate: Any,
    state: Any,
    gains: Any,
    syn: int,
    own: int,
    gain0: int,
    n: int,
    interval: float,
    shape: Any,
    out: Any,
    filled: int,
) -> None:
    """:func:`own_mean` where each synapse has its own size per x."""
    real = weight.dtype.type
    t, rest, full, base = real(-interval), real(shape[0]), real(shape[1]), real(shape[2])
    one = real(1.0)
    first, owned, gained, to = np.uint64(syn), np.uint64(own), np.uint64(gain0), np.uint64(filled)
    for j in range(np.uint64(n)):
        i = owned + j
        x = rest + (state[i] - rest) * exp(t * rate[i])
        used = one - exp(-dose[i])
        state[i] = x + used * (full - x)
        out[to + j] = weight[first + j] * (base + gains[gained + j] * (full - (full - x) * used / dose[i]))


@njit(cache=True)
def channel(conductance: Array, count: int, x: Array) -> float:
    """G (S) in state ``x``: the compiled form of ``Ecram.conductance``; see :class:`~ionspike.network.arrays.Devices`."""
    u = conductance[0] + conductance[1] * x[count - 1]
    for k in range(count - 1):
        u += conductance[4 + k] * x[k]
    off = conductance[2]
    root = math.sqrt(u * u + 4.0 * off * off)
    return 0.5 * (u + root) if u >= 0.0 else 2.0 * off * off / (root - u)


@njit(cache=True)
def card_pulse(
    coefficients: Array, first: int, conductance: Array, count: int, x: Array, interval: float, width: float
) -> float:
    """One pulse of a device of the general law: ``x`` moves through the rest and the pulse, and the mean conductance over the pulse comes
    back, relative to that of the rested device. ``coefficients``: a row a state, from row ``first`` on."""
    rest = max(interval - width, 0.0)
    strongest = 0.0
    at = np.empty(MAX_STATES)
    for k in range(count):
        c = coefficients[first + k]
        x[k] = step(x[k], c[0], c[1], c[2], rest)
        at[k] = step(x[k], c[3], c[4], c[5], width)
        strongest = max(strongest, abs(c[4]) * width)
    least = min(channel(conductance, count, x), channel(conductance, count, at))
    parts = _PARTS if least < 100.0 * conductance[2] else min(2 + int(4.0 * strongest), _PARTS)
    total = 0.0
    for part in range(parts):
        for q in range(3):
            for k in range(count):
                c = coefficients[first + k]
                at[k] = step(x[k], c[3], c[4], c[5], width * (part + _AT[q]) / parts)
            total += _OF[q] / parts * channel(conductance, count, at)
    for k in range(count):
        c = coefficients[first + k]
        x[k] = step(x[k], c[3], c[4], c[5], width)
    return total / conductance[3]


@njit(cache=True)
def tsodyks_markram(x: Array, interval: float, jump: float, facilitation: float, recovery: float) -> float:
    """Utilisation and resources of Tsodyks, Pawelzik and Markram (Neural Computation 10:821, 1998, 10.1162/089976698300017502), both
    moved to this spike: returns ``u R``. ``x`` holds u after and R after the last spike; rates in 1/s, infinite: at once."""
    u = x[0] * math.exp(-interval * facilitation) if facilitation < math.inf else 0.0
    u += jump * (1.0 - u)
    r = 1.0 - (1.0 - x[1]) * math.exp(-interval * recovery) if recovery < math.inf else 1.0
    x[0], x[1] = u, r * (1.0 - u)
    return u * r
