"""One table across topologies from their datasets."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ionspike.circuit.text_table import columns
from ionspike.units import show

if TYPE_CHECKING:
    import xarray as xr

FINER, UNRELIABLE = "energy at a smaller reltol", "energy unreliable at"
_CONDITIONS = ("engine", "process", "corner", "temperature_degC", "supply_V", "reltol")


def summary(data: xr.Dataset) -> dict[str, Any]:
    """The figures of one topology: key, (value, unit); SI."""
    rate = int(np.argmin(np.abs(np.log(data.input_rate.values / 10e3))))
    bias = int(np.argmin(np.abs(np.log(data.delay_bias.values / data.attrs["delay_bias_A"]))))
    at = f"at {show(float(data.input_rate[rate]), 'Hz')} of input"
    on, off = (data.facilitation.sel(volatile=k).values[-1] for k in ("on", "off"))
    up, flat = (data.excitability.sel(volatile=k).values[0] for k in ("on", "off"))
    pick: dict[str, tuple[Any, str]] = {
        "spike width": (data.width[bias], "s"),
        "narrowest spike": (data.width.min(), "s"),
        "widest spike": (data.width.max(), "s"),
        "refractory time": (data.refractory[bias], "s"),
        "threshold, slow": (data.threshold_slow, "V"),
        f"threshold {at}": (data.threshold[rate], "V"),
        f"latency {at}": (data.latency[rate], "s"),
        "rheobase": (data.rheobase, "A"),
        "rate without input": (data.rate_alone, "Hz"),
        "retention, half of 0.1 V": (data.retention_half, "s"),
        "maximum rate": (data.maximum_rate, "Hz"),
        f"energy {at}, core": (data.energy_core[rate], "J"),
        f"energy {at}, dynamic": (data.energy_dynamic[rate], "J"),
        f"energy {at}, bias shared by 64": (data.energy_shared[rate], "J"),
        f"energy {at}, bias of its own": (data.energy_total[rate], "J"),
        "idle power": (data.idle_power, "W"),
        "bias cell": (data.bias_power, "W"),
        "lowest supply": (data.supply_lowest, "V"),
        "highest supply": (data.supply_highest, "V"),
        f"facilitation at {show(float(data.train_rate[-1]), 'Hz')}": (on, ""),
        "its control": (off, ""),
        f"excitability at {show(float(data.drive_rate[0]), 'Hz')}": (up, ""),
        "its control, excitability": (flat, ""),
    }
    found = {key: (float(value), unit) for key, (value, unit) in pick.items()}
    asked = data.attrs["reltol"]
    finer = [
        f"{reltol:.0e} at {show(float(r), 'Hz')}"
        for r, reltol in zip(data.input_rate, data.energy_reltol.values, strict=True)
        if reltol < asked * 0.999
    ]
    reliable = [show(float(r), "Hz") for r, ok in zip(data.input_rate, data.energy_reliable, strict=True) if not ok]
    return {"figures": found, FINER: finer, UNRELIABLE: reliable, "failed": data.attrs["failed"]}


def table_text(datasets: Sequence[xr.Dataset]) -> str:
    """A table for a reader: one column a topology, conditions above it."""
    found = [summary(data) for data in datasets]
    names = [data.attrs["topology"] for data in datasets]
    told = ", ".join(f"{key} {datasets[0].attrs[key]}" for key in _CONDITIONS)
    rows = [["", *names]]
    for key in found[0]["figures"]:
        rows.append([key, *(_cell(*item["figures"].get(key, (math.nan, ""))) for item in found)])
    for key in (FINER, UNRELIABLE):
        rows.append([key, *(", ".join(item[key]) or "-" for item in found)])
    lines = [
        f"{name} failed: {item['failed']}" for name, item in zip(names, found, strict=True) if item["failed"] != "none"
    ]
    return "\n".join([told, columns(rows), *lines]) + "\n"


def table_rows(datasets: Sequence[xr.Dataset]) -> list[dict[str, Any]]:
    """One row a figure and topology, for CSV and JSON, with the conditions in every row."""
    rows = []
    for data in datasets:
        told = {key: data.attrs[key] for key in _CONDITIONS}
        for key, (value, unit) in summary(data)["figures"].items():
            number = None if math.isnan(value) else value
            rows.append({"topology": data.attrs["topology"], "figure": key, "value": number, "unit": unit, **told})
    return rows


def _cell(value: float, unit: str) -> str:
    if math.isnan(value):
        return "-"
    return show(value, unit, 3) if unit else f"{value:.3f}"
