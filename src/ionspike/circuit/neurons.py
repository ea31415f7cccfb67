"""One neuron: a topology, its biases and sizes, and the ECRAMs it works with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from ionspike.circuit.topologies import BIAS_CELLS, PLACEMENTS, Topology, find_topology
from ionspike.device import Ecram
from ionspike.errors import InputError
from ionspike.units import quantity

_OF_TOPOLOGY: Any = None  # stands for the value the topology is sized for


@dataclass(frozen=True)
class Neuron:
    """One neuron with its biases and the ECRAMs it works with. Quantities are SI floats or strings with units.

    Args:
        topology: a name in ``TOPOLOGIES``, or the path of a netlist with the same ports.
        membrane: membrane capacitance (F); like the biases, what the topology is sized for if left out.
        delay_bias, keeper_bias, leak_bias: reference currents (A) of the bias cell; they reach the neuron through mirrors.
        synapse: gated and read by the input pulse, between read rail and membrane.
        input: in the input path, gated by the neuron's own spike.
        leak: between membrane and ground, opened by the input pulse, gated by the neuron's own spike.
        delay: in the delay path, gated by the neuron's own spike.
        sizes: parameters of the netlist that differ from its defaults.
        bias_cell: a name in ``BIAS_CELLS``: which mirrors the reference currents reach it through.

    Raises:
        InputError: an unknown topology, bias cell or size, a value out of range, or a placement this topology has no path for.
    """

    topology: str = "delay-feedback-lif"
    membrane: float = _OF_TOPOLOGY
    delay_bias: float = _OF_TOPOLOGY
    keeper_bias: float = _OF_TOPOLOGY
    leak_bias: float = _OF_TOPOLOGY
    synapse: Ecram | None = None
    input: Ecram | None = None
    leak: Ecram | None = None
    delay: Ecram | None = None
    sizes: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    bias_cell: str = BIAS_CELLS[0]
    kind: Topology = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", find_topology(self.topology))
        for name, value in self.kind.biases.items():
            if getattr(self, name) is _OF_TOPOLOGY:
                object.__setattr__(self, name, value)
        if "cmem" in dict(self.kind.circuit.parameters):
            _convert(self, "membrane", "F", 1e-15, 1e-9)
        elif self.membrane != self.kind.biases["membrane"]:
            raise InputError(f"{self.topology} has no parameter cmem, so its membrane cannot be set")
        _convert(self, "delay_bias", "A", 0.0, 1e-5)
        _convert(self, "keeper_bias", "A", 1e-13, 1e-6)
        _convert(self, "leak_bias", "A", 0.0, 1e-6)
        if self.bias_cell not in BIAS_CELLS:
            raise InputError(f"there is no bias cell {self.bias_cell!r}; expected one of {', '.join(BIAS_CELLS)}")
        for name, value in self.sizes.items():
            if name not in self.kind.sizes:
                raise InputError(f"{self.topology} has no size {name!r}; expected one of {', '.join(self.kind.sizes)}")
            size = self.kind.sizes[name]
            if not size.low <= float(value) <= size.high:
                raise InputError(
                    f"{self.topology} size {name} is {value:g}; expected {size.low:g} to {size.high:g} {size.unit}"
                )
        for placement, _ in self.devices:
            if placement not in self.kind.placements:
                paths = ", ".join(self.kind.placements)
                raise InputError(f"{self.topology} has no {placement} path for an ECRAM; expected one of {paths}")

    @property
    def devices(self) -> tuple[tuple[str, Ecram], ...]:
        """The ECRAMs present, as (placement, device)."""
        found = ((name, getattr(self, name)) for name in PLACEMENTS)
        return tuple((name, device) for name, device in found if device is not None)

    @property
    def parameters(self) -> dict[str, float]:
        """What its ``.subckt`` is called with: the membrane, where the netlist leaves it open, and the sizes."""
        membrane = {"cmem": self.membrane} if "cmem" in dict(self.kind.circuit.parameters) else {}
        return {**membrane, **self.sizes}

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
