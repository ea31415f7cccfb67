"""Neurons whose arrivals are taken one by one, in time."""

# pyright: reportArgumentType=false, reportCallIssue=false, reportReturnType=false
# numba compiles this: its integers are numpy's, its intrinsics take one argument less than they are written with

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np

from ionspike.network.arrays import (
    AT_AWAKE,
    AT_BLOCK,
    AT_CHOSEN,
    AT_CONSTANTS,
    AT_EARLIEST,
    AT_FALLEN,
    AT_FIRED,
    AT_FIRED_AT,
    AT_FREE,
    AT_GROWN,
    AT_MAY_FIRE,
    AT_ORDER,
    AT_PLACE,
    AT_POPULATION,
    AT_PROJECTION,
    AT_SORTED,
    AT_SORTED_TIME,
    AT_SPIKES,
    AT_SUM,
    AT_SUM_UP,
    AT_TIME,
    AT_V,
    AT_VALUE,
    BLOCK_COLUMNS,
    CHANNEL,
    CONSTANTS_COLUMNS,
    POPULATION,
    POPULATION_COLUMNS,
    PROJECTION_COLUMNS,
    RAIL,
    REFRACTORY,
    RESET,
    TAU,
    THRESHOLD,
    V_INF,
)  # fmt: skip
from ionspike.network.arrivals import SOURCE_BITS, in_time
from ionspike.network.elementary import decay
from ionspike.network.kernels import inlined, inner, kernel
from ionspike.network.views import F64, I32, I64, part, row, view

_FAR = 1e9  # more than any growth within a window


@inner
def crossing(v: float, v_inf: float, threshold: float, tau: float) -> float:
    """Time (s) until a membrane at ``v`` that relaxes to ``v_inf`` reaches the threshold: infinite where it never does."""
    if v_inf <= threshold:
        return math.inf
    return max(tau * math.log((v_inf - v) / (v_inf - threshold)), 0.0)


@inlined
def constants_of(at: Any, b: int) -> tuple[float, float, float, float, float]:
    """Resting level, threshold, reset (V), refractory time and time constant (s) of a block's neurons."""
    of = row(at, AT_BLOCK, BLOCK_COLUMNS, b, I64)[POPULATION]
    constants = row(at, AT_POPULATION, POPULATION_COLUMNS, of, F64)
    return constants[V_INF], constants[THRESHOLD], constants[RESET], constants[REFRACTORY], constants[TAU]


@inner
def add_up(at: Any, b: int, chosen: int, arrivals: int, start: float, stop: float) -> None:
    """Of each chosen neuron: from when it hears arrivals; its membrane and the charges that it hears, each times its growth since the start of the
    window, and the same of what excites; and the growth up to the earliest."""
    v_inf, _, reset, _, tau = constants_of(at, b)
    value, time, grown = part(at, AT_VALUE, b, F64), part(at, AT_TIME, b, F64), part(at, AT_GROWN, b, F64)
    index, place = part(at, AT_CHOSEN, b, I32), part(at, AT_PLACE, b, I32)
    awake, earliest = part(at, AT_AWAKE, b, F64), part(at, AT_EARLIEST, b, F64)
    total, up = part(at, AT_SUM, b, F64), part(at, AT_SUM_UP, b, F64)
    membrane, free = view(at, AT_V, F64), view(at, AT_FREE, F64)
    for k in range(chosen):
        until = free[index[k]]
        awake[k], total[k] = max(until, start), (reset if until > start else membrane[index[k]]) - v_inf
    for k in range(chosen):
        total[k] *= decay(min(awake[k] - start, stop - start) / tau)
        up[k], earliest[k] = total[k], math.inf
    for e in range(arrivals):
        k = place[e]
        heard = 1.0 if time[e] >= awake[k] else 0.0  # a factor: nothing is guessed
        charge, growth = value[e] * grown[e] * heard, grown[e] + (1.0 - heard) * _FAR
        total[k] += charge
        up[k] += max(charge, 0.0)
        earliest[k] = min(earliest[k], growth)


@inner
def settle_late(at: Any, b: int, chosen: int, arrivals: int, start: float, stop: float) -> int:
    """Move those of the chosen that can't fire after all to the end of the window; the others are listed. Returns how many may fire.

    At an arrival the sums of :func:`add_up` so far are the membrane above rest times the growth up to there. So where all that excites stays below the
    threshold times the growth up to the earliest arrival, the neuron never gets there. Most of those that were refractory don't."""
    v_inf, threshold, reset, _, tau = constants_of(at, b)
    most = (threshold - v_inf) * (1.0 - 1e-12)  # rounding must not hide a crossing
    index, may_fire = part(at, AT_CHOSEN, b, I32), part(at, AT_MAY_FIRE, b, I32)
    awake, earliest = part(at, AT_AWAKE, b, F64), part(at, AT_EARLIEST, b, F64)
    total, up, membrane = part(at, AT_SUM, b, F64), part(at, AT_SUM_UP, b, F64), view(at, AT_V, F64)
    add_up(at, b, chosen, arrivals, start, stop)
    whole, listed = decay((start - stop) / tau), np.int64(0)
    for k in range(chosen):
        may, i = up[k] >= most * earliest[k], index[k]
        after = reset if awake[k] >= stop else v_inf + total[k] * whole
        membrane[i] = membrane[i] if may else after
        may_fire[listed] = np.int32(k)
        listed += np.int64(may)
    return listed


@cache
def walk_charges_kernel() -> Any:
    """``(at, b, chosen, arrivals, .., start, stop)``: as :func:`walk_kernel`, for neurons that fire at arrivals of charge only. The exponentials of
    all arrivals are taken at once: between two of them a membrane falls by the growth up to the first times the fall up to the second."""

    @kernel
    def walk_charges(at: Any, b: int, chosen: int, arrivals: int, _l: int, start: float, stop: float) -> int:
        v_inf, threshold, reset, refractory, tau = constants_of(at, b)
        rise = 1.0 / tau
        value, time, grown, fallen = (
            part(at, AT_VALUE, b, F64), part(at, AT_TIME, b, F64), part(at, AT_GROWN, b, F64), part(at, AT_FALLEN, b, F64),
        )  # fmt: skip
        for k in range(arrivals):
            grown[k] = decay((time[k] - start) * rise)
            fallen[k] = decay((start - time[k]) * rise)
        whole, listed = decay((start - stop) * rise), settle_late(at, b, chosen, arrivals, start, stop)
        items, times, index = (
            part(at, AT_SORTED, b, I64),
            part(at, AT_SORTED_TIME, b, F64),
            part(at, AT_CHOSEN, b, I32),
        )
        fired, fired_at = part(at, AT_FIRED, b, I32), part(at, AT_FIRED_AT, b, F64)
        membrane, free = view(at, AT_V, F64), view(at, AT_FREE, F64)
        may_fire, spikes = part(at, AT_MAY_FIRE, b, I32), np.int64(0)
        for m in range(listed):
            k = np.int64(may_fire[m])
            i = index[k]
            v, t, growth = membrane[i], start, 1.0
            if free[i] > start:
                v, t, growth = reset, free[i], decay((free[i] - start) * rise)
            for q in range(in_time(at, b, k)):
                if times[q] < t:
                    continue
                e = items[q]
                # simultaneous arrivals add up without a rounding between them
                if times[q] > t:
                    v, t, growth = v_inf + (v - v_inf) * (growth * fallen[e]), times[q], grown[e]
                v += value[e]
                if v >= threshold:
                    fired[spikes], fired_at[spikes] = i, t
                    spikes += 1
                    v, t = reset, t + refractory
                    free[i] = t
                    if t >= stop:
                        break
                    growth = decay((t - start) * rise)
            membrane[i] = v if t >= stop else v_inf + (v - v_inf) * (growth * whole)
        view(at, AT_SPIKES, I64)[b] = spikes
        return spikes

    return walk_charges


@cache
def walk_kernel() -> Any:
    """``(at, b, chosen, arrivals, .., start, stop)``: LIF neurons through their arrivals of a window. An arrival at the end of the refractory time counts,
    one within it does not."""

    @kernel
    def walk_lif(at: Any, b: int, chosen: int, _k: int, _l: int, start: float, stop: float) -> int:
        v_inf, threshold, reset, refractory, tau = constants_of(at, b)
        fall = -1.0 / tau
        value, order = part(at, AT_VALUE, b, F64), part(at, AT_ORDER, b, I64)
        items, times, index = (
            part(at, AT_SORTED, b, I64),
            part(at, AT_SORTED_TIME, b, F64),
            part(at, AT_CHOSEN, b, I32),
        )
        fired, fired_at = part(at, AT_FIRED, b, I32), part(at, AT_FIRED_AT, b, F64)
        membrane, free = view(at, AT_V, F64), view(at, AT_FREE, F64)
        spikes = np.int64(0)
        for k in range(chosen):
            i = index[k]
            v, t = membrane[i], start
            if free[i] > start:
                v, t = reset, free[i]
            n = in_time(at, b, k)
            for q in range(n + 1):
                until = times[q] if q < n else stop
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
                if row(at, AT_PROJECTION, PROJECTION_COLUMNS, p, I64)[CHANNEL]:
                    rail = row(at, AT_CONSTANTS, CONSTANTS_COLUMNS, p, F64)[RAIL]
                    v = rail + (v - rail) * math.exp(-value[e])
                else:
                    v += value[e]
                if v >= threshold:
                    fired[spikes], fired_at[spikes] = i, t
                    spikes += 1
                    v, t = reset, t + refractory
                    free[i] = t
            membrane[i] = v
        view(at, AT_SPIKES, I64)[b] = spikes
        return spikes

    return walk_lif
