"""The loop over windows: blocks are advanced side by side, then their spikes are sent on their way, block by block."""

# pyright: reportArgumentType=false, reportCallIssue=false, reportReturnType=false
# numba compiles this: its integers are numpy's, its intrinsics take one argument less than they are written with

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numba import float64, int64, njit, prange, types

from ionspike.network.arrays import (
    AT_ARRIVED,
    AT_BLOCK,
    AT_BUNDLE,
    AT_CONSTANTS,
    AT_DRIVE_AT,
    AT_DRIVEN,
    AT_EFFICACY_KERNEL,
    AT_EVENTS,
    AT_FEED_FROM,
    AT_FEED_POPULATION,
    AT_FEED_TIME,
    AT_FIRED,
    AT_FIRED_AT,
    AT_FIRED_WIDTH,
    AT_FIRST,
    AT_KERNEL,
    AT_LAST,
    AT_NEED,
    AT_OUT_FROM,
    AT_OUT_TIME,
    AT_OUTGOING,
    AT_PENDING_COUNT,
    AT_PENDING_EFFICACY,
    AT_PENDING_INTERVAL,
    AT_PENDING_SOURCE,
    AT_PENDING_TIME,
    AT_PROJECTION,
    AT_SIZE,
    AT_SPIKES,
    AT_TIME,
    AT_WHEN,
    AT_WINDOW_EDGES,
    B_LONGEST,
    B_PROJECTION,
    BLOCK_COLUMNS,
    BUNDLE_COLUMNS,
    BUNDLE_HIGH,
    BUNDLE_LOW,
    CELLS,
    CHUNK,
    CONSTANTS_COLUMNS,
    DRIVE_HIGH,
    DRIVE_LOW,
    HIGH,
    K_ADVANCE,
    K_CHOOSE,
    K_COLLECT,
    K_DELIVER,
    K_DRIVE,
    K_KEEP,
    K_SETTLE,
    K_WALK,
    K_WALK_CELLS,
    LONGEST,
    LOW,
    MODE,
    POPULATION,
    PROJECTION_COLUMNS,
    SOURCE0,
    SUMMED,
)  # fmt: skip
from ionspike.network.kernels import call, inner, kernel, kernel_of_threads, stamped
from ionspike.network.views import F64, I32, I64, length, part, room, row, view

# what a window may need, by place in ``need``: entries a block, spikes of all blocks
NEED_ARRIVALS, NEED_PARTS, NEED_DRIVEN, NEED_SPIKES, NEED_ALL_SPIKES = range(5)
NEEDS = 5
_LOOP = types.UniTuple(int64, 3)(int64, int64, int64, int64, float64)
OVERFLOW = -1  # in the number of windows done: more Poisson arrivals than there can be


@inner
def advance(at: Any, b: int, start: float, stop: float) -> None:
    """One block of neurons through one window. Those that a drive reaches are settled chunk by chunk, while their arrivals are at hand."""
    block, kernels = row(at, AT_BLOCK, BLOCK_COLUMNS, b, I64), view(at, AT_KERNEL, I64)
    choose = kernels[K_SETTLE] if block[MODE] == SUMMED else kernels[K_CHOOSE]
    parts = call(kernels[K_DELIVER], at, b, 0, 0, 0, start, stop)
    chosen, kept, events = np.int64(0), np.int64(0), view(at, AT_ARRIVED, I64)[b]
    if block[DRIVE_HIGH] == block[DRIVE_LOW]:
        chosen = call(choose, at, b, block[LOW], block[HIGH], 0, start, stop)
    else:
        for low in range(block[LOW], block[HIGH], CHUNK):
            listed = call(kernels[K_DRIVE], at, b, low, kept, 0, stop, 0.0)
            if listed < 0:
                view(at, AT_SPIKES, I64)[b] = OVERFLOW
                return
            events += listed - kept
            chosen = call(choose, at, b, low, min(low + CHUNK, block[HIGH]), chosen, start, stop)
            kept = call(kernels[K_KEEP], at, b, kept, listed, 0, 0.0, 0.0)
    view(at, AT_EVENTS, I64)[b] += events
    arrivals = call(kernels[K_COLLECT], at, b, parts, kept, chosen, 0.0, 0.0)
    call(kernels[K_WALK_CELLS] if block[MODE] == CELLS else kernels[K_WALK], at, b, chosen, arrivals, 0, start, stop)


@inner
def needed(at: Any, blocks: int, start: float, stop: float, own_spikes: float) -> None:
    """Upper bounds of one window: the busiest block's arrivals, parts, drive arrivals and spikes, and the spikes of all blocks.

    Poisson counts have no bound; ten standard deviations above the mean are passed once in 1e22 windows, and then noticed.
    """
    count, driven, need = view(at, AT_PENDING_COUNT, I64), view(at, AT_DRIVEN, F64), view(at, AT_NEED, I64)
    for k in range(NEEDS):
        need[k] = 0
    for b in range(blocks):
        block = row(at, AT_BLOCK, BLOCK_COLUMNS, b, I64)
        arrived, parts = np.int64(0), np.int64(0)
        for k in range(block[BUNDLE_LOW], block[BUNDLE_HIGH]):
            bundle = row(at, AT_BUNDLE, BUNDLE_COLUMNS, k, I64)
            arrived += count[bundle[B_PROJECTION]] * bundle[B_LONGEST]
            parts += count[bundle[B_PROJECTION]]
        mean = driven[b] * (stop - start)
        drawn = np.int64(mean + 10.0 * math.sqrt(mean) + 64.0) if mean > 0.0 else np.int64(0)
        alone = np.int64((block[HIGH] - block[LOW]) * (1.0 + own_spikes * (stop - start)))
        spikes = arrived + drawn + alone + 1
        need[NEED_ARRIVALS], need[NEED_PARTS] = max(need[NEED_ARRIVALS], arrived), max(need[NEED_PARTS], parts)
        need[NEED_DRIVEN], need[NEED_SPIKES] = max(need[NEED_DRIVEN], drawn), max(need[NEED_SPIKES], spikes)
        need[NEED_ALL_SPIKES] += spikes


@inner
def room_for(at: Any, made: int, fed: int) -> bool:
    """Whether the buffers take what a window may need."""
    count, need, most = view(at, AT_PENDING_COUNT, I64), view(at, AT_NEED, I64), np.int64(0)
    for p in range(length(at, AT_PENDING_COUNT)):
        most = max(most, count[p])
    return (
        room(at, AT_SIZE) > need[NEED_ARRIVALS]
        and room(at, AT_WHEN) > need[NEED_PARTS]
        and room(at, AT_DRIVE_AT) > need[NEED_DRIVEN]
        and room(at, AT_TIME) > need[NEED_ARRIVALS] + need[NEED_DRIVEN]
        and room(at, AT_FIRED) > need[NEED_SPIKES]
        and length(at, AT_OUT_TIME) > made + need[NEED_ALL_SPIKES]
        and room(at, AT_PENDING_TIME) > most + need[NEED_ALL_SPIKES] + length(at, AT_FEED_TIME) - fed
    )


@inner
def drop_delivered(at: Any, stop: float) -> None:
    """Forget the spikes whose last arrival is past."""
    count = view(at, AT_PENDING_COUNT, I64)
    for p in range(length(at, AT_PENDING_COUNT)):
        longest = row(at, AT_CONSTANTS, CONSTANTS_COLUMNS, p, F64)[LONGEST]
        time, source = part(at, AT_PENDING_TIME, p, F64), part(at, AT_PENDING_SOURCE, p, I64)
        interval, efficacy = part(at, AT_PENDING_INTERVAL, p, F64), part(at, AT_PENDING_EFFICACY, p, F64)
        kept = np.int64(0)
        for q in range(count[p]):
            if time[q] + longest >= stop:
                time[kept], source[kept], interval[kept], efficacy[kept] = time[q], source[q], interval[q], efficacy[q]
                kept += 1
        count[p] = kept


@inner
def send(at: Any, time: float, sender: int, population: int, width: float) -> None:
    """A spike of a neuron or an input, of a ``width`` (s) where that varies, onto its way through every projection of its population; shared
    states move here."""
    last, first, outgoing = view(at, AT_LAST, F64), view(at, AT_FIRST, I64), view(at, AT_OUTGOING, I64)
    count, kernels = view(at, AT_PENDING_COUNT, I64), view(at, AT_EFFICACY_KERNEL, I64)
    interval = time - last[sender]
    last[sender] = time
    for o in range(first[population], first[population + 1]):
        p = outgoing[o]
        source, k = sender - row(at, AT_PROJECTION, PROJECTION_COLUMNS, p, I64)[SOURCE0], count[p]
        part(at, AT_PENDING_TIME, p, F64)[k], part(at, AT_PENDING_SOURCE, p, I64)[k] = time, source
        part(at, AT_PENDING_INTERVAL, p, F64)[k], part(at, AT_PENDING_EFFICACY, p, F64)[k] = interval, 1.0
        if kernels[p] != 0:
            call(kernels[p], at, p, source, k, 0, interval, width)
        count[p] = k + 1


@inner
def feed(at: Any, fed: int, stop: float) -> int:
    """Send the spikes of listed inputs before ``stop``; how many of the list are sent by now."""
    time, sender, population = (
        view(at, AT_FEED_TIME, F64),
        view(at, AT_FEED_FROM, I64),
        view(at, AT_FEED_POPULATION, I64),
    )
    while fed < length(at, AT_FEED_TIME) and time[fed] < stop:
        send(at, time[fed], sender[fed], population[fed], 0.0)
        fed += 1
    return fed


@inner
def gather(at: Any, blocks: int, made: int) -> int:
    """Send the spikes of all blocks and list them; how many are listed by now, or -1 after an overflow."""
    spikes, out_time, out_from = view(at, AT_SPIKES, I64), view(at, AT_OUT_TIME, F64), view(at, AT_OUT_FROM, I32)
    for b in range(blocks):
        if spikes[b] == OVERFLOW:
            return np.int64(OVERFLOW)
        population = row(at, AT_BLOCK, BLOCK_COLUMNS, b, I64)[POPULATION]
        fired, fired_at = part(at, AT_FIRED, b, I32), part(at, AT_FIRED_AT, b, F64)
        width, varied = part(at, AT_FIRED_WIDTH, b, F64), room(at, AT_FIRED_WIDTH) > 0
        for k in range(spikes[b]):
            out_time[made], out_from[made] = fired_at[k], fired[k]
            made += 1
            send(at, fired_at[k], np.int64(fired[k]), population, width[k] if varied else 0.0)
    return made


@cache
def advance_kernel(parallel: bool) -> Any:
    """``(at, blocks, .., start, stop)``: all blocks through one window. Threads are compiled where they are used only."""
    if parallel:

        @kernel_of_threads
        def advance_side_by_side(at: Any, blocks: int, _j: int, _k: int, _l: int, start: float, stop: float) -> int:
            for b in prange(blocks):
                advance(at, np.int64(b), start, stop)
            return blocks

        return advance_side_by_side

    @kernel
    def advance_in_turn(at: Any, blocks: int, _j: int, _k: int, _l: int, start: float, stop: float) -> int:
        for b in range(blocks):
            advance(at, b, start, stop)
        return blocks

    return advance_in_turn


@cache
def window_loop() -> Callable[..., tuple[int, int, int]]:
    """The compiled loop ``(at, blocks, window, fed, own_spikes) -> (window, fed, spikes)``.

    It runs from number ``window`` of the windows between ``window_edges`` on, and comes back when all are done, or before one that needs more
    room than there is: ``need`` then says how much.
    """
    return njit(_LOOP, cache=True, error_model="numpy")(stamped(_run_windows))


def _run_windows(at: Any, blocks: int, window: int, fed: int, own_spikes: float) -> tuple[int, int, int]:
    advance_all, edges, made = view(at, AT_KERNEL, I64)[K_ADVANCE], view(at, AT_WINDOW_EDGES, F64), np.int64(0)
    windows = length(at, AT_WINDOW_EDGES) - 1
    for w in range(window, windows):
        start, stop = edges[w], edges[w + 1]
        fed = feed(at, fed, stop)
        needed(at, blocks, start, stop, own_spikes)
        if not room_for(at, made, fed):
            return w, fed, made
        call(advance_all, at, blocks, 0, 0, 0, start, stop)
        drop_delivered(at, stop)
        made = gather(at, blocks, made)
        if made < 0:
            return w, fed, made
    return windows, fed, made
