"""``ionspike reproduce``: every claim of the paper, measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from ionspike.cli.common import Json


def reproduce(
    out: Annotated[Path, typer.Option(help="Folder for report.html, claims.json, figures/ and results.zarr.")] = Path(
        "ionspike-report"
    ),
    quick: Annotated[bool, typer.Option("--quick", help="Every claim, on fewer points.")] = False,
    device: Annotated[str, typer.Option(help="Card in place of the reference card.")] = "reference",
    data: Annotated[Path | None, typer.Option(help="Folder of measured records; default: IONSPIKE_DATA.")] = None,
    only: Annotated[list[str] | None, typer.Option(help="Measure this claim only; may be repeated.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Parallel runs; default: the cores there are.")] = None,
    as_json: Json = False,
) -> None:
    """Measure every claim of arXiv:2605.11243 and write one report."""
    from ionspike.report.reproduce import Options, reproduce

    def tell(line: str) -> None:
        typer.echo(line, err=as_json)

    results = reproduce(Options(out, quick, device, data, tuple(only or ()), workers), tell)
    if as_json:
        typer.echo(json.dumps([result.record for result in results], indent=1))
    raise typer.Exit(1 if any(result.record["status"] == "failed" for result in results) else 0)
