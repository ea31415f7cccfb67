"""``ionspike fit``: measured pulses or ramps in, a card out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ionspike.cli.common import Json, show_result
from ionspike.errors import InputError


def fit(
    record: Annotated[
        list[Path],
        typer.Argument(help="Pulse records of one device (time, V_G and I_D, G or R), or one file of ramps."),
    ],
    out: Annotated[Path, typer.Option(help="Card file to write.")],
    down: Annotated[
        Path | None, typer.Option(help="With ramps up in the first file, the file of the ramps down.")
    ] = None,
    page: Annotated[Path | None, typer.Option(help="HTML page of the fit to write.")] = None,
    populations: Annotated[
        int | None, typer.Option(min=1, max=4, help="Volatile populations; chosen by forward prediction if left out.")
    ] = None,
    cooperative: Annotated[
        bool | None, typer.Option(help="Laws with cooperative terms only, or without any; both if left out.")
    ] = None,
    starts: Annotated[int, typer.Option(min=1, help="Starting points.")] = 20,
    name: Annotated[str, typer.Option(help="Name of the device.")] = "fitted",
    as_json: Json = False,
) -> None:
    """Fit the device law to measured gate pulses, or the long-term weight to ramps, and write a card."""
    from ionspike.device.measured.ramps import RampRecord
    from ionspike.device.measured.reading import read
    from ionspike.device.measured.records import PulseRecord

    first = read(record[0], down)
    if isinstance(first, RampRecord):
        result, lines = _ramps(first, out, page, name)
    else:
        records = [first, *(read(path) for path in record[1:])]
        for path, one in zip(record, records, strict=True):
            if not isinstance(one, PulseRecord):
                raise InputError(f"{path} holds no pulse response; expected time, gate and conductance or current")
        result, lines = _pulses(records, out, page, populations, cooperative, starts, name)
    show_result(result, [*lines, f"card written to {out}"], as_json)


def _pulses(
    records: list[Any],
    out: Path,
    page: Path | None,
    populations: int | None,
    cooperative: bool | None,
    starts: int,
    name: str,
) -> tuple[dict[str, Any], list[str]]:
    from ionspike.device.fitting import fit

    done = fit(records, populations=populations, cooperative=cooperative, starts=starts, name=name)
    done.card().save(out)
    if page is not None:
        done.page(page)
    rows = done.estimates()
    result = {
        "card": str(out),
        "law": str(done.shape),
        "why": done.why,
        "error_percent_of_swing": 100 * done.error,
        "starts": done.starts,
        "agreeing": done.agreeing,
        "effective_samples": done.effective_samples,
        "parameters": {r.name: {"value": r.value, "low": r.low, "high": r.high, "unidentified": r.why} for r in rows},
        "page": str(page) if page else None,
    }
    return result, [str(done)]


def _ramps(record: Any, out: Path, page: Path | None, name: str) -> tuple[dict[str, Any], list[str]]:
    from ionspike.device.fitting import fit_ramps

    if page is not None:
        raise InputError("--page is for pulse records; leave it out for ramps")
    done = fit_ramps(record, name=name)
    done.device.save(out)
    result = {
        "card": str(out),
        "law": str(done.shape),
        "why": done.why,
        "error_percent_of_range": 100 * done.error,
        "starts": done.starts,
        "agreeing": done.agreeing,
    }
    return result, [str(done)]
