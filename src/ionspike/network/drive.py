"""Poisson inputs: arrivals by counter-based random numbers, thinned where the rate changes (Lewis and Shedler, Naval Research Logistics
26:403, 1979, 10.1002/nav.3800260304).

The spikes of many Poisson processes are one Poisson process at the sum of their rates, whose every spike belongs to one of them with a chance
that goes by its rate (Kingman, Poisson Processes, Oxford 1993, sections 2.2 and 5.1). So a *chunk* of neurons needs one interval and one choice
a spike, in time, and nothing is asked of the neurons that have none.
"""

# pyright: reportArgumentType=false, reportCallIssue=false, reportReturnType=false
# numba compiles this: its integers are numpy's, its intrinsics take one argument less than they are written with

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np

from ionspike.network.arrays import (
    AT_BLOCK,
    AT_CONSTANTS,
    AT_DECAYED,
    AT_DOSE,
    AT_DRAW_KERNEL,
    AT_DRAWN,
    AT_DRIVE_AT,
    AT_DRIVE_DOSES,
    AT_DRIVE_GAPS,
    AT_DRIVE_LAST,
    AT_DRIVE_OF,
    AT_DRIVE_SIZE,
    AT_DRIVE_TABLE,
    AT_DRIVE_TIME,
    AT_DRIVE_VALUES,
    AT_EDGES,
    AT_EXCITATION,
    AT_INHIBITION,
    AT_LEVEL,
    AT_MEAN,
    AT_NEXT,
    AT_POPULATION,
    AT_PROJECTION,
    AT_RATE,
    AT_SHARE,
    AT_STATE,
    AT_STREAM,
    AT_USE_KERNEL,
    AT_WEIGHT,
    BASE,
    BLOCK_COLUMNS,
    CHUNK,
    CONSTANTS_COLUMNS,
    D_CHUNK0,
    D_EDGE0,
    D_EDGES,
    D_EVEN,
    D_FIRST,
    D_HIGH,
    D_LOW,
    D_PROJECTION,
    D_SHAPE,
    DELAY,
    DEPTH,
    DRIVE_COLUMNS,
    DRIVE_HIGH,
    DRIVE_LOW,
    FREQUENCY,
    GAIN,
    HIGH,
    LOW,
    OWN0,
    PHASE,
    POPULATION,
    POPULATION_COLUMNS,
    PROJECTION_COLUMNS,
    SHAPE_COLUMNS,
    SIGN,
    SINE,
    STEADY,
    SYN0,
    TAU,
    WIDTH,
    X_PULSE,
    X_REST,
)  # fmt: skip
from ionspike.network.elementary import decay, exp, exponential, pick, to_unit, uniform
from ionspike.network.kernels import call, inlined, inner, kernel
from ionspike.network.views import F64, I32, I64, U64, part, room, row, view

_ONE, _HALF = np.uint64(1), np.uint64(32)


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


@inner
def next_spike(
    stream: Any, drawn: Any, t: float, mean: float, shape: int, values: Any, edges: Any, level: Any, n: int
) -> tuple[float, Any]:
    """The spike after ``t`` (s) of a Poisson process, and how many numbers of its stream are used up; ``mean``: interval at the peak."""
    while True:
        gap, drawn = exponential(stream, drawn)
        t += gap * mean
        if shape == STEADY or t == math.inf:
            return t, drawn
        share = share_of_peak(shape, values, edges, level, n, t)
        drawn += _ONE
        if uniform(stream, drawn - _ONE) < share:
            return t, drawn
        if shape != SINE and t > edges[n - 1]:
            return math.inf, drawn


@inlined
def chosen(choice: Any, even: Any, share: Any, first: int, size: int) -> int:
    """The neuron of a chunk that 64 bits stand for. ``even``: all alike; else ``share`` is that of the rate, up to and with each neuron."""
    if even:
        return np.int64(((choice >> _HALF) * np.uint64(size)) >> _HALF)
    u = to_unit(choice)
    low, high = np.int64(0), size - 1
    while low < high:
        middle = (low + high) >> 1
        if share[first + middle] <= u:
            low = middle + 1
        else:
            high = middle
    return low


@cache
def draw_kernel(steady: bool) -> Any:
    """``(at, b, d, c, made, stop)``: list the arrivals of chunk ``c`` of drive ``d`` before ``stop``, from ``made`` on, in time. Returns how many
    are listed, or -1 if there is no room."""

    @kernel
    def draw(at: Any, b: int, d: int, c: int, made: int, stop: float, _y: float) -> int:
        table = row(at, AT_DRIVE_TABLE, DRIVE_COLUMNS, d, I64)
        p, n, even, most = table[D_PROJECTION], table[D_EDGES], table[D_EVEN], room(at, AT_DRIVE_AT)
        low = table[D_LOW] + (c - table[D_CHUNK0]) * CHUNK
        size, first = min(table[D_HIGH] - low, CHUNK), table[D_FIRST] + low
        values, share = row(at, AT_DRIVE_VALUES, SHAPE_COLUMNS, d, F64), view(at, AT_SHARE, F64)
        edges, level = row(at, AT_EDGES, 1, table[D_EDGE0], F64), row(at, AT_LEVEL, 1, table[D_EDGE0], F64)
        following, drawn = view(at, AT_NEXT, F64), view(at, AT_DRAWN, U64)
        who, when, of = part(at, AT_DRIVE_AT, b, I32), part(at, AT_DRIVE_TIME, b, F64), part(at, AT_DRIVE_OF, b, I32)
        lag, mean = row(at, AT_CONSTANTS, CONSTANTS_COLUMNS, p, F64)[DELAY], view(at, AT_MEAN, F64)[c]
        stream, k, t = view(at, AT_STREAM, U64)[c], drawn[c], following[c]
        while t + lag < stop:
            if made == most:
                return np.int64(-1)
            i = chosen(pick(stream, k), even, share, first, size)
            who[made], when[made], of[made] = np.int32(low + i), t + lag, np.int32(p)
            made += 1
            if steady:
                gap, k = exponential(stream, k)
                t += gap * mean
            else:
                t, k = next_spike(stream, k, t, mean, table[D_SHAPE], values, edges, level, n)
        following[c], drawn[c] = t, k
        return made

    return draw


@cache
def weigh_kernel(real: type) -> Any:
    """``(at, b, d, first, last)``: sizes of the listed arrivals ``first`` to ``last`` of drive ``d``: weights."""
    one = real(1.0)

    @kernel
    def weigh(at: Any, b: int, d: int, first: int, last: int, _x: float, _y: float) -> int:
        p = row(at, AT_DRIVE_TABLE, DRIVE_COLUMNS, d, I64)[D_PROJECTION]
        syn = row(at, AT_PROJECTION, PROJECTION_COLUMNS, p, I64)[SYN0]
        who, size, weight = part(at, AT_DRIVE_AT, b, I32), part(at, AT_DRIVE_SIZE, b, one), view(at, AT_WEIGHT, one)
        for q in range(first, last):
            size[q] = weight[syn + who[q]]
        return last

    return weigh


@cache
def use_kernel(real: type, mean: bool) -> Any:
    """As :func:`weigh_kernel`, for devices of their own; ``mean``: see :mod:`ionspike.network.synapse_maps`. Two arrivals may be of one neuron, so
    states move one by one; the exponentials between them do not depend on each other."""
    one = real(1.0)

    @kernel
    def use(at: Any, b: int, d: int, first: int, last: int, _x: float, _y: float) -> int:
        table = row(at, AT_DRIVE_TABLE, DRIVE_COLUMNS, d, I64)
        p, mine = table[D_PROJECTION], table[D_FIRST]
        projection, constants = (
            row(at, AT_PROJECTION, PROJECTION_COLUMNS, p, I64),
            row(at, AT_CONSTANTS, CONSTANTS_COLUMNS, p, F64),
        )
        syn, own, lag, width = projection[SYN0], projection[OWN0], constants[DELAY], constants[WIDTH]
        rest, full, base, gain = (
            real(constants[X_REST]), real(constants[X_PULSE]), real(constants[BASE]), real(constants[GAIN]),
        )  # fmt: skip
        who, when, before = part(at, AT_DRIVE_AT, b, I32), part(at, AT_DRIVE_TIME, b, F64), view(at, AT_DRIVE_LAST, F64)
        size, weight, dose = part(at, AT_DRIVE_SIZE, b, one), view(at, AT_WEIGHT, one), view(at, AT_DOSE, one)
        rate, state = view(at, AT_RATE, one), view(at, AT_STATE, one)
        kept, used = part(at, AT_DRIVE_GAPS, b, one), part(at, AT_DRIVE_DOSES, b, one)
        for q in range(first, last):
            i, time = np.int64(who[q]), when[q] - lag
            # the rest between two pulses is shorter than their interval
            kept[q - first] = real(-max(time - before[mine + i] - width, 0.0)) * rate[own + i]
            before[mine + i] = time
            if mean:
                used[q - first] = -dose[own + i]
        for q in range(last - first):
            kept[q] = exp(kept[q])
            if mean:
                used[q] = one - exp(used[q])
        for q in range(first, last):
            i = np.int64(who[q])
            x = rest + (state[own + i] - rest) * kept[q - first]
            if mean:
                state[own + i] = x + used[q - first] * (full - x)
                x = full - (full - x) * used[q - first] / dose[own + i]
            else:
                x += dose[own + i] * (full - x)
                state[own + i] = x
            size[q] = weight[syn + i] * (base + gain * x)
        return last

    return use


@cache
def drive_kernel(real: type) -> Any:
    """``(at, b, .., stop)``: all arrivals of all drives before ``stop`` at the neurons of block ``b``: listed, and summed, decayed to ``stop``.
    Returns how many there are, or -1 if there is no room for them."""
    one = real(1.0)

    @kernel
    def drive(at: Any, b: int, _j: int, _k: int, _l: int, stop: float, _y: float) -> int:
        block = row(at, AT_BLOCK, BLOCK_COLUMNS, b, I64)
        fall = -1.0 / row(at, AT_POPULATION, POPULATION_COLUMNS, block[POPULATION], F64)[TAU]
        who, when = part(at, AT_DRIVE_AT, b, I32), part(at, AT_DRIVE_TIME, b, F64)
        size, decayed = part(at, AT_DRIVE_SIZE, b, one), part(at, AT_DECAYED, b, F64)
        excitation, inhibition = view(at, AT_EXCITATION, F64), view(at, AT_INHIBITION, F64)
        draws, uses = view(at, AT_DRAW_KERNEL, I64), view(at, AT_USE_KERNEL, I64)
        made = np.int64(0)
        for d in range(block[DRIVE_LOW], block[DRIVE_HIGH]):
            table = row(at, AT_DRIVE_TABLE, DRIVE_COLUMNS, d, I64)
            chunk = table[D_CHUNK0] + (block[LOW] - table[D_LOW]) // CHUNK
            for c in range(chunk, chunk + (block[HIGH] - block[LOW] + CHUNK - 1) // CHUNK):
                first = made
                made = call(draws[d], at, b, d, c, first, stop, 0.0)
                if made < 0:
                    return made
                call(uses[d], at, b, d, first, made, 0.0, 0.0)
                for q in range(first, made):
                    decayed[q - first] = size[q] * decay((stop - when[q]) * fall)
                if row(at, AT_PROJECTION, PROJECTION_COLUMNS, table[D_PROJECTION], I64)[SIGN] > 0:
                    for q in range(first, made):
                        excitation[who[q]] += decayed[q - first]
                    continue
                for q in range(first, made):
                    excitation[who[q]] += max(decayed[q - first], 0.0)
                    inhibition[who[q]] += min(decayed[q - first], 0.0)
        return made

    return drive
