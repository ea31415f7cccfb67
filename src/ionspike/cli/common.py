"""What every command group shares: how a result is printed, and arguments that several take."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Card = Annotated[str, typer.Argument(help="A card file (TOML) or the name of a library card.")]


def group(about: str) -> typer.Typer:
    """A group of commands, such as ``ionspike device``."""
    return typer.Typer(no_args_is_help=True, help=about)


def show_result(result: Any, lines: list[str], as_json: bool) -> None:
    """Print ``result`` as JSON for programs, or ``lines`` for people."""
    typer.echo(json.dumps(result, indent=1) if as_json else "\n".join(lines))
