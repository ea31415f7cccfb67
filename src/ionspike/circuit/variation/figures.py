"""Pictures of corners and of a Monte Carlo study."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ionspike import plotting
from ionspike.circuit.variation.trim import TRIMS

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

_SCALED = {
    "width": ("spike width (ns)", 1e9),
    "energy": ("energy per spike (pJ)", 1e12),
    "step": ("step per spike (kohm)", 1e-3),
    "threshold": ("threshold (V)", 1.0),
}
_ACROSS = ("width", "energy", "step")
_FILLS = ("white", plotting.COLOURS[0])  # untrimmed, trimmed
_APART, _WIDE = 0.19, 0.32  # of the distance between two temperatures: of two bars from their place, width of a bar


def draw_corners(data: xr.Dataset) -> Figure:
    """Width, energy and step (threshold where there is no ECRAM) against temperature, one row a quantity, one column a trim."""
    kept = _kept(data)
    made, axes = plotting.figure(len(kept), data.sizes["trim"], height=2.1 * len(kept) + 0.6, sharex=True)
    grid = np.reshape(axes, (len(kept), data.sizes["trim"]))
    temperatures = data.temperature.values
    middle = int(np.argmin(abs(data.supply.values - np.median(data.supply.values))))
    with plotting.look():
        for row, name in enumerate(kept):
            label, scale = _SCALED[name]
            for column, trim in enumerate(data.trim.values):
                axis = grid[row, column]
                for k, corner in enumerate(data.corner.values):
                    values = data[name].sel(trim=trim, corner=corner).values * scale
                    axis.plot(
                        temperatures,
                        values[:, middle],
                        color=plotting.COLOURS[k],
                        ls=plotting.STYLES[k],
                        marker=plotting.MARKERS[k],
                        label=str(corner),
                    )
                    axis.vlines(
                        temperatures + 0.8 * (k - 2), values.min(1), values.max(1), color=plotting.COLOURS[k], lw=1
                    )
                axis.set_xticks(temperatures)
                if name == "width":
                    axis.set_yscale("log")
                    plotting.plain_log_ticks(axis.yaxis)
                axis.set_ylim(*_limits(data[name].values * scale, name == "width"))
                if column == 0:
                    axis.set_ylabel(label)
                if row == 0:
                    axis.set_title(str(trim))
        for axis in grid[-1]:
            axis.set_xlabel("temperature (°C)")
        made.legend(
            *grid[0, 0].get_legend_handles_labels(),
            loc="outside upper center",
            ncols=5,
            title="bars: the range of the supplies",
        )
    return made


def draw_across(datasets: Sequence[xr.Dataset]) -> Figure:
    """Width, energy and step of several neurons, one a column: bars from lowest to highest over corners and supplies at each temperature,
    white untrimmed, dark after one trim step, the first corner at the middle supply as a dot; above them, in how many points each works."""
    made, axes = plotting.figure(len(_ACROSS), len(datasets), width=2.0 * len(datasets), height=7.0, sharey="row")
    grid = np.reshape(axes, (len(_ACROSS), len(datasets)))
    with plotting.look():
        for row, name in enumerate(_ACROSS):
            label, scale = _SCALED[name]
            for axis, data in zip(grid[row], datasets, strict=True):
                for k, trim in enumerate(data.trim.values):
                    _bars(axis, data.sel(trim=trim), name, scale, k)
                axis.set_xticks(range(data.sizes["temperature"]), [f"{t:g}" for t in data.temperature.values])
                axis.grid(axis="x", visible=False)
                axis.set_axisbelow(True)
                axis.set_xlim(-0.5, data.sizes["temperature"] - 0.5)
            if name != "step":
                grid[row, 0].set_yscale("log")
                plotting.plain_log_ticks(grid[row, 0].yaxis)
            values = np.concatenate([np.ravel(data[name].values) for data in datasets])
            grid[row, 0].set_ylim(*_limits(values * scale, name != "step"))
            grid[row, 0].set_ylabel(label)
        for axis, data in zip(grid[0], datasets, strict=True):
            axis.set_title(data.attrs["topology"], fontsize=8.5, pad=26)
            for k, trim in enumerate(data.trim.values):
                _counts(axis, data.sel(trim=trim), k)
        for axis in grid[-1]:
            axis.set_xlabel("temperature (°C)")
        made.legend(
            handles=_across_handles(),
            loc="outside upper center",
            ncols=3,
            title="dots: tt at 1.8 V; numbers: points that work, of 15",
        )
    return made


def _bars(axis: Axes, data: xr.Dataset, name: str, scale: float, k: int) -> None:
    """One bar a temperature, for trim ``k``."""
    middle = int(np.argmin(abs(data.supply.values - np.median(data.supply.values))))
    for place in range(data.sizes["temperature"]):
        values = data[name].isel(temperature=place).values * scale
        kept = values[np.isfinite(values)]
        if not kept.size:
            continue
        x = place + _APART * (2 * k - 1)
        axis.bar(x, np.ptp(kept), _WIDE, kept.min(), color=_FILLS[k], edgecolor="black", linewidth=0.9)
        typical = data[name].isel(corner=0, temperature=place, supply=middle).item() * scale
        axis.plot(x, typical, "o", ms=4, mfc=_FILLS[1 - k], mec="black", mew=0.8)


def _counts(axis: Axes, data: xr.Dataset, k: int) -> None:
    works = data.works.sum(("corner", "supply")).values
    for place, count in enumerate(works):
        axis.text(
            place + _APART * (2 * k - 1),
            1.02 + 0.08 * k,
            str(int(count)),
            transform=axis.get_xaxis_transform(),
            ha="center",
            fontsize=7.5,
            fontweight="bold" if k else "normal",
        )


def _across_handles() -> list[Patch]:
    from matplotlib.patches import Patch

    return [Patch(facecolor=fill, edgecolor="black", label=trim) for fill, trim in zip(_FILLS, TRIMS, strict=True)]


def draw_monte_carlo(data: xr.Dataset) -> Figure:
    """Histograms of width, energy, step and threshold over the chips, with the nominal value."""
    kept = [name for name in _SCALED if np.isfinite(data[name].values).any()]
    made, axes = plotting.figure(2, 2, height=5.0)
    flat = np.ravel(axes)
    with plotting.look():
        for axis, name in zip(flat, kept, strict=False):
            label, scale = _SCALED[name]
            bins = np.histogram_bin_edges(data[name].values[np.isfinite(data[name].values)] * scale, 30)
            for k, trim in enumerate(data.trim.values):
                values = data[name].sel(trim=trim).values * scale
                style = {"histtype": "stepfilled", "alpha": 0.35} if k else {"histtype": "step"}
                axis.hist(
                    values[np.isfinite(values)],
                    bins=bins.tolist(),
                    label=str(trim),
                    color=plotting.COLOURS[k],
                    lw=1.5,
                    **style,
                )
            nominal = data.attrs.get(f"nominal_{name}")
            if nominal is not None:
                axis.axvline(nominal * scale, color="black", ls=":", label="nominal")
            axis.set(xlabel=label, ylabel="chips")
        flat[0].legend()
        for axis in flat[len(kept) :]:
            axis.set_visible(False)
    return made


def _limits(values: np.ndarray, logarithmic: bool) -> tuple[float, float]:
    """The same axis for both trims, with room at its ends."""
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    if logarithmic:
        return low / 1.15, high * 1.15
    return low - 0.06 * (high - low), high + 0.06 * (high - low)


def _kept(data: xr.Dataset) -> list[str]:
    names = ["width", "energy", "step"]
    return [name if np.isfinite(data[name].values).any() else "threshold" for name in names]
