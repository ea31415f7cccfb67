"""The figure of ``python -m benchmarks.rival``: behaviour, the three leaks, and how long a capacitor can remember."""

from __future__ import annotations

from typing import Any

from ionspike.plotting import COLOURS, MARKERS, STYLES, figure, look, png


def draw(found: dict[str, Any]) -> bytes:
    """Three panels as a PNG file."""
    made, (train, leaks, reach) = figure(1, 3, width=11.0, height=3.4)
    with look():
        _train(train, next(row for row in found["behaviour"] if row["tau"] == 10e-3))
        _leaks(leaks, [row for row in found["other_leaks"] if row["temperature"] == 27.0])
        _reach(reach, found["leakage"])
    return png(made)


def _train(axes: Any, row: dict[str, Any]) -> None:
    names = {
        "ecram": "ECRAM",
        "capacitor": "capacitor",
        "ecram_control": "ECRAM, volatile off",
        "capacitor_control": "no charge",
    }
    for k, (name, label) in enumerate(names.items()):
        gains = row[name]["gains"]
        axes.plot(range(1, len(gains) + 1), gains, color=COLOURS[k], ls=STYLES[k], marker=MARKERS[k], label=label)
    axes.set(xlabel="spike of a 1 kHz train", ylabel="charge over the first", title="Same behaviour, tau 10 ms")
    axes.legend()


def _leaks(axes: Any, rows: list[dict[str, Any]]) -> None:
    for k, row in enumerate(rows):
        axes.semilogy(row["times"], row["fall"], color=COLOURS[k], ls=STYLES[k], label=row["leak"])
    axes.set(xlabel="time, s", ylabel="part of 0.2 V left", ylim=(0.02, 1.3), title="Three leaks at 27 °C, for 1 s")
    axes.legend()


def _reach(axes: Any, rows: list[dict[str, Any]]) -> None:
    for k, compensated in enumerate((True, False)):
        chosen = [row for row in rows if row["compensated"] is compensated]
        label = "junctions balanced" if compensated else "not balanced"
        x, y = [r["temperature"] for r in chosen], [r["longest_tau"] for r in chosen]
        axes.semilogy(x, y, color=COLOURS[k], ls=STYLES[k], marker=MARKERS[k], label=label)
    axes.axhline(1.0, color="#8a8a8a", lw=0.8)
    axes.set(xlabel="temperature, °C", ylabel="longest time constant, s", title="What leakage allows, 0.2 pF")
    axes.legend()
