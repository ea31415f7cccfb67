"""The report: one self-contained page, ``claims.json``, the figures and the data, put in place together."""

from __future__ import annotations

import base64
import json
import shutil
from importlib import resources
from pathlib import Path
from typing import Any

from ionspike import __version__, files, plotting
from ionspike.device import Ecram
from ionspike.errors import InputError
from ionspike.report.chain import chain_figure
from ionspike.report.journal import Result, write_dataset
from ionspike.report.window import window_figure
from ionspike.units import show

_PARTS = ("figures", "results.zarr", "claims.json", "report.html")


def write_report(out: Path, results: list[Result], reference: Ecram) -> Path:
    """Write the report of ``results`` into ``out``; what was there is replaced once the new one is complete.

    Raises:
        InputError: the folder cannot be written or the disk is full; the earlier report stays.
    """
    fresh = out / ".fresh"
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        (fresh / "figures").mkdir(parents=True)
        _write_data(fresh / "results.zarr", results)
        data = {result.id: result.datasets() for result in results if result.record["status"] != "not-run"}
        with plotting.look():
            overview = {"window": window_figure(data, reference), "chain": chain_figure(data)}
        for name, made in overview.items():
            files.write_bytes(fresh / "figures" / f"{name}.png", plotting.png(made))
        for result in results:
            for name, _ in result.pictures:
                files.write_bytes(fresh / "figures" / name, result.picture(name))
        files.write_text(fresh / "claims.json", json.dumps([result.record for result in results], indent=1) + "\n")
        files.write_text(fresh / "report.html", _page(results, reference, fresh / "figures"))
        for part in _PARTS:
            _put(fresh / part, out / part)
    except OSError as error:
        raise InputError(f"{out} cannot be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return out / "report.html"


def _write_data(store: Path, results: list[Result]) -> None:
    import zarr

    zarr.open_group(str(store), mode="w")
    for result in results:
        for name, dataset in (result.datasets() if result.record["status"] != "not-run" else {}).items():
            write_dataset(dataset, store, f"{result.id}/{name}")


def _put(new: Path, place: Path) -> None:
    old = place.with_name(f".old-{place.name}")
    shutil.rmtree(old, ignore_errors=True)
    if place.is_dir() and not place.is_symlink():
        place.rename(old)
    new.replace(place)
    shutil.rmtree(old, ignore_errors=True)


def _page(results: list[Result], reference: Ecram, figures: Path) -> str:
    from jinja2 import Environment, select_autoescape

    environment = Environment(
        autoescape=select_autoescape(default_for_string=True), trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["quantity"] = _quantity
    environment.filters["limits"] = _limits
    environment.filters["ok"] = _within
    template = environment.from_string((resources.files("ionspike.report") / "page.html.jinja").read_text())

    def image(name: str) -> str:
        return "data:image/png;base64," + base64.b64encode((figures / name).read_bytes()).decode()

    counts = {status: sum(r.record["status"] == status for r in results) for status in ("passed", "failed", "not-run")}
    return template.render(
        results=results, counts=counts, image=image, reference=str(reference), version=__version__, total=len(results)
    )


def _quantity(value: float | None, unit: str) -> str:
    if value is None:
        return ""
    if unit == "%":
        return f"{value:.3g} %"
    return show(value, unit, 4) if unit else f"{value:.4g}"


def _limits(check: dict[str, Any]) -> str:
    low, high, unit = check["low"], check["high"], check["unit"]
    if low is None:
        return f"at most {_quantity(high, unit)}"
    if high is None:
        return f"at least {_quantity(low, unit)}"
    return f"{_quantity(low, unit)} to {_quantity(high, unit)}"


def _within(check: dict[str, Any]) -> bool:
    return (check["low"] is None or check["value"] >= check["low"]) and (
        check["high"] is None or check["value"] <= check["high"]
    )
