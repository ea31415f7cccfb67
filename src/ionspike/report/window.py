"""The operating window: where a train facilitates, what a spike costs there, and what ends it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ionspike import plotting
from ionspike.device import Ecram
from ionspike.device.trains import Train

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

_WIDTH, _CHANNEL, _IDLE = 9e-9, 0.3, 0.15  # s and V: pulse, channel during it, mean membrane between pulses
_RATES, _TAUS = np.geomspace(0.1, 1e5, 49), np.geomspace(1e-4, 1e2, 31)
_BOX = {"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 0.8}  # behind text on a dark ground
_RESTS = (0.45, 0.6, 0.75)  # V, what a channel may rest at under a grounded gate

Data = Mapping[str, Mapping[str, "xr.Dataset"]]


def window_figure(data: Data, reference: Ecram) -> Figure:
    """Gain of the tenth pulse over rate and relaxation time, with its limits, and energy per spike over rate."""
    made, axes = plotting.figure(1, 2, width=9.4, height=3.7, width_ratios=[1.35, 1])
    _draw_gain(axes[0], data, reference)
    _draw_energy(axes[1], data)
    return made


def _draw_gain(axis: Any, data: Data, reference: Ecram) -> None:
    gains = np.array([[_gain(reference, tau, rate) for rate in _RATES] for tau in _TAUS])
    levels = [1.02, 1.2, 1.4, 1.6]
    shades = axis.contourf(_RATES, _TAUS, gains, levels=levels, cmap="Greys", alpha=0.4, extend="max")
    axis.contour(_RATES, _TAUS, gains, levels=[1.2], colors="black", linewidths=1.2)
    axis.set(xscale="log", yscale="log", xlabel="rate of the spikes (Hz)", ylabel="relaxation time (s)")
    axis.set_title("Gain of the tenth spike (line: 1.2)")
    for rest, style in zip(_RESTS, ("--", "-.", ":"), strict=True):
        removal = float(reference.fluxes(reference.overpotential(0.0, rest, rest))[1])
        if removal > 1 / _TAUS[-1]:
            axis.axhline(1 / removal, color=plotting.COLOURS[1], linestyle=style, linewidth=1.2)
            axis.text(
                0.13,
                0.8 / removal,
                f"longer: erased by a rest at {rest:g} V",
                fontsize=7.5,
                va="top",
                color=plotting.COLOURS[1],
                bbox=_BOX,
            )
    cell = data.get("cell-calibration", {}).get("waits")
    if cell is not None and "leak_A" in cell.attrs:
        slowest = cell.attrs["leak_A"] / (cell.attrs["membrane_F"] * cell.attrs["threshold_V"])
        axis.axvspan(
            _RATES[0], max(slowest, _RATES[0] * 1.02), hatch="//", facecolor="none", edgecolor="0.4", linewidth=0
        )
        axis.axvline(slowest, color="0.3", linewidth=1)
        axis.text(slowest * 1.1, 2e-4, "below: the\nmembrane leaks", fontsize=7.5)
    energy = data.get("energy-per-spike", {}).get("rates")
    if energy is not None:
        tau = reference.populations[0].tau
        axis.plot(
            energy["rate"], np.full(energy.sizes["aim"], tau), "o", color=plotting.COLOURS[0], label="measured neuron"
        )
        for rate, spent in zip(energy["rate"].values, energy["total_shared"].values, strict=True):
            axis.annotate(
                f"{spent * 1e12:.2f} pJ",
                (rate, tau),
                xytext=(0, 7),
                textcoords="offset points",
                bbox=_BOX,
                fontsize=7.5,
                ha="center",
            )
        axis.legend(loc="upper right")
    axis.set(xlim=(_RATES[0], _RATES[-1]), ylim=(_TAUS[0], _TAUS[-1]))
    axis.figure.colorbar(shades, ax=axis, label="charge, tenth over first", shrink=0.9)


def _gain(reference: Ecram, tau: float, rate: float) -> float:
    device = replace(reference, populations=tuple(replace(p, tau=tau) for p in reference.populations))
    return Train(device, _WIDTH, v_channel=_CHANNEL, v_idle=_IDLE).gain(10, rate)


def _draw_energy(axis: Any, data: Data) -> None:
    axis.set(xlabel="output rate (Hz)", ylabel="energy per output spike (pJ)", title="What a spike costs")
    energy = data.get("energy-per-spike", {}).get("rates")
    if energy is None:
        axis.text(0.5, 0.5, "not run", transform=axis.transAxes, ha="center")
        return
    series = {
        "dynamic": "dynamic",
        f"total, bias cell shared by {energy.attrs['shared_by']}": "total_shared",
        "total, bias cell of its own": "total_own",
    }
    for (label, name), marker in zip(series.items(), plotting.MARKERS, strict=False):
        axis.loglog(energy["rate"], energy[name] * 1e12, marker=marker, label=label)
    axis.axhline(2, color="0.4", linestyle=":", linewidth=1, label="the paper's 2 pJ")
    axis.legend()
