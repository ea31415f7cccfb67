"""Transistors and drawn area of netlists: gates, junctions, capacitors. Spacing, wells and wires are a layout's and not counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ionspike.circuit.subcircuit import Element, Subcircuit, number
from ionspike.errors import InputError

CONTACTED = 0.29  # um, the drawn length of a source or drain: netlists/transistors.spice
OXIDE = 8.3e-15  # F/um2, gate of a 1.8 V transistor in inversion: 3.9 eps0 over toxe = 4.148 nm of SKY130's BSIM4 cards
MIM = 2.0e-15  # F/um2, cap_mim_m3 of SKY130 (sw_cap_mim_ca in its corner files); it lies in metal 3 and 4, over the transistors


@dataclass(frozen=True)
class Drawn:
    """What a circuit is drawn with: ``transistors``, areas of their ``gates`` and ``junctions`` (um2), ``capacitors`` (um2 of gate
    oxide) and their ``capacitance`` (F)."""

    transistors: int
    gates: float
    junctions: float
    capacitors: float
    capacitance: float

    @property
    def area(self) -> float:
        """Everything (um2), capacitors as gate oxide."""
        return self.gates + self.junctions + self.capacitors

    def __add__(self, other: Drawn) -> Drawn:
        return Drawn(
            self.transistors + other.transistors,
            self.gates + other.gates,
            self.junctions + other.junctions,
            self.capacitors + other.capacitors,
            self.capacitance + other.capacitance,
        )


NOTHING = Drawn(0, 0.0, 0.0, 0.0, 0.0)


def drawn(circuits: Sequence[Subcircuit], sizes: Mapping[str, float] | None = None) -> Drawn:
    """What ``circuits`` are drawn with; ``sizes`` are parameters that differ from their defaults.

    A transistor whose drain and source are tied to ground is a capacitor and no transistor. A capacitor element is drawn in gate oxide,
    one whose name begins with ``cw`` is a wire.
    """
    total = NOTHING
    for circuit in circuits:
        values = {**dict(circuit.parameters), **(sizes or {})}
        for element in circuit.elements:
            total += _drawn(element, values)
    return total


def _drawn(element: Element, values: Mapping[str, float]) -> Drawn:
    if element.kind in ("nf", "pf"):
        given = dict(element.values)
        width, length = (_value(given[name], values) for name in ("w", "l"))
        gate = width * length
        if element.nodes[0] == element.nodes[2] == element.nodes[3]:
            return Drawn(0, 0.0, 2 * width * CONTACTED, gate, gate * OXIDE)
        return Drawn(1, gate, 2 * width * CONTACTED, 0.0, 0.0)
    if element.name[0] == "c" and not element.name.startswith("cw"):
        farad = _value(element.kind, values)
        return Drawn(0, 0.0, 0.0, farad / OXIDE, farad)
    return NOTHING


def _value(text: str, values: Mapping[str, float]) -> float:
    name = text.strip("{}")
    if name in values:
        return float(values[name])
    found = number(text)
    if found is None:
        raise InputError(f"{text[:40]!r} is no size; expected a number such as 0.42, or a parameter")
    return found
