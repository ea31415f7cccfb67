"""The loop over windows: blocks are advanced side by side, then their spikes are sent on their way, block by block."""

# pyright: reportArgumentType=false, reportCallIssue=false, reportReturnType=false
# numba compiles this: its integers are numpy's, its intrinsics take one argument less than they are written with

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numba import njit, prange

from ionspike.network.arrays import (
    AT_ARRIVED,
    AT_BLOCK,
    AT_BUNDLE,
    AT_CARD_CONDUCTANCE,
    AT_CARD_COUNT,
    AT_CARD_MAP,
    AT_CONSTANTS,
    AT_DEVICE_STATE,
    AT_DRIVE_AT,
    AT_DRIVEN,
    AT_EVENTS,
    AT_FEED_FROM,
    AT_FEED_POPULATION,
    AT_FEED_TIME,
    AT_FIRED,
    AT_FIRED_AT,
    AT_FIRST,
    AT_LAST,
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
    B_LONGEST,
    B_PROJECTION,
    BLOCK_COLUMNS,
    BUNDLE_COLUMNS,
    BUNDLE_HIGH,
    BUNDLE_LOW,
    CARD0,
    CELLS,
    CONSTANTS_COLUMNS,
    DRIVE_HIGH,
    DRIVE_LOW,
    HIGH,
    KIND,
    LONGEST,
    LOW,
    MAX_STATES,
    MODE,
    POPULATION,
    PROJECTION_COLUMNS,
    RULE,
    SHARED,
    SOURCE0,
    STATE0,
    SUMMED,
    TM_FACILITATION,
    TM_RECOVERY,
    TM_U,
    TSODYKS_MARKRAM,
    WIDTH,
    Array,
    Ints,
)  # fmt: skip
from ionspike.network.drive import drive_block
from ionspike.network.synapse_maps import card_pulse, tsodyks_markram
from ionspike.network.views import F64, I32, I64, part, view, view_2d
from ionspike.network.walk import collect, walk_lif
from ionspike.network.window import choose_all, deliver, settle

# what a window may need, by place in the array that run_windows fills: entries a block, spikes of all blocks
NEED_ARRIVALS, NEED_PARTS, NEED_DRIVEN, NEED_SPIKES, NEED_ALL_SPIKES = range(5)
OVERFLOW = -1  # in the number of windows done: more Poisson arrivals than there can be


@njit(cache=True)
def advance_lif(at: Any, b: int, start: float, stop: float, one: Any) -> None:
    """One block of LIF neurons through one window."""
    block = view_2d(at, AT_BLOCK, BLOCK_COLUMNS, I64)
    blocks = block.shape[0]
    parts, listed = deliver(at, b, blocks, start, stop, one), np.int64(0)
    for d in range(block[b, DRIVE_LOW], block[b, DRIVE_HIGH]):
        listed = drive_block(at, b, blocks, d, stop, listed, one)
        if listed < 0:
            view(at, AT_SPIKES, I64)[b] = OVERFLOW
            return
    view(at, AT_EVENTS, I64)[b] += view(at, AT_ARRIVED, I64)[b] + listed
    chosen = settle(at, b, blocks, start, stop) if block[b, MODE] == SUMMED else choose_all(at, b, blocks)
    collect(at, b, blocks, parts, listed, chosen, one)
    walk_lif(at, b, blocks, chosen, start, stop)


@njit(cache=True)
def needed(at: Any, start: float, stop: float, own_spikes: float, need: Ints) -> None:
    """Upper bounds of one window: the busiest block's arrivals, parts, drive arrivals and spikes, and the spikes of all blocks.

    Poisson counts have no bound; ten standard deviations above the mean are passed once in 1e22 windows, and then noticed.
    """
    block, bundle = view_2d(at, AT_BLOCK, BLOCK_COLUMNS, I64), view_2d(at, AT_BUNDLE, BUNDLE_COLUMNS, I64)
    count, driven = view(at, AT_PENDING_COUNT, I64), view(at, AT_DRIVEN, F64)
    for k in range(5):
        need[k] = 0
    for b in range(block.shape[0]):
        arrived, parts = 0, 0
        for k in range(block[b, BUNDLE_LOW], block[b, BUNDLE_HIGH]):
            p = bundle[k, B_PROJECTION]
            arrived += count[p] * bundle[k, B_LONGEST]
            parts += count[p]
        mean = driven[b] * (stop - start)
        drawn = int(mean + 10.0 * np.sqrt(mean) + 64.0) if mean > 0.0 else 0
        spikes = arrived + drawn + int((block[b, HIGH] - block[b, LOW]) * (1.0 + own_spikes * (stop - start))) + 1
        need[NEED_ARRIVALS], need[NEED_PARTS] = max(need[NEED_ARRIVALS], arrived), max(need[NEED_PARTS], parts)
        need[NEED_DRIVEN], need[NEED_SPIKES] = max(need[NEED_DRIVEN], drawn), max(need[NEED_SPIKES], spikes)
        need[NEED_ALL_SPIKES] += spikes


@njit(cache=True)
def room_for(at: Any, need: Ints, made: int, fed: int) -> bool:
    """Whether the buffers take what a window may need."""
    blocks, projections = view_2d(at, AT_BLOCK, BLOCK_COLUMNS, I64).shape[0], view(at, AT_PENDING_COUNT, I64)
    most = 0
    for p in range(projections.shape[0]):
        most = max(most, projections[p])
    pending = view(at, AT_PENDING_TIME, F64).shape[0] // max(projections.shape[0], 1)
    return (
        at[2 * AT_SIZE + 1] // blocks > need[NEED_ARRIVALS]
        and at[2 * AT_WHEN + 1] // blocks > need[NEED_PARTS]
        and at[2 * AT_DRIVE_AT + 1] // blocks > need[NEED_DRIVEN]
        and at[2 * AT_TIME + 1] // blocks > need[NEED_ARRIVALS] + need[NEED_DRIVEN]
        and at[2 * AT_FIRED + 1] // blocks > need[NEED_SPIKES]
        and at[2 * AT_OUT_TIME + 1] > made + need[NEED_ALL_SPIKES]
        and pending > most + need[NEED_ALL_SPIKES] + at[2 * AT_FEED_TIME + 1] - fed
    )


@njit(cache=True)
def drop_delivered(at: Any, stop: float) -> None:
    """Forget the spikes whose last arrival is past."""
    count, constants = view(at, AT_PENDING_COUNT, I64), view_2d(at, AT_CONSTANTS, CONSTANTS_COLUMNS, F64)
    for p in range(count.shape[0]):
        time, source = (
            part(at, AT_PENDING_TIME, p, count.shape[0], F64),
            part(at, AT_PENDING_SOURCE, p, count.shape[0], I64),
        )
        interval = part(at, AT_PENDING_INTERVAL, p, count.shape[0], F64)
        efficacy = part(at, AT_PENDING_EFFICACY, p, count.shape[0], F64)
        kept = 0
        for q in range(count[p]):
            if time[q] + constants[p, LONGEST] >= stop:
                time[kept], source[kept], interval[kept], efficacy[kept] = time[q], source[q], interval[q], efficacy[q]
                kept += 1
        count[p] = kept


@njit(cache=True)
def send(at: Any, time: float, sender: int, population: int) -> None:
    """A spike of a neuron or an input onto its way through every projection of its population; shared states move here."""
    last, first, outgoing = view(at, AT_LAST, F64), view(at, AT_FIRST, I64), view(at, AT_OUTGOING, I64)
    projection, constants = (
        view_2d(at, AT_PROJECTION, PROJECTION_COLUMNS, I64),
        view_2d(at, AT_CONSTANTS, CONSTANTS_COLUMNS, F64),
    )
    count, states = view(at, AT_PENDING_COUNT, I64), view_2d(at, AT_DEVICE_STATE, MAX_STATES, F64)
    interval = time - last[sender]
    last[sender] = time
    n = count.shape[0]
    for o in range(first[population], first[population + 1]):
        p = outgoing[o]
        source, efficacy = sender - projection[p, SOURCE0], 1.0
        if projection[p, KIND] == SHARED:
            x = states[projection[p, STATE0] + source]
            if projection[p, RULE] == TSODYKS_MARKRAM:
                efficacy = tsodyks_markram(
                    x, interval, constants[p, TM_U], constants[p, TM_FACILITATION], constants[p, TM_RECOVERY]
                )
            else:
                c = projection[p, CARD0]
                maps, conductance = (
                    view_2d(at, AT_CARD_MAP, 6, F64),
                    view_2d(at, AT_CARD_CONDUCTANCE, MAX_STATES + 3, F64),
                )
                states_of = view(at, AT_CARD_COUNT, I64)[c]
                efficacy = card_pulse(maps, c * MAX_STATES, conductance[c], states_of, x, interval, constants[p, WIDTH])
        k = count[p]
        part(at, AT_PENDING_TIME, p, n, F64)[k], part(at, AT_PENDING_SOURCE, p, n, I64)[k] = time, source
        part(at, AT_PENDING_INTERVAL, p, n, F64)[k], part(at, AT_PENDING_EFFICACY, p, n, F64)[k] = interval, efficacy
        count[p] = k + 1


@njit(cache=True)
def feed(at: Any, fed: int, stop: float) -> int:
    """Send the spikes of listed inputs before ``stop``; how many of the list are sent by now."""
    time, sender, population = (
        view(at, AT_FEED_TIME, F64),
        view(at, AT_FEED_FROM, I64),
        view(at, AT_FEED_POPULATION, I64),
    )
    while fed < time.shape[0] and time[fed] < stop:
        send(at, time[fed], sender[fed], population[fed])
        fed += 1
    return fed


@njit(cache=True)
def gather(at: Any, made: int) -> int:
    """Send the spikes of all blocks and list them; how many are listed by now, or -1 after an overflow."""
    block, spikes = view_2d(at, AT_BLOCK, BLOCK_COLUMNS, I64), view(at, AT_SPIKES, I64)
    out_time, out_from = view(at, AT_OUT_TIME, F64), view(at, AT_OUT_FROM, I32)
    blocks = block.shape[0]
    for b in range(blocks):
        fired, fired_at = part(at, AT_FIRED, b, blocks, I32), part(at, AT_FIRED_AT, b, blocks, F64)
        if spikes[b] == OVERFLOW:
            return OVERFLOW
        for k in range(spikes[b]):
            out_time[made], out_from[made] = fired_at[k], fired[k]
            made += 1
            send(at, fired_at[k], np.int64(fired[k]), block[b, POPULATION])
    return made


@cache
def window_loop(cells: bool, parallel: bool) -> Callable[..., tuple[int, int, int]]:
    """The compiled loop ``(at, edges, window, fed, own_spikes, need, one) -> (window, fed, spikes)``.

    It runs from number ``window`` of the windows between ``edges`` on, and comes back when all are done, or before one that needs more
    room than there is: ``need`` then says how much. Blocks of calibrated cells and threads are compiled where they are used only.
    """
    if cells:
        from ionspike.network.walk_cells import walk_cells

        @njit(cache=True)
        def advance(at: Any, b: int, start: float, stop: float, one: Any) -> None:
            block = view_2d(at, AT_BLOCK, BLOCK_COLUMNS, I64)
            if block[b, MODE] != CELLS:
                advance_lif(at, b, start, stop, one)
                return
            parts = deliver(at, b, block.shape[0], start, stop, one)
            view(at, AT_EVENTS, I64)[b] += view(at, AT_ARRIVED, I64)[b]
            chosen = choose_all(at, b, block.shape[0])
            collect(at, b, block.shape[0], parts, np.int64(0), chosen, one)
            walk_cells(at, b, block.shape[0], stop)
    else:
        advance = advance_lif

    if parallel:

        @njit(parallel=True, cache=True)
        def advance_all(at: Any, blocks: int, start: float, stop: float, one: Any) -> None:
            for b in prange(blocks):
                advance(at, np.int64(b), start, stop, one)
    else:

        @njit(cache=True)
        def advance_all(at: Any, blocks: int, start: float, stop: float, one: Any) -> None:
            for b in range(blocks):
                advance(at, b, start, stop, one)

    @njit(cache=True)
    def run_windows(
        at: Any, edges: Array, window: int, fed: int, own_spikes: float, need: Ints, one: Any
    ) -> tuple[int, int, int]:
        blocks, made = (
            view_2d(at, AT_BLOCK, BLOCK_COLUMNS, I64).shape[0],
            np.int64(0),
        )  # a literal would be compiled twice
        for w in range(window, edges.shape[0] - 1):
            start, stop = edges[w], edges[w + 1]
            fed = feed(at, fed, stop)
            needed(at, start, stop, own_spikes, need)
            if not room_for(at, need, made, fed):
                return w, fed, made
            advance_all(at, blocks, start, stop, one)
            drop_delivered(at, stop)
            made = gather(at, made)
            if made < 0:
                return w, fed, made
        return edges.shape[0] - 1, fed, made

    return run_windows
