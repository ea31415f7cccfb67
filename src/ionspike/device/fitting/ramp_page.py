"""The page of a fit of ramps: one HTML file with its figure inside."""

from __future__ import annotations

import base64
import math
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ionspike import files, plotting
from ionspike.units import show

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ionspike.device.fitting.ramps import RampFit
    from ionspike.device.uncertainty.intervals import Intervals

_SHOWN = 3  # ramps of each direction


def write_ramp_page(fit: RampFit, path: str | Path, found: Intervals) -> Path:
    """Write the page of ``fit``: ramps, steps, residuals, candidates, numbers with the intervals of ``found``.

    Raises:
        InputError: the file cannot be written.
    """
    from jinja2 import Environment

    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["quantity"] = lambda value, unit: (
        show(value, unit, 4) if unit and " " not in unit and math.isfinite(value) else f"{value:.4g}"
    )
    environment.filters["percent"] = lambda share: f"{100 * share:.3g} %"
    text = (resources.files("ionspike.device.fitting") / "ramp_page.html.jinja").read_text("utf-8")
    known = {row.name: row.identifiable for row in found.rows}
    products = [p for p in found.products if not all(known[name] for name in p.name.split(" x "))]
    page = environment.from_string(text).render(
        fit=fit,
        title=fit.device.name,
        figure=_embedded(ramp_figure(fit)),
        found=found,
        rows=[*found.rows, *products],
        profiles=_embedded(found.plot()),
        error_there=fit.problem.error(found.theta),
        held=fit.residual(~fit.fitted) if not fit.fitted.all() else None,
    )
    return files.write_text(path, page)


def ramp_figure(fit: RampFit) -> Figure:
    """Some ramps (held-out ones where there are) with the law, the steps against the conductance before them, and what is left."""
    with plotting.look():
        figure, (left, middle, right) = plotting.figure(1, 3, width=10.5, height=3.2)
        for name, direction in (("up", 1), ("down", -1)):
            colour = plotting.COLOURS[0 if direction > 0 else 1]
            line = "-" if direction > 0 else "--"
            own = [k for k, d in enumerate(fit.record.directions) if d == direction]
            held = [k for k in own if not fit.fitted[k]] or own
            for k in held[:: max(1, len(held) // _SHOWN)][:_SHOWN]:
                left.plot(
                    1e6 * fit.record.ramps[k],
                    ".",
                    ms=2,
                    color="0.6",
                    label="read" if k == held[0] and direction > 0 else None,
                )
                left.plot(1e6 * fit.model[k], line, color=colour, lw=1, label=f"law, {name}" if k == held[0] else None)
            before = np.concatenate([fit.record.ramps[k][:-1] for k in own])
            change = np.concatenate([np.diff(fit.record.ramps[k]) for k in own])
            middle.plot(1e6 * before, 1e6 * change, ".", ms=1, color="0.75", rasterized=True)
            k = held[len(held) // 2]
            middle.plot(1e6 * fit.model[k][:-1], 1e6 * np.diff(fit.model[k]), line, color=colour, label=f"law, {name}")
            low, high = fit.record.range
            for k in own:
                right.plot(
                    100 * (fit.model[k] - fit.record.ramps[k]) / (high - low),
                    line,
                    lw=0.4,
                    color=colour,
                    label=name if k == own[0] else None,
                )
        part = "held out" if not fit.fitted.all() else "some of them"
        left.set(xlabel="pulse of the ramp", ylabel="G (µS)", title=f"Ramps, {part} ({fit.record.data})")
        middle.set(xlabel="G before the pulse (µS)", ylabel="change of G (µS)", title="Steps")
        right.set(xlabel="pulse of the ramp", ylabel="law − read (% of the range)", title="Residuals, every ramp")
        for axis in (left, middle, right):
            axis.legend()
    return figure


def _embedded(figure: Figure) -> str:
    return "data:image/png;base64," + base64.b64encode(plotting.png(figure)).decode()
