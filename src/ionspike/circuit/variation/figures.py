"""Pictures of corners and of a Monte Carlo study."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ionspike import plotting

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

_SCALED = {
    "width": ("spike width (ns)", 1e9),
    "energy": ("energy per spike (pJ)", 1e12),
    "step": ("step per spike (kohm)", 1e-3),
    "threshold": ("threshold (V)", 1.0),
}


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
