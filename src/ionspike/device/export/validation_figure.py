"""The figure of a validation: the law as a line, the simulators as marks upon it, bench by bench."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.signal import find_peaks

from ionspike.device.export.validate import Difference, Validation
from ionspike.plotting import COLOURS, MARKERS, figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLUMNS = 3
_MARKS = 14  # of each simulator
_LONG = 100.0  # a run so many times longer than its first change is drawn over the logarithm of time
_PEAK = 0.05  # of the largest change
_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "us"), (1e-9, "ns"))


def validation_figure(found: Validation) -> Figure:
    """Conductance over time in every bench that was compared. Raises nothing; without a bench the figure says so."""
    benches = dict.fromkeys(item.bench for item in found.differences if not item.reason)
    rows = max(1, -(-len(benches) // _COLUMNS))
    made, axes = figure(rows, _COLUMNS, width=9.0, height=2.4 * rows + 0.4, squeeze=False)
    for axis, bench in zip(axes.flat, benches, strict=False):
        _bench(axis, bench, [item for item in found.differences if item.bench == bench])
    for axis in axes.flat[len(benches) :]:
        axis.set_visible(False)
    if benches:
        axes.flat[0].legend()
    made.suptitle(f"{found.device}: the law and its exports" + ("" if benches else ", nothing compared"))
    return made


def _bench(axis: Axes, bench: str, items: list[Difference]) -> None:
    law = items[0].law
    assert law is not None
    moving = law.time[np.abs(law.conductance - law.conductance[0]) > 0.01 * np.ptp(law.conductance)]
    moved = np.abs(law.conductance - law.conductance[0])
    single = len(find_peaks(moved, prominence=_PEAK * float(np.ptp(moved)))[0]) <= 1
    long = single and len(moving) > 0 and law.time[-1] > _LONG * moving[0]
    first = float(moving[0]) / 3 if long else 0.0
    scale, unit = next(((s, u) for s, u in _UNITS if law.time[-1] >= s), _UNITS[-1])
    axis.plot(law.time / scale, law.conductance * 1e6, color=COLOURS[-1], label="law", linewidth=2.2)
    for k, item in enumerate(items):
        seen = item.seen
        assert seen is not None
        at = np.geomspace(first, law.time[-1], _MARKS) if long else np.linspace(0, law.time[-1], _MARKS)
        # the marks of the simulators take turns
        here = np.searchsorted(seen.time, at[k :: len(items)]).clip(0, len(seen.time) - 1)
        axis.plot(
            seen.time[here] / scale,
            seen.conductance[here] * 1e6,
            MARKERS[k],
            color=COLOURS[k],
            fillstyle="none" if k else "full",
            label=item.engine,
        )
    if long:
        axis.set_xscale("log")
        axis.set_xlim(first / scale, law.time[-1] / scale)
    axis.set(title=bench, xlabel=f"time ({unit})", ylabel="G (uS)")
