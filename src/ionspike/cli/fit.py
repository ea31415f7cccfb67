"""``ionspike fit``: measured pulses in, a card out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ionspike.cli.common import Json, show_result


def fit(
    record: Annotated[Path, typer.Argument(help="Pulse record: time, V_G and I_D, G or R, with units in the header.")],
    out: Annotated[Path, typer.Option(help="Card file to write.")],
    populations: Annotated[int, typer.Option(min=1, max=4, help="Volatile populations.")] = 1,
    cooperative: Annotated[bool, typer.Option(help="Let the release be cooperative (s above 0).")] = True,
    name: Annotated[str, typer.Option(help="Name of the device.")] = "fitted",
    as_json: Json = False,
) -> None:
    """Fit the device law to measured gate pulses and write a card."""
    from ionspike.device.fitting import fit
    from ionspike.device.records import read_pulses

    done = fit(read_pulses(record), populations=populations, cooperative=cooperative, name=name)
    done.device.save(out)
    result = {
        "card": str(out),
        "error_percent_of_swing": 100 * done.error,
        "starts": done.starts,
        "agreeing": done.agreeing,
    }
    show_result(result, [str(done), f"card written to {out}"], as_json)
