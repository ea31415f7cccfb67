"""Several neurons of one kind with synapses between them as one netlist: what a network simulation is held against.

Every synapse is a read switch and an ECRAM of its own between the read rail and the membrane of its target, both opened by the pulse that
arrives: an input's, through a driver on a metered rail, or the spike of another neuron, straight from its output. All neurons share one
bias cell, whose gate lines carry no current.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ionspike.circuit.neurons import Neuron
from ionspike.circuit.parts import (
    RAILS,
    bias_lines,
    neuron_lines,
    rail_lines,
    source,
    start_voltages,
)
from ionspike.circuit.settle import rest_voltages
from ionspike.circuit.simulate import Setting, simulate_pulses
from ionspike.circuit.testbench import Bench
from ionspike.circuit.topologies import netlist
from ionspike.device import Ecram, subckt, subckt_name
from ionspike.errors import InputError
from ionspike.spice.batch import run_one
from ionspike.spice.engine import EnergyCheck, Job, PulseCheck, Transient
from ionspike.spice.waveforms import Waveforms
from ionspike.spikes import regular

Array = NDArray[np.float64]


SWITCH_GATE = 1.6e-15  # F, of a read switch of 1 um by 0.18 um with its overlaps: 8.6 fF/um2 of 4.1 nm of oxide


@dataclass(frozen=True)
class NeuronNet:
    """Neurons like that of ``bench`` (its synapse, width, rail, switch, load and supply hold for all), joined.

    Args:
        bench: one neuron with the synapse that every connection gets.
        inputs: start times (s) of the input pulses of each neuron, one train a neuron; empty where a neuron has none.
        pairs: (source, target) of each connection between neurons.
    """

    bench: Bench
    inputs: tuple[tuple[float, ...], ...]
    pairs: tuple[tuple[int, int], ...]

    def __post_init__(self) -> None:
        if self.bench.neuron.synapse is None or len(self.bench.neuron.devices) > 1:
            raise InputError("a net of neurons needs an ECRAM at 'synapse' and at no other place")
        if self.bench.neuron.kind.watches_input:
            raise InputError(
                f"{self.bench.neuron.topology} watches its input pulse, and a net gives a neuron many; expected another"
            )
        # numpy's scalars would be written into the netlist with their type
        object.__setattr__(self, "inputs", tuple(tuple(float(t) for t in train) for train in self.inputs))
        wrong = [pair for pair in self.pairs if not all(0 <= k < self.size for k in pair)]
        if wrong:
            raise InputError(f"{wrong[0]} joins neurons that are not there; expected numbers from 0 to {self.size - 1}")

    @property
    def size(self) -> int:
        """How many neurons there are."""
        return len(self.inputs)

    @property
    def synapse(self) -> Ecram:
        """The device of every synapse."""
        device = self.bench.neuron.synapse
        assert device is not None  # held by __post_init__
        return device

    def netlist(self, rest: dict[str, float]) -> str:
        """The whole circuit; ``rest``: settled voltages (V) of the bias lines and of one neuron's inner nodes."""
        bench, neuron = self.bench, self.bench.neuron
        lines = [netlist(stem).rstrip() for stem in ("transistors", neuron.bias_cell, "driver")]
        lines += [neuron.kind.text.rstrip(), subckt(self.synapse).rstrip()]
        lines += [*rail_lines(bench.supply), f"vdr vdr 0 {bench.supply!r}", f"vrd vrd 0 {bench.read_rail!r}"]
        lines += bias_lines(neuron, "")
        start = {"vrd": bench.read_rail, **dict.fromkeys((*RAILS, "vdr"), bench.supply)}
        start |= {
            name: value for name, value in rest.items() if not name.startswith("xn.") and name not in ("da", "db")
        }
        for k in range(self.size):
            lines += neuron_lines(neuron, f"n{k}", str(k), bench.load, bench.gate_connected, output=f"spk{k}")
            start |= start_voltages(str(k), f"spk{k}")
            start |= {f"{name}{k}": rest.get(name, 0.0) for name in ("da", "db")}
            start |= {name.replace("xn.", f"xn{k}."): value for name, value in rest.items() if name.startswith("xn.")}
        for k, pulses in enumerate(self.inputs):
            if pulses:
                lines.append(source(pulses, bench.width, bench.edge, bench.supply, f"in{k}", f"preb{k}"))
                lines += [bench.driver(str(k), f"preb{k}", f"pre{k}"), *self._synapse(f"i{k}", f"pre{k}", k)]
                start |= {f"preb{k}": bench.supply, f"pre{k}": 0.0, f"ai{k}": 0.0}
        for k, (sender, target) in enumerate(self.pairs):
            lines += self._synapse(f"c{k}", f"spk{sender}", target)
            start[f"ac{k}"] = 0.0
        lines.append(".ic " + " ".join(f"v({node})={value!r}" for node, value in start.items()))
        return "\n".join(lines) + "\n"

    def _synapse(self, name: str, gate: str, target: int) -> list[str]:
        return [
            f"xsw{name} vrd {gate} a{name} 0 nf w={self.bench.switch!r} l=0.18",
            f"xs{name} {gate} a{name} mem{target} {subckt_name(self.synapse)}",
        ]

    @cached_property
    def synapses(self) -> tuple[str, ...]:
        """Names of the synapses: inputs' first, then those of :attr:`pairs`, in order."""
        return tuple(f"xsi{k}" for k, pulses in enumerate(self.inputs) if pulses) + tuple(
            f"xsc{k}" for k in range(len(self.pairs))
        )

    def job(self, stop: float, setting: Setting) -> Job:
        """The run to ``stop`` (s)."""
        bench = self.bench
        rest = rest_voltages(bench.neuron, "", bench.supply, setting)
        driven = [k for k, train in enumerate(self.inputs) if train]
        states = range(1, len(self.synapse.populations) + 1)
        return Job(
            netlist=self.netlist(rest),
            transient=Transient(stop, bench.longest_step),
            save=(
                *(f"v(spk{k})" for k in range(self.size)),
                *(f"v(pre{k})" for k in driven),
                *(f"v({name}.x{q})" for name in self.synapses for q in states),
                *(current for current, _ in bench.sources()),
            ),
            process=setting.process,
            corner=setting.corner,
            accuracy=setting.accuracy,
            limits=setting.limits,
            pulses=tuple(PulseCheck(f"v(pre{k})", bench.supply / 2, len(self.inputs[k])) for k in driven),
            energy=EnergyCheck(bench.sources()),
        )


@dataclass(frozen=True)
class NetRun:
    """A finished net: spikes, input pulses and synaptic states as the simulator saw them."""

    net: NeuronNet
    waveforms: Waveforms

    @cached_property
    def spikes(self) -> list[Array]:
        """Spike times (s) of each neuron: rising crossings of half the supply."""
        return [self._rises(f"v(spk{k})") for k in range(self.net.size)]

    @cached_property
    def inputs(self) -> list[Array]:
        """Input pulses (s) of each neuron as its switch saw them."""
        return [self._rises(f"v(pre{k})") if given else np.empty(0) for k, given in enumerate(self.net.inputs)]

    def _rises(self, name: str) -> Array:
        return self.waveforms.rises(name, self.net.bench.supply / 2)

    def states(self, time: float) -> Array:
        """States of every synapse at ``time`` (s), shape (synapses, populations), in the order of ``net.synapses``."""
        count = len(self.net.synapse.populations)
        return np.array(
            [[self.waveforms.at(f"v({n}.x{q + 1})", time) for q in range(count)] for n in self.net.synapses]
        )

    def energy(self) -> dict[str, float]:
        """Energy (J) that each source gave over the run, by its current vector, such as ``i(vdb)``."""
        stop = float(self.waveforms.time[-1])
        return {
            current: -value * self.waveforms.integral(self.waveforms[current], 0.0, stop)
            for current, value in self.net.bench.sources()
        }


def simulate_net(net: NeuronNet, stop: float, setting: Setting) -> NetRun:
    """Run a whole net to ``stop`` (s).

    Raises:
        RunError: the engine failed, an input pulse was lost, or the energy turned negative (a wild solution).
    """
    return NetRun(net, run_one(setting.engine, net.job(stop, setting)))


def gate_capacitance(synapse: Ecram) -> float:
    """Capacitance (F) of one synapse as the spike that gates it sees it: switch and ECRAM."""
    return SWITCH_GATE + synapse.gate.C_g


def bench_into(neuron: Neuron, synapse: Ecram, load: float) -> Bench:
    """The bench of a neuron in a net: its spike drives ``load`` (F), and the pulses that its ``synapse`` gets are as wide as that spike."""
    width = float(np.median(simulate_pulses(neuron, regular(10e3, 20), load=load).widths))
    return Bench(neuron=neuron.with_(synapse=synapse), width=width, load=load)


def trains_by_target(run: NetRun) -> list[list[Array]]:
    """The pulses (s) that each synapse of each neuron got, in the order of ``net.synapses``."""
    found: list[list[Array]] = [[train] if len(train) else [] for train in run.inputs]
    for sender, target in run.net.pairs:
        found[target].append(run.spikes[sender])
    return found
