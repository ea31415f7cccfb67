"""Arrivals of the neurons that are walked: picked out of a window's, and put in time; simultaneous ones by projection in the order they were
made, then by source."""

# pyright: reportArgumentType=false, reportCallIssue=false, reportReturnType=false
# numba compiles this: its integers are numpy's, its intrinsics take one argument less than they are written with

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from ionspike.network.arrays import (
    AT_CONSTANTS,
    AT_DRIVE_AT,
    AT_DRIVE_OF,
    AT_DRIVE_SIZE,
    AT_DRIVE_TIME,
    AT_FLAG,
    AT_FOLLOWING,
    AT_HEAD,
    AT_ORDER,
    AT_PART,
    AT_PLACE,
    AT_PROJECTION,
    AT_RECORDS,
    AT_SIZE,
    AT_SLOT,
    AT_SORTED,
    AT_SORTED_TIME,
    AT_SYNAPSE,
    AT_TIME,
    AT_VALUE,
    AT_WHEN,
    CONSTANTS_COLUMNS,
    DELAY,
    DELAYED,
    P_DUE,
    P_NUMBER,
    P_PROJECTION,
    P_RECORD,
    P_SIZES,
    P_SOURCE,
    P_STRIDE,
    PART_COLUMNS,
    PROJECTION_COLUMNS,
)  # fmt: skip
from ionspike.network.kernels import inner, kernel
from ionspike.network.views import F64, I32, I64, LINE, U8, part, prefetch, row, view, whole

SOURCE_BITS = 40  # of the order of simultaneous arrivals: projection, then source
_INSERTED = 24  # arrivals up to which insertion is the quickest way to sort

_AHEAD = 6  # rows of targets that are asked for before they are needed


@cache
def collect_kernel(real: type) -> Any:
    """``(at, b, parts, listed, chosen)``: list and chain the arrivals of the chosen neurons of block ``b``, of drives those that were kept, each with its time, size, order among simultaneous
    ones and synapse. Returns how many there are."""
    one, line = real(1.0), LINE // np.dtype(real).itemsize

    @kernel
    def collect(at: Any, b: int, parts: int, listed: int, chosen: int, _x: float, _y: float) -> int:
        slot, target, flag = view(at, AT_SLOT, I32), view(at, AT_RECORDS, whole(one)), view(at, AT_FLAG, U8)
        records, size, pieces = view(at, AT_RECORDS, one), part(at, AT_SIZE, b, one), part(at, AT_PART, b, I64)
        when, place = part(at, AT_WHEN, b, F64), part(at, AT_PLACE, b, I32)
        time, value = part(at, AT_TIME, b, F64), part(at, AT_VALUE, b, F64)
        order, synapse = part(at, AT_ORDER, b, I64), part(at, AT_SYNAPSE, b, I64)
        found = part(at, AT_SORTED, b, I64)  # not in use yet
        m = np.int64(0)
        for k in range(parts):
            e = k * PART_COLUMNS
            p, number, n, filled = (
                pieces[e + P_PROJECTION],
                pieces[e + P_NUMBER],
                pieces[e + P_DUE],
                pieces[e + P_SIZES],
            )
            record, delayed = pieces[e + P_RECORD], row(at, AT_PROJECTION, PROJECTION_COLUMNS, p, I64)[DELAYED]
            delay, lag = (
                record + delayed * pieces[e + P_STRIDE],
                row(at, AT_CONSTANTS, CONSTANTS_COLUMNS, p, F64)[DELAY],
            )
            if k + _AHEAD < parts:  # this block has used its synapses, but they may be in a farther cache by now
                ahead = e + _AHEAD * PART_COLUMNS
                for j in range(0, pieces[ahead + P_DUE], line):
                    prefetch(target, pieces[ahead + P_RECORD] + j)
            hits = np.int64(0)  # counted before they are looked at, so that nothing is guessed
            for j in range(n):
                found[hits] = j
                hits += np.int64(flag[target[record + j]])
            for q in range(hits):
                j = found[q]
                later = lag if delayed < 0 else np.float64(records[delay + j])
                place[m], time[m], value[m] = slot[target[record + j]], when[k] + later, np.float64(size[filled + j])
                order[m], synapse[m] = (p << SOURCE_BITS) + pieces[e + P_SOURCE], number + j
                m += 1
        who, driven = part(at, AT_DRIVE_AT, b, I32), part(at, AT_DRIVE_TIME, b, F64)
        amount, of = part(at, AT_DRIVE_SIZE, b, one), part(at, AT_DRIVE_OF, b, I32)
        for q in range(listed):
            place[m], time[m], value[m] = slot[who[q]], driven[q], np.float64(amount[q])
            order[m] = (np.int64(of[q]) << SOURCE_BITS) + np.int64(who[q])
            m += 1
        head, following = part(at, AT_HEAD, b, I64), part(at, AT_FOLLOWING, b, I64)
        for k in range(chosen):
            head[k] = -1
        for k in range(m - 1, -1, -1):
            following[k] = head[place[k]]
            head[place[k]] = k
        return m

    return collect


@inner
def in_time(at: Any, b: int, slot: int) -> int:
    """The arrivals of one chosen neuron by time, then by order, then as listed; returns how many."""
    following, time, order = part(at, AT_FOLLOWING, b, I64), part(at, AT_TIME, b, F64), part(at, AT_ORDER, b, I64)
    items, times = part(at, AT_SORTED, b, I64), part(at, AT_SORTED_TIME, b, F64)
    n, k, ties = np.int64(0), part(at, AT_HEAD, b, I64)[slot], np.int64(0)
    while k >= 0:
        last, t = k, time[k]
        if n < _INSERTED:
            for place in range(n):  # the later of two is carried on: nothing is guessed, and random times can't be
                item, other = items[place], times[place]
                ties += np.int64(other == t)
                later = other > t
                items[place], times[place] = last if later else item, t if later else other
                last, t = item if later else last, other if later else t
        items[n], times[n] = last, t
        n += 1
        k = following[k]
    if n > _INSERTED or ties > 0:
        merge_sort(items, n, time, order, part(at, AT_PLACE, b, I32))
        for q in range(n):
            times[q] = time[items[q]]
    return n


@inner
def merge_sort(items: Any, n: int, time: Any, order: Any, other: Any) -> None:
    """Stable sort of ``items[:n]`` by time, then by order; ``other``: as much room."""
    width = np.int64(1)
    while width < n:
        for low in range(0, n, 2 * width):
            middle, high = min(low + width, n), min(low + 2 * width, n)
            a, c = low, middle
            for k in range(low, high):
                left = a < middle
                if left and c < high:
                    x, y = items[a], items[c]
                    left = time[x] < time[y] or (time[x] == time[y] and order[x] <= order[y])
                if left:
                    other[k] = np.int32(items[a])
                    a += 1
                else:
                    other[k] = np.int32(items[c])
                    c += 1
        for k in range(n):
            items[k] = np.int64(other[k])
        width *= 2
