"""One window of a block of neurons: what arrives is summed, neurons that cannot fire are moved to its end at once, the others are
walked event by event.

No spike acts before the smallest delay of the net has passed, so inside a window of that length every arrival is known at its start.
With ``D`` the sum of the excitatory arrivals decayed to the end of the window of length h, no membrane gets above
``max(v, v_inf) + D exp(h/tau)``: every arrival then counts as if it came at once and nothing decayed. Below the threshold that settles it.
"""

# pyright: reportArgumentType=false, reportCallIssue=false, reportReturnType=false
# numba compiles this: its integers are numpy's, its intrinsics take one argument less than they are written with

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from ionspike.network.arrays import (
    AT_ARRIVED,
    AT_BEFORE,
    AT_BLOCK,
    AT_BUNDLE,
    AT_CARD_CONDUCTANCE,
    AT_CARD_COUNT,
    AT_CARD_MAP,
    AT_CHOSEN,
    AT_CONSTANTS,
    AT_DELAY,
    AT_DEVICE_CARD,
    AT_DEVICE_STATE,
    AT_DOSE,
    AT_EXCITATION,
    AT_FREE,
    AT_GAIN,
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
    AT_SLOT,
    AT_STATE,
    AT_TARGET,
    AT_V,
    AT_WEIGHT,
    AT_WHEN,
    B_PROJECTION,
    B_ROWS,
    BASE,
    BLOCK_COLUMNS,
    BUNDLE_COLUMNS,
    BUNDLE_HIGH,
    BUNDLE_LOW,
    CARDS,
    CELL,
    CONSTANTS_COLUMNS,
    DELAY,
    DELAY0,
    GAIN,
    GAIN0,
    HIGH,
    KIND,
    LONGEST,
    LOW,
    MAX_STATES,
    MODE,
    OWN0,
    OWN_AFTER,
    OWN_MEAN,
    PART_COLUMNS,
    POPULATION,
    POPULATION_COLUMNS,
    PROJECTION_COLUMNS,
    SIGN,
    STATE0,
    SUMMED,
    SYN0,
    TAU,
    THRESHOLD,
    V_INF,
    WIDTH,
    X_PULSE,
    X_REST,
)  # fmt: skip
from ionspike.network.elementary import FAST, decay
from ionspike.network.synapse_maps import card_pulse, own_after, own_mean, own_mean_with_gains
from ionspike.network.views import F64, I32, I64, U32, part, view, view_2d


@njit(fastmath=FAST, cache=True)
def due_part(delay: Any, low: int, high: int, time: float, start: float, stop: float) -> tuple[int, int]:
    """The synapses ``low`` to ``high``, sorted by delay, whose arrival ``time + delay`` lies in [start, stop)."""
    a, b = low, high
    while a < b:
        middle = (a + b) >> 1
        if time + delay[middle] < start:
            a = middle + 1
        else:
            b = middle
    first, b = a, high
    while a < b:
        middle = (a + b) >> 1
        if time + delay[middle] < stop:
            a = middle + 1
        else:
            b = middle
    return first, a


@njit(fastmath=FAST, cache=True)
def scatter(target: Any, syn: int, n: int, size: Any, filled: int, factor: float, into: Any) -> None:
    """Add arrivals of one instant, decayed alike."""
    first, at = np.uint64(syn), np.uint64(filled)
    for j in range(np.uint64(n)):
        into[target[first + j]] += size[at + j] * factor


@njit(fastmath=FAST, cache=True)
def scatter_signed(
    target: Any, delay: Any, syn: int, own: int, n: int, size: Any, filled: int, before: float, fall: float, excitation: Any, inhibition: Any
) -> None:  # fmt: skip
    """Add arrivals of both signs; ``before``: from the spike (``own`` >= 0: each synapse has its delay) or the arrival to the end of the
    window (s)."""
    first, at, delayed = np.uint64(syn), np.uint64(filled), np.uint64(own)
    factor = decay(before * fall) if own < 0 else 0.0
    for j in range(np.uint64(n)):
        i = target[first + j]
        if own >= 0:
            factor = decay((before - np.float64(delay[delayed + j])) * fall)
        value = size[at + j] * factor
        excitation[i] += max(value, 0.0)
        inhibition[i] += min(value, 0.0)


@njit(fastmath=FAST, cache=True)
def arrivals(
    at: Any, p: int, a: int, n: int, interval: float, efficacy: float, out: Any, filled: int, one: Any
) -> None:
    """Sizes of the arrivals at ``n`` synapses of projection ``p`` from number ``a`` on, after one presynaptic spike."""
    row, constants = (
        view_2d(at, AT_PROJECTION, PROJECTION_COLUMNS, I64)[p],
        view_2d(at, AT_CONSTANTS, CONSTANTS_COLUMNS, F64)[p],
    )
    kind, syn, own = row[KIND], row[SYN0] + a, row[OWN0] + a
    weight = view(at, AT_WEIGHT, one)
    if kind in (OWN_AFTER, OWN_MEAN):
        dose, rate, state = view(at, AT_DOSE, one), view(at, AT_RATE, one), view(at, AT_STATE, one)
        shape = (constants[X_REST], constants[X_PULSE], constants[BASE], constants[GAIN])
        interval = max(interval - constants[WIDTH], 0.0)  # the rest between two pulses is shorter than their interval
        if kind == OWN_AFTER:
            own_after(weight, dose, rate, state, syn, own, n, interval, shape, out, filled)
        elif row[GAIN0] >= 0:
            gain = view(at, AT_GAIN, one)
            own_mean_with_gains(
                weight, dose, rate, state, gain, syn, own, row[GAIN0] + a, n, interval, shape, out, filled
            )
        else:
            own_mean(weight, dose, rate, state, syn, own, n, interval, shape, out, filled)
    elif kind == CARDS:
        states, card = view_2d(at, AT_DEVICE_STATE, MAX_STATES, F64), view(at, AT_DEVICE_CARD, I32)
        coefficients = view_2d(at, AT_CARD_MAP, 6, F64)
        conductance, count = view_2d(at, AT_CARD_CONDUCTANCE, MAX_STATES + 3, F64), view(at, AT_CARD_COUNT, I64)
        for j in range(n):
            d = row[STATE0] + a + j
            c = card[d]
            relative = card_pulse(
                coefficients, c * MAX_STATES, conductance[c], count[c], states[d], interval, constants[WIDTH]
            )
            out[filled + j] = weight[syn + j] * relative
    else:
        factor = weight.dtype.type(efficacy)
        first, to = np.uint64(syn), np.uint64(filled)
        for j in range(np.uint64(n)):
            out[to + j] = weight[first + j] * factor


@njit(fastmath=FAST, cache=True)
def deliver(at: Any, b: int, blocks: int, start: float, stop: float, one: Any) -> int:
    """All arrivals of the window at block ``b``: sizes, what they came from, sums into the accumulators. Returns the number of parts."""
    block, bundle = view_2d(at, AT_BLOCK, BLOCK_COLUMNS, I64), view_2d(at, AT_BUNDLE, BUNDLE_COLUMNS, I64)
    projection, constants = (
        view_2d(at, AT_PROJECTION, PROJECTION_COLUMNS, I64),
        view_2d(at, AT_CONSTANTS, CONSTANTS_COLUMNS, F64),
    )
    count, n_projections = view(at, AT_PENDING_COUNT, I64), projection.shape[0]
    rows, target, delay = view(at, AT_ROWS, I64), view(at, AT_TARGET, U32), view(at, AT_DELAY, one)
    excitation, inhibition = view(at, AT_EXCITATION, F64), view(at, AT_INHIBITION, F64)
    size, pieces = part(at, AT_SIZE, b, blocks, one), part(at, AT_PART, b, blocks, I64)
    when = part(at, AT_WHEN, b, blocks, F64)
    fall = -1.0 / view_2d(at, AT_POPULATION, POPULATION_COLUMNS, F64)[block[b, POPULATION], TAU]
    summed = block[b, MODE] == SUMMED
    parts, filled = np.int64(0), np.int64(0)  # a literal would be compiled for twice
    for k in range(block[b, BUNDLE_LOW], block[b, BUNDLE_HIGH]):
        p, base = bundle[k, B_PROJECTION], bundle[k, B_ROWS]
        lag, longest, own = constants[p, DELAY], constants[p, LONGEST], projection[p, DELAY0]
        kind, sign = projection[p, KIND], projection[p, SIGN]
        times, sources = (
            part(at, AT_PENDING_TIME, p, n_projections, F64),
            part(at, AT_PENDING_SOURCE, p, n_projections, I64),
        )
        interval = part(at, AT_PENDING_INTERVAL, p, n_projections, F64)
        efficacy = part(at, AT_PENDING_EFFICACY, p, n_projections, F64)
        for q in range(count[p]):
            time, source = times[q], sources[q]
            if time + lag >= stop or time + longest < start:
                continue
            low, high = rows[base + source], rows[base + source + 1]
            if own >= 0:
                low, high = due_part(delay, own + low, own + high, time, start, stop)
                low, high = low - own, high - own
            n = high - low
            if n == 0:
                continue
            if kind != CELL:
                arrivals(at, p, low, n, interval[q], efficacy[q], size, filled, one)
            if summed:
                syn = projection[p, SYN0] + low
                if own < 0 and sign != 0:
                    into = excitation if sign > 0 else inhibition
                    scatter(target, syn, n, size, filled, decay((stop - time - lag) * fall), into)
                else:
                    first = own + low if own >= 0 else np.int64(-1)
                    before = stop - time - (0.0 if own >= 0 else lag)
                    scatter_signed(target, delay, syn, first, n, size, filled, before, fall, excitation, inhibition)
            e = parts * PART_COLUMNS
            pieces[e], pieces[e + 1], pieces[e + 2], pieces[e + 3], pieces[e + 4] = p, low, n, filled, source
            when[parts] = time
            parts, filled = parts + 1, filled + n
    view(at, AT_ARRIVED, I64)[b] = filled
    return parts


@njit(fastmath=FAST, cache=True)
def settle(at: Any, b: int, blocks: int, start: float, stop: float) -> int:
    """Move every neuron of a summed block that cannot fire to the end of the window; list the others with their membranes at the start.
    Accumulators are empty again."""
    block = view_2d(at, AT_BLOCK, BLOCK_COLUMNS, I64)
    constants = view_2d(at, AT_POPULATION, POPULATION_COLUMNS, F64)[block[b, POPULATION]]
    v_inf, threshold = constants[V_INF], constants[THRESHOLD]
    held = math.exp(-(stop - start) / constants[TAU])
    gain = 1.0 / held * (1.0 + 1e-12)  # rounding must not hide a crossing
    v, free, slot = view(at, AT_V, F64), view(at, AT_FREE, F64), view(at, AT_SLOT, I32)
    excitation, inhibition = view(at, AT_EXCITATION, F64), view(at, AT_INHIBITION, F64)
    chosen, before = part(at, AT_CHOSEN, b, blocks, I32), part(at, AT_BEFORE, b, blocks, F64)
    m = 0
    for i in range(np.uint64(block[b, LOW]), np.uint64(block[b, HIGH])):
        old, up, down = v[i], excitation[i], inhibition[i]
        may = (max(old, v_inf) + up * gain >= threshold) | (free[i] > start)
        v[i] = old if may else v_inf + (old - v_inf) * held + (up + down)
        excitation[i] = 0.0
        inhibition[i] = 0.0
        chosen[np.uint64(m)], before[np.uint64(m)] = np.int32(i), old
        slot[i] = m if may else -1
        m += may
    return m


@njit(cache=True)
def choose_all(at: Any, b: int, blocks: int) -> int:
    """List every neuron of a block."""
    block = view_2d(at, AT_BLOCK, BLOCK_COLUMNS, I64)
    v, slot = view(at, AT_V, F64), view(at, AT_SLOT, I32)
    excitation, inhibition = view(at, AT_EXCITATION, F64), view(at, AT_INHIBITION, F64)
    chosen, before = part(at, AT_CHOSEN, b, blocks, I32), part(at, AT_BEFORE, b, blocks, F64)
    low, high = block[b, LOW], block[b, HIGH]
    for i in range(low, high):
        chosen[i - low], before[i - low], slot[i] = i, v[i], i - low
        excitation[i] = 0.0  # a drive has summed what is now walked
        inhibition[i] = 0.0
    return high - low
