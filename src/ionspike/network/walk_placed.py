"""The devices that cells gate with their own spikes, in the compiled loops: moved only when an event of their neuron asks for them."""

# pyright: reportArgumentType=false, reportCallIssue=false, reportReturnType=false
# numba compiles this: its integers are numpy's, its intrinsics take one argument less than they are written with

from __future__ import annotations

from typing import Any

import numpy as np

from ionspike.network.arrays import (
    AT_CONSTANTS,
    AT_PLACED,
    AT_PLACED_G,
    AT_PLACED_GATE,
    AT_PLACED_LAST,
    AT_PLACED_LAW,
    AT_PLACED_ROWS,
    AT_PLACED_STATE,
    AT_PROJECTION,
    CELL_PARAMETERS,
    CONSTANTS_COLUMNS,
    MAX_STATES,
    PLACED_COUNT,
    PLACED_LAW,
    PLACED_WHERE,
    PROJECTION_COLUMNS,
    RULE,
    SPIKE_WIDTH,
    WIDTH,
)  # fmt: skip
from ionspike.network.cell import Cell
from ionspike.network.kernels import inner
from ionspike.network.network import Network
from ionspike.network.placed_dynamics import LAW, beside, gate_own, pack_own, rest_own, spike_width
from ionspike.network.views import F64, I64, array, array_2d, row, view

PLACED_COLUMNS = PLACED_LAW + LAW


def placed_arrays(net: Network) -> dict[str, np.ndarray]:
    """What :func:`own_of` looks at, by population, and the states of all neurons; empty where no neuron has such a device."""
    cells = [p.neuron for p in net.populations.values()]
    there = any(isinstance(cell, Cell) and cell.placed is not None for cell in cells)
    n = len(cells) if there else 0
    neurons = sum(p.size for p in net.populations.values()) if there else 0
    law, p, gate = np.zeros((n, PLACED_COLUMNS)), np.zeros((n, CELL_PARAMETERS)), np.zeros((n, 3))
    rows, g, state = np.zeros((n, MAX_STATES, 7)), np.zeros((n, MAX_STATES)), np.zeros((neurons, MAX_STATES))
    first = 0
    for k, population in enumerate(net.populations.values()):
        if there and isinstance(population.neuron, Cell) and population.neuron.placed is not None:
            (place, spike, p[k], gate[k], own_rows, own_g), start = pack_own(population.neuron)
            law[k] = place, len(start), *spike
            rows[k, : len(start)], g[k, : len(own_g)] = own_rows, own_g
            state[first : first + population.size, : len(start)] = start
        first += population.size
    return {
        "placed_law": law, "placed": p, "placed_gate": gate, "placed_rows": rows, "placed_g": g, "placed_state": state,
        "placed_last": np.zeros(neurons),
    }  # fmt: skip


@inner
def own_of(at: Any, of: int) -> Any:
    """The placed device of population ``of``, as :func:`~ionspike.network.placed_dynamics.pack_own` gives it."""
    law = array(at, AT_PLACED_LAW, of * PLACED_COLUMNS, PLACED_COLUMNS, F64)
    count = np.int64(law[PLACED_COUNT])
    return (
        np.int64(law[PLACED_WHERE]),
        array(at, AT_PLACED_LAW, of * PLACED_COLUMNS + PLACED_LAW, LAW, F64),
        array(at, AT_PLACED, of * CELL_PARAMETERS, CELL_PARAMETERS, F64),
        array(at, AT_PLACED_GATE, of * 3, 3, F64),
        array_2d(at, AT_PLACED_ROWS, of * MAX_STATES, count, 7, F64),
        array(at, AT_PLACED_G, of * MAX_STATES, max(count - 1, 0), F64),
    )


@inner
def own_at(at: Any, own: Any, of: int, i: int, time: float, v: float) -> Any:
    """The state of neuron ``i``'s placed device, moved to ``time`` under a membrane at ``v`` (V)."""
    count = np.int64(array(at, AT_PLACED_LAW, of * PLACED_COLUMNS, PLACED_COLUMNS, F64)[PLACED_COUNT])
    y, last = array(at, AT_PLACED_STATE, i * MAX_STATES, count, F64), view(at, AT_PLACED_LAST, F64)
    rest_own(own, y, v, max(time - last[i], 0.0))
    last[i] = max(time, last[i])
    return y


@inner
def beside_at(at: Any, of: int, i: int, time: float, v: float) -> tuple[float, float]:
    """What a pulse at ``time`` meets of the placed device of neuron ``i`` of population ``of``: ohm behind the synapse, S to ground."""
    own = own_of(at, of)
    return beside(own, own_at(at, own, of, i, time, v))


@inner
def longer_at(at: Any, p: int, width: float) -> float:
    """By how much (s) a pulse of this ``width`` is wider than those that the synapses of projection ``p`` were calibrated with."""
    if row(at, AT_PROJECTION, PROJECTION_COLUMNS, p, I64)[RULE] != SPIKE_WIDTH:
        return 0.0
    return width - row(at, AT_CONSTANTS, CONSTANTS_COLUMNS, p, F64)[WIDTH]


@inner
def gate_at(at: Any, of: int, i: int, time: float, v: float) -> tuple[float, float]:
    """A spike of neuron ``i`` at ``time``, which began with its membrane at ``v`` (V): its width (s), and by how much the dead time is longer."""
    own = own_of(at, of)
    y = own_at(at, own, of, i, time, v)
    width = spike_width(own, y)
    return width, gate_own(own, y, v)
