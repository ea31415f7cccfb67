"""Spikes of Poisson inputs, drawn a batch at a time, so that the random numbers and their logarithms fill the processor's vectors.

The spikes of many Poisson processes are one Poisson process at the sum of their rates, whose every spike belongs to one of them with a chance
that goes by its rate (Kingman, Poisson Processes, Oxford 1993, sections 2.2 and 5.1). So a *chunk* of neurons needs one interval and one choice
a spike, in time, and nothing is asked of the neurons that have none. Where a rate changes, spikes are drawn at its peak and thinned (Lewis and
Shedler, Naval Research Logistics 26:403, 1979, 10.1002/nav.3800260304).

Number ``k`` of a stream is spike ``k`` of its chunk at the peak rate, whoever draws it and whenever: the upper 31 of 64 bits give the
interval before it, in single precision, the lower half the neuron. Times are sums in double precision.
"""

# pyright: reportArgumentType=false, reportCallIssue=false, reportReturnType=false
# numba compiles this: its integers are numpy's

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ionspike.network.arrays import BATCH, DEPTH, FREQUENCY, PHASE, SINE, STEADY
from ionspike.network.elementary import STRIDE, exponential, mix, place_of, to_unit
from ionspike.network.kernels import inlined, inner

_QUARTER = BATCH // 4
_HALF, _UPPER, _LOWER, _MIDDLE = np.uint64(32), np.uint64(33), np.uint64(0xFFFFFFFF), np.float32(0.5)
# any constants: the hash tells all bits apart
_CHOICE, _CHANCE = np.uint64(0x5851F42D4C957F2D), np.uint64(0x2545F4914F6CDD1D)


@inner
def share_of_peak(shape: int, values: Any, edges: Any, level: Any, n: int, t: float) -> float:
    """Rate at time ``t`` (s) over its peak; ``n`` edges of a piecewise rate."""
    if shape == SINE:
        depth = values[DEPTH]
        return (1.0 + depth * math.sin(2.0 * math.pi * values[FREQUENCY] * t + values[PHASE])) / (1.0 + abs(depth))
    low, high = np.int64(0), n
    while low < high:
        middle = (low + high) >> 1
        if edges[middle] <= t:
            low = middle + 1
        else:
            high = middle
    return level[low - 1] if 0 < low < n else 0.0


@inlined
def chosen(u: float, share: Any, first: int, size: int) -> int:
    """The neuron of a chunk that a number in (0, 1) stands for; ``share`` is that of the chunk's rate, up to and with each neuron."""
    low, high = np.int64(0), size - 1
    while low < high:
        middle = (low + high) >> 1
        if share[first + middle] <= u:
            low = middle + 1
        else:
            high = middle
    return low


@inlined
def to_times(gaps: Any, times: Any, start: float, mean: float) -> float:
    """Sum a batch of intervals (in units of ``mean``) up to ``times`` after ``start`` (s); the last comes back. Four sums run side by side:
    one alone would wait for each of its additions."""
    a, b, c, d = 0.0, 0.0, 0.0, 0.0
    for j in range(_QUARTER):
        a += np.float64(gaps[j])
        b += np.float64(gaps[j + _QUARTER])
        c += np.float64(gaps[j + 2 * _QUARTER])
        d += np.float64(gaps[j + 3 * _QUARTER])
        times[j], times[j + _QUARTER], times[j + 2 * _QUARTER], times[j + 3 * _QUARTER] = a, b, c, d
    b += a
    c += b
    for j in range(_QUARTER):
        times[j] = start + times[j] * mean
        times[j + _QUARTER] = start + (a + times[j + _QUARTER]) * mean
        times[j + 2 * _QUARTER] = start + (b + times[j + 2 * _QUARTER]) * mean
        times[j + 3 * _QUARTER] = start + (c + times[j + 3 * _QUARTER]) * mean
    return start + (c + d) * mean


@inner
def thin(stream: Any, k: Any, times: Any, neurons: Any, shape: int, values: Any, edges: Any, level: Any, n: int) -> int:
    """Keep of a batch what the rate has at its times; how many that are."""
    kept = np.int64(0)
    for j in range(BATCH):
        chance = to_unit(mix(place_of(stream, k + np.uint64(j)) ^ _CHANCE))
        if chance < share_of_peak(shape, values, edges, level, n, times[j]):
            times[kept], neurons[kept] = times[j], neurons[j]
            kept += 1
    return kept


@inner
def next_batch(
    stream: Any, k: Any, t: float, mean: float, even: bool, share: Any, first: int, low: int, size: int, gaps: Any, times: Any, neurons: Any,
    shape: int, values: Any, edges: Any, level: Any, n: int,
) -> tuple[float, int]:  # fmt: skip
    """Numbers ``k`` to ``k + BATCH`` of a stream: spikes after ``t`` (s) of a chunk of ``size`` neurons from number ``low`` on, in time, into
    ``times`` and ``neurons``; ``gaps``: as much room for their intervals. ``mean``: interval (s) at the peak; ``even``: all rates alike, else ``share`` has the chunk's from ``first`` on.
    Returns the time from which the next batch starts (infinite: there is none) and how many spikes there are."""
    count, place = np.uint64(size) & _LOWER, place_of(stream, k)
    for j in range(BATCH):
        bits = mix(place)
        place += STRIDE
        gaps[j] = np.float32(np.int32(bits >> _UPPER)) + _MIDDLE
        neurons[j] = np.int32(low + np.int64(((bits & _LOWER) * count) >> _HALF))
    for j in range(BATCH):  # by itself: it fills vectors of eight, what is above of four
        gaps[j] = exponential(gaps[j])
    if not even:
        for j in range(BATCH):
            u = to_unit(mix(place_of(stream, k + np.uint64(j)) ^ _CHOICE))
            neurons[j] = np.int32(low + chosen(u, share, first, size))
    last = to_times(gaps, times, t, mean)
    if shape == STEADY:
        return last, np.int64(BATCH)
    kept = thin(stream, k, times, neurons, shape, values, edges, level, n)
    return (last if shape == SINE or last <= edges[n - 1] else math.inf), kept
