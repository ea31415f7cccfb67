"""A cell beside a SPICE run with the same input: interval by interval from SPICE's own resets, and running free."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ionspike.circuit.simulate import Run
from ionspike.network.cell import Cell
from ionspike.network.dynamics import after_spike, pack, until_spike

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Interval:
    """One interval of a SPICE run. ``given`` input pulses from the reset to SPICE's next spike, ``found`` to the cell's (-1: none
    before the run's end); ``pulses, charge, drawn``: input pulses, charge from the rail (C) and the stage's relative current
    integrated (s) over SPICE's interval, by the cell."""

    index: int
    given: int
    found: int
    pulses: int
    charge: float
    drawn: float


def intervals_from_resets(cell: Cell, run: Run) -> list[Interval]:
    """Put the cell into the reset state at every output spike of the run, with its own synaptic state, and let it find the next."""
    return intervals_between(cell, run.input_times, run.spike_times, float(run.time[-1]))


def intervals_between(cell: Cell, pulses: Array, spikes: Array, stop: float) -> list[Interval]:
    """The same from times (s) of input pulses and of the spikes to be found."""
    p, leak, gate, rows, g = pack(cell)
    x = _start(cell)
    dead = cell.soma.dead
    # up to the first spike the cell only follows: the run starts from a membrane that no spike has reset
    _, k, v, _, x, _, _ = until_spike(p, leak, gate, rows, g, pulses, 0, 0.0, float(spikes[0]), 0.0, 0.0, x)
    found: list[Interval] = []
    for index in range(len(spikes) - 1):
        start, end = float(spikes[index]) + dead, float(spikes[index + 1])
        v = after_spike(p, v)
        fired, after, *_ = until_spike(p, leak, gate, rows, g, pulses, k, start, stop, v, 0.0, x)
        # SPICE's interval, walked without firing: the drop can be held back only by ending the walk at each own spike
        before, u, charge, drawn, first = k, 0.0, 0.0, 0.0, k
        now = start
        while now < end:
            own, k, v, u, x, q, d = until_spike(p, leak, gate, rows, g, pulses, k, now, end, v, u, x)
            charge, drawn = charge + q, drawn + d
            now, u = (own, 0.0) if own >= 0.0 else (end, u)
        given = int(np.searchsorted(pulses, end)) - before
        found.append(Interval(index, given, after - first if fired >= 0.0 else -1, k - before, charge, drawn))
    return found


@dataclass(frozen=True)
class Free:
    """A cell running on its own: spike times (s), input pulses used, charge (C), relative current integrated (s)."""

    spikes: Array
    after_pulse: NDArray[np.int64]
    pulses: int
    charge: float
    drawn: float
    stop: float

    def energy(self, cell: Cell) -> float:
        """All of it (J), by the cell's four terms."""
        soma, synapse = cell.soma, cell.synapse
        return (
            len(self.spikes) * soma.spike_energy
            + self.pulses * synapse.pulse_energy
            + synapse.read_factor * synapse.read_rail * self.charge
            + soma.supply * soma.keeper_current * self.drawn
            + soma.idle_power * self.stop
        )


def run_free(cell: Cell, pulses: Array, stop: float) -> Free:
    """The cell from rest under input pulses at ``pulses`` (s) until ``stop`` (s)."""
    p, leak, gate, rows, g = pack(cell)
    x = _start(cell)
    v, u, now, k = 0.0, 0.0, 0.0, 0
    spikes: list[float] = []
    used: list[int] = []
    charge, drawn = 0.0, 0.0
    while now < stop:
        fired, k, v, u, x, q, d = until_spike(p, leak, gate, rows, g, pulses, k, now, stop, v, u, x)
        charge, drawn = charge + q, drawn + d
        if fired < 0.0:
            break
        spikes.append(fired)
        used.append(k - 1)
        v, u, now = after_spike(p, v), 0.0, fired + cell.soma.dead
    return Free(np.array(spikes), np.array(used, np.int64), k, charge, drawn, stop)


def _start(cell: Cell) -> Array:
    return cell.device.at_rest() if cell.plastic else np.array(cell.mean_state)
