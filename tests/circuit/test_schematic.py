"""Schematics are drawn from the netlist, so that they show what it holds: no transistor more, none less, none unconnected."""

from __future__ import annotations

from pathlib import Path

import pytest

from ionspike.circuit.schematic import draw, drawing_of, groups
from ionspike.circuit.topologies import TOPOLOGIES, load_topology
from ionspike.errors import InputError


@pytest.mark.parametrize("name", list(TOPOLOGIES))
def test_a_drawing_has_the_netlists_transistors(name: str):
    circuit = TOPOLOGIES[name].circuit
    drawn = [type(element).__name__ for element in drawing_of(TOPOLOGIES[name]).elements]
    kinds = [line.split()[5] for line in TOPOLOGIES[name].netlist.splitlines() if line.startswith("x")]
    assert drawn.count("PMos") == kinds.count("pf") and drawn.count("NMos") == kinds.count("nf")
    parts = [part.name for group in groups(circuit) for chain in (*group.up, *group.down) for part in chain.parts]
    assert sorted(parts) == sorted(element.name for element in circuit.elements)


def test_chains_end_where_the_netlist_says():
    found = {group.net: group for group in groups(TOPOLOGIES["axon-hillock"].circuit)}
    assert [(c.parts[0].name, c.parts[1].name, c.end) for c in found["n1"].up] == [("xp1", "xps", "vth")]
    assert [c.end for c in found["mem"].down] == ["0", "0", "0"]


@pytest.mark.parametrize("kind", ["svg", "png"])
def test_pictures_are_written(kind: str, tmp_path: Path):
    content = draw(TOPOLOGIES["axon-hillock"], tmp_path / f"a.{kind}").read_bytes()
    assert content.startswith(b"\x89PNG") if kind == "png" else b"<svg" in content


def test_a_picture_of_another_kind_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match="no picture"):
        draw(TOPOLOGIES["dpi"], tmp_path / "a.gif")


def test_a_users_netlist_is_drawn_as_well(tmp_path: Path):
    path = tmp_path / "my.spice"
    path.write_text(TOPOLOGIES["dpi"].netlist.replace(".subckt dpi", ".subckt mine").replace(".ends dpi", ".ends mine"))
    assert draw(load_topology(str(path)), tmp_path / "a.png").is_file()
