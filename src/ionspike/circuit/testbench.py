"""One bench for every neuron: rails, bias cell, input driver, read switches and ECRAMs around it, as a netlist.

The path of the input is: read rail - switch (opened by the input pulse) - synapse - input ECRAM - membrane. Node names are fixed:
``pre`` is the input pulse as the read switch and the synapse's gate see it, ``mem spk rst`` the neuron's, ``vrd`` the read rail.
The ECRAMs are ``xsynapse``, ``xinput``, ``xleak``, ``xdelay``; the neuron is ``xn``, a presynaptic one ``xpre``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ionspike.circuit.capacitor_synapse import CapacitorSynapse
from ionspike.circuit.neurons import Neuron
from ionspike.circuit.parts import (
    RAILS,
    bias_lines,
    distinct_devices,
    distinct_topologies,
    neuron_lines,
    rail_lines,
    source,
    start_voltages,
)
from ionspike.circuit.topologies import netlist
from ionspike.device import Ecram, subckt, subckt_name
from ionspike.errors import InputError

_STEP_PER_EDGE = (
    1e4  # ngspice merges breakpoints closer than 5e-5 of the longest step and drops the rest of the train, silently
)
HELD_BEFORE = 1e-3  # s
FIRING_SWITCH = 1  # um, the read switch of a presynaptic neuron
_PRESYNAPTIC_WIDTH = 120e-9  # s, the input that makes a presynaptic neuron fire exactly once
_WATCHED = (
    "n1",
    "ca",
    "rf",
    "x",
)  # inner nodes: output of a threshold stage, charge of an adaptation and of a refractory period, source of an input that stands on a diode
_OF_TOPOLOGY: Any = None  # stands for the value the neuron's topology is sized for


@dataclass(frozen=True)
class Bench:
    """A neuron with everything around it.

    Args:
        neuron: the neuron and its ECRAMs.
        pulses: start times of the input pulses (s), ascending.
        width: width of an input pulse at half height (s); like rail and switch, what the topology is sized for if left out.
        presynaptic: a neuron that the input pulses fire and whose spike is the input; ``None``: the driver's pulse is the input.
        read_rail: voltage of the read rail (V).
        switch: width of the read switches (um, L = 0.18 um).
        driver_width, driver_length: size of the input driver's pfet (um).
        idle: further synapses with silent inputs on the membrane, how many like the neuron's own, or the ECRAM of each: each adds its capacitance
            and leak, and gives back after a reset what its switch held.
        idle_to_ground: how many of these, the first, read from ground in place of the rail, and so leak the other way.
        hold: a voltage (V) the bench holds the membrane at, to measure charge; ``None``: the membrane is free.
        hold_from: the voltage (V) it is held at for the first :data:`HELD_BEFORE` seconds, where inner nodes are to come to rest.
        current: a constant current (A) into the membrane beside the input pulses.
        start: voltage (V) the membrane starts from, where the bench does not hold it.
        gate_connected: ``False`` grounds the gates of all ECRAMs: the neuron without short-term plasticity, on the same parts.
        fixed_read: resistance (ohm) in the input path where neither a synapse nor an input ECRAM sits there.
        capacitor: a capacitor-based synapse in the input path, in place of an ECRAM.
        load: wire capacitance at the output spike (F).
        supply: supply voltage (V).
        edge: rise and fall time of the ideal source in front of the driver (s).
        max_step: longest time step (s); at most 1e4 ``edge``, or ngspice loses input pulses without a word.
    """

    neuron: Neuron
    pulses: tuple[float, ...] = ()
    width: float = _OF_TOPOLOGY
    presynaptic: Neuron | None = None
    read_rail: float = _OF_TOPOLOGY
    switch: float = _OF_TOPOLOGY
    driver_width: float = 0.84
    driver_length: float = 0.25
    idle: int | tuple[Ecram, ...] = 0
    idle_to_ground: int = 0
    hold: float | None = None
    hold_from: float | None = None
    current: float = 0.0
    start: float = 0.0
    gate_connected: bool = True
    fixed_read: float = 12e3
    capacitor: CapacitorSynapse | None = None
    load: float = 10e-15
    supply: float = 1.8
    edge: float = 1e-9
    max_step: float = 1e-5

    def __post_init__(self) -> None:
        for name, value in self.neuron.kind.drive.items():
            if getattr(self, name) is _OF_TOPOLOGY:
                object.__setattr__(self, name, value)
        # numpy's scalars would be written into the netlist with their type
        for name in (
            "width",
            "read_rail",
            "switch",
            "driver_width",
            "driver_length",
            "hold",
            "hold_from",
            "current",
            "start",
            "fixed_read",
            "load",
            "supply",
            "edge",
            "max_step",
        ):
            value = getattr(self, name)
            object.__setattr__(self, name, None if value is None else float(value))
        times = np.asarray(self.pulses, float)
        if times.size and (times[0] < 0 or np.any(np.diff(times) < self.source_width + 2 * self.edge)):
            raise InputError(
                "input pulses overlap or are not ascending; expected starts further apart than a pulse is wide"
            )
        if self.source_width < self.edge:
            raise InputError(
                f"an input pulse of {self.source_width:g} s is shorter than its edge; expected at least {self.edge:g} s"
            )
        longest = _STEP_PER_EDGE * self.edge
        if self.max_step > longest * (1 + 1e-9):
            raise InputError(
                f"max_step is {self.max_step:g} s; above {longest:g} s ngspice loses pulses of these edges"
            )
        if self.capacitor is not None and (self.neuron.synapse is not None or self.neuron.input is not None):
            raise InputError("the input path holds an ECRAM and a capacitor synapse; expected one of them")
        if isinstance(self.idle, int) and self.idle and self.neuron.synapse is None:
            raise InputError(
                f"{self.idle} idle synapses like the neuron's own, and it has none; expected an ECRAM at 'synapse'"
            )
        count = len(self.idle_devices)
        if not 0 <= self.idle_to_ground <= count:
            raise InputError(f"{self.idle_to_ground} of {count} idle synapses read from ground; expected 0 to {count}")
        object.__setattr__(self, "pulses", tuple(float(t) for t in times))

    @property
    def idle_devices(self) -> tuple[Ecram, ...]:
        """The ECRAM of each idle synapse."""
        if isinstance(self.idle, tuple):
            return self.idle
        return () if self.neuron.synapse is None else (self.neuron.synapse,) * self.idle

    @property
    def source_width(self) -> float:
        """Width of the source's pulses (s): the input pulse itself, or what fires the presynaptic neuron once."""
        return self.width if self.presynaptic is None else _PRESYNAPTIC_WIDTH

    @property
    def longest_step(self) -> float:
        """The longest time step (s) a run may take: ``max_step``, less where a pulse has a flat top shorter than its edges."""
        top = self.source_width - self.edge
        return min(self.max_step, _STEP_PER_EDGE * (min(self.edge, top) if top > 0 else self.edge))

    def with_(self, **changes: Any) -> Bench:
        """The same bench with some of its arguments changed."""
        return replace(self, **changes)

    def control(self) -> Bench:
        """The same bench with the volatile part of every ECRAM switched off, and no charge put on a capacitor synapse."""
        capacitor = None if self.capacitor is None else self.capacitor.with_(inject=False)
        return replace(self, neuron=self.neuron.without_volatile(), capacitor=capacitor)

    # --- the netlist ---------------------------------------------------------------------------------------------------------

    def netlist(self, rest: dict[str, float]) -> str:
        """Subcircuits and elements. ``rest``: settled voltages (V) of the bias lines and of the neurons' inner nodes."""
        return self.subcircuits() + self.elements(rest)

    def subcircuits(self) -> str:
        """Every ``.subckt`` the bench uses, transistors of the process left out.

        Raises:
            InputError: two neurons or two devices of one name that differ.
        """
        neurons = [self.neuron] if self.presynaptic is None else [self.neuron, self.presynaptic]
        cells = dict.fromkeys(neuron.bias_cell for neuron in neurons)
        parts = [netlist(stem).rstrip() for stem in ("transistors", *cells, "driver")]
        parts += distinct_topologies(neurons)
        parts += [] if self.capacitor is None else [self.capacitor.netlist.rstrip()]
        devices = [device for n in neurons for _, device in n.devices] + list(self.idle_devices)
        parts += [subckt(device).rstrip() for device in distinct_devices(devices)]
        return "\n".join(parts) + "\n"

    def elements(self, rest: dict[str, float]) -> str:
        """Rails, sources, the neuron with its ECRAMs, and where every node starts."""
        lines = self._rails()
        lines += neuron_lines(self.neuron, "n", "", self.load, self.gate_connected, event="pre")
        lines += self._input()
        lines += self._paths()
        start = {"a": 0.0, "pre": 0.0, "preb": self.supply, "vrd": self.read_rail, **start_voltages("")}
        # rails that start at zero would kick every gate line on their first step, and a keeper line recovers in milliseconds
        start |= dict.fromkeys((*RAILS, "vdr"), self.supply)
        if self.presynaptic is not None:
            start |= dict.fromkeys(("vddp", "vdbp"), self.supply) | {"pin": 0.0, "ap": 0.0}
            own = {"output": "pre", "rails": "vddp vddp", "bias": "p", "event": "pin"}
            lines += neuron_lines(self.presynaptic, "pre", "p", self.load, self.gate_connected, **own)
            start |= start_voltages("p", "pre")
        start["mem"] = self.start if self.hold is None else self.hold if self.hold_from is None else self.hold_from
        start |= {f"ai{k}": start["mem"] for k in range(len(self.idle_devices))}
        if self.capacitor is not None:
            start |= self.capacitor.start_voltages(self.supply)
        lines.append(".ic " + " ".join(f"v({node})={value!r}" for node, value in {**start, **rest}.items()))
        return "\n".join(lines) + "\n"

    def _rails(self) -> list[str]:
        v = repr(self.supply)
        lines = [*rail_lines(self.supply), f"vdr vdr 0 {v}", f"vrd vrd 0 {self.read_rail!r}"]
        lines += bias_lines(self.neuron, "")
        if self.hold is not None:
            before, after = self.hold_from, self.hold
            stepped = f"pwl(0 {before!r} {HELD_BEFORE!r} {before!r} {HELD_BEFORE + self.edge!r} {after!r})"
            lines.append(f"vhold mem 0 {after!r}" if before is None else f"vhold mem 0 {stepped}")
        if self.current != 0:
            lines.append(f"iin 0 mem {self.current!r}")
        if self.presynaptic is not None:
            lines += [f"vddp vddp 0 {v}", f"vdbp vdbp 0 {v}", *bias_lines(self.presynaptic, "p")]
        return lines

    def _input(self) -> list[str]:
        """The source, its driver, and a presynaptic neuron's own input: a fixed read that fires it once per pulse."""
        target = "pre" if self.presynaptic is None else "pin"
        lines = [source(self.pulses, self.source_width, self.edge, self.supply), self.driver("", "preb", target)]
        if self.presynaptic is not None:
            lines += [
                f"xswp vrd pin ap 0 nf w={FIRING_SWITCH!r} l=0.18",
                f"rreadp ap memp {firing_read(self.presynaptic)!r}",
            ]
        return lines

    def driver(self, tail: str, source: str, target: str) -> str:
        """The line of an input driver, ``xdr`` + ``tail``, from a source's node to the pulse it gives."""
        return f"xdr{tail} {source} {target} vdr driver wp={self.driver_width!r} lp={self.driver_length!r}"

    def _paths(self) -> list[str]:
        neuron = self.neuron
        lines = [f"xsw vrd pre a 0 nf w={self.switch!r} l=0.18"]
        chain = [(name, device) for name, device in neuron.devices if name in ("synapse", "input")]
        nodes = ["a", "mem"] if len(chain) < 2 else ["a", "b", "mem"]
        if not chain:
            read = [f"rread a mem {self.fixed_read!r}"]
            lines += read if self.capacitor is None else self.capacitor.lines(self.supply)
        for (name, device), high, low in zip(chain, nodes[:-1], nodes[1:], strict=True) if chain else ():
            gate = ("pre" if name == "synapse" else "spk") if self.gate_connected else "0"
            lines.append(f"x{name} {gate} {high} {low} {subckt_name(device)}")
        for k, device in enumerate(self.idle_devices):
            rail = "0" if k < self.idle_to_ground else "vrd"
            lines += [f"xswi{k} {rail} 0 ai{k} 0 nf w={self.switch!r} l=0.18"]
            lines += [f"xsynapse{k} 0 ai{k} mem {subckt_name(device)}"]
        if neuron.leak is not None:
            gate = "spk" if self.gate_connected else "0"
            lines += [f"xswl al pre 0 0 nf w={self.switch!r} l=0.18", f"xleak {gate} mem al {subckt_name(neuron.leak)}"]
        return lines

    def signals(self) -> tuple[str, ...]:
        """The vectors a run keeps."""
        names = ["mem", "spk", "pre", "a"] + [f"xn.{n}" for n in _WATCHED if n in self.neuron.kind.circuit.inner]
        names += ["rst"] if self.neuron.kind.has_reset else []
        names += ["memp"] if self.presynaptic is not None else []
        kept = [f"v({n})" for n in names]
        kept += ["i(vdd)", "i(vth)", "i(vdl)", "i(vdb)", "i(vdr)", "i(vrd)"]
        kept += ["i(vddp)", "i(vdbp)"] if self.presynaptic is not None else []
        kept += ["i(vhold)"] if self.hold is not None else []
        kept += [] if self.capacitor is None else self.capacitor.signals()
        for name, device in self.neuron.devices:
            kept += [f"v(x{name}.gch)"] + [f"v(x{name}.x{k})" for k in range(1, len(device.populations) + 1)]
            kept += [f"v(x{name}.w)"] if device.weight.a > 0 else []
        if self.neuron.delay is not None:
            kept += ["v(da)", "v(db)"]
        if len([n for n, _ in self.neuron.devices if n in ("synapse", "input")]) == 2:
            kept.append("v(b)")
        if self.neuron.leak is not None:
            kept.append("v(al)")
        return tuple(kept)

    def sources(self) -> tuple[tuple[str, float], ...]:
        """Current vectors of the rails with their voltages (V): what gives the circuit its energy."""
        rails = [("i(vdd)", self.supply), ("i(vdb)", self.supply), ("i(vdr)", self.supply), ("i(vrd)", self.read_rail)]
        rails += [("i(vddp)", self.supply), ("i(vdbp)", self.supply)] if self.presynaptic is not None else []
        rails += [("i(vhold)", self.hold)] if self.hold is not None else []
        rails += [] if self.capacitor is None else [("i(vsy)", self.supply), ("i(vsb)", self.supply)]
        return tuple(rails)


def firing_read(neuron: Neuron) -> float:
    """The fixed resistance (ohm) through which a pulse of :attr:`Bench.source_width` fires a presynaptic ``neuron`` exactly once."""
    return 20e3 * 2e-12 / (neuron.membrane or 2e-12)
