"""Calibrated cells, arrival by arrival: the membrane and the wait of the threshold stage by an integrator, synapses by their pulse law."""

from __future__ import annotations

from typing import Any

from numba import njit

from ionspike.network.arrays import (
    AT_BLOCK,
    AT_CELL_COUNT,
    AT_CELL_G,
    AT_CELL_GATE,
    AT_CELL_PULSE,
    AT_CELL_ROWS,
    AT_CELL_SYNAPSE,
    AT_DEVICE_LAST,
    AT_DEVICE_STATE,
    AT_DROP,
    AT_ENERGY,
    AT_FIRED,
    AT_FIRED_AT,
    AT_FOLLOWING,
    AT_FREE,
    AT_HEAD,
    AT_LEAK,
    AT_ORDER,
    AT_POPULATION,
    AT_PROJECTION,
    AT_SOMA,
    AT_SORTED,
    AT_SPIKES,
    AT_SYNAPSE,
    AT_TIME,
    AT_V,
    BLOCK_COLUMNS,
    CELL_PARAMETERS,
    CHARGE,
    DEAD,
    ENERGY_COLUMNS,
    HIGH,
    KEEPER,
    LEAK_POINTS,
    LOW,
    MAX_STATES,
    POPULATION,
    POPULATION_COLUMNS,
    PROJECTION_COLUMNS,
    PULSE_COLUMNS,
    PULSES,
    READ,
    STATE0,
)  # fmt: skip
from ionspike.network.dynamics import advance_device, after_spike, pulse, wait
from ionspike.network.views import F64, I32, I64, part, view, view_2d
from ionspike.network.walk import SOURCE_BITS, in_time


@njit(cache=True)
def walk_cells(at: Any, b: int, blocks: int, stop: float) -> None:
    """All cells of a block to the end of a window; ``free`` is how far a cell has been followed."""
    block = view_2d(at, AT_BLOCK, BLOCK_COLUMNS, I64)
    of = block[b, POPULATION]
    soma, leak = view_2d(at, AT_SOMA, CELL_PARAMETERS, F64)[of], view_2d(at, AT_LEAK, LEAK_POINTS, F64)[of]
    dead = view_2d(at, AT_POPULATION, POPULATION_COLUMNS, F64)[of, DEAD]
    time, order = part(at, AT_TIME, b, blocks, F64), part(at, AT_ORDER, b, blocks, I64)
    synapse, items = part(at, AT_SYNAPSE, b, blocks, I64), part(at, AT_SORTED, b, blocks, I64)
    head, following = part(at, AT_HEAD, b, blocks, I64), part(at, AT_FOLLOWING, b, blocks, I64)
    fired, fired_at = part(at, AT_FIRED, b, blocks, I32), part(at, AT_FIRED_AT, b, blocks, F64)
    membrane, drop, free = view(at, AT_V, F64), view(at, AT_DROP, F64), view(at, AT_FREE, F64)
    energy = view_2d(at, AT_ENERGY, ENERGY_COLUMNS, F64)
    spikes = 0
    for i in range(block[b, LOW], block[b, HIGH]):
        n = in_time(head[i - block[b, LOW]], following, time, order, items)
        for q in range(n + 1):
            until = time[items[q]] if q < n else stop
            while free[i] < until:
                t = free[i]
                v, u, after, kept = wait(soma, leak, membrane[i], drop[i], until - t)
                energy[i, KEEPER] += kept
                membrane[i], drop[i], free[i] = v, u, until
                if after >= 0.0:
                    fired[spikes], fired_at[spikes] = i, t + after
                    spikes += 1
                    membrane[i], drop[i], free[i] = after_spike(soma, v), 0.0, t + after + dead
            if q < n:
                e = items[q]
                cell_pulse(at, i, order[e] >> SOURCE_BITS, synapse[e], until)
    view(at, AT_SPIKES, I64)[b] = spikes


@njit(cache=True)
def cell_pulse(at: Any, i: int, p: int, j: int, time: float) -> None:
    """A pulse at ``time`` opens synapse ``j`` of projection ``p`` to the membrane of cell ``i``; between its pulses the channel has sat
    between reset and the present voltage, so its device is taken to rest at half of it."""
    count, d = view(at, AT_CELL_COUNT, I64)[p], view_2d(at, AT_PROJECTION, PROJECTION_COLUMNS, I64)[p, STATE0] + j
    parameters, gate = view_2d(at, AT_CELL_SYNAPSE, CELL_PARAMETERS, F64)[p], view_2d(at, AT_CELL_GATE, 3, F64)[p]
    rows = view_2d(at, AT_CELL_ROWS, 7, F64)[p * MAX_STATES : p * MAX_STATES + count]
    g, costs = (
        view_2d(at, AT_CELL_G, MAX_STATES, F64)[p, : count - 1],
        view_2d(at, AT_CELL_PULSE, PULSE_COLUMNS, F64)[p],
    )
    state, last = view_2d(at, AT_DEVICE_STATE, MAX_STATES, F64)[d, :count], view(at, AT_DEVICE_LAST, F64)
    membrane, free, energy = view(at, AT_V, F64), view(at, AT_FREE, F64), view_2d(at, AT_ENERGY, ENERGY_COLUMNS, F64)
    v = membrane[i]
    x = advance_device(parameters, gate, rows, state, -0.5 * v, max(time - last[d], 0.0))
    after, x = pulse(parameters, gate, rows, g, v, x)
    for k in range(count):
        state[k] = x[k]
    last[d] = time + costs[0]
    charge = costs[3] * (after - v)
    membrane[i] = after
    free[i] = max(free[i], last[d])
    energy[i, CHARGE] += charge
    energy[i, READ] += costs[2] * charge
    energy[i, PULSES] += costs[1]
