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
    AT_RECORDS,
    AT_ROWS,
    AT_SIZE,
    AT_SIZE_KERNEL,
    AT_SLOT,
    AT_V,
    AT_WHEN,
    B_PROJECTION,
    B_ROWS,
    BLOCK_COLUMNS,
    BUNDLE_COLUMNS,
    BUNDLE_HIGH,
    BUNDLE_LOW,
    COLUMNS,
    CONSTANTS_COLUMNS,
    DELAY,
    DELAYED,
    LONGEST,
    MODE,
    P_DUE,
    P_NUMBER,
    P_PROJECTION,
    P_RECORD,
    P_SIZES,
    P_SOURCE,
    P_STRIDE,
    PART_COLUMNS,
    POPULATION,
    POPULATION_COLUMNS,
    PROJECTION_COLUMNS,
    RECORD0,
    SIGN,
    SUMMED,
    TAU,
    THRESHOLD,
    V_INF,
)  # fmt: skip
from ionspike.network.elementary import decay
from ionspike.network.kernels import call_size, inlined, inner, kernel
from ionspike.network.views import F64, I32, I64, LINE, U8, eight, part, prefetch, room, row, view, whole

AHEAD = 2  # rows of synapses that are asked for before they are needed


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
def due_part(delay: Any, first: int, n: int, time: float, start: float, stop: float) -> tuple[int, int]:
    """Of a row's ``n`` synapses, whose delays are sorted and begin at ``first``: the number of the first whose arrival ``time + delay`` lies
    in [start, stop), and how many there are."""
    low = due(delay, first, first + n, time, start)
    return low - first, due(delay, low, first + n, time, stop) - low


@inner
def fetch_row(at: Any, p: int, row_at: int, one: Any, line: int) -> None:
    """Ask for the synapses of a source before they are needed: they may lie anywhere in memory."""
    rows, projection = view(at, AT_ROWS, I64), row(at, AT_PROJECTION, PROJECTION_COLUMNS, p, I64)
    low, high, columns, records = rows[row_at], rows[row_at + 1], projection[COLUMNS], view(at, AT_RECORDS, one)
    for k in range(projection[RECORD0] + low * columns, projection[RECORD0] + high * columns, line):
        prefetch(records, k)


@inlined
def scatter(at: Any, record: int, n: int, first: int, factor: float, slot: int, one: Any) -> None:
    """Add arrivals of one instant and one sign, decayed alike."""
    target, size, into = view(at, AT_RECORDS, whole(one)), view(at, AT_SIZE, one), view(at, slot, F64)
    for j in range(n):
        into[target[record + j]] += size[first + j] * factor


@inner
def scatter_signed(at: Any, record: int, delay: int, n: int, first: int, before: float, fall: float, one: Any) -> None:
    """Add arrivals of both signs; ``before``: from the spike (``delay`` >= 0: each synapse has its own, from there on) or the arrival to the end of
    the window (s)."""
    target, size, records = view(at, AT_RECORDS, whole(one)), view(at, AT_SIZE, one), view(at, AT_RECORDS, one)
    excitation, inhibition = view(at, AT_EXCITATION, F64), view(at, AT_INHIBITION, F64)
    factor = decay(before * fall) if delay < 0 else 0.0
    for j in range(n):
        i = target[record + j]
        if delay >= 0:
            factor = decay((before - np.float64(records[delay + j])) * fall)
        value = size[first + j] * factor
        excitation[i] += max(value, 0.0)
        inhibition[i] += min(value, 0.0)


@cache
def deliver_kernel(real: type) -> Any:
    """``(at, b, .., start, stop)``: all arrivals of the window at block ``b``: sizes, what they came from, sums into the accumulators.
    Returns the number of parts."""
    one, line = real(1.0), LINE // np.dtype(real).itemsize

    @kernel
    def deliver(at: Any, b: int, _j: int, _k: int, _l: int, start: float, stop: float) -> int:
        block = row(at, AT_BLOCK, BLOCK_COLUMNS, b, I64)
        count, rows, records = view(at, AT_PENDING_COUNT, I64), view(at, AT_ROWS, I64), view(at, AT_RECORDS, one)
        pieces, when, kernels = part(at, AT_PART, b, I64), part(at, AT_WHEN, b, F64), view(at, AT_SIZE_KERNEL, I64)
        fall = -1.0 / row(at, AT_POPULATION, POPULATION_COLUMNS, block[POPULATION], F64)[TAU]
        summed, base_size = block[MODE] == SUMMED, b * room(at, AT_SIZE)
        parts, filled = np.int64(0), np.int64(0)  # a literal would be compiled for twice
        for k in range(block[BUNDLE_LOW], block[BUNDLE_HIGH]):
            bundle = row(at, AT_BUNDLE, BUNDLE_COLUMNS, k, I64)
            p, base = bundle[B_PROJECTION], bundle[B_ROWS]
            projection = row(at, AT_PROJECTION, PROJECTION_COLUMNS, p, I64)
            constants = row(at, AT_CONSTANTS, CONSTANTS_COLUMNS, p, F64)
            lag, longest, sign = constants[DELAY], constants[LONGEST], projection[SIGN]
            columns, delayed = projection[COLUMNS], projection[DELAYED]
            times, sources = part(at, AT_PENDING_TIME, p, F64), part(at, AT_PENDING_SOURCE, p, I64)
            interval, efficacy = part(at, AT_PENDING_INTERVAL, p, F64), part(at, AT_PENDING_EFFICACY, p, F64)
            for q in range(count[p]):
                time, source = times[q], sources[q]
                if q + 2 * AHEAD < count[p]:
                    prefetch(rows, base + sources[q + 2 * AHEAD])
                if q + AHEAD < count[p] and delayed < 0:
                    fetch_row(at, p, base + sources[q + AHEAD], one, line)
                if time + lag >= stop or time + longest < start:
                    continue
                low = rows[base + source]
                stride = rows[base + source + 1] - low
                record, n, delay, first = projection[RECORD0] + low * columns, stride, np.int64(-1), base_size + filled
                if delayed >= 0:
                    delay = record + delayed * stride
                    skipped, n = due_part(records, delay, stride, time, start, stop)
                    low, record, delay = low + skipped, record + skipped, delay + skipped
                if n == 0:
                    continue
                if kernels[p] != 0:
                    call_size(kernels[p], at, p, low, record, stride, n, first, interval[q], efficacy[q])
                if summed:
                    if delayed < 0 and sign != 0:
                        slot = AT_EXCITATION if sign > 0 else AT_INHIBITION
                        scatter(at, record, n, first, decay((stop - time - lag) * fall), slot, one)
                    else:
                        before = stop - time - (0.0 if delayed >= 0 else lag)
                        scatter_signed(at, record, delay, n, first, before, fall, one)
                piece = parts * PART_COLUMNS
                pieces[piece + P_PROJECTION], pieces[piece + P_NUMBER], pieces[piece + P_RECORD] = p, low, record
                pieces[piece + P_STRIDE], pieces[piece + P_DUE], pieces[piece + P_SIZES] = stride, n, filled
                pieces[piece + P_SOURCE], when[parts] = source, time
                parts, filled = parts + 1, filled + n
        view(at, AT_ARRIVED, I64)[b] = filled
        return parts

    return deliver


@cache
def settle_kernel(inhibited: bool) -> Any:
    """``(at, b, low, high, chosen, start, stop)``: move every neuron of a summed block from ``low`` to ``high`` that cannot fire to the end of the window;
    list the others behind those ``chosen`` before, their membranes stay at the start. Accumulators are empty again. Returns how many are listed.
    ``inhibited``: whether anything in the net inhibits.
    """

    @kernel
    def settle(at: Any, b: int, low: int, high: int, m: int, start: float, stop: float) -> int:
        of = row(at, AT_BLOCK, BLOCK_COLUMNS, b, I64)[POPULATION]
        constants = row(at, AT_POPULATION, POPULATION_COLUMNS, of, F64)
        v_inf, threshold = constants[V_INF], constants[THRESHOLD]
        held = math.exp(-(stop - start) / constants[TAU])
        gain = 1.0 / held * (1.0 + 1e-12)  # rounding must not hide a crossing
        v, free = view(at, AT_V, F64), view(at, AT_FREE, F64)
        excitation, inhibition = view(at, AT_EXCITATION, F64), view(at, AT_INHIBITION, F64)
        flag, slot, chosen = view(at, AT_FLAG, U8), view(at, AT_SLOT, I32), part(at, AT_CHOSEN, b, I32)
        for i in range(low, high):
            old, up, until = v[i], excitation[i], free[i]
            may = (until < stop) & ((until > start) | (max(old, v_inf) + up * gain >= threshold))
            stays = may | (until >= stop)
            total = up
            if inhibited:
                total += inhibition[i]
                inhibition[i] = 0.0
            v[i] = old if stays else v_inf + (old - v_inf) * held + total
            flag[i] = np.uint8(may)
            excitation[i] = 0.0
        for first in range(low, high, 8):
            # most have nobody to list; flags behind the last neuron are another block's, or room
            if eight(flag, first) == 0:
                continue
            for i in range(first, min(first + 8, high)):
                chosen[m], slot[i] = np.int32(i), np.int32(m)
                m += np.int64(flag[i])
        return m

    return settle


@cache
def choose_kernel() -> Any:
    """``(at, b, low, high, chosen)``: list every neuron of a block from ``low`` to ``high`` behind those ``chosen`` before. Returns how many there are."""

    @kernel
    def choose_all(at: Any, b: int, low: int, high: int, m: int, _start: float, _stop: float) -> int:
        excitation, inhibition = view(at, AT_EXCITATION, F64), view(at, AT_INHIBITION, F64)
        flag, slot, chosen = view(at, AT_FLAG, U8), view(at, AT_SLOT, I32), part(at, AT_CHOSEN, b, I32)
        for i in range(low, high):
            chosen[m + i - low], slot[i], flag[i] = np.int32(i), np.int32(m + i - low), np.uint8(1)
            excitation[i] = 0.0  # a drive has summed what is now walked
            inhibition[i] = 0.0
        return m + high - low

    return choose_all
