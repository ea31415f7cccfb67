"""One window of a block of neurons: what arrives is summed, neurons that cannot fire are moved to its end at once, the others are
flagged, to be walked event by event.

No spike acts before the smallest delay of the net has passed, so inside a window of that length every arrival is known at its start.
With ``D`` the sum of the excitatory arrivals decayed to the end of the window of length h, no membrane gets above
``max(v, v_inf) + D exp(h/tau)``: every arrival then counts as if it came at once and nothing decayed. Below the threshold that settles it.
A neuron that is refractory throughout the window is settled as well: all its arrivals are lost.
"""

# pyright: reportArgumentType=false, reportCallIssue=false, reportReturnType=false
# numba compiles this: its integers are numpy's, its intrinsics take one argument less than they are written with

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np

from ionspike.network.arrays import (
    AT_ARRIVED,
    AT_BLOCK,
    AT_BUNDLE,
    AT_CHOSEN,
    AT_CONSTANTS,
    AT_DELAY,
    AT_DOSE,
    AT_EXCITATION,
    AT_FLAG,
    AT_FREE,
    AT_INHIBITION,
    AT_PART,
    AT_PENDING_COUNT,
    AT_PENDING_EFFICACY,
    AT_PENDING_INTERVAL,
    AT_PENDING_SOURCE,
    AT_PENDING_TIME,
    AT_POPULATION,
    AT_PROJECTION,
    AT_RATE,
    AT_ROWS,
    AT_SIZE,
    AT_SIZE_KERNEL,
    AT_SLOT,
    AT_STATE,
    AT_TARGET,
    AT_V,
    AT_WEIGHT,
    AT_WHEN,
    B_PROJECTION,
    B_ROWS,
    BLOCK_COLUMNS,
    BUNDLE_COLUMNS,
    BUNDLE_HIGH,
    BUNDLE_LOW,
    CONSTANTS_COLUMNS,
    DELAY,
    DELAY0,
    HIGH,
    LONGEST,
    LOW,
    MODE,
    OWN0,
    PART_COLUMNS,
    POPULATION,
    POPULATION_COLUMNS,
    PROJECTION_COLUMNS,
    SIGN,
    SUMMED,
    SYN0,
    TAU,
    THRESHOLD,
    V_INF,
)  # fmt: skip
from ionspike.network.elementary import decay
from ionspike.network.kernels import call, inlined, inner, kernel
from ionspike.network.views import F64, I32, I64, U8, U32, eight, part, prefetch, room, row, view

_LINE = 16  # elements of four bytes in a line of the cache


@inner
def due(times: Any, low: int, high: int, lag: float, stop: float) -> int:
    """How far the sorted ``times`` (s) from number ``low`` to ``high``, with ``lag`` added, lie before ``stop``."""
    while low < high:
        middle = (low + high) >> 1
        if times[middle] + lag < stop:
            low = middle + 1
        else:
            high = middle
    return low


@inner
def due_part(delay: Any, low: int, high: int, time: float, start: float, stop: float) -> tuple[int, int]:
    """The synapses ``low`` to ``high``, sorted by delay, whose arrival ``time + delay`` lies in [start, stop)."""
    first = due(delay, low, high, time, start)
    return first, due(delay, first, high, time, stop)


@inner
def fetch_row(at: Any, p: int, row_at: int, one: Any) -> None:
    """Ask for the synapses of a source before they are needed: they may lie anywhere in memory."""
    rows, projection = view(at, AT_ROWS, I64), row(at, AT_PROJECTION, PROJECTION_COLUMNS, p, I64)
    low, n = rows[row_at], rows[row_at + 1] - rows[row_at]
    syn, own = projection[SYN0] + low, projection[OWN0] + low
    target, weight = view(at, AT_TARGET, U32), view(at, AT_WEIGHT, one)
    dose, rate, state = view(at, AT_DOSE, one), view(at, AT_RATE, one), view(at, AT_STATE, one)
    for j in range(0, n, _LINE):
        prefetch(target, syn + j)
        prefetch(weight, syn + j)
        if projection[OWN0] >= 0:
            prefetch(dose, own + j)
            prefetch(rate, own + j)
            prefetch(state, own + j)


@inlined
def scatter(at: Any, syn: int, n: int, first: int, factor: float, slot: int, one: Any) -> None:
    """Add arrivals of one instant and one sign, decayed alike."""
    target, size, into = view(at, AT_TARGET, U32), view(at, AT_SIZE, one), view(at, slot, F64)
    for j in range(n):
        into[target[syn + j]] += size[first + j] * factor


@inner
def scatter_signed(at: Any, syn: int, own: int, n: int, first: int, before: float, fall: float, one: Any) -> None:
    """Add arrivals of both signs; ``before``: from the spike (``own`` >= 0: each synapse has its delay) or the arrival to the end of the
    window (s)."""
    target, size, delay = view(at, AT_TARGET, U32), view(at, AT_SIZE, one), view(at, AT_DELAY, one)
    excitation, inhibition = view(at, AT_EXCITATION, F64), view(at, AT_INHIBITION, F64)
    factor = decay(before * fall) if own < 0 else 0.0
    for j in range(n):
        i = target[syn + j]
        if own >= 0:
            factor = decay((before - np.float64(delay[own + j])) * fall)
        value = size[first + j] * factor
        excitation[i] += max(value, 0.0)
        inhibition[i] += min(value, 0.0)


@cache
def deliver_kernel(real: type) -> Any:
    """``(at, b, .., start, stop)``: all arrivals of the window at block ``b``: sizes, what they came from, sums into the accumulators.
    Returns the number of parts."""
    one = real(1.0)

    @kernel
    def deliver(at: Any, b: int, _j: int, _k: int, _l: int, start: float, stop: float) -> int:
        block = row(at, AT_BLOCK, BLOCK_COLUMNS, b, I64)
        count, rows, delay = view(at, AT_PENDING_COUNT, I64), view(at, AT_ROWS, I64), view(at, AT_DELAY, one)
        pieces, when, kernels = part(at, AT_PART, b, I64), part(at, AT_WHEN, b, F64), view(at, AT_SIZE_KERNEL, I64)
        fall = -1.0 / row(at, AT_POPULATION, POPULATION_COLUMNS, block[POPULATION], F64)[TAU]
        summed, base_size = block[MODE] == SUMMED, b * room(at, AT_SIZE)
        parts, filled = np.int64(0), np.int64(0)  # a literal would be compiled for twice
        for k in range(block[BUNDLE_LOW], block[BUNDLE_HIGH]):
            bundle = row(at, AT_BUNDLE, BUNDLE_COLUMNS, k, I64)
            p, base = bundle[B_PROJECTION], bundle[B_ROWS]
            projection = row(at, AT_PROJECTION, PROJECTION_COLUMNS, p, I64)
            constants = row(at, AT_CONSTANTS, CONSTANTS_COLUMNS, p, F64)
            lag, longest, own, sign = constants[DELAY], constants[LONGEST], projection[DELAY0], projection[SIGN]
            times, sources = part(at, AT_PENDING_TIME, p, F64), part(at, AT_PENDING_SOURCE, p, I64)
            interval, efficacy = part(at, AT_PENDING_INTERVAL, p, F64), part(at, AT_PENDING_EFFICACY, p, F64)
            for q in range(count[p]):
                time, source = times[q], sources[q]
                if q + 2 < count[p]:
                    prefetch(rows, base + sources[q + 2])
                if q + 1 < count[p] and own < 0:
                    fetch_row(at, p, base + sources[q + 1], one)
                if time + lag >= stop or time + longest < start:
                    continue
                low, high = rows[base + source], rows[base + source + 1]
                if own >= 0:
                    low, high = due_part(delay, own + low, own + high, time, start, stop)
                    low, high = low - own, high - own
                n, first = high - low, base_size + filled
                if n == 0:
                    continue
                if kernels[p] != 0:
                    call(kernels[p], at, p, low, n, first, interval[q], efficacy[q])
                if summed:
                    syn = projection[SYN0] + low
                    if own < 0 and sign != 0:
                        slot = AT_EXCITATION if sign > 0 else AT_INHIBITION
                        scatter(at, syn, n, first, decay((stop - time - lag) * fall), slot, one)
                    else:
                        mine = own + low if own >= 0 else np.int64(-1)
                        before = stop - time - (0.0 if own >= 0 else lag)
                        scatter_signed(at, syn, mine, n, first, before, fall, one)
                e = parts * PART_COLUMNS
                pieces[e], pieces[e + 1], pieces[e + 2], pieces[e + 3], pieces[e + 4] = p, low, n, filled, source
                when[parts] = time
                parts, filled = parts + 1, filled + n
        view(at, AT_ARRIVED, I64)[b] = filled
        return parts

    return deliver


@cache
def settle_kernel() -> Any:
    """``(at, b, .., start, stop)``: move every neuron of a summed block that cannot fire to the end of the window; list the others, whose
    membranes stay at the start. Accumulators are empty again. Returns how many are listed."""

    @kernel
    def settle(at: Any, b: int, _j: int, _k: int, _l: int, start: float, stop: float) -> int:
        block = row(at, AT_BLOCK, BLOCK_COLUMNS, b, I64)
        constants = row(at, AT_POPULATION, POPULATION_COLUMNS, block[POPULATION], F64)
        v_inf, threshold = constants[V_INF], constants[THRESHOLD]
        held = math.exp(-(stop - start) / constants[TAU])
        gain = 1.0 / held * (1.0 + 1e-12)  # rounding must not hide a crossing
        low, n = block[LOW], block[HIGH] - block[LOW]
        v, free = view(at, AT_V, F64), view(at, AT_FREE, F64)
        excitation, inhibition = view(at, AT_EXCITATION, F64), view(at, AT_INHIBITION, F64)
        flag, slot, chosen = view(at, AT_FLAG, U8), view(at, AT_SLOT, I32), part(at, AT_CHOSEN, b, I32)
        for i in range(low, low + n):
            old, up, down, until = v[i], excitation[i], inhibition[i], free[i]
            may = (until < stop) & ((until > start) | (max(old, v_inf) + up * gain >= threshold))
            stays = may | (until >= stop)
            v[i] = old if stays else v_inf + (old - v_inf) * held + (up + down)
            flag[i] = np.uint8(may)
            excitation[i] = 0.0
            inhibition[i] = 0.0
        m = np.int64(0)
        for first in range(low, low + n, 8):
            # most have nobody to list; flags behind the last neuron are another block's, or room
            if eight(flag, first) == 0:
                continue
            for i in range(first, min(first + 8, low + n)):
                chosen[m], slot[i] = np.int32(i), np.int32(m)
                m += np.int64(flag[i])
        return m

    return settle


@cache
def choose_kernel() -> Any:
    """``(at, b, ..)``: list every neuron of a block. Returns how many there are."""

    @kernel
    def choose_all(at: Any, b: int, _j: int, _k: int, _l: int, _start: float, _stop: float) -> int:
        block = row(at, AT_BLOCK, BLOCK_COLUMNS, b, I64)
        excitation, inhibition = view(at, AT_EXCITATION, F64), view(at, AT_INHIBITION, F64)
        flag, slot, chosen = view(at, AT_FLAG, U8), view(at, AT_SLOT, I32), part(at, AT_CHOSEN, b, I32)
        low, high = block[LOW], block[HIGH]
        for i in range(low, high):
            chosen[i - low], slot[i], flag[i] = np.int32(i), np.int32(i - low), np.uint8(1)
            excitation[i] = 0.0  # a drive has summed what is now walked
            inhibition[i] = 0.0
        return high - low

    return choose_all
