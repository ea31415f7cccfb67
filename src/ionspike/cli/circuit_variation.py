"""What ``ionspike circuit corners`` and ``montecarlo`` do: the neuron under what varies, its table, figure and data."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ionspike import files, plotting
from ionspike.circuit.topologies import TOPOLOGIES
from ionspike.circuit.variation import Measured, Specification, corners, monte_carlo, yield_of
from ionspike.circuit.variation.across import across_text
from ionspike.circuit.variation.figures import draw_across, draw_corners, draw_monte_carlo
from ionspike.circuit.variation.measure import METRICS
from ionspike.circuit.variation.specification import describe, share_of
from ionspike.circuit.variation.trim import TRIMS
from ionspike.cli.circuit_results import keep, neuron_with_card, plain, setting_of, teller
from ionspike.spice.process import CORNERS
from ionspike.units import show

if TYPE_CHECKING:
    import xarray as xr


def run_corners(
    topology: str | None, card: str, quick: bool, out: Path, workers: int | None, as_json: bool
) -> tuple[dict[str, Any], list[str]]:
    """Measure all corners of one neuron, or of all six; the result as a dictionary and as lines for a reader."""
    files.check_folder(out)
    setting = setting_of()
    grid: dict[str, Any] = {"temperatures": (27.0,), "supplies": (1.8,)} if quick else {}
    names = list(TOPOLOGIES) if topology is None else [topology]
    found, told = [], []
    for name in names:
        neuron = neuron_with_card(name, card, setting)
        data = corners(neuron, setting, CORNERS, **grid, workers=workers, progress=teller(as_json))
        stem = f"corners-{name}" if topology is None else "corners"
        picture = None if topology is None else draw_corners(data)
        paths = keep(out, stem, data, picture, {f"{stem}.csv": data.to_dataframe().to_csv()})
        result = {"conditions": plain(data.attrs), "ranges": _ranges(data), "failed": _failed_corners(data)}
        told.append(result | {"files": paths})
        found.append(data)
    text = across_text(found, TRIMS)
    lines = [text, *(line for data in found for line in _trim_lines(data))]
    lines += [f"{name}: {line}" for name, result in zip(names, told, strict=True) for line in result["failed"]]
    more = [str(files.write_text(out / "corners.txt", "\n".join(lines) + "\n"))]
    if topology is not None:
        return told[0] | {"files": told[0]["files"] + more}, [*lines, *told[0]["files"], *more]
    more.append(str(files.write_bytes(out / "corners.png", plotting.png(draw_across(found)))))
    paths = [path for result in told for path in result["files"]] + more
    return {"neurons": dict(zip(names, told, strict=True)), "files": paths}, [*lines, *paths]


def _failed_corners(data: xr.Dataset) -> list[str]:
    points = itertools.product(data.trim.values, data.corner.values, data.temperature.values, data.supply.values)
    failed = []
    for trim, corner, temperature, supply in points:
        told = str(data.failure.sel(trim=trim, corner=corner, temperature=temperature, supply=supply).item())
        failed += [f"{trim}, {corner}, {temperature:g} C, {supply:g} V: {told}"] if told else []
    return failed


def _trim_lines(data: xr.Dataset) -> list[str]:
    """Why a study has no trim step, where it was asked for one and has none."""
    missing = data.attrs.get("trim_missing", "nothing")
    return [] if missing == "nothing" else [f"{data.attrs['topology']} has no trim step: {missing}"]


def run_monte_carlo(
    topology: str,
    card: str,
    samples: int,
    seed: int,
    specification: str,
    trim: bool,
    out: Path,
    workers: int | None,
    as_json: bool,
) -> tuple[dict[str, Any], list[str]]:
    """Measure the chips and count those that meet the specification."""
    wanted = Specification.parse(specification)
    files.check_folder(out)
    setting = setting_of()
    neuron = neuron_with_card(topology, card, setting)
    data = monte_carlo(neuron, setting, samples, seed, trim, workers, teller(as_json))
    nominal = {name: float(data.attrs.get(f"nominal_{name.replace('-', '_')}", np.nan)) for name in METRICS}
    nominal = {name: value for name, value in nominal.items() if not np.isnan(value)}
    paths = keep(out, "montecarlo", data, draw_monte_carlo(data), {"montecarlo.csv": data.to_dataframe().to_csv()})
    lines, yields = [f"specification: {line}" for line in describe(wanted, nominal)], {}
    for name in data.trim.values:
        found = measured_of(data.sel(trim=name))
        met, finished = yield_of(wanted, found, nominal), share_of(sum(m.finished for m in found), len(found))
        yields[str(name)] = {
            "passed": met.passed,
            "count": met.count,
            "share": met.share,
            "low": met.low,
            "high": met.high,
            "finished": finished.passed,
        }
        lines.append(f"{name}: yield {met}; {finished.passed} of {finished.count} runs finished")
    lines += _trim_lines(data)
    told = data.failure.transpose("trim", "sample").values
    failed = [f"{name}, chip {k}: {told[j, k]}" for j, name in enumerate(yields) for k in np.flatnonzero(told[j] != "")]
    result = {"conditions": plain(data.attrs), "ranges": _ranges(data), "yield": yields, "failed": failed}
    return result | {"files": paths}, [*_range_lines(data), *lines, *failed, *paths]


def measured_of(data: xr.Dataset) -> list[Measured]:
    """The chips of a dataset without its trim dimension."""
    return [
        Measured(
            {name: float(data[name.replace("-", "_")].values[k]) for name in METRICS},
            bool(data.finished.values[k]),
            str(data.failure.values[k]),
        )
        for k in range(data.sizes["sample"])
    ]


def _ranges(data: xr.Dataset) -> dict[str, Any]:
    """Lowest, median and highest of every value, by trim."""
    found: dict[str, Any] = {}
    for trim in data.trim.values:
        for name, (unit, _) in METRICS.items():
            values = data[name.replace("-", "_")].sel(trim=trim).values
            values = values[np.isfinite(values)]
            if values.size:
                ends = (float(values.min()), float(np.median(values)), float(values.max()))
                spread = float(values.std(ddof=1)) if values.size > 1 else 0.0
                kept = {"low": ends[0], "median": ends[1], "high": ends[2], "sd": spread, "unit": unit}
                found.setdefault(str(trim), {})[name] = kept
    return found


def _range_lines(data: xr.Dataset) -> list[str]:
    return [
        f"{trim}, {name}: {show(v['low'], v['unit'])} to {show(v['high'], v['unit'])}, median {show(v['median'], v['unit'])}"
        for trim, values in _ranges(data).items()
        for name, v in values.items()
    ]
