"""A placed device between events, compiled: its rest under the membrane, the neuron's own spike, and what an input pulse meets of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ionspike.network.cell import Cell
from ionspike.network.dynamics import advance_device, conductance, pack_device
from ionspike.network.kernels import compiled

Array = NDArray[np.float64]
Own = tuple[int, Array, Array, Array, Array, Array]

NOWHERE, INPUT, LEAK, DELAY = range(4)
_PLACE = {"input": INPUT, "leak": LEAK, "delay": DELAY}
LAW = 8
# of a spike: overpotential (V) over a membrane at 0 V, effective time (s); 1 where the channel is at the membrane; of an input pulse: how long a
# leak is open against the synapse; width of a spike: s, s/ohm, s/ohm^2, and its mean (s)
_BIAS, _TIME, _AT_MEMBRANE, _OPENING, _W0, _W1, _W2, _MEAN = range(LAW)


def pack_own(cell: Cell) -> tuple[Own, Array]:
    """The placed device of a cell as the compiled functions take it (where it is, law, parameters, gate, states, conductances),
    and the state it starts from; at :data:`NOWHERE` and empty where there is none."""
    placed = cell.placed
    if placed is None:
        return (NOWHERE, np.zeros(LAW), np.zeros(1), np.zeros(3), np.zeros((0, 7)), np.zeros(0)), np.zeros(0)
    widths = placed.widths or (placed.mean_width, 0.0, 0.0)
    bias = cell.soma.supply - placed.ion_shift
    law = np.array([bias, placed.ion_time, float(placed.at_membrane), placed.opening, *widths, placed.mean_width])
    return (_PLACE[placed.placement], law, *pack_device(placed.device, placed.moves)), np.array(placed.start)


@compiled()
def rest_own(own: Own, y: Array, v: float, t: float) -> None:
    """Move the state ``y`` through ``t`` s without a spike, under a membrane at ``v`` (V)."""
    place, law, p, gate, rows, _ = own
    if place != NOWHERE:
        y[:] = advance_device(p, gate, rows, y, -law[_AT_MEMBRANE] * v, t)


@compiled()
def gate_own(own: Own, y: Array, v: float) -> float:
    """Move the state ``y`` through a spike of the neuron that begins with its membrane at ``v`` (V); by how much the spike, and with it the
    dead time, is longer (s) than in the mean."""
    place, law, p, gate, rows, _ = own
    if place == NOWHERE:
        return 0.0
    longer = spike_width(own, y) - law[_MEAN]
    y[:] = advance_device(p, gate, rows, y, law[_BIAS] - law[_AT_MEMBRANE] * v, law[_TIME] + longer)
    return longer


@compiled()
def spike_width(own: Own, y: Array) -> float:
    """Width (s) of a spike that begins in state ``y``: that of all spikes, unless the device sits in the delay path."""
    place, law, p, _, _, g = own
    if place != DELAY:
        return law[_MEAN]
    r = 1.0 / conductance(p, g, y)
    return law[_W0] + (law[_W1] + law[_W2] * r) * r


@compiled()
def beside(own: Own, y: Array) -> tuple[float, float]:
    """What a pulse meets of it: a resistance (ohm) behind the synapse and a conductance (S) to ground, as ``dynamics.pulse`` takes them."""
    place, law, p, _, _, g = own
    if place == INPUT:
        return 1.0 / conductance(p, g, y), 0.0
    if place == LEAK:
        return 0.0, law[_OPENING] * conductance(p, g, y)
    return 0.0, 0.0
