"""What ``ionspike circuit export`` and ``draw`` do: files of a neuron for other programs and for people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ionspike import files
from ionspike.circuit.export import export
from ionspike.circuit.neurons import Neuron
from ionspike.circuit.schematic import draw
from ionspike.circuit.topologies import find_topology
from ionspike.cli.circuit_results import setting_of
from ionspike.device import Ecram


def export_neuron(topology: str, cards: dict[str, str | None], out: Path) -> tuple[dict[str, Any], list[str]]:
    """Write the neuron with its device and bench; the files as a dictionary and as lines for a reader."""
    devices: dict[str, Any] = {place: Ecram.load(card) for place, card in cards.items() if card is not None}
    neuron = Neuron(topology=topology, **(devices or {"synapse": Ecram.load("reference")}))
    files.check_folder(out.parent)
    done = export(neuron, out, setting_of())
    names = [str(path) for path in done.files]
    placed = {place: device.name for place, device in neuron.devices}
    return {"files": names, "devices": placed}, [*names, f"run it with: ngspice -b {out}"]


def draw_neuron(topology: str, out: Path) -> tuple[dict[str, Any], list[str]]:
    """Draw its schematic; the file as a dictionary and as a line for a reader."""
    found = find_topology(topology)
    path = draw(found, out)
    return {"file": str(path), "transistors": len(found.circuit.transistors)}, [f"schematic at {path}"]
