"""The page of a characterization: nine panels, one line a topology."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ionspike import plotting

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def draw(datasets: Sequence[xr.Dataset]) -> Figure:
    """Rate against current and input rate, threshold, latency, energy, width and refractory time, facilitation, excitability, supply."""
    made, axes = plotting.figure(3, 3, width=11.0, height=9.5)
    panels: list[Callable[[Axes, xr.Dataset, dict[str, Any]], None]] = [
        _rate_of_current,
        _rate_of_input,
        _threshold,
        _energy,
        _latency,
        _width,
        _facilitation,
        _excitability,
        _supply,
    ]
    with plotting.look():
        for axis, panel in zip(np.ravel(axes), panels, strict=True):
            for k, data in enumerate(datasets):
                panel(axis, data, _style(k, data))
        _label(np.ravel(axes))
        np.ravel(axes)[0].legend(fontsize=7.5)
    return made


def _style(k: int, data: xr.Dataset) -> dict[str, Any]:
    k %= len(plotting.COLOURS)
    return {
        "color": plotting.COLOURS[k],
        "ls": plotting.STYLES[k],
        "marker": plotting.MARKERS[k],
        "label": data.attrs["topology"],
    }


def _rate_of_current(axis: Axes, data: xr.Dataset, style: dict[str, Any]) -> None:
    seen = data.rate_at_current.values > 0
    axis.loglog(data.input_current.values[seen], data.rate_at_current.values[seen], **style)


def _rate_of_input(axis: Axes, data: xr.Dataset, style: dict[str, Any]) -> None:
    seen = data.output_rate.values > 0
    axis.loglog(data.input_rate.values[seen], data.output_rate.values[seen], **style)


def _threshold(axis: Axes, data: xr.Dataset, style: dict[str, Any]) -> None:
    axis.semilogx(data.input_rate.values, data.threshold.values, **style)


def _energy(axis: Axes, data: xr.Dataset, style: dict[str, Any]) -> None:
    axis.loglog(data.output_rate.values, data.energy_shared.values * 1e12, **style)
    bad = ~data.energy_reliable.values
    axis.loglog(data.output_rate.values[bad], data.energy_shared.values[bad] * 1e12, "x", color="black", ms=9)


def _latency(axis: Axes, data: xr.Dataset, style: dict[str, Any]) -> None:
    axis.loglog(data.input_rate.values, data.latency.values * 1e6, **style)


def _width(axis: Axes, data: xr.Dataset, style: dict[str, Any]) -> None:
    axis.loglog(data.delay_bias.values * 1e9, data.width.values * 1e9, **style)
    axis.loglog(
        data.delay_bias.values * 1e9, data.refractory.values * 1e9, color=style["color"], ls=style["ls"], lw=0.7
    )


def _facilitation(axis: Axes, data: xr.Dataset, style: dict[str, Any]) -> None:
    axis.semilogx(data.train_rate.values, data.facilitation.sel(volatile="on").values, **style)
    axis.semilogx(data.train_rate.values, data.facilitation.sel(volatile="off").values, color="#aaaaaa", lw=0.9, ls="-")


def _excitability(axis: Axes, data: xr.Dataset, style: dict[str, Any]) -> None:
    axis.semilogx(data.drive_rate.values, 100 * data.excitability.sel(volatile="on").values, **style)
    off = 100 * data.excitability.sel(volatile="off").values
    axis.semilogx(data.drive_rate.values, off, color="#aaaaaa", lw=0.9, ls="-")


def _supply(axis: Axes, data: xr.Dataset, style: dict[str, Any]) -> None:
    works = data.supply_works.values
    axis.plot(data.supply.values[works], data.energy_at_supply.values[works] * 1e12, **style)


def _label(axes: np.ndarray) -> None:
    texts = [
        ("rate against current", "input current (A)", "output rate (Hz)"),
        ("rate against input", "input rate (Hz)", "output rate (Hz)"),
        ("threshold", "input rate (Hz)", "membrane at the spike (V)"),
        ("energy, bias shared by 64 (x: unreliable)", "output rate (Hz)", "energy per spike (pJ)"),
        ("latency", "input rate (Hz)", "last input to spike (µs)"),
        ("width (thin: refractory time)", "delay current (nA)", "time (ns)"),
        ("facilitation (grey: control)", "spike rate (Hz)", "10th charge / first"),
        ("excitability (grey: control)", "input rate (Hz)", "change of interval (%)"),
        ("where it works", "supply (V)", "energy per spike (pJ)"),
    ]
    for axis, (title, x, y) in zip(axes, texts, strict=True):
        axis.set(title=title, xlabel=x, ylabel=y)
        for one in (axis.xaxis, axis.yaxis):
            if one.get_scale() == "log":
                plotting.plain_log_ticks(one)
