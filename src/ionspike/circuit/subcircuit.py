"""A neuron's ``.subckt`` as read from its text: ports, parameters, elements and inner nodes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ionspike.errors import InputError

# nodes of each element letter; a subcircuit's are the words before its name
_NODES = {"r": 2, "c": 2, "l": 2, "v": 2, "i": 2, "d": 2, "b": 2, "e": 4, "g": 4, "f": 2, "h": 2, "m": 4, "q": 3, "s": 4}
_NUMBER = re.compile(r"^([0-9.]+(?:e[+-]?[0-9]+)?)(meg|[tgkmunpfa])?[a-z]*$", re.IGNORECASE)
_PREFIXES = {"t": 1e12, "g": 1e9, "meg": 1e6, "k": 1e3, "m": 1e-3, "u": 1e-6, "n": 1e-9, "p": 1e-12, "f": 1e-15, "a": 1e-18}


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
    return "n" if "nfet" in element.kind or "nmos" in element.kind else "p" if "pfet" in element.kind or "pmos" in element.kind else ""


def read_subcircuits(text: str, where: str = "netlist") -> tuple[Subcircuit, ...]:
    """Every ``.subckt`` of ``text``. ``where`` names the file in messages.

    Raises:
        InputError: an element or directive outside a ``.subckt``, one that is not closed, or nested ones.
    """
    found: list[Subcircuit] = []
    head: tuple[int, str, tuple[str, ...], tuple[tuple[str, float], ...]] | None = None
    elements: list[Element] = []
    for number, line in logical_lines(text):
        words = line.lower().split()
        if words[0] == ".subckt":
            if head is not None:
                raise InputError(f"{where} line {number}: a .subckt inside another; expected .ends first")
            head, elements = _head(number, words, where), []
        elif words[0] == ".ends":
            if head is None:
                raise InputError(f"{where} line {number}: .ends without .subckt")
            found.append(Subcircuit(*head, tuple(elements)))
            head = None
        elif head is None:
            raise InputError(f"{where} line {number}: {words[0]} outside a .subckt; expected only .subckt blocks in this file")
        elif not words[0].startswith("."):
            elements.append(_element(number, words, where))
    if head is not None:
        raise InputError(f"{where} line {head[0]}: .subckt {head[1]} has no .ends")
    return tuple(found)


def logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines with their continuations joined, comments and blank lines left out, each with the number it starts at."""
    joined: list[tuple[int, str]] = []
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if line.startswith("+") and joined:
            joined[-1] = (joined[-1][0], f"{joined[-1][1]} {line[1:]}")
        elif line and not line.startswith("*"):
            joined.append((number, line))
    yield from joined


def _head(number: int, words: list[str], where: str) -> tuple[int, str, tuple[str, ...], tuple[tuple[str, float], ...]]:
    text = " ".join(words[1:]).replace("params:", " ").replace(" = ", "=")
    plain = [word for word in text.split() if "=" not in word]
    if not plain:
        raise InputError(f"{where} line {number}: .subckt without a name")
    given = [word.split("=", 1) for word in text.split() if "=" in word]
    return number, plain[0], tuple(plain[1:]), tuple((name, _number(value, number, where)) for name, value in given)


def _element(number: int, words: list[str], where: str) -> Element:
    values = tuple((name, value) for word in words[1:] if "=" in word for name, _, value in [word.partition("=")])
    plain = [word for word in words[1:] if "=" not in word and word != "params:"]
    count = len(plain) - 1 if words[0][0] == "x" else _NODES.get(words[0][0], 0)
    if len(plain) < count:
        raise InputError(f"{where} line {number}: {words[0]} has {len(plain)} nodes; expected {count}")
    return Element(number, words[0], tuple(plain[:count]), plain[count] if len(plain) > count else "", values)


def _number(text: str, line: int, where: str) -> float:
    found = _NUMBER.match(text.strip("{}'"))
    if found is None:
        raise InputError(f"{where} line {line}: {text!r} is not a number; expected one such as 2p or 0.42")
    return float(found.group(1)) * _PREFIXES.get((found.group(2) or "").lower(), 1.0)
