"""The schematic of a neuron, drawn from its netlist: one bar a net, what pulls it up above it, what pulls it down below.

Nets are joined by their names, so that a drawing never says more than the netlist does, and a user's netlist is drawn as well. A chain
of transistors runs from its net through inner nodes to a supply, to ground or to another net.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ionspike import files
from ionspike.circuit.subcircuit import Element, Subcircuit, polarity
from ionspike.circuit.topologies import Topology
from ionspike.errors import InputError, RunError

_SUPPLIES, _GROUNDS = ("vth", "vdl"), ("0", "gnd")
_COLUMN, _TALL, _WIRE, _GAP = (
    2.65,
    5 / 3,
    0.35,
    0.9,
)  # lengths in schemdraw's units; _TALL is a transistor from drain to source
_WIDEST = 11  # columns of a row


@dataclass(frozen=True)
class Chain:
    """Elements one after another, from a net to its ``end``."""

    parts: tuple[Element, ...]
    end: str


@dataclass
class Group:
    """A net with the chains above and below it."""

    net: str
    up: list[Chain] = field(default_factory=list)
    down: list[Chain] = field(default_factory=list)

    @property
    def columns(self) -> int:
        """How many chains stand side by side."""
        return max(len(self.up), len(self.down), 1)


def groups(circuit: Subcircuit) -> list[Group]:
    """The nets of ``circuit`` in order of appearance, each element in exactly one chain."""
    named = _named_nets(circuit)
    found = {net: Group(net) for net in named}
    by_drain: dict[str, list[Element]] = {}
    for element in circuit.transistors:
        by_drain.setdefault(element.nodes[0], []).append(element)
    for element in circuit.transistors:
        drain, _, source, _ = element.nodes
        if drain in (*_SUPPLIES, *_GROUNDS):  # a follower: it stands at its source
            found[source].down.append(Chain((element,), drain))
        elif drain in found:
            parts, end = [element], source
            while end not in found and end not in (*_SUPPLIES, *_GROUNDS):
                parts.append(by_drain[end][0])
                end = parts[-1].nodes[2]
            (found[drain].up if polarity(element) == "p" else found[drain].down).append(Chain(tuple(parts), end))
    for element in circuit.elements:
        if not polarity(element) and len(element.nodes) == 2:
            first, second = element.nodes if element.nodes[0] in found else element.nodes[::-1]
            found.setdefault(first, Group(first)).down.append(Chain((element,), second))
    return [group for group in found.values() if group.up or group.down]


def _named_nets(circuit: Subcircuit) -> dict[str, None]:
    """Nets that get a bar: everything but supplies, ground and nodes that only join two transistors of one chain."""
    gates = {e.nodes[1] for e in circuit.transistors}
    channel: dict[str, list[int]] = {}
    for element in circuit.elements:
        terminals = (0, 2) if polarity(element) else range(len(element.nodes))
        for k in terminals:
            channel.setdefault(element.nodes[k], []).append(k if polarity(element) else -1)
    return {
        net: None
        for net, ends in channel.items()
        if net not in (*_SUPPLIES, *_GROUNDS) and (net in gates or net in circuit.ports or sorted(ends) != [0, 2])
    }


def draw(topology: Topology, path: str | Path) -> Path:
    """Draw a topology to an SVG or PNG file.

    Raises:
        InputError: another kind of file, or one that cannot be written.
        RunError: schemdraw is not installed.
    """
    path = Path(path)
    kind = path.suffix.lower().removeprefix(".")
    if kind not in ("svg", "png"):
        raise InputError(f"{path} is no picture; expected a name that ends in .svg or .png")
    drawing = drawing_of(topology)
    content = io.BytesIO(drawing.get_imagedata(kind))
    return files.write_bytes(path, content.getvalue())


def drawing_of(topology: Topology) -> Any:
    """The schemdraw drawing of a topology."""
    try:
        import schemdraw
        from schemdraw import elements as elm
    except ImportError:
        raise RunError("drawing needs schemdraw; get it with: pip install 'ionspike[schematics]'") from None
    schemdraw.use("matplotlib")
    drawing = schemdraw.Drawing(show=False, fontsize=11, dpi=110, lw=1.4)
    circuit = topology.circuit
    top = 0.0
    for row in _rows(groups(circuit)):
        above = max((len(chain.parts) for group in row for chain in group.up), default=0)
        below = max((len(chain.parts) for group in row for chain in group.down), default=0)
        bar = top - above * (_TALL + _WIRE) - 1.2
        x = 0.0
        for group in row:
            _draw_group(drawing, elm, circuit, group, x, bar)
            x += group.columns * _COLUMN + _GAP
        top = bar - below * (_TALL + _WIRE) - 1.6
    title = f"{Path(topology.name).stem}: {len(circuit.transistors)} transistors, sizes W/L in um"
    _write(drawing, elm, (-1.0, 0.4), title, "left", 14)
    return drawing


def _rows(all_groups: list[Group]) -> Iterator[list[Group]]:
    row: list[Group] = []
    for group in all_groups:
        if row and sum(g.columns for g in row) + group.columns > _WIDEST:
            yield row
            row = []
        row.append(group)
    yield row


def _draw_group(drawing: Any, elm: Any, circuit: Subcircuit, group: Group, x: float, y: float) -> None:
    width = (group.columns - 1) * _COLUMN
    drawing.add(elm.Line().at((x - 0.6, y)).to((x + width + 0.3, y)))
    port = group.net in circuit.ports
    drawing.add(elm.Dot(open=port).at((x - 0.6, y)).label(group.net, loc="top", fontsize=13, ofst=0.12))
    for k, chain in enumerate(group.up):
        _draw_chain(drawing, elm, circuit, chain, x + k * _COLUMN, y, 1)
    for k, chain in enumerate(group.down):
        _draw_chain(drawing, elm, circuit, chain, x + k * _COLUMN, y, -1)


def _draw_chain(drawing: Any, elm: Any, circuit: Subcircuit, chain: Chain, x: float, y: float, way: int) -> None:
    """A chain from its net at (x, y) upward (``way`` 1) or downward (-1)."""
    for part in chain.parts:
        drawing.add(elm.Line().at((x, y)).to((x, y + way * _WIRE)))
        y += way * _WIRE
        upper = y + _TALL if way > 0 else y
        _draw_part(drawing, elm, circuit, part, x, upper)
        y += way * _TALL
    if chain.end in _SUPPLIES:
        drawing.add(elm.Vdd().at((x, y)).label(chain.end, fontsize=10))
    elif chain.end in _GROUNDS:
        drawing.add(elm.Ground().at((x, y)))
    else:
        loc = "top" if way > 0 else "bottom"
        drawing.add(elm.Dot().at((x, y)).label(chain.end, loc=loc, fontsize=12, ofst=0.12))


def _draw_part(drawing: Any, elm: Any, circuit: Subcircuit, part: Element, x: float, upper: float) -> None:
    kind = polarity(part)
    if not kind:
        symbol = elm.Capacitor() if part.name[0] == "c" else elm.Resistor()
        drawing.add(
            symbol.at((x, upper)).to((x, upper - _TALL)).label(_value(circuit, part.kind), loc="bottom", fontsize=9)
        )
        return
    symbol = drawing.add((elm.PMos() if kind == "p" else elm.NMos()).theta(0).at((x, upper)))
    gate = symbol.absanchors["gate"]
    _write(drawing, elm, (gate[0] - 0.15, gate[1]), part.nodes[1], "right", 11)
    values = dict(part.values)
    size = f"{_value(circuit, values.get('w', '?'))}/{_value(circuit, values.get('l', '?'))}"
    _write(drawing, elm, (x + 0.15, upper - _TALL / 2), f"{part.name[1:]}\n{size}", "left", 9)


def _write(drawing: Any, elm: Any, where: tuple[float, float], text: str, align: str, size: int) -> None:
    """Text whose ``align`` side lies at a point."""
    made = (
        elm.Label()
        .theta(0)
        .at(where)
        .label(text, loc="center", ofst=(0, 0), halign=align, valign="center", fontsize=size)
    )
    drawing.add(made)


def _value(circuit: Subcircuit, word: str) -> str:
    """A value as drawn: a parameter by its default, anything else as it stands."""
    name = word.strip("{}")
    default = dict(circuit.parameters).get(name)
    if default is None:
        return name
    if default >= 1e-3:
        return f"{default:g}"
    return f"{default * 1e15:g} fF" if default < 1e-12 else f"{default * 1e12:g} pF"
