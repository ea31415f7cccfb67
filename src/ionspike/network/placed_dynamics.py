"""A placed device between events, compiled: its rest under the membrane, the neuron's own spike, and what an input pulse meets of it."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ionspike.network.cell import Cell
from ionspike.network.dynamics import advance_device, conductance, pack_device

Array = NDArray[np.float64]
Own = tuple[int, Array, Array, Array, Array, Array]

NOWHERE, INPUT, LEAK = range(3)
_PLACE = {"input": INPUT, "leak": LEAK}
LAW = 3
# of a spike: overpotential (V) over an empty membrane, effective time (s); of an input pulse: how long a leak is open against the synapse
_BIAS, _TIME, _OPENING = range(LAW)


def pack_own(cell: Cell) -> tuple[Own, Array]:
    """The placed device of a cell as the compiled functions take it (where it is, law, parameters, gate, states, conductances),
    and the state it starts from; at :data:`NOWHERE` and empty where there is none."""
    placed = cell.placed
    if placed is None:
        return (NOWHERE, np.zeros(LAW), np.zeros(1), np.zeros(3), np.zeros((0, 7)), np.zeros(0)), np.zeros(0)
    law = np.array([cell.soma.supply - placed.ion_shift, placed.ion_time, placed.opening])
    return (_PLACE[placed.placement], law, *pack_device(placed.device, placed.moves)), np.array(placed.start)


@njit(cache=True)
def rest_own(own: Own, y: Array, v: float, t: float) -> None:
    """Move the state ``y`` through ``t`` s without a spike, under a membrane at ``v`` (V): both ends of the channel are there."""
    place, _, p, gate, rows, _ = own
    if place != NOWHERE:
        y[:] = advance_device(p, gate, rows, y, -v, t)


@njit(cache=True)
def gate_own(own: Own, y: Array, v: float) -> None:
    """Move the state ``y`` through a spike of the neuron that begins with its membrane at ``v`` (V)."""
    place, law, p, gate, rows, _ = own
    if place != NOWHERE:
        y[:] = advance_device(p, gate, rows, y, law[_BIAS] - v, law[_TIME])


@njit(cache=True)
def beside(own: Own, y: Array) -> tuple[float, float]:
    """What a pulse meets of it: a resistance (ohm) behind the synapse and a conductance (S) to ground, as ``dynamics.pulse`` takes them."""
    place, law, p, _, _, g = own
    if place == INPUT:
        return 1.0 / conductance(p, g, y), 0.0
    if place == LEAK:
        return 0.0, law[_OPENING] * conductance(p, g, y)
    return 0.0, 0.0
