"""Networks of calibrated cells, event by event: input trains and neurons, joined by synapses with a device and a delay of their own.

No spike acts earlier than the smallest delay after it, so inside a window of that length every arrival is known at its start. Windows
are scheduling only: spike times lie on no grid.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ionspike.errors import InputError
from ionspike.network.cell import Cell
from ionspike.network.dynamics import advance_device, after_spike, pack, pulse, stepped_membrane, wait

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Result:
    """Spike times (s) by neuron, and charge (C) that its synapses passed."""

    spikes: dict[str, Array]
    charge: dict[str, float]
    duration: float

    def counts(self, name: str, edges: ArrayLike) -> NDArray[np.int64]:
        """Spikes of a neuron in the windows between ``edges`` (s)."""
        return np.histogram(self.spikes[name], np.asarray(edges, float))[0]


@dataclass
class _Synapse:
    source: str
    delay: float
    packed: tuple[Array, ...]
    x: Array
    last: float = 0.0


class _Placed:
    """The device that a neuron gates with its own spikes, by the law itself."""

    def __init__(self, cell: Cell) -> None:
        assert cell.placed is not None
        self.placed, self.supply = cell.placed, cell.soma.supply
        self.y, self.last = np.array(self.placed.start), 0.0

    def rest(self, time: float, v: float) -> None:
        """To ``time`` (s), with both ends of the channel at the membrane's voltage or, in the delay path, at ground."""
        if self.placed.moves:
            at = 0.0 if self.placed.placement == "delay" else v
            self.y = self.placed.device.advance(self.y, 0.0, at, at, max(time - self.last, 0.0))
        self.last = max(time, self.last)

    def spike(self, time: float, v: float) -> tuple[float, float]:
        """A spike at ``time``, begun with the membrane at ``v`` (V): its width (s), and by how much that is more than the mean."""
        self.rest(time, v)
        width = self.placed.mean_width
        if self.placed.placement == "delay":
            r = 1 / float(self.placed.device.conductance(self.y))
            width = float(np.polynomial.polynomial.polyval(r, self.placed.widths))
        longer = width - self.placed.mean_width
        if self.placed.moves:
            bias = self.supply - (0.0 if self.placed.placement == "delay" else v) - self.placed.ion_shift
            self.y = self.placed.device.advance(self.y, bias, duration=self.placed.ion_time + longer)
        return width, longer

    def beside(self, time: float, v: float) -> tuple[float, float]:
        """Resistance (ohm) between synapse and membrane, and conductance (S) that a pulse opens to ground."""
        self.rest(time, v)
        g = float(self.placed.device.conductance(self.y))
        return {"input": (1 / g, 0.0), "leak": (0.0, self.placed.opening * g)}.get(self.placed.placement, (0.0, 0.0))


@dataclass
class _Neuron:
    cell: Cell
    packed: tuple[Array, ...]
    placed: _Placed | None
    synapses: list[_Synapse] = field(default_factory=list)
    v: float = 0.0
    inner: Array = field(default_factory=lambda: np.zeros(3))
    now: float = 0.0
    charge: float = 0.0
    spikes: list[float] = field(default_factory=list)
    widths: list[float] = field(default_factory=list)  # of spikes, where an ECRAM in the delay path changes them


class Network:
    """Input trains, neurons and synapses between them.

    Example:
        >>> net = Network()
        >>> net.add_input("train", times)
        >>> net.add_neuron("low", cell)
        >>> net.connect("train", "low", delay=1e-3)
        >>> net.run(duration=10.0).spikes["low"]
    """

    def __init__(self) -> None:
        self._inputs: dict[str, Array] = {}
        self._neurons: dict[str, _Neuron] = {}

    def add_input(self, name: str, times: ArrayLike) -> None:
        """A train of input spikes at ``times`` (s), ascending."""
        train = np.asarray(times, float)
        if np.any(np.diff(train) < 0):
            raise InputError(f"the times of input {name!r} do not ascend")
        self._new(name)
        self._inputs[name] = train

    def add_neuron(self, name: str, cell: Cell) -> None:
        """A neuron with the soma of ``cell``."""
        self._new(name)
        self._neurons[name] = _Neuron(cell, pack(cell), _Placed(cell) if cell.placed else None)

    def connect(self, source: str, target: str, delay: float = 1e-4, cell: Cell | None = None) -> None:
        """A synapse with a device of its own, that of ``cell`` (the target's if left out), and a ``delay`` (s) above 0."""
        if source not in self._inputs and source not in self._neurons:
            raise InputError(f"there is no input or neuron {source!r} to connect from")
        if target not in self._neurons:
            raise InputError(f"there is no neuron {target!r} to connect to")
        if not delay > 0:
            raise InputError(f"the delay from {source!r} to {target!r} is {delay:g} s; expected more than 0")
        neuron = self._neurons[target]
        own = cell or neuron.cell
        start = own.device.at_rest() if own.plastic else np.array(own.mean_state)
        neuron.synapses.append(_Synapse(source, delay, pack(own), start))

    def run(self, duration: float) -> Result:
        """Run from rest for ``duration`` (s). A network runs once; build it again for another run."""
        delays = [s.delay for n in self._neurons.values() for s in n.synapses if s.source in self._neurons]
        window = min([*delays, duration])
        start = 0.0
        while start < duration:
            stop = min(start + window, duration)
            for neuron in self._neurons.values():
                self._advance(neuron, self._arrivals(neuron, start, stop), stop)
            start = stop
        return Result(
            {name: np.array(n.spikes) for name, n in self._neurons.items()},
            {name: n.charge for name, n in self._neurons.items()},
            duration,
        )

    def _new(self, name: str) -> None:
        if name in self._inputs or name in self._neurons:
            raise InputError(f"there are two inputs or neurons called {name!r}")

    def _arrivals(self, neuron: _Neuron, start: float, stop: float) -> list[tuple[float, int, float]]:
        """(time, synapse, how much wider (s) than calibrated) of everything that arrives in [start, stop); at one time in the order of the synapses."""
        found: list[tuple[float, int, float]] = []
        for k, synapse in enumerate(neuron.synapses):
            times = self._inputs.get(synapse.source)
            if times is None:
                times = np.array(self._neurons[synapse.source].spikes)
            low, high = np.searchsorted(times, [start - synapse.delay, stop - synapse.delay])
            widths = self._neurons[synapse.source].widths if synapse.source in self._neurons else []
            longer = np.array(widths) - neuron.cell.synapse.pulse if widths else np.zeros(len(times))
            found += [(float(times[q]) + synapse.delay, k, float(longer[q])) for q in range(low, high)]
        return sorted(found)

    def _advance(self, neuron: _Neuron, arrivals: list[tuple[float, int, float]], stop: float) -> None:
        for time, k, longer in arrivals:
            self._wait(neuron, time)
            synapse, own = neuron.synapses[k], neuron.cell.synapse
            p, _, gate, rows, g = synapse.packed
            mean = 0.5 * neuron.v  # between its pulses the channel has sat between reset and the present voltage
            x = advance_device(p, gate, rows, synapse.x, -mean, max(time - synapse.last, 0.0))
            behind, leaking = neuron.placed.beside(time, neuron.v) if neuron.placed else (0.0, 0.0)
            v, synapse.x = pulse(p, gate, rows, g, neuron.v, x, behind, leaking, longer)
            to_ground = (own.width + longer) * leaking / (1 + leaking * own.series) * 0.5 * (neuron.v + v)
            neuron.charge += neuron.cell.soma.capacitance * (v - neuron.v) + to_ground
            stepped_membrane(neuron.packed[0], neuron.inner, v - neuron.v)
            neuron.v, synapse.last = v, time + neuron.cell.synapse.ion_time + longer
            neuron.now = max(neuron.now, synapse.last)
        self._wait(neuron, stop)

    def _wait(self, neuron: _Neuron, until: float) -> None:
        p, leak = neuron.packed[:2]
        while neuron.now < until:
            neuron.v, fired, _ = wait(p, leak, neuron.v, neuron.inner, until - neuron.now)
            if fired < 0.0:
                neuron.now = until
                return
            time = neuron.now + fired
            neuron.spikes.append(time)
            width, longer = neuron.placed.spike(time, neuron.v) if neuron.placed else (0.0, 0.0)
            if neuron.placed and neuron.placed.placed.placement == "delay":
                neuron.widths.append(width)
            neuron.v = after_spike(p, neuron.v)
            neuron.now = time + neuron.cell.soma.dead + longer
