"""``ionspike doctor``: what is installed, what is missing, and how to get it."""

from __future__ import annotations

import typer

from ionspike.cli.common import Json, show_result


def doctor(as_json: Json = False) -> None:
    """What is installed, what is missing, and how to get it."""
    from ionspike.cli.installation import examine

    found = examine()
    lines = [f"{'ok     ' if item['found'] else 'missing'} {item['name']}: {item['detail']}" for item in found]
    show_result({"items": found}, lines, as_json)
    raise typer.Exit(0 if all(item["found"] or item["optional"] for item in found) else 1)
