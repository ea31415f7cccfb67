"""One look for every figure: legible in black and white, with units on every axis."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# dark to light, so that the order survives a black-and-white print; line styles and markers tell the rest
COLOURS = ("#1b3a5c", "#c8553d", "#4f8a8b", "#b08d2f", "#7a6a92", "#8a8a8a")
STYLES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1)))
MARKERS = ("o", "s", "^", "D", "v", "x")


@contextmanager
def look() -> Iterator[None]:
    """Matplotlib settings of the package, inside a ``with``."""
    import matplotlib as mpl
    from cycler import cycler

    settings: Any = {
        "font.family": "DejaVu Sans",
        "font.size": 9.5,
        "axes.titlesize": 10,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.color": "#e3e3e3",
        "grid.linewidth": 0.6,
        "legend.frameon": False,
        "legend.fontsize": 8.5,
        "lines.linewidth": 1.6,
        "lines.markersize": 5,
        "axes.prop_cycle": cycler(color=COLOURS, linestyle=list(STYLES)),
        "figure.constrained_layout.use": True,
        "svg.fonttype": "none",
    }
    with mpl.rc_context(settings):
        yield


def figure(
    rows: int = 1, columns: int = 1, width: float = 7.2, height: float = 3.0, **options: Any
) -> tuple[Figure, Any]:
    """A figure of ``rows`` x ``columns`` axes, ``width`` and ``height`` in inches; axes as ``Figure.subplots`` gives them."""
    from matplotlib.figure import Figure

    with look():
        made = Figure(figsize=(width, height), dpi=150)
        return made, made.subplots(rows, columns, **options)


def png(made: Figure) -> bytes:
    """The figure as a PNG file."""
    stream = io.BytesIO()
    with look():
        made.savefig(stream, format="png", dpi=150, metadata={"Software": "ionspike"})
    return stream.getvalue()


def from_zero(axis: Any) -> None:
    """Ordinates from 0 to a tenth above what is drawn, so that no mark lies on the edge."""
    axis.set_ylim(0.0, 1.1 * axis.dataLim.ymax)


def plain_log_ticks(axis: Any) -> None:
    """Ticks at 1, 2, 5 on a logarithmic axis (``axes.xaxis``) that spans few decades: there are no powers of ten to label."""
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    low, high = axis.get_view_interval()
    axis.set_minor_formatter(NullFormatter())
    if high / low < 40:
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axis.set_major_formatter(StrMethodFormatter("{x:g}"))
