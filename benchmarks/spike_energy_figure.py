"""The figure of ``python -m benchmarks.spike_energy``: total energy of a spike against facilitation, retention and rate, the best points marked."""

from __future__ import annotations

from typing import Any

import numpy as np

from ionspike.plotting import COLOURS, MARKERS, figure, look, png

GOALS = (
    ("total", -1.0),
    ("facilitation", 1.0),
    ("retention", 1.0),
)  # less energy, more of the others, at each rate of the input
_SLACK = 0.01  # relative: less than a run's own error is no difference


def front(rows: list[dict[str, Any]]) -> set[int]:
    """Rows that no other at the same input rate beats: no worse in any goal within a per cent, and better in one by more than that."""
    values = np.array([[sign * row[name] for name, sign in GOALS] for row in rows])
    slack = np.abs(values) * _SLACK
    rates = np.array([row["input_rate"] for row in rows])
    beaten = [
        bool(np.any(np.all(values >= own - margin, axis=1) & np.any(values > own + margin, axis=1) & (rates == rate)))
        for own, margin, rate in zip(values, slack, rates, strict=True)
    ]
    return {k for k, lost in enumerate(beaten) if not lost}


def draw(rows: list[dict[str, Any]]) -> bytes:
    """Three panels as a PNG file."""
    from matplotlib.ticker import NullFormatter

    made, axes = figure(1, 3, width=11.0, height=4.0, sharey=True)
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
        axes[0].set(ylabel="energy a spike, total, pJ", title="Filled: not beaten at its input rate")
        axes[0].set_yticks((0.02, 0.05, 0.1, 0.2, 0.5, 1, 2))
        axes[0].yaxis.set_major_formatter("{x:g}")
        axes[1].set_xticks((100, 200, 500))
        axes[1].xaxis.set_major_formatter("{x:g}")
        for axis in (axes[0].yaxis, axes[1].xaxis):
            axis.set_minor_formatter(NullFormatter())
        made.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=len(membranes))
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
