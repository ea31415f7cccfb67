"""``ionspike fit``: measured pulses or ramps in, a card out."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ionspike.cli.common import Json, show_result
from ionspike.errors import InputError

if TYPE_CHECKING:
    from ionspike.device.fitting import Fit

_RAMP_STARTS = 4  # most of them meet one optimum


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
    drain: Annotated[
        str | None, typer.Option(help="Drain voltage, such as '-0.6 V', where the file holds a current and not this.")
    ] = None,
    unit: Annotated[str | None, typer.Option(help="Of ramps whose headings have none: A, S or ohm.")] = None,
    read_voltage: Annotated[
        str | None, typer.Option(help="Voltage of the reads, such as '0.1 V', where ramps are currents.")
    ] = None,
    fixed: Annotated[
        list[str] | None, typer.Option(help="NAME=VALUE (SI) to keep, such as population1.V_d=0.3; may be repeated.")
    ] = None,
    bound: Annotated[list[str] | None, typer.Option(help="NAME=LOW:HIGH (SI) to stay within; may be repeated.")] = None,
    intervals: Annotated[
        str,
        typer.Option(
            help="covariance (quick) or profile: of the likelihood, after a fit in the noise of the residuals."
        ),
    ] = "covariance",
    as_json: Json = False,
) -> None:
    """Fit the device law to measured gate pulses, or the long-term weight to ramps, and write a card."""
    from ionspike.device.fitting import fit as fit_law
    from ionspike.device.measured.ramps import RampRecord
    from ionspike.device.measured.reading import read
    from ionspike.device.measured.records import PulseRecord

    if intervals not in ("covariance", "profile"):
        raise InputError(f"--intervals is {intervals!r}; expected covariance or profile")
    kept, limits = dict(map(_value, fixed or [])), dict(map(_range, bound or []))
    said = {"drain": drain, "unit": unit, "read_voltage": read_voltage}
    told = {key: value for key, value in said.items() if value is not None}
    first = read(record[0], down, **told)
    if isinstance(first, RampRecord):
        if kept or limits:
            raise InputError("--fixed and --bound are for pulse records; leave them out for ramps")
        result, lines = _ramps(first, out, page, name, min(starts, _RAMP_STARTS), intervals)
    else:
        records = [first, *(read(path, **told) for path in record[1:])]
        for path, one in zip(record, records, strict=True):
            if not isinstance(one, PulseRecord):
                raise InputError(f"{path} holds no pulse response; expected time, gate and conductance or current")
        done = fit_law(
            records,
            populations=populations,
            cooperative=cooperative,
            starts=starts,
            name=name,
            fixed=kept,
            bounds=limits,
        )
        result, lines = _pulses(done, out, page, intervals)
    show_result(result, [*lines, f"card written to {out}"], as_json)


def _pulses(done: Fit, out: Path, page: Path | None, method: str) -> tuple[dict[str, Any], list[str]]:
    found = done.intervals(method) if method == "profile" else None
    done.card(found).save(out)
    if page is not None:
        done.page(page, found)
    if found is None:
        rows = [(r.name, r.value, r.low, r.high, r.why) for r in done.estimates()]
    else:
        rows = [(r.name, r.estimate, r.low, r.high, r.why) for r in found]
    result = {
        "card": str(out),
        "law": str(done.shape),
        "why": done.why,
        "error_percent_of_swing": 100 * done.error,
        "starts": done.starts,
        "agreeing": done.agreeing,
        "effective_samples": done.effective_samples,
        "intervals": method,
        "parameters": _told(rows),
        "page": str(page) if page else None,
    }
    return result, [str(done), *([str(found)] if found is not None else [])]


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _value(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    try:
        return name, float(value)
    except ValueError:
        raise InputError(f"--fixed is {text!r}; expected NAME=VALUE in SI, such as population1.V_d=0.3") from None


def _range(text: str) -> tuple[str, tuple[float, float]]:
    name, _, ends = text.partition("=")
    low, _, high = ends.partition(":")
    try:
        return name, (float(low), float(high))
    except ValueError:
        raise InputError(
            f"--bound is {text!r}; expected NAME=LOW:HIGH in SI, such as population1.tau=1e-3:1e-1"
        ) from None


def _ramps(
    record: Any, out: Path, page: Path | None, name: str, starts: int, method: str
) -> tuple[dict[str, Any], list[str]]:
    from ionspike.device.fitting import fit_ramps

    done = fit_ramps(record, name=name, starts=starts)
    found = done.intervals(method)
    done.card(found).save(out)
    if page is not None:
        done.page(page, found)
    rows = [(r.name, r.estimate, r.low, r.high, r.why) for r in found]
    result = {
        "card": str(out),
        "law": str(done.shape),
        "why": done.why,
        "error_percent_of_range": 100 * done.error,
        "starts": done.starts,
        "agreeing": done.agreeing,
        "intervals": method,
        "parameters": _told(rows),
        "page": str(page) if page else None,
    }
    return result, [str(done), str(found)]


def _told(rows: list[tuple[str, float, float, float, str]]) -> dict[str, dict[str, Any]]:
    return {
        name: {"value": value, "low": _finite(low), "high": _finite(high), "unidentified": why}
        for name, value, low, high, why in rows
    }
