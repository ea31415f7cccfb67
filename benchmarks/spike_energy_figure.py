"""The figure of ``python -m benchmarks.spike_energy``: total energy of a spike against facilitation, retention and rate, the best points marked."""

from __future__ import annotations

from typing import Any

import numpy as np

from ionspike.plotting import COLOURS, MARKERS, figure, look, png

GOALS = (("total", -1.0), ("facilitation", 1.0), ("retention", 1.0), ("rate", 1.0))  # less energy, more of the others
_SLACK = 0.01  # relative: less than a run's own error is no difference


def front(rows: list[dict[str, Any]]) -> set[int]:
    """Rows that no other beats: at least as good in every goal within a per cent, better in one by more than that."""
    values = np.array([[sign * row[name] for name, sign in GOALS] for row in rows])
    scale = np.abs(values) * _SLACK
    return {
        k
        for k, own in enumerate(values)
        if not any(
            np.all(other >= own - scale[k]) and np.any(other > own + scale[k])
            for j, other in enumerate(values)
            if j != k
        )
    }


def draw(rows: list[dict[str, Any]]) -> bytes:
    """Three panels as a PNG file."""
    made, axes = figure(1, 3, width=11.0, height=3.7, sharey=True)
    panels = (
        ("facilitation", 100.0, "second pulse over the first, %", "linear"),
        ("retention", 1e3, "half-life of 0.1 V on the membrane, ms", "log"),
        ("rate", 1.0, "output rate, Hz", "log"),
    )
    membranes = sorted({row["membrane"] for row in rows})
    with look():
        for panel, (name, unit, label, scale) in zip(axes, panels, strict=True):
            for k, membrane in enumerate(membranes):
                _points(panel, [r for r in rows if r["membrane"] == membrane], name, unit, k, membrane)
            panel.set(xlabel=label, xscale=scale, yscale="log")
        axes[0].set(ylabel="energy a spike, total, pJ", title="Filled: no point is better in all four")
        handles, labels = axes[0].get_legend_handles_labels()
        axes[2].legend(handles, labels, loc="upper right")
        axes[0].yaxis.set_major_formatter("{x:g}")
        axes[0].yaxis.set_minor_formatter("{x:g}")
    return png(made)


def _points(panel: Any, rows: list[dict[str, Any]], name: str, unit: float, k: int, membrane: float) -> None:
    for best in (False, True):
        chosen = [row for row in rows if row["best"] is best]
        face = COLOURS[k] if best else "none"
        label = f"{membrane * 1e12:g} pF" if best else None
        x = [row[name] * unit for row in chosen]
        y = [row["total"] * 1e12 for row in chosen]
        panel.plot(x, y, MARKERS[k], mec=COLOURS[k], mfc=face, ls="none", label=label)
    floors = [row["floor"] * 1e12 for row in rows]
    label = f"floor C Vth Vread, {membrane * 1e12:g} pF"
    panel.axhline(float(np.mean(floors)), color=COLOURS[k], ls=("-", "--", ":")[k], lw=1.0, label=label)
