"""``ionspike data``: public measured records by name."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ionspike.cli.common import Json, group, show_result

app = group("Public measured records: list, get.")


@app.command("list")
def data_list(as_json: Json = False) -> None:
    """The records that have a name, with licence and what to cite."""
    from ionspike.device.measured.catalogue import public_records

    entries = list(public_records().values())
    lines = []
    for entry in entries:
        lines += [
            f"{entry.name} ({entry.data}): {entry.about}",
            f"  licence: {entry.licence}",
            f"  cite: {entry.citation}",
        ]
    show_result({"records": [_summary(entry) for entry in entries]}, lines, as_json)


@app.command("get")
def data_get(
    name: Annotated[str, typer.Argument(help="A record of `ionspike data list`.")],
    data: Annotated[
        Path | None, typer.Option(help="Folder that holds copies already (or IONSPIKE_DATA); it is looked in first.")
    ] = None,
    cache: Annotated[Path | None, typer.Option(help="Folder for downloads; the user's cache if left out.")] = None,
    server: Annotated[str | None, typer.Option(help="Server with the addresses of raw.githubusercontent.com.")] = None,
    as_json: Json = False,
) -> None:
    """Get a record's files, checked against their SHA-256, and say where they are."""
    from ionspike.device.measured.catalogue import SERVER, fetch

    found = fetch(name, data, cache, server or SERVER)
    entry = found.entry
    lines = [f"{entry.name} ({entry.data}): {entry.about}", *(f"  {path}" for path in found.paths)]
    lines += [f"  licence: {entry.licence}", f"  cite: {entry.citation}"]
    lines += [f"  caveat: {entry.caveat}"] if entry.caveat else []
    show_result({**_summary(entry), "paths": [str(path) for path in found.paths]}, lines, as_json)


def _summary(entry: Any) -> dict[str, Any]:
    return {
        "name": entry.name,
        "about": entry.about,
        "data": entry.data,
        "caveat": entry.caveat,
        "repository": entry.repository,
        "commit": entry.commit,
        "licence": entry.licence,
        "citation": entry.citation,
        "files": [{"url": entry.url(file), "sha256": file.sha256} for file in entry.files],
    }
