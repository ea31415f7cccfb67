"""A cell beside a SPICE run with the same input: interval by interval from SPICE's own resets, and running free."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ionspike.circuit.energy import block_energy
from ionspike.circuit.simulate import Run
from ionspike.network.adaptive import jump_at
from ionspike.network.cell import Cell
from ionspike.network.dynamics import (
    STAGE,
    Packed,
    advance_device,
    after_spike,
    pack,
    pulse,
    resting,
    spike_draw,
    spiked,
    stepped_membrane,
    triggers,
    wait,
)
from ionspike.network.follow import until_spike
from ionspike.network.placed_dynamics import Own, beside, gate_own, pack_own, rest_own
from ionspike.network.validity import tell_outside

Array = NDArray[np.float64]

_LONGEST_WAIT = 3e-3  # s


@dataclass(frozen=True)
class Interval:
    """One interval of a SPICE run. ``given`` input pulses from the reset to SPICE's next spike, ``found`` to the cell's (-1: none
    before the run's end); ``pulses, charge, drawn``: input pulses, charge (C) from the rail and into the waiting stage over SPICE's
    interval, by the cell."""

    index: int
    given: int
    found: int
    pulses: int
    charge: float
    drawn: float

    def hits(self, within: int = 0) -> bool:
        """Whether the cell's spike falls on the same input pulse as SPICE's, give or take ``within``."""
        return self.found >= 0 and abs(self.found - self.given) <= within


def intervals_from_resets(cell: Cell, run: Run) -> list[Interval]:
    """Put the cell into the reset state at every output spike of the run, with its own synaptic state, and let it find the next. Where
    a reset leaves more or less of the membrane by its voltage at the spike, that is the run's."""
    membrane = None if cell.trigger is None else _at_fire(run, cell.trigger.fire)
    return intervals_between(cell, run.input_times, run.spike_times, float(run.time[-1]), membrane=membrane)


def _at_fire(run: Run, level: float) -> Array:
    """The membrane (V) where the output last passes ``level`` (V) before each spike."""
    passed = run.waveforms.rises("v(spk)", level)
    last = np.maximum(np.searchsorted(passed, run.spike_times) - 1, 0)
    return run.waveforms.at("v(mem)", passed[last])


def intervals_between(
    cell: Cell,
    pulses: Array,
    spikes: Array,
    stop: float,
    longer: Array | None = None,
    membrane: Array | None = None,
) -> list[Interval]:
    """The same from times (s) of input pulses and of the spikes to be found; ``longer``: by how much (s) each pulse is wider than those of the
    calibration; ``membrane``: its voltage (V) at each spike, the cell's own if left out."""
    longer = np.zeros(len(pulses)) if longer is None else longer
    packed, x, (own, y) = pack(cell), _start(cell), pack_own(cell)
    dead = cell.soma.dead
    found: list[Interval] = []
    inner, k, v = resting(packed[0]), 0, 0.0
    # up to the first spike the cell only follows: the run starts from a membrane that no spike has reset
    k, v, x, _, _ = _walked(cell, packed, own, pulses, k, 0.0, float(spikes[0]), v, inner, x, y, longer)
    for index in range(len(spikes) - 1):
        start, end = float(spikes[index]) + dead + gate_own(own, y, v), float(spikes[index + 1])
        v = after_spike(packed[0], v if membrane is None else float(membrane[index]))
        fired, after, *_ = until_spike(packed, own, pulses, k, start, stop, v, inner.copy(), x, y.copy(), longer)
        before = k
        k, v, x, charge, drawn = _walked(cell, packed, own, pulses, k, start, end, v, inner, x, y, longer)
        drawn += spike_draw(packed[0], v if membrane is None else float(membrane[index + 1]))
        given = int(np.searchsorted(pulses, end)) - before
        found.append(Interval(index, given, after - before if fired >= 0.0 else -1, k - before, charge, drawn))
    return found


def _walked(
    cell: Cell,
    packed: Packed,
    own: Own,
    pulses: Array,
    k: int,
    now: float,
    end: float,
    v: float,
    inner: Array,
    x: Array,
    y: Array,
    longer: Array,
) -> tuple[int, float, Array, float, float]:
    """An interval walked from ``now`` to the spike at ``end`` (s) without firing: the drop can be held back only by ending the walk at each own
    spike. Next pulse, the membrane (V) at the spike, the synapse's state, and charge (C) from the rail and into the waiting stage."""
    charge, drawn, alone = 0.0, 0.0, -1
    while now < end:
        early, k, v, x, q, d = until_spike(packed, own, pulses, k, now, end, v, inner, x, y, longer)
        charge, drawn = charge + q, drawn + d
        if early >= 0.0:
            inner[2], alone = adaptation_before(packed, inner[2], v), k
        now, v = (early, held_back(cell, v)) if early >= 0.0 else (end, v)
    if alone < k:
        v = voltage_at_spike(packed, v, inner)
    spiked(packed[0], inner, v)
    return k, v, x, charge, drawn


def voltage_at_spike(packed: Packed, v: float, inner: Array) -> float:
    """The membrane (V) at the spike that comes if no pulse does, where what a reset leaves hangs on it; else as it is."""
    if not triggers(packed[0]):
        return v
    at, fired, _ = wait(*packed[:2], v, inner.copy(), _LONGEST_WAIT)
    return at if fired >= 0.0 else v


def adaptation_before(packed: Packed, w: float, v: float) -> float:
    """The adaptation (V) before the spike of a membrane at ``v`` (V) that left it at ``w``; it has faded up to there."""
    if packed[0][STAGE] == 0.0:
        return w
    before = w
    for _ in range(30):  # a jump hardly hangs on where it begins
        before = w - jump_at(packed[0][STAGE:], v, before)
    return before


def held_back(cell: Cell, v: float) -> float:
    """The membrane (V) after a spike of the cell's own that is not to count: where it is, but not where its stage has pulled it."""
    return min(v, cell.soma.threshold) if cell.soma.pull else v


def counts_of_trains(
    cells: Sequence[Cell], trains: Sequence[Array], spikes: Array, stop: float
) -> list[tuple[int, int]]:
    """As :func:`intervals_between` for a neuron with several synapses: ``cells`` are its calibrations with each of them, the soma that of
    the first; ``trains`` the pulses (s) that each gets.

    For each interval between ``spikes`` (s), the pulses of all synapses from the reset to that spike, and to the cell's own (-1: none
    before ``stop``).
    """
    times = np.concatenate([np.empty(0), *trains])
    of = np.repeat(np.arange(len(trains)), [len(train) for train in trains])
    order = np.lexsort((of, times))
    times, of = times[order], of[order]
    walker = _Synapses(cells)
    found: list[tuple[int, int]] = []
    if len(spikes) == 0:
        return found
    k, _ = walker.run(times, of, 0, float(spikes[0]), until_fired=False)
    for now, end in pairwise(spikes):
        walker.reset(float(now))
        kept = walker.copy()
        last, fired = kept.run(times, of, k, stop, until_fired=True)
        before = k
        k, _ = walker.run(times, of, k, float(end), until_fired=False)
        found.append((k - before, last - before if fired else -1))
    return found


class _Synapses:
    """A neuron on its way through the pulses of several synapses, each with a device of its own."""

    def __init__(self, cells: Sequence[Cell]) -> None:
        self.cells, self.packed = cells, [pack(cell) for cell in cells]
        self.x = [_start(cell) for cell in cells]
        self.last = [0.0] * len(cells)
        self.v = self.now = self.rested = 0.0
        self.inner = resting(self.packed[0][0])
        self.own, self.y = pack_own(cells[0])
        self.alone = False  # whether it has fired since its last pulse

    def copy(self) -> _Synapses:
        made = _Synapses.__new__(_Synapses)
        made.cells, made.packed = self.cells, self.packed
        made.x, made.last = list(self.x), list(self.last)
        made.v, made.inner, made.now, made.rested = self.v, self.inner.copy(), self.now, self.rested
        made.own, made.y, made.alone = self.own, self.y.copy(), self.alone
        return made

    def reset(self, spike: float) -> None:
        """A spike of the run that is followed, at this time (s)."""
        self._rest_own(spike)
        self.now = spike + self.cells[0].soma.dead + gate_own(self.own, self.y, self.v)
        v = self.v if self.alone else voltage_at_spike(self.packed[0], self.v, self.inner)
        self.v, self.alone = after_spike(self.packed[0][0], v), False
        spiked(self.packed[0][0], self.inner, v)

    def run(self, times: Array, of: NDArray[np.int64], k: int, stop: float, until_fired: bool) -> tuple[int, bool]:
        """Through the pulses from number ``k`` to ``stop`` (s) or to the first spike; the next pulse, and whether it fired."""
        while k < len(times) and times[k] < stop:
            if self._wait(float(times[k])) and until_fired:
                return k, True
            s = int(of[k])
            p, _, gate, rows, g = self.packed[s]
            x = advance_device(p, gate, rows, self.x[s], -0.5 * self.v, max(float(times[k]) - self.last[s], 0.0))
            self._rest_own(float(times[k]))
            v, self.x[s] = pulse(p, gate, rows, g, self.v, x, *beside(self.own, self.y))
            stepped_membrane(self.packed[0][0], self.inner, v - self.v)
            self.v, self.alone = v, False
            self.last[s] = float(times[k]) + self.cells[s].synapse.ion_time
            self.now = max(self.now, self.last[s])
            k += 1
        return k, self._wait(stop) and until_fired

    def _rest_own(self, until: float) -> None:
        rest_own(self.own, self.y, self.v, max(until - self.rested, 0.0))
        self.rested = until

    def _wait(self, until: float) -> bool:
        fired_once = False
        while self.now < until:
            self.v, fired, _ = wait(*self.packed[0][:2], self.v, self.inner, until - self.now)
            if fired < 0.0:
                self.now = until
                return fired_once
            self.inner[2] = adaptation_before(self.packed[0], self.inner[2], self.v)
            self.alone = True
            fired_once, self.now, self.v = True, self.now + fired, held_back(self.cells[0], self.v)
        return fired_once


@dataclass(frozen=True)
class Free:
    """A cell running on its own: spike times (s), input pulses used, charge (C) from the rail and into the waiting stage."""

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
            + soma.supply * self.drawn
            + soma.idle_power * self.stop
        )

    def energy_error(self, cell: Cell, run: Run) -> float:
        """Its energy against that of ``run``, all rails but the bias cell's, as a share."""
        return self.energy(cell) / spent(run) - 1


def spent(run: Run) -> float:
    """Energy (J) of a run, all rails but the bias cell's."""
    blocks = block_energy(run, 0.0, float(run.time[-1]))
    return sum(value for name, value in blocks.items() if name != "bias")


def run_free(cell: Cell, pulses: Array, stop: float, longer: Array | None = None) -> Free:
    """The cell from rest under input pulses at ``pulses`` (s), each ``longer`` (s) than those of the calibration, until ``stop`` (s)."""
    longer = np.zeros(len(pulses)) if longer is None else longer
    packed, x, (own, y) = pack(cell), _start(cell), pack_own(cell)
    v, inner, now, k = 0.0, resting(packed[0]), 0.0, 0
    spikes: list[float] = []
    used: list[int] = []
    charge, drawn = 0.0, 0.0
    while now < stop:
        fired, k, v, x, q, d = until_spike(packed, own, pulses, k, now, stop, v, inner, x, y, longer)
        charge, drawn = charge + q, drawn + d
        if fired < 0.0:
            break
        spikes.append(fired)
        used.append(k - 1)
        drawn += spike_draw(packed[0], v)
        now = fired + cell.soma.dead + gate_own(own, y, v)
        v = after_spike(packed[0], v)
    tell_outside(cell, k, 1, len(spikes), stop)
    return Free(np.array(spikes), np.array(used, np.int64), k, charge, drawn, stop)


def _start(cell: Cell) -> Array:
    return cell.device.at_rest() if cell.plastic else np.array(cell.mean_state)
