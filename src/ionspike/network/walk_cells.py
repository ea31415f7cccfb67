"""Calibrated cells, arrival by arrival: the membrane and the wait of the threshold stage by an integrator, synapses by their pulse law."""

# pyright: reportArgumentType=false, reportCallIssue=false, reportReturnType=false
# numba compiles this: its integers are numpy's, its intrinsics take one argument less than they are written with

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

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
    AT_FIRED_WIDTH,
    AT_FREE,
    AT_LEAK,
    AT_ORDER,
    AT_POPULATION,
    AT_PROJECTION,
    AT_SOMA,
    AT_SORTED,
    AT_SORTED_TIME,
    AT_SPIKES,
    AT_SYNAPSE,
    AT_V,
    AT_VALUE,
    BLOCK_COLUMNS,
    CELL_PARAMETERS,
    CHARGE,
    DEAD,
    ENERGY_COLUMNS,
    HIGH,
    INNER,
    KEEPER,
    LEAK_POINTS,
    LOW,
    MAX_STATES,
    PINNED,
    POPULATION,
    POPULATION_COLUMNS,
    PROJECTION_COLUMNS,
    PULSE_COLUMNS,
    PULSES,
    READ,
    STATE0,
)  # fmt: skip
from ionspike.network.arrivals import SOURCE_BITS, in_time
from ionspike.network.dynamics import (
    STAGE,
    advance_device,
    after_spike,
    leaked,
    pulse,
    spike_draw,
    stepped_membrane,
    wait,
)
from ionspike.network.kernels import inner, kernel
from ionspike.network.views import F64, I32, I64, array, array_2d, part, room, row, view
from ionspike.network.walk_placed import beside_at, gate_at, longer_at


@cache
def walk_cells_kernel(placed: bool) -> Any:
    """``(at, b, .., stop)``: all cells of a block to the end of a window; ``free`` is how far a cell has been followed. ``placed``: cells of the
    net have devices that their own spikes gate."""

    @kernel
    def walk_cells(at: Any, b: int, _j: int, _k: int, _l: int, _start: float, stop: float) -> int:
        block = row(at, AT_BLOCK, BLOCK_COLUMNS, b, I64)
        of = block[POPULATION]
        soma = array(at, AT_SOMA, of * CELL_PARAMETERS, CELL_PARAMETERS, F64)
        leak = array(at, AT_LEAK, of * LEAK_POINTS, LEAK_POINTS, F64)
        dead = row(at, AT_POPULATION, POPULATION_COLUMNS, of, F64)[DEAD]
        order, synapse = part(at, AT_ORDER, b, I64), part(at, AT_SYNAPSE, b, I64)
        items, times = part(at, AT_SORTED, b, I64), part(at, AT_SORTED_TIME, b, F64)
        fired, fired_at = part(at, AT_FIRED, b, I32), part(at, AT_FIRED_AT, b, F64)
        fired_width, varied = part(at, AT_FIRED_WIDTH, b, F64), room(at, AT_FIRED_WIDTH) > 0
        value = part(at, AT_VALUE, b, F64)
        membrane, free = view(at, AT_V, F64), view(at, AT_FREE, F64)
        spikes = np.int64(0)
        for i in range(block[LOW], block[HIGH]):
            energy, drop = row(at, AT_ENERGY, ENERGY_COLUMNS, i, F64), row(at, AT_DROP, INNER, i, F64)
            n = in_time(at, b, i - block[LOW])
            for q in range(n + 1):
                until = times[q] if q < n else stop
                while free[i] < until:
                    t = free[i]
                    v, after, kept = wait(soma, leak, membrane[i], drop, until - t)
                    energy[KEEPER] += kept
                    membrane[i], free[i] = v, until
                    if after >= 0.0:
                        fired[spikes], fired_at[spikes] = np.int32(i), t + after
                        longer = 0.0
                        if placed:
                            width, longer = gate_at(at, of, i, t + after, v)
                            if varied:
                                fired_width[spikes] = width
                        spikes += 1
                        energy[KEEPER] += spike_draw(soma, v)
                        membrane[i], free[i] = after_spike(soma, v), t + after + dead + longer
                        if soma[STAGE] > 0.0:
                            drop[PINNED] = free[i]
                if q < n:
                    e = items[q]
                    p, behind, leaking, longer = order[e] >> SOURCE_BITS, 0.0, 0.0, 0.0
                    if placed:
                        behind, leaking = beside_at(at, of, i, until, membrane[i])
                        longer = longer_at(at, p, value[e])
                    cell_pulse(at, of, i, p, synapse[e], until, behind, leaking, longer)
        view(at, AT_SPIKES, I64)[b] = spikes
        return spikes

    return walk_cells


@inner
def cell_pulse(
    at: Any, of: int, i: int, p: int, j: int, time: float, behind: float, leaking: float, longer: float
) -> None:
    """A pulse at ``time`` opens synapse ``j`` of projection ``p`` to the membrane of cell ``i`` of population ``of``; between its pulses the channel has sat
    between reset and the present voltage, so its device is taken to rest at half of it. ``behind``: resistance (ohm)
    between synapse and membrane; ``leaking``: conductance (S) that the pulse opens to ground; ``longer``: by how much (s) it is wider than the
    pulses that the synapse was calibrated with. A membrane that a spike still holds at ground takes no charge."""
    count, d = view(at, AT_CELL_COUNT, I64)[p], row(at, AT_PROJECTION, PROJECTION_COLUMNS, p, I64)[STATE0] + j
    parameters = array(at, AT_CELL_SYNAPSE, p * CELL_PARAMETERS, CELL_PARAMETERS, F64)
    gate, rows = array(at, AT_CELL_GATE, p * 3, 3, F64), array_2d(at, AT_CELL_ROWS, p * MAX_STATES, count, 7, F64)
    g, costs = array(at, AT_CELL_G, p * MAX_STATES, count - 1, F64), row(at, AT_CELL_PULSE, PULSE_COLUMNS, p, F64)
    state, last = array(at, AT_DEVICE_STATE, d * MAX_STATES, count, F64), view(at, AT_DEVICE_LAST, F64)
    membrane, free, energy = view(at, AT_V, F64), view(at, AT_FREE, F64), row(at, AT_ENERGY, ENERGY_COLUMNS, i, F64)
    v = membrane[i]
    x = advance_device(parameters, gate, rows, state, -0.5 * v, max(time - last[d], 0.0))
    after, x = pulse(parameters, gate, rows, g, v, x, behind, leaking, longer)
    for k in range(count):
        state[k] = x[k]
    last[d] = time + costs[0] + longer
    charge = costs[3] * (after - v) + leaked(parameters, leaking, v, after, longer)
    drop = row(at, AT_DROP, INNER, i, F64)
    if time >= drop[PINNED]:
        soma = array(at, AT_SOMA, of * CELL_PARAMETERS, CELL_PARAMETERS, F64)
        stepped_membrane(soma, drop, after - v)
        membrane[i] = after
    free[i] = max(free[i], last[d])
    energy[CHARGE] += charge
    energy[READ] += costs[2] * charge
    energy[PULSES] += costs[1]
