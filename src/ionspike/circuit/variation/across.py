"""One table across neurons from their corners: in how many points each works, and from where to where its values go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ionspike.circuit.text_table import columns
from ionspike.circuit.variation.measure import METRICS
from ionspike.units import show

if TYPE_CHECKING:
    import xarray as xr

_ROWS = {
    "width": "spike width",
    "step": "step of the ECRAM",
    "energy": "energy, core",
    "energy-shared": "energy, bias shared by 64",
    "inputs": "input pulses a spike",
}


def across_text(datasets: Sequence[xr.Dataset], trims: Sequence[str]) -> str:
    """One column a neuron; one row for each of ``trims`` and value, lowest to highest of the points that work."""
    rows = [["", *(data.attrs["topology"] for data in datasets)]]
    for trim in trims:
        rows.append([f"works, {trim}", *(works(data, trim) for data in datasets)])
    for name, label in _ROWS.items():
        for trim in trims:
            rows.append([f"{label}, {trim}", *(span(data, trim, name) for data in datasets)])
    rows.append(["trim", *(_trim(data) for data in datasets)])
    return columns(rows)


def works(data: xr.Dataset, trim: str) -> str:
    """In how many points a neuron works."""
    if trim not in data.trim.values:
        return "-"
    found = data.works.sel(trim=trim).values
    return f"{int(found.sum())} of {found.size}"


def span(data: xr.Dataset, trim: str, name: str) -> str:
    """Lowest to highest value of the points that work."""
    if trim not in data.trim.values:
        return "-"
    values = data[name.replace("-", "_")].sel(trim=trim).values
    values = values[np.isfinite(values)]
    if not values.size:
        return "-"
    unit = METRICS[name][0]
    return " to ".join(show(float(v), unit, 3) if unit else f"{v:.3g}" for v in (values.min(), values.max()))


def _trim(data: xr.Dataset) -> str:
    missing = data.attrs["trim_missing"]
    return f"{data.attrs['trim_aim']} ~ I^{data.attrs['trim_power']:.2f}" if missing == "nothing" else "none"
