"""The picture of :class:`~ionspike.device.uncertainty.intervals.Intervals`: one profile a parameter."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np

from ionspike.device.uncertainty.intervals import Interval, Intervals
from ionspike.plotting import COLOURS, figure, look, plain_log_ticks

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COLUMNS = 3
_TOP = 2.2  # of the threshold: what is above says no more
_WIDE = math.log(4.0)  # axes that span more than this are logarithmic
_FARTHEST = math.log(
    1e3
)  # to either side of a logarithmic estimate; a parabola that is still below its threshold there is drawn as flat


def profile_figure(found: Intervals) -> Figure:
    """Rise of -2 ln L over each parameter, the threshold of the interval, and the interval; flat where the data do not tell."""
    rows = [*found.rows, *(p for p in found.products if not all(found[n].identifiable for n in p.name.split(" x ")))]
    lines = -(-len(rows) // _COLUMNS)
    made, axes = figure(lines, _COLUMNS, height=1.9 * lines + 0.4, squeeze=False)
    with look():
        for ax, row in zip(axes.ravel(), rows, strict=False):
            _panel(ax, row)
        for ax in axes.ravel()[len(rows) :]:
            ax.set_axis_off()
        for ax in axes[:, 0]:
            ax.set_ylabel("rise of −2 ln L")
        title = f"{100 * found.level:g} % intervals by {found.method}, {found.noise}"
        made.suptitle("\n".join(textwrap.wrap(title, 88)), fontsize=9)
    return made


def _panel(ax: Any, row: Interval) -> None:
    from matplotlib.ticker import EngFormatter, MaxNLocator, NullFormatter

    theta, rise, threshold = _curve(row)
    value = np.array([row.scale.value(x) for x in theta]) * row.scale.sign ** int(row.scale.logarithmic)
    ax.plot(value, rise, color=COLOURS[0] if row.identifiable else COLOURS[1], linestyle="-")
    ax.axhline(threshold, color=COLOURS[5], linestyle="--", linewidth=1)
    ends = [abs(row.low), abs(row.high)] if row.scale.logarithmic else [row.low, row.high]
    low, high = (v if math.isfinite(v) and v != 0 else None for v in sorted(ends))
    ax.axvspan(
        value.min() if low is None else low,
        value.max() if high is None else high,
        color="#d9e2ec",
        zorder=0,
        linewidth=0,
    )
    ax.set_ylim(-0.05 * _TOP * threshold, _TOP * threshold)  # a flat profile shows above the axis
    if row.scale.logarithmic and np.ptp(theta) > _WIDE:
        ax.set_xscale("log")
    name = row.name.replace("population", "pop. ")
    ax.set_title(name if row.identifiable else f"{name}\nnot identified", fontsize=8.5)
    sign = "−" if row.scale.logarithmic and row.scale.sign < 0 else ""
    ax.set_xlabel(f"{sign}value ({row.unit})" if row.unit else f"{sign}value", fontsize=8)
    if ax.get_xscale() == "linear":
        ax.xaxis.set_major_locator(MaxNLocator(4))
    else:
        plain_log_ticks(ax.xaxis)
    ax.xaxis.set_major_formatter(EngFormatter(sep="\N{THIN SPACE}"))
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.tick_params(labelsize=7.5)


def _curve(row: Interval) -> tuple[np.ndarray, np.ndarray, float]:
    """The profile, joined by the parabola that it is close to between its points; the parabola alone for a covariance."""
    from scipy.interpolate import PchipInterpolator

    if row.profile is None:
        threshold = row.reach**2
        shown = 3 * row.deviation if math.isfinite(row.deviation) else 3.0
        x = np.linspace(-1, 1, 31) * (min(shown, _FARTHEST) if row.scale.logarithmic else shown)
        return row.scale.theta(row.estimate) + x, (x / row.deviation) ** 2, threshold
    found = row.profile
    at, first = np.unique(found.at, return_index=True)
    least = int(np.argmin(found.rise[first]))
    roots = np.sqrt(found.rise[first]) * np.where(np.arange(len(at)) < least, -1, 1)
    fine = np.unique(np.concatenate([at, np.linspace(at[0], at[-1], 41)]))
    return fine, PchipInterpolator(at, roots)(fine) ** 2, found.threshold
