"""A neuron's ``.subckt`` as read from its text: ports, parameters, elements and inner nodes."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ionspike.errors import InputError
from ionspike.spice.netlist import Line, read_netlist

# nodes of each element letter; a subcircuit's are the words before its name
_NODES = {"r": 2, "c": 2, "l": 2, "v": 2, "i": 2, "d": 2, "b": 2, "e": 4, "g": 4}
_NODES |= {"f": 2, "h": 2, "m": 4, "q": 3, "s": 4, "w": 2, "k": 2}
_NUMBER = re.compile(r"^([0-9.]+(?:e[+-]?[0-9]+)?)(meg|[tgkmunpfa])?[a-z]*$", re.IGNORECASE)
_SPACED = re.compile(r"(?<!\s)\s*=\s*")  # begins where a space begins: a long one takes no longer than its length
_PREFIXES = {
    "t": 1e12,
    "g": 1e9,
    "meg": 1e6,
    "k": 1e3,
    "m": 1e-3,
    "u": 1e-6,
    "n": 1e-9,
    "p": 1e-12,
    "f": 1e-15,
    "a": 1e-18,
}


@dataclass(frozen=True)
class Element:
    """One element line: its name, its nodes in order, what it is (a model, a ``.subckt`` or a value), its ``NAME=VALUE`` words."""

    line: int
    name: str
    nodes: tuple[str, ...]
    kind: str
    values: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Subcircuit:
    """One ``.subckt``: its line in the file, ports, parameters with their default values, and elements."""

    line: int
    name: str
    ports: tuple[str, ...]
    parameters: tuple[tuple[str, float], ...]
    elements: tuple[Element, ...]

    @property
    def inner(self) -> tuple[str, ...]:
        """The nodes that are no ports, in order of appearance."""
        found = dict.fromkeys(node for element in self.elements for node in element.nodes)
        return tuple(node for node in found if node not in (*self.ports, "0", "gnd"))

    @property
    def transistors(self) -> tuple[Element, ...]:
        """The MOS transistors: ``nf`` and ``pf``, SKY130's own, and plain ``M`` elements."""
        return tuple(e for e in self.elements if polarity(e))

    def drives(self, port: str) -> bool:
        """Whether something other than a resistor that ties it to ground hangs on ``port``."""
        return any(port in e.nodes for e in self.elements if not (e.name[0] == "r" and "0" in e.nodes))


def polarity(element: Element) -> str:
    """``"n"`` or ``"p"`` of a transistor, nothing for other elements."""
    if element.name[0] not in "xm" or len(element.nodes) != 4:
        return ""
    if element.kind in ("nf", "pf"):
        return element.kind[0]
    return (
        "n"
        if "nfet" in element.kind or "nmos" in element.kind
        else "p"
        if "pfet" in element.kind or "pmos" in element.kind
        else ""
    )


def read_subcircuits(text: str) -> tuple[Subcircuit, ...]:
    """Every ``.subckt`` of ``text``, a file that holds nothing else.

    Raises:
        InputError: what :func:`~ionspike.spice.netlist.read_netlist` refuses; a line outside a ``.subckt``; one inside another.
    """
    found: list[Subcircuit] = []
    head: Line | None = None
    elements: list[Element] = []
    for line in read_netlist(text):
        if line.word == ".subckt":
            if head is not None:
                raise InputError(f"netlist line {line.number} opens a .subckt inside another; expected .ends first")
            head, elements = line, []
        elif head is None:
            raise InputError(
                f"netlist line {line.number} is outside a .subckt; expected nothing but .subckt blocks in a neuron's file"
            )
        elif line.word == ".ends":
            found.append(_subcircuit(head, elements))
            head = None
        elif line.word == ".global":
            raise InputError(
                f"netlist line {line.number} makes a node global; expected a neuron that meets the bench at its ports"
            )
        elif not line.word.startswith("."):
            elements.append(_element(line))
    return tuple(found)


def _subcircuit(head: Line, elements: list[Element]) -> Subcircuit:
    text = _SPACED.sub("=", head.text.lower().replace("params:", " "))
    plain = [word for word in text.split()[1:] if "=" not in word]
    given = [word.split("=", 1) for word in text.split() if "=" in word]
    parameters = tuple((name, _number(value, head.number)) for name, value in given)
    return Subcircuit(head.number, plain[0], tuple(plain[1:]), parameters, tuple(elements))


def _element(line: Line) -> Element:
    words = _SPACED.sub("=", line.text.lower().replace("params:", " ")).split()
    plain = [word for word in words[1:] if "=" not in word]
    count = len(plain) - 1 if words[0][0] == "x" else _NODES.get(words[0][0], 0)
    if not 0 < count <= len(plain):
        raise InputError(
            f"netlist line {line.number}: {words[0]} has {len(plain)} words; expected its nodes and what it is"
        )
    values = tuple((name, value) for word in words[1:] if "=" in word for name, _, value in [word.partition("=")])
    return Element(line.number, words[0], tuple(plain[:count]), plain[count] if len(plain) > count else "", values)


def number(text: str) -> float | None:
    """A number of a netlist, such as ``2p`` or ``{0.42}``; nothing where the text is none."""
    found = _NUMBER.match(text.strip("{}"))
    return None if found is None else float(found.group(1)) * _PREFIXES.get((found.group(2) or "").lower(), 1.0)


def _number(text: str, line: int) -> float:
    found = number(text)
    if found is None:
        raise InputError(
            f"netlist line {line}: {text[:40]!r} is no default value; expected a number such as 2p or 0.42"
        )
    return found
