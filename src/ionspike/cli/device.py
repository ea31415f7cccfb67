"""``ionspike device``: cards and what they describe; the exports are in :mod:`ionspike.cli.device_exports`."""

from __future__ import annotations

from typing import Annotated

import typer

from ionspike.cli.common import Card, Json, group, show_result
from ionspike.cli.device_exports import device_export, device_lint, device_validate

app = group("Device cards: list, show, export, validate, lint.")


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


@app.command("schema")
def device_schema() -> None:
    """The card format as a JSON schema."""
    from ionspike.device.card_schema import schema_text

    typer.echo(schema_text(), nl=False)


for name, command in (("export", device_export), ("validate", device_validate), ("lint", device_lint)):
    app.command(name)(command)
