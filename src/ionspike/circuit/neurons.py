"""The neurons: what each netlist takes and offers, and where an ECRAM may sit.

Every topology is one ``.spice`` file with one ``.subckt`` behind the same ports,
``mem spk rst vth vdl bp bn bd bl da db`` (membrane, output spike, reset, supplies of threshold and delay stage, gate lines of keeper,
hold, delay and leak, ends of the delay element).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any

from ionspike.device import Ecram
from ionspike.errors import InputError
from ionspike.units import quantity

PORTS = ("mem", "spk", "rst", "vth", "vdl", "bp", "bn", "bd", "bl", "da", "db")
PLACEMENTS = ("synapse", "input", "leak", "delay")


@dataclass(frozen=True)
class Topology:
    """A neuron netlist: ``subckt`` its name, ``placements`` where an ECRAM may sit, ``start`` its inner nodes and where they
    rest, roughly, as shares of the supply, ``sizes`` the parameters of the netlist and their ranges, in the units of the netlist."""

    name: str
    subckt: str
    placements: tuple[str, ...]
    start: Mapping[str, float]
    sizes: Mapping[str, tuple[float, float]]
    has_reset: bool

    @property
    def netlist(self) -> str:
        """The text of the ``.spice`` file."""
        return netlist(self.name)


@cache
def netlist(stem: str) -> str:
    """The text of a netlist of the package, by the name of its file without ``.spice``."""
    return (resources.files("ionspike.circuit") / "netlists" / f"{stem}.spice").read_text()


TOPOLOGIES: Mapping[str, Topology] = MappingProxyType(
    {
        "delay-feedback-lif": Topology(
            name="delay-feedback-lif",
            subckt="delay_feedback_lif",
            placements=PLACEMENTS,
            start=MappingProxyType({"n1": 1.0, "d1": 1.0, "d3": 1.0, "dn": 0.4}),
            sizes=MappingProxyType(
                {"wreset": (0.42, 50.0), "lrestore": (0.15, 20.0), "wdelay": (0.42, 50.0), "ldelay": (0.15, 20.0)}
            ),
            has_reset=True,
        ),
        "axon-hillock": Topology(
            name="axon-hillock",
            subckt="axon_hillock",
            placements=("synapse", "input", "leak"),
            start=MappingProxyType({"n1": 1.0, "p1": 1.0}),
            sizes=MappingProxyType({"cfb": (1e-15, 10e-12), "wreset": (0.42, 50.0)}),
            has_reset=False,
        ),
    }
)


@dataclass(frozen=True)
class Neuron:
    """One neuron with its biases and the ECRAMs it works with. Quantities are SI floats or strings with units.

    Args:
        topology: a name in ``TOPOLOGIES``.
        membrane: membrane capacitance (F).
        delay_bias, keeper_bias, leak_bias: reference currents (A) of the bias cell; they reach the neuron through mirrors.
        synapse: gated and read by the input pulse, between read rail and membrane.
        input: in the input path, gated by the neuron's own spike.
        leak: between membrane and ground, opened by the input pulse, gated by the neuron's own spike.
        delay: in the delay path, gated by the neuron's own spike.
        sizes: parameters of the netlist that differ from its defaults.

    Raises:
        InputError: an unknown topology, bias or size, a value out of range, or a placement this topology has no path for.
    """

    topology: str = "delay-feedback-lif"
    membrane: float = 2e-12
    delay_bias: float = 1.56e-9
    keeper_bias: float = 0.05e-9
    leak_bias: float = 0.0
    synapse: Ecram | None = None
    input: Ecram | None = None
    leak: Ecram | None = None
    delay: Ecram | None = None
    sizes: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}), hash=False)

    def __post_init__(self) -> None:
        if self.topology not in TOPOLOGIES:
            raise InputError(f"there is no topology {self.topology!r}; expected one of {', '.join(TOPOLOGIES)}")
        _convert(self, "membrane", "F", 1e-15, 1e-9)
        _convert(self, "delay_bias", "A", 0.0, 1e-5)
        _convert(self, "keeper_bias", "A", 1e-13, 1e-6)
        _convert(self, "leak_bias", "A", 0.0, 1e-6)
        for name, value in self.sizes.items():
            if name not in self.kind.sizes:
                raise InputError(f"{self.topology} has no size {name!r}; expected one of {', '.join(self.kind.sizes)}")
            low, high = self.kind.sizes[name]
            if not low <= float(value) <= high:
                raise InputError(f"{self.topology} size {name} is {value:g}; expected {low:g} to {high:g}")
        for placement, _ in self.devices:
            if placement not in self.kind.placements:
                paths = ", ".join(self.kind.placements)
                raise InputError(f"{self.topology} has no {placement} path for an ECRAM; expected one of {paths}")

    @property
    def kind(self) -> Topology:
        """The topology behind this neuron."""
        return TOPOLOGIES[self.topology]

    @property
    def devices(self) -> tuple[tuple[str, Ecram], ...]:
        """The ECRAMs present, as (placement, device)."""
        found = ((name, getattr(self, name)) for name in PLACEMENTS)
        return tuple((name, device) for name, device in found if device is not None)

    def with_(self, **changes: Any) -> Neuron:
        """The same neuron with some of its arguments changed."""
        return replace(self, **changes)

    def without_volatile(self) -> Neuron:
        """The control: the same neuron with the volatile part of every ECRAM switched off."""
        return replace(self, **{name: device.without_volatile() for name, device in self.devices})


def DelayFeedbackLIF(**arguments: Any) -> Neuron:
    """The delay-feedback leaky integrate-and-fire neuron; see :class:`Neuron` for the arguments."""
    return Neuron(topology="delay-feedback-lif", **arguments)


def _convert(neuron: Neuron, name: str, unit: str, low: float, high: float) -> None:
    value = quantity(getattr(neuron, name), unit, name)
    if not low <= value <= high:
        raise InputError(f"{name} is {value:g} {unit}; expected {low:g} to {high:g} {unit}")
    object.__setattr__(neuron, name, value)
