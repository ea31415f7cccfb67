"""What ``ionspike circuit corners`` and ``montecarlo`` do: the neuron under what varies, its table, figure and data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ionspike.circuit.variation import Measured, Specification, corners, monte_carlo, yield_of
from ionspike.circuit.variation.figures import draw_corners, draw_monte_carlo
from ionspike.circuit.variation.measure import METRICS
from ionspike.circuit.variation.specification import describe, share_of
from ionspike.cli.circuit_results import keep, neuron_with_card, plain, setting_of, teller
from ionspike.spice.process import CORNERS
from ionspike.units import show

if TYPE_CHECKING:
    import xarray as xr


def run_corners(
    topology: str, card: str, quick: bool, out: Path, workers: int | None, as_json: bool
) -> tuple[dict[str, Any], list[str]]:
    """Measure all corners; the result as a dictionary and as lines for a reader."""
    setting = setting_of()
    neuron = neuron_with_card(topology, card, setting)
    grid: dict[str, Any] = {"temperatures": (27.0,), "supplies": (1.8,)} if quick else {}
    data = corners(neuron, setting, CORNERS, **grid, workers=workers, progress=teller(as_json))
    paths = keep(out, "corners", data, draw_corners(data), {"corners.csv": data.to_dataframe().to_csv()})
    failed = [
        f"{trim}, {corner}, {temperature:g} C, {supply:g} V: {found.failure.item()}"
        for trim in data.trim.values
        for corner in data.corner.values
        for temperature in data.temperature.values
        for supply in data.supply.values
        for found in [data.sel(trim=trim, corner=corner, temperature=temperature, supply=supply)]
        if not bool(found.works)
    ]
    result = {"conditions": plain(data.attrs), "ranges": _ranges(data), "failed": failed, "files": paths}
    return result, [*_range_lines(data), *(failed or ["no point fails"]), *paths]


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
    failed = [f"chip {k}: {text}" for k, text in enumerate(data.failure.sel(trim="untrimmed").values) if text]
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
