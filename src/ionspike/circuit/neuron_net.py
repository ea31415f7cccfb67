"""Several neurons of one kind with synapses between them as one netlist: what a network simulation is held against.

Every synapse is a read switch and an ECRAM of its own between a read rail and the membrane of its target, both opened by the pulse that
arrives: an input's, through a driver on a metered rail, or the spike of another neuron through its axon (``netlists/axon.spice``). All
neurons share one bias cell, whose gate lines carry no current.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ionspike.circuit.parts import RAILS, bias_lines, distinct_devices, neuron_lines, rail_lines, source, start_voltages
from ionspike.circuit.settle import rest_voltages
from ionspike.circuit.simulate import Setting
from ionspike.circuit.testbench import Bench
from ionspike.circuit.topologies import netlist
from ionspike.device import Ecram, subckt, subckt_name
from ionspike.errors import InputError
from ionspike.spice.batch import run_all, run_one
from ionspike.spice.engine import EnergyCheck, Failure, Job, PulseCheck, Transient
from ionspike.spice.waveforms import Waveforms

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Input:
    """A train of input pulses and the synapse that it opens.

    Args:
        pulses: start times (s), ascending.
        target: number of the neuron.
        device: the ECRAM; ``None``: that of the net's bench.
        rail: voltage (V) it reads from; ``None``: that of the net's bench. At 0 V the synapse inhibits: it draws the membrane to its rest.
    """

    pulses: tuple[float, ...]
    target: int = 0
    device: Ecram | None = None
    rail: float | None = None

    def __post_init__(self) -> None:
        # numpy's scalars would be written into the netlist with their type
        object.__setattr__(self, "pulses", tuple(float(t) for t in self.pulses))


@dataclass(frozen=True)
class _Synapse:
    name: str
    gate: str
    target: int
    device: Ecram
    rail: float


@dataclass(frozen=True)
class NeuronNet:
    """Neurons like that of ``bench`` (its synapse, width, rail, switch, load and supply hold for all), joined.

    Args:
        bench: one neuron with the synapse that every connection gets.
        size: how many neurons there are.
        inputs: trains of input pulses, each with its driver and its synapse.
        pairs: (source, target) of each connection between neurons. A neuron that is a source has an axon.
        wire: capacitance (F) of the wires behind each axon.
    """

    bench: Bench
    size: int
    inputs: tuple[Input, ...]
    pairs: tuple[tuple[int, int], ...] = ()
    wire: float = 2e-15

    def __post_init__(self) -> None:
        if self.bench.neuron.synapse is None or len(self.bench.neuron.devices) > 1:
            raise InputError("a net of neurons needs an ECRAM at 'synapse' and at no other place")
        if self.bench.neuron.kind.watches_input:
            raise InputError(
                f"{self.bench.neuron.topology} watches its input pulse, and a net gives a neuron many; expected another"
            )
        wrong = [pair for pair in self.pairs if not all(0 <= k < self.size for k in pair)]
        if wrong:
            raise InputError(f"{wrong[0]} joins neurons that are not there; expected numbers from 0 to {self.size - 1}")
        lost = [one.target for one in self.inputs if not 0 <= one.target < self.size]
        if lost:
            raise InputError(f"an input ends at neuron {lost[0]}; expected numbers from 0 to {self.size - 1}")

    @property
    def senders(self) -> tuple[int, ...]:
        """Neurons with an axon."""
        return tuple(sorted({sender for sender, _ in self.pairs}))

    @cached_property
    def _all(self) -> tuple[_Synapse, ...]:
        device, rail = self.bench.neuron.synapse, self.bench.read_rail
        assert device is not None  # held by __post_init__
        given = [
            _Synapse(f"i{k}", f"pre{k}", i.target, i.device or device, rail if i.rail is None else float(i.rail))
            for k, i in enumerate(self.inputs)
        ]
        joined = [_Synapse(f"c{k}", f"ax{s}", target, device, rail) for k, (s, target) in enumerate(self.pairs)]
        return (*given, *joined)

    @property
    def synapses(self) -> tuple[str, ...]:
        """Names of the synapses: inputs' first, then those of :attr:`pairs`, in order."""
        return tuple(f"xs{one.name}" for one in self._all)

    @property
    def targets(self) -> tuple[int, ...]:
        """The neuron of each synapse."""
        return tuple(one.target for one in self._all)

    @property
    def devices(self) -> tuple[Ecram, ...]:
        """The ECRAM of each synapse."""
        return tuple(one.device for one in self._all)

    @cached_property
    def rails(self) -> dict[float, str]:
        """Read rails by voltage (V)."""
        found = dict.fromkeys((self.bench.read_rail, *(one.rail for one in self._all)))
        return {voltage: f"vrd{k or ''}" for k, voltage in enumerate(found)}

    @property
    def _line_rails(self) -> tuple[str, ...]:
        """Rails of input drivers and of axons."""
        return ("vdr", "vax") if self.senders else ("vdr",)

    def netlist(self, rest: dict[str, float]) -> str:
        """The whole circuit; ``rest``: settled voltages (V) of the bias lines and of one neuron's inner nodes."""
        bench, neuron = self.bench, self.bench.neuron
        lines = [netlist(stem).rstrip() for stem in ("transistors", neuron.bias_cell, "driver", "axon")]
        lines += [
            neuron.kind.text.rstrip(),
            *(subckt(d).rstrip() for d in distinct_devices(s.device for s in self._all)),
        ]
        lines += [*rail_lines(bench.supply), *(f"{name} {name} 0 {bench.supply!r}" for name in self._line_rails)]
        lines += [f"{name} {name} 0 {voltage!r}" for voltage, name in self.rails.items()]
        lines += bias_lines(neuron, "")
        start = {name: voltage for voltage, name in self.rails.items()}
        start |= dict.fromkeys((*RAILS, *self._line_rails), bench.supply)
        start |= {
            name: value for name, value in rest.items() if not name.startswith("xn.") and name not in ("da", "db")
        }
        for k in range(self.size):
            lines += neuron_lines(neuron, f"n{k}", str(k), bench.load, bench.gate_connected, output=f"spk{k}")
            start |= start_voltages(str(k), f"spk{k}")
            start |= {f"{name}{k}": rest.get(name, 0.0) for name in ("da", "db")}
            start |= {name.replace("xn.", f"xn{k}."): value for name, value in rest.items() if name.startswith("xn.")}
        for k in self.senders:
            lines += [f"xax{k} spk{k} ax{k} vax axon", f"cwire{k} ax{k} 0 {self.wire!r}"]
            start |= {f"xax{k}.not": bench.supply, f"ax{k}": 0.0}
        for k, one in enumerate(self.inputs):
            lines.append(source(one.pulses, bench.width, bench.edge, bench.supply, f"in{k}", f"preb{k}"))
            lines.append(bench.driver(str(k), f"preb{k}", f"pre{k}"))
            start |= {f"preb{k}": bench.supply, f"pre{k}": 0.0}
        for one in self._all:
            lines.append(f"xsw{one.name} {self.rails[one.rail]} {one.gate} a{one.name} 0 nf w={bench.switch!r} l=0.18")
            lines.append(f"xs{one.name} {one.gate} a{one.name} mem{one.target} {subckt_name(one.device)}")
            start[f"a{one.name}"] = 0.0
        lines.append(".ic " + " ".join(f"v({node})={value!r}" for node, value in start.items()))
        return "\n".join(lines) + "\n"

    def sources(self) -> tuple[tuple[str, float], ...]:
        """Current vectors of the rails with their voltages (V): what gives the circuit its energy."""
        supplied = [(f"i({name})", self.bench.supply) for name in ("vdd", "vdb", *self._line_rails)]
        return (*supplied, *((f"i({name})", voltage) for voltage, name in self.rails.items()))

    def job(self, stop: float, setting: Setting) -> Job:
        """The run to ``stop`` (s)."""
        bench = self.bench
        rest = rest_voltages(bench.neuron, "", bench.supply, setting)
        states = [f"v(xs{s.name}.x{q + 1})" for s in self._all for q in range(len(s.device.populations))]
        return Job(
            netlist=self.netlist(rest),
            transient=Transient(stop, bench.longest_step),
            save=(
                *(f"v({node}{k})" for k in range(self.size) for node in ("mem", "spk")),
                *(f"v(ax{k})" for k in self.senders),
                *(f"v(pre{k})" for k in range(len(self.inputs))),
                *states,
                *(current for current, _ in self.sources()),
            ),
            process=setting.process,
            corner=setting.corner,
            accuracy=setting.accuracy,
            limits=setting.limits,
            pulses=tuple(
                PulseCheck(f"v(pre{k})", bench.supply / 2, sum(1 for t in one.pulses if t < stop))
                for k, one in enumerate(self.inputs)
            ),
            energy=EnergyCheck(self.sources()),
            seed=setting.seed,
        )


@dataclass(frozen=True)
class NetRun:
    """A finished net: spikes, input pulses and synaptic states as the simulator saw them."""

    net: NeuronNet
    waveforms: Waveforms

    @property
    def stop(self) -> float:
        """The end of the run (s)."""
        return float(self.waveforms.time[-1])

    @cached_property
    def spikes(self) -> list[Array]:
        """Spike times (s) of each neuron: rising crossings of half the supply."""
        return [self._rises(f"v(spk{k})") for k in range(self.net.size)]

    @cached_property
    def inputs(self) -> list[Array]:
        """Pulses (s) of each input as its switch saw them."""
        return [self._rises(f"v(pre{k})") for k in range(len(self.net.inputs))]

    @cached_property
    def trains(self) -> list[Array]:
        """The pulses (s) that each synapse got, in the order of ``net.synapses``."""
        sent = {k: self._rises(f"v(ax{k})") for k in self.net.senders}
        return [*self.inputs, *(sent[sender] for sender, _ in self.net.pairs)]

    def widths(self, node: str) -> Array:
        """Width (s) of each complete pulse at a saved ``node``, at half the supply."""
        starts, ends = self._rises(f"v({node})"), self.waveforms.falls(f"v({node})", self.net.bench.supply / 2)
        return ends - starts[: len(ends)]

    def _rises(self, name: str) -> Array:
        return self.waveforms.rises(name, self.net.bench.supply / 2)

    def states(self, time: float) -> list[Array]:
        """Volatile states of every synapse at ``time`` (s), in the order of ``net.synapses``."""
        return [
            np.array([self.waveforms.at(f"v({name}.x{q + 1})", time) for q in range(len(device.populations))])
            for name, device in zip(self.net.synapses, self.net.devices, strict=True)
        ]

    def energy(self) -> dict[str, float]:
        """Energy (J) that each source gave over the run, by its current vector, such as ``i(vdb)``."""
        return {
            current: -value * self.waveforms.integral(self.waveforms[current], 0.0, self.stop)
            for current, value in self.net.sources()
        }


def simulate_net(net: NeuronNet, stop: float, setting: Setting) -> NetRun:
    """Run a whole net to ``stop`` (s).

    Raises:
        RunError: the engine failed, an input pulse was lost, or the energy turned negative (a wild solution).
    """
    return NetRun(net, run_one(setting.engine, net.job(stop, setting)))


def simulate_nets(wanted: list[tuple[NeuronNet, float]], setting: Setting, workers: int | None = None) -> list[NetRun]:
    """Run several nets, each to its time (s), in parallel; in order.

    Raises:
        RunError: of the first net whose run failed, after all have run.
    """
    done = run_all(setting.engine, [net.job(stop, setting) for net, stop in wanted], workers=workers)
    failed = [result for result in done if isinstance(result, Failure)]
    if failed:
        raise failed[0].error()
    return [NetRun(net, run) for (net, _), run in zip(wanted, done, strict=True) if isinstance(run, Waveforms)]


def trains_by_target(run: NetRun) -> Iterator[list[tuple[int, Array]]]:
    """For each neuron its synapses, as numbers in ``net.synapses``, with the pulses (s) that they got."""
    for k in range(run.net.size):
        yield [(n, run.trains[n]) for n, target in enumerate(run.net.targets) if target == k]
