"""``ionspike device``: cards, what they describe, and the device written out for simulators."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ionspike.cli.common import Card, Json, group, show_result

app = group("Device cards: list, show, export to SPICE, validate.")


@app.command("list")
def device_list(as_json: Json = False) -> None:
    """The cards of the library."""
    from ionspike.device import Ecram, library

    cards = [Ecram.load(name) for name in library()]
    result = {"cards": [{"name": c.name, "R_rest": 1 / float(c.conductance(c.at_rest()))} for c in cards]}
    show_result(result, [str(card).splitlines()[0] for card in cards], as_json)


@app.command("show")
def device_show(
    card: Card, toml: Annotated[bool, typer.Option("--toml", help="Print the card.")] = False, as_json: Json = False
) -> None:
    """A device in words, or its card."""
    from ionspike.device import Ecram
    from ionspike.device.cards import dump_card

    found = Ecram.load(card)
    show_result({"name": found.name, "card": dump_card(found)}, [dump_card(found) if toml else str(found)], as_json)


@app.command("export")
def device_export(
    card: Card, out: Annotated[Path | None, typer.Option(help="File to write; printed if left out.")] = None
) -> None:
    """The device as a SPICE .subckt."""
    from ionspike import files
    from ionspike.device import Ecram, subckt

    text = subckt(Ecram.load(card))
    if out is None:
        typer.echo(text)
    else:
        typer.echo(f"written to {files.write_text(out, text)}")


@app.command("validate")
def device_validate(card: Card, as_json: Json = False) -> None:
    """Read a card and say what it describes, or what is wrong with it."""
    from ionspike.device import Ecram

    found = Ecram.load(card)
    show_result({"valid": True, "name": found.name}, [f"valid: {str(found).splitlines()[0]}"], as_json)


@app.command("schema")
def device_schema() -> None:
    """The card format as a JSON schema."""
    from ionspike.device.card_schema import schema_text

    typer.echo(schema_text(), nl=False)
