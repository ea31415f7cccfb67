"""What the measuring commands of ``ionspike circuit`` share: the neuron they are given, and the files they leave."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from ionspike import files, plotting
from ionspike.circuit.neurons import Neuron
from ionspike.circuit.placements import card_for, spike_widths
from ionspike.circuit.simulate import Setting
from ionspike.device import Ecram
from ionspike.errors import InputError
from ionspike.report.journal import write_dataset
from ionspike.spice.ngspice import Ngspice
from ionspike.spice.process import find_process

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure


def setting_of(corner: str = "tt", temperature: float = 27.0) -> Setting:
    """ngspice on SKY130."""
    setting = replace(Setting(Ngspice.find(), find_process("sky130")), corner=corner)
    return setting.at(temperature)


def neuron_with_card(topology: str, card: str, setting: Setting) -> Neuron:
    """The topology with an ECRAM in its input path, or none for the card ``none``; the flux of a card made for the spike of the
    reference neuron is scaled to this topology's width, so that one spike inserts as many ions."""
    if card == "none":
        return Neuron(topology)
    device = Ecram.load(card)
    if topology != "delay-feedback-lif":
        device = card_for(device, spike_widths([topology], setting)[topology])
    return Neuron(topology, input=device)


def teller(as_json: bool) -> Callable[[str], None]:
    """Where progress goes: standard output for a reader, standard error beside JSON."""
    return lambda line: typer.echo(line, err=as_json)


def keep(folder: Path, name: str, data: xr.Dataset, picture: Figure | None, tables: dict[str, str]) -> list[str]:
    """Write ``NAME.zarr``, ``NAME.png`` and ``tables`` by file name into ``folder``; their paths.

    Raises:
        InputError: the folder cannot be made or written.
    """
    store, fresh = folder / f"{name}.zarr", folder / f".new-{name}.zarr"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(fresh, ignore_errors=True)
        write_dataset(data, fresh)
        shutil.rmtree(store, ignore_errors=True)
        fresh.rename(store)
    except OSError as error:
        raise InputError(f"{folder} cannot be written: {error.strerror or error}") from error
    paths = [store]
    if picture is not None:
        paths.append(files.write_bytes(folder / f"{name}.png", plotting.png(picture)))
    paths += [files.write_text(folder / file, text) for file, text in tables.items()]
    return [str(path) for path in paths]


def plain(value: Any) -> Any:
    """A value as JSON takes it: no ``NaN``, no numpy."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, float) and value != value:
        return None
    return value
