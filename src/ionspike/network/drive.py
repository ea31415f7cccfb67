"""Poisson inputs: arrivals by counter-based random numbers, thinned where the rate changes (Lewis and Shedler, Naval Research Logistics
26:403, 1979, 10.1002/nav.3800260304)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from ionspike.network.arrays import (
    AT_BEFORE,
    AT_BLOCK,
    AT_CHOSEN,
    AT_CONSTANTS,
    AT_DOSE,
    AT_DRAWN,
    AT_DRIVE_AT,
    AT_DRIVE_DOSES,
    AT_DRIVE_GAPS,
    AT_DRIVE_OF,
    AT_DRIVE_RATES,
    AT_DRIVE_SIZE,
    AT_DRIVE_STATES,
    AT_DRIVE_TABLE,
    AT_DRIVE_TIME,
    AT_DRIVE_VALUES,
    AT_EDGES,
    AT_EXCITATION,
    AT_INHIBITION,
    AT_INTERVAL,
    AT_LEVEL,
    AT_MEAN,
    AT_NEXT,
    AT_POPULATION,
    AT_PROJECTION,
    AT_RATE,
    AT_STATE,
    AT_STREAM,
    AT_WEIGHT,
    BASE,
    BLOCK_COLUMNS,
    CONSTANTS_COLUMNS,
    D_EDGE0,
    D_EDGES,
    D_FIRST,
    D_PROJECTION,
    D_SHAPE,
    DELAY,
    DEPTH,
    DRIVE_COLUMNS,
    FREQUENCY,
    GAIN,
    HIGH,
    KIND,
    LOW,
    OWN0,
    OWN_AFTER,
    PHASE,
    POPULATION,
    POPULATION_COLUMNS,
    PROJECTION_COLUMNS,
    SHAPE_COLUMNS,
    SINE,
    STATIC,
    STEADY,
    SYN0,
    TAU,
    WIDTH,
    X_PULSE,
    X_REST,
    Array,
)  # fmt: skip
from ionspike.network.elementary import FAST, decay, exp, exponential, uniform
from ionspike.network.views import F64, I32, I64, U64, part, view, view_2d

_ONE = np.uint64(1)


@njit(fastmath=FAST, cache=True)
def share_of_peak(shape: int, values: Array, edges: Array, level: Array, t: float) -> float:
    """Rate at time ``t`` (s) over its peak."""
    if shape == SINE:
        depth = values[DEPTH]
        return (1.0 + depth * math.sin(2.0 * math.pi * values[FREQUENCY] * t + values[PHASE])) / (1.0 + abs(depth))
    low, high = 0, edges.shape[0]
    while low < high:
        middle = (low + high) >> 1
        if edges[middle] <= t:
            low = middle + 1
        else:
            high = middle
    return level[low - 1] if 0 < low < edges.shape[0] else 0.0


@njit(fastmath=FAST, cache=True)
def next_spike(
    stream: Any, drawn: Any, t: float, mean: float, shape: int, values: Array, edges: Array, level: Array
) -> tuple[float, Any]:
    """The spike after ``t`` (s) of a Poisson process, and how many numbers of its stream are used up; ``mean``: interval at the peak."""
    while True:
        gap, drawn = exponential(stream, drawn)
        t += gap * mean
        if shape == STEADY or t == math.inf:
            return t, drawn
        share = share_of_peak(shape, values, edges, level, t)
        drawn += _ONE
        if uniform(stream, drawn - _ONE) < share:
            return t, drawn
        if shape != SINE and t > edges[edges.shape[0] - 1]:
            return math.inf, drawn


@njit(fastmath=FAST, cache=True)
def use(kind: int, shape: Any, gaps: Any, rates: Any, doses: Any, states: Any, size: Any, made: int, n: int) -> None:
    """States and sizes of ``n`` arrivals, as :func:`ionspike.network.synapse_maps.own_after` and ``own_mean`` have them, each after an
    interval of its own (``gaps``: less than 0)."""
    real = size.dtype.type
    rest, full, base, gain, one = real(shape[0]), real(shape[1]), real(shape[2]), real(shape[3]), real(1.0)
    first = np.uint64(made)
    if kind == OWN_AFTER:
        for q in range(np.uint64(n)):
            x = rest + (states[q] - rest) * exp(gaps[q] * rates[q])
            x += doses[q] * (full - x)
            states[q] = x
            size[first + q] *= base + gain * x
    else:
        for q in range(np.uint64(n)):
            x = rest + (states[q] - rest) * exp(gaps[q] * rates[q])
            used = one - exp(-doses[q])
            states[q] = x + used * (full - x)
            size[first + q] *= base + gain * (full - (full - x) * used / doses[q])


@njit(fastmath=FAST, cache=True)
def decay_to(stop: float, fall: float, when: Array, size: Any, made: int, n: int, decayed: Array) -> None:
    """What is left of ``n`` arrivals at ``stop``."""
    first = np.uint64(made)
    for q in range(np.uint64(n)):
        decayed[q] = size[first + q] * decay((stop - when[first + q]) * fall)


@njit(fastmath=FAST, cache=True)
def drive_block(at: Any, b: int, blocks: int, d: int, stop: float, made: int, one: Any) -> int:
    """All arrivals of drive ``d`` before ``stop`` at the neurons of block ``b``: summed, decayed to ``stop``, and listed from ``made`` on.
    Returns how many are listed, or -1 if there is no room for them.

    Neurons are passed over until none has an arrival left, rather than one by one: which of them has another is what a processor
    cannot guess, and so it need not.
    """
    block = view_2d(at, AT_BLOCK, BLOCK_COLUMNS, I64)
    table, shapes = view_2d(at, AT_DRIVE_TABLE, DRIVE_COLUMNS, I64), view_2d(at, AT_DRIVE_VALUES, SHAPE_COLUMNS, F64)
    projection, constants = (
        view_2d(at, AT_PROJECTION, PROJECTION_COLUMNS, I64),
        view_2d(at, AT_CONSTANTS, CONSTANTS_COLUMNS, F64),
    )
    population = view_2d(at, AT_POPULATION, POPULATION_COLUMNS, F64)
    p, first, shape = table[d, D_PROJECTION], table[d, D_FIRST], table[d, D_SHAPE]
    kind, syn, own = projection[p, KIND], projection[p, SYN0], projection[p, OWN0]
    low, high = block[b, LOW], block[b, HIGH]
    lag, fall = constants[p, DELAY], -1.0 / population[block[b, POPULATION], TAU]
    edge0, edges_n = table[d, D_EDGE0], table[d, D_EDGES]
    values, edges, level = (
        shapes[d],
        view(at, AT_EDGES, F64)[edge0 : edge0 + edges_n],
        view(at, AT_LEVEL, F64)[edge0 : edge0 + edges_n],
    )
    weight, dose, rate, state = (
        view(at, AT_WEIGHT, one),
        view(at, AT_DOSE, one),
        view(at, AT_RATE, one),
        view(at, AT_STATE, one),
    )
    following, interval, mean = view(at, AT_NEXT, F64), view(at, AT_INTERVAL, F64), view(at, AT_MEAN, F64)
    drawn, stream = view(at, AT_DRAWN, U64), view(at, AT_STREAM, U64)
    excitation, inhibition = view(at, AT_EXCITATION, F64), view(at, AT_INHIBITION, F64)
    active = part(at, AT_CHOSEN, b, blocks, I32)
    who, when = part(at, AT_DRIVE_AT, b, blocks, I32), part(at, AT_DRIVE_TIME, b, blocks, F64)
    size, of = part(at, AT_DRIVE_SIZE, b, blocks, one), part(at, AT_DRIVE_OF, b, blocks, I32)
    real = weight.dtype.type
    shape_of_size = (constants[p, X_REST], constants[p, X_PULSE], constants[p, BASE], constants[p, GAIN])
    width = constants[p, WIDTH]  # the rest between two pulses is shorter than their interval
    decayed = part(at, AT_BEFORE, b, blocks, F64)
    gaps, rates = part(at, AT_DRIVE_GAPS, b, blocks, one), part(at, AT_DRIVE_RATES, b, blocks, one)
    doses, states = part(at, AT_DRIVE_DOSES, b, blocks, one), part(at, AT_DRIVE_STATES, b, blocks, one)
    m = 0
    for i in range(low, high):
        active[m] = i
        m += following[np.uint64(first + i)] + lag < stop
    while m > 0:
        if made + m > who.shape[0]:
            return -1
        listed = np.uint64(made)
        for q in range(np.uint64(m)):
            i = np.int64(active[q])
            who[listed + q], of[listed + q] = active[q], p
            when[listed + q] = following[np.uint64(first + i)] + lag
            size[listed + q] = weight[np.uint64(syn + i)]
        if kind != STATIC:
            for q in range(np.uint64(m)):
                o = np.uint64(own + np.int64(active[q]))
                gaps[q], rates[q], doses[q], states[q] = (
                    real(-max(interval[np.uint64(first + active[q])] - width, 0.0)),
                    rate[o],
                    dose[o],
                    state[o],
                )
            use(kind, shape_of_size, gaps, rates, doses, states, size, made, m)
            for q in range(np.uint64(m)):
                state[np.uint64(own + np.int64(active[q]))] = states[q]
        decay_to(stop, fall, when, size, made, m, decayed)
        left = 0
        for q in range(np.uint64(m)):
            i = np.int64(active[q])
            n, e = np.uint64(i), np.uint64(first + i)
            excitation[n] += max(decayed[q], 0.0)
            inhibition[n] += min(decayed[q], 0.0)
            spike = following[e]
            if shape == STEADY:  # a call would cost five times the draw
                gap, count = exponential(stream[e], drawn[e])
                after = spike + gap * mean[e]
            else:
                after, count = next_spike(stream[e], drawn[e], spike, mean[e], shape, values, edges, level)
            following[e], interval[e], drawn[e] = after, after - spike, count
            active[np.uint64(left)] = np.int32(i)
            left += after + lag < stop
        made += m
        m = left
    return made
