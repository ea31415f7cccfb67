"""The chain in one picture: what this run measured at each of its links."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ionspike import plotting

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

Data = Mapping[str, Mapping[str, "xr.Dataset"]]


def chain_figure(data: Data) -> Figure:
    """Five panels from left to right: device, law, circuit, cell, network."""
    made, axes = plotting.figure(1, 5, width=12.0, height=2.7)
    panels: list[tuple[str, str, str, Callable[[Any, xr.Dataset], None]]] = [
        ("device: record and fit", "compact-model", "fast", _device),
        ("circuit: one spike", "resistance-step", "spike", _spike),
        ("synapse: facilitation", "synaptic-facilitation", "trains", _trains),
        ("cell: next spike found", "cell-calibration", "conditions", _cell),
        ("network: a band", "frequency-selectivity", "band", _band),
    ]
    for k, (axis, (title, claim, name, draw)) in enumerate(zip(axes, panels, strict=True)):
        axis.set_title(("" if k == 0 else "→ ") + title)
        dataset = data.get(claim, {}).get(name)
        if dataset is None:
            axis.text(0.5, 0.5, "not run", transform=axis.transAxes, ha="center")
            axis.set(xticks=[], yticks=[])
        else:
            draw(axis, dataset)
    return made


def _device(axis: Any, d: xr.Dataset) -> None:
    g, t = d["conductance"].values, d["time"].values
    rise = np.flatnonzero((g[:-1] < g.max() / 2) & (g[1:] >= g.max() / 2))[3]
    shown = (t > t[rise] - 0.01) & (t < t[rise] + 0.13)
    axis.plot((t[shown] - t[rise]) * 1e3, g[shown] / g.max(), ".", color="0.55", label=str(d.attrs.get("source", "")))
    axis.plot((t[shown] - t[rise]) * 1e3, d["law"].values[shown] / g.max(), "-", label="law")
    axis.set(xlabel="time (ms)", ylabel="conductance")
    axis.legend()


def _spike(axis: Any, d: xr.Dataset) -> None:
    axis.plot(d["time"] * 1e9, d["spike"], label="spike (V)")
    axis.plot(d["time"] * 1e9, d["resistance"] / 1e4, label="ECRAM (10 kohm)")
    axis.set(xlabel="time (ns)", ylim=(None, 2.3))
    axis.legend(loc="upper right")


def _trains(axis: Any, d: xr.Dataset) -> None:
    for k, rate in enumerate(d["rate"].values):
        charge = d["held-on"].sel(rate=rate).values
        axis.plot(d["spike"], charge / charge[0], marker=plotting.MARKERS[k], label=f"{rate:g} Hz")
    axis.set(xlabel="spike", ylabel="charge over the first")
    axis.legend()


def _cell(axis: Any, d: xr.Dataset) -> None:
    axis.semilogx(d["rate"], d["same_pulse"], "o", label="cell")
    axis.semilogx(d["rate"], d["same_pulse_no_stp"], "x", label="without STP")
    axis.set(xlabel="input rate (Hz)", ylabel="on the same pulse (%)", ylim=(0, 104))
    axis.legend(loc="lower center")


def _band(axis: Any, d: xr.Dataset) -> None:
    seconds = d.attrs["seconds"]
    if "spice" in d:
        axis.semilogx(d["rate"], d["spice"] / seconds, marker="o", label="ngspice")
    axis.semilogx(d["rate"], d["network"] / seconds, "x", color="black", markersize=8, label="network")
    axis.set(xlabel="input rate (Hz)", ylabel="output rate (Hz)")
    axis.set_xticks([15, 60, 240], ["15", "60", "240"])
    axis.minorticks_off()
    axis.legend()
