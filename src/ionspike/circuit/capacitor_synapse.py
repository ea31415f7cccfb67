"""The rival of the ECRAM: a synapse whose short-term state is the charge of a capacitor, on the transistors of the process alone.

Netlist, principle and sizes: ``netlists/capacitor-stp.spice``. In a bench it stands where an ECRAM synapse stands, between read switch
and membrane, and is driven by the same spike: ``Bench(Neuron(), pulses, capacitor=CapacitorSynapse(tau=10e-3))``. Its nodes are ``x``
(the state), ``tk tkb`` (clock), ``rest``; its rails are ``vsy`` (the synapse's own) and ``vsb`` (clock and resting level, shared).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from ionspike.circuit.subcircuit import Subcircuit, read_subcircuits
from ionspike.circuit.topologies import netlist
from ionspike.errors import InputError

LEAKS = ("packet", "transistor", "pseudo-resistor")
TICKS = 20.35  # ticks a time constant: (cl + cx) / cl in gate areas and overlaps, as the capacitor's own decay shows it (a test holds it)
REST = 2 / 3  # of the supply: where x rests, by the divider of three diodes
_PARTS = {
    "packet": ("stp_synapse", "stp_leak_packet", "stp_rest", "stp_clock"),
    "transistor": ("stp_synapse", "stp_leak_transistor", "stp_leak_bias", "stp_rest"),
    "pseudo-resistor": ("stp_synapse", "stp_leak_pseudo", "stp_rest"),
}
SHARED = ("stp_rest", "stp_clock", "stp_leak_bias")
_EDGE, _TICK = 10e-9, 200e-9  # s, edges and length of an ideal tick: steps of 1e4 edges lose none


@dataclass(frozen=True)
class CapacitorSynapse:
    """A facilitating synapse without an ECRAM.

    Args:
        tau: time constant (s) that an ideal clock is set for; the clock on transistors has what ``tick_bias`` gives it.
        leak: ``packet`` (charge packets at each tick; the rival), ``transistor`` (a subthreshold mirror of ``leak_bias``) or
            ``pseudo-resistor`` (two pfets in wells of their own): the two techniques it is better than.
        tick_bias: reference current (A) of the clock on transistors; ``None``: two ideal sources tick.
        leak_bias: reference current (A) of a transistor leak.
        inject: ``False`` is the control: a spike reads the synapse and moves no charge onto its state.
        start: voltage (V) of the state at the start; ``None``: where it rests (measured).
        compensated: whether the transistor that balances the junctions of ``x`` is there.
        sizes: parameters of ``stp_synapse`` that differ from the netlist's; rest_sizes: those of ``stp_rest``.

    Raises:
        InputError: a leak that is not there, or a time or current that is not above zero.
    """

    tau: float = 10e-3
    leak: str = "packet"
    tick_bias: float | None = None
    leak_bias: float = 1e-12
    inject: bool = True
    start: float | None = None
    compensated: bool = True
    sizes: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    rest_sizes: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}), hash=False)

    def __post_init__(self) -> None:
        if self.leak not in LEAKS:
            raise InputError(f"there is no leak {self.leak!r}; expected one of {', '.join(LEAKS)}")
        for name in ("tau", "leak_bias", "tick_bias"):
            value = getattr(self, name)
            if value is not None and not float(value) > 0:
                raise InputError(f"{name} is {value:g}; expected a number above 0")

    def with_(self, **changes: Any) -> CapacitorSynapse:
        """The same synapse with some of its arguments changed."""
        return replace(self, **changes)

    @property
    def period(self) -> float:
        """Time (s) from tick to tick of an ideal clock."""
        return self.tau / TICKS

    @property
    def circuits(self) -> tuple[Subcircuit, ...]:
        """The subcircuits it is made of, its share of the neurons' bias cell left out."""
        return tuple(c for c in read_subcircuits(self.netlist) if c.name in _PARTS[self.leak])

    @property
    def netlist(self) -> str:
        """Every ``.subckt`` of the file."""
        text = netlist("capacitor-stp")
        if self.compensated:
            return text
        return "\n".join(line for line in text.splitlines() if not line.startswith("xcm ")) + "\n"

    # --- its part of a bench ---------------------------------------------------------------------------------------------

    def lines(self, supply: float) -> list[str]:
        """Rails, synapse, leak, resting level and clock."""
        sizes = "".join(f" {key}={float(value)!r}" for key, value in self.sizes.items())
        levels = "".join(f" {key}={float(value)!r}" for key, value in self.rest_sizes.items())
        lines = [
            f"vsy vsy 0 {supply!r}",
            f"vsb vsb 0 {supply!r}",
            f"xsy {'pre' if self.inject else '0'} a mem x vsy stp_synapse{sizes}",
            f"xrs rest vsb stp_rest{levels}",
        ]
        if self.leak == "transistor":
            return [
                *lines,
                "xlk x bs rest stp_leak_transistor",
                f"xlb bs rest vsb stp_leak_bias ileak={float(self.leak_bias)!r}",
            ]
        if self.leak == "pseudo-resistor":
            return [*lines, "xlk x rest stp_leak_pseudo"]
        return [*lines, "xlk x tk tkb rest vsy stp_leak_packet", *self._clock(supply)]

    def _clock(self, supply: float) -> list[str]:
        if self.tick_bias is not None:
            return [f"xck tk tkb bp bn bd vsb stp_clock itick={float(self.tick_bias)!r}"]
        first, inner = self.period / 2, _TICK - 4 * _EDGE
        return [
            f"vtk tk 0 pulse(0 {supply!r} {first!r} {_EDGE!r} {_EDGE!r} {_TICK!r} {self.period!r})",
            f"vtkb tkb 0 pulse({supply!r} 0 {first + 2 * _EDGE!r} {_EDGE!r} {_EDGE!r} {inner!r} {self.period!r})",
        ]

    def start_voltages(self, supply: float) -> dict[str, float]:
        """Where its nodes start (V), roughly; the state where :attr:`start` says or at rest."""
        rest = REST * supply
        low, high = {"tk": 0.0}, {"tkb": supply, "vsy": supply, "vsb": supply, "xsy.p": supply}
        if self.inject:
            high["xsy.preb"] = supply
        middle = {"rest": rest, "x": rest if self.start is None else self.start, "xrs.r2": rest / 2}
        if self.leak == "packet":
            middle["xlk.l"] = rest
        elif self.leak == "transistor":
            middle["bs"] = rest
        else:
            middle["xlk.m"] = rest
        if self.tick_bias is not None:
            low |= {f"xck.{node}": 0.0 for node in ("ps", "pr", "pm")}
            high |= {f"xck.{node}": supply for node in ("o1", "o2", "n1", "d1", "d3")}
            middle |= {"xck.vt": 0.7 * supply, "xck.dn": 0.4, "xck.lv": supply / 3, "xck.lm": 2 * supply / 3}
        return low | high | middle

    def signals(self) -> tuple[str, ...]:
        """The vectors a run keeps of it."""
        return ("v(x)", "v(rest)", "i(vsy)", "i(vsb)", *(("v(tk)",) if self.leak == "packet" else ()))
