"""Neurons whose arrivals are taken one by one, in time; simultaneous ones by projection in the order they were made, then by source."""

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
    AT_DELAY,
    AT_DRIVE_AT,
    AT_DRIVE_OF,
    AT_DRIVE_SIZE,
    AT_DRIVE_TIME,
    AT_FIRED,
    AT_FIRED_AT,
    AT_FOLLOWING,
    AT_FREE,
    AT_HEAD,
    AT_ORDER,
    AT_PART,
    AT_PLACE,
    AT_POPULATION,
    AT_PROJECTION,
    AT_SIZE,
    AT_SLOT,
    AT_SORTED,
    AT_SPIKES,
    AT_SYNAPSE,
    AT_TARGET,
    AT_TIME,
    AT_V,
    AT_VALUE,
    AT_WHEN,
    BLOCK_COLUMNS,
    CHANNEL,
    CONSTANTS_COLUMNS,
    DELAY,
    DELAY0,
    PART_COLUMNS,
    POPULATION,
    POPULATION_COLUMNS,
    PROJECTION_COLUMNS,
    RAIL,
    REFRACTORY,
    RESET,
    SYN0,
    TAU,
    THRESHOLD,
    V_INF,
)  # fmt: skip
from ionspike.network.elementary import FAST, decay
from ionspike.network.views import F64, I32, I64, U32, part, view, view_2d

SOURCE_BITS = 40  # of the order of simultaneous arrivals: projection, then source
_INSERTED = 24  # arrivals up to which insertion is the quickest way to sort


@njit(fastmath=FAST, cache=True)
def collect(at: Any, b: int, blocks: int, parts: int, listed: int, chosen: int, one: Any) -> None:
    """Chain the arrivals of the chosen neurons, each with its time, size, order among simultaneous ones and synapse."""
    slot, target, delay = view(at, AT_SLOT, I32), view(at, AT_TARGET, U32), view(at, AT_DELAY, one)
    projection, constants = (
        view_2d(at, AT_PROJECTION, PROJECTION_COLUMNS, I64),
        view_2d(at, AT_CONSTANTS, CONSTANTS_COLUMNS, F64),
    )
    size, pieces = part(at, AT_SIZE, b, blocks, one), part(at, AT_PART, b, blocks, I64)
    when, place = part(at, AT_WHEN, b, blocks, F64), part(at, AT_PLACE, b, blocks, I32)
    time, value = part(at, AT_TIME, b, blocks, F64), part(at, AT_VALUE, b, blocks, F64)
    order, synapse = part(at, AT_ORDER, b, blocks, I64), part(at, AT_SYNAPSE, b, blocks, I64)
    m = 0
    for k in range(parts):
        e = k * PART_COLUMNS
        p, low, n, filled, source = pieces[e], pieces[e + 1], pieces[e + 2], pieces[e + 3], pieces[e + 4]
        syn, own, lag, key = (
            np.uint64(projection[p, SYN0] + low),
            projection[p, DELAY0],
            constants[p, DELAY],
            (p << SOURCE_BITS) + source,
        )
        first = np.uint64(filled)
        for j in range(np.uint64(n)):
            s = slot[target[syn + j]]
            if s >= 0:
                later = lag if own < 0 else np.float64(delay[np.uint64(own + low) + j])
                place[m], time[m], value[m], order[m] = s, when[k] + later, size[first + j], key
                synapse[m] = low + np.int64(j)
                m += 1
    who, driven = part(at, AT_DRIVE_AT, b, blocks, I32), part(at, AT_DRIVE_TIME, b, blocks, F64)
    amount, of = part(at, AT_DRIVE_SIZE, b, blocks, one), part(at, AT_DRIVE_OF, b, blocks, I32)
    for q in range(np.uint64(listed)):
        s = slot[np.uint64(who[q])]
        if s >= 0:
            place[m], time[m], value[m], order[m] = s, driven[q], amount[q], (np.int64(of[q]) << SOURCE_BITS) + who[q]
            m += 1
    head, following = part(at, AT_HEAD, b, blocks, I64), part(at, AT_FOLLOWING, b, blocks, I64)
    for k in range(chosen):
        head[k] = -1
    for k in range(m - 1, -1, -1):
        following[k] = head[place[k]]
        head[place[k]] = k


@njit(cache=True)
def in_time(head: int, following: Any, time: Any, order: Any, items: Any) -> int:
    """The arrivals of one neuron into ``items`` by time, then by order, then as listed; returns how many."""
    n, k = 0, head
    while k >= 0:
        at = n
        if n < _INSERTED:
            while at > 0 and (
                time[items[at - 1]] > time[k] or (time[items[at - 1]] == time[k] and order[items[at - 1]] > order[k])
            ):
                items[at] = items[at - 1]
                at -= 1
        items[at] = k
        n += 1
        k = following[k]
    if n > _INSERTED:
        merge_sort(items, n, time, order)
    return n


@njit(cache=True)
def merge_sort(items: Any, n: int, time: Any, order: Any) -> None:
    """Stable sort of ``items[:n]`` by time, then by order."""
    other = np.empty(n, np.int64)
    width = 1
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
                    other[k] = items[a]
                    a += 1
                else:
                    other[k] = items[c]
                    c += 1
        for k in range(n):
            items[k] = other[k]
        width *= 2


@njit(fastmath=FAST, cache=True)
def crossing(v: float, v_inf: float, threshold: float, tau: float) -> float:
    """Time (s) until a membrane at ``v`` that relaxes to ``v_inf`` reaches the threshold: infinite where it never does."""
    if v_inf <= threshold:
        return math.inf
    return max(tau * math.log((v_inf - v) / (v_inf - threshold)), 0.0)


@njit(fastmath=FAST, cache=True)
def walk_lif(at: Any, b: int, blocks: int, chosen: int, start: float, stop: float) -> None:
    """LIF neurons through their arrivals of a window. An arrival at the end of the refractory time counts, one within it does not."""
    block = view_2d(at, AT_BLOCK, BLOCK_COLUMNS, I64)
    constants = view_2d(at, AT_POPULATION, POPULATION_COLUMNS, F64)[block[b, POPULATION]]
    v_inf, threshold, reset, refractory = (
        constants[V_INF],
        constants[THRESHOLD],
        constants[RESET],
        constants[REFRACTORY],
    )
    tau, fall = constants[TAU], -1.0 / constants[TAU]
    time, value = part(at, AT_TIME, b, blocks, F64), part(at, AT_VALUE, b, blocks, F64)
    order, items = part(at, AT_ORDER, b, blocks, I64), part(at, AT_SORTED, b, blocks, I64)
    head, following = part(at, AT_HEAD, b, blocks, I64), part(at, AT_FOLLOWING, b, blocks, I64)
    index, before = part(at, AT_CHOSEN, b, blocks, I32), part(at, AT_BEFORE, b, blocks, F64)
    fired, fired_at = part(at, AT_FIRED, b, blocks, I32), part(at, AT_FIRED_AT, b, blocks, F64)
    membrane, free = view(at, AT_V, F64), view(at, AT_FREE, F64)
    projection, rails = (
        view_2d(at, AT_PROJECTION, PROJECTION_COLUMNS, I64),
        view_2d(at, AT_CONSTANTS, CONSTANTS_COLUMNS, F64),
    )
    spikes = 0
    for k in range(chosen):
        i = index[k]
        v, t = before[k], start
        if free[i] > start:
            v, t = reset, free[i]
        n = in_time(head[k], following, time, order, items)
        for q in range(n + 1):
            until = time[items[q]] if q < n else stop
            while t < until:
                own = crossing(v, v_inf, threshold, tau)
                if t + own > until:
                    v = v_inf + (v - v_inf) * decay((until - t) * fall)
                    t = until
                else:
                    fired[spikes], fired_at[spikes] = i, t + own
                    spikes += 1
                    v, t = reset, t + own + refractory
                    free[i] = t
            if q == n or until < t:
                continue
            e = items[q]
            p = order[e] >> SOURCE_BITS
            if projection[p, CHANNEL]:
                v = rails[p, RAIL] + (v - rails[p, RAIL]) * math.exp(-value[e])
            else:
                v += value[e]
            if v >= threshold:
                fired[spikes], fired_at[spikes] = i, t
                spikes += 1
                v, t = reset, t + refractory
                free[i] = t
        membrane[i] = v
    view(at, AT_SPIKES, I64)[b] = spikes
