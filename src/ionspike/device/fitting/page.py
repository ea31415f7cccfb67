"""The page of a fit: one HTML file with its figures inside."""

from __future__ import annotations

import base64
import math
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ionspike import files, plotting
from ionspike.device.fitting.simpler_laws import SimplerLaw, simpler_laws
from ionspike.device.fitting.uncertainty import Estimate, estimates, loss
from ionspike.units import show

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ionspike.device.fitting.fit import Fit
    from ionspike.device.uncertainty.intervals import Intervals

_LAGS = 400
_MOST_POINTS = 6000


def write_page(fit: Fit, path: str | Path, found: Intervals | None = None) -> Path:
    """Write the page of ``fit``: trace, residuals and their correlation, candidates, simpler laws, numbers with intervals, those of
    ``found`` if it is given.

    Raises:
        InputError: the file cannot be written.
    """
    return files.write_text(path, page(fit, found))


def page(fit: Fit, found: Intervals | None = None) -> str:
    """The page as HTML text."""
    from jinja2 import Environment

    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["quantity"] = lambda value, unit: (
        show(value, unit, 4) if unit and " " not in unit and math.isfinite(value) else f"{value:.4g}"
    )
    environment.filters["percent"] = lambda share: f"{100 * share:.3g} %"
    template = environment.from_string(
        (resources.files("ionspike.device.fitting") / "page.html.jinja").read_text("utf-8")
    )
    simple = simpler_laws(fit)
    rows = estimates(fit) if found is None else _rows(found)
    held = ~fit.fitted
    return template.render(
        fit=fit,
        title=fit.device.name,
        trace=_embedded(trace_figure(fit, simple)),
        residuals=_embedded(residual_figure(fit)),
        rows=rows,
        found=found,
        profiles=_embedded(found.plot()) if found is not None else "",
        unknown=[row for row in rows if row.why],
        loss=loss(fit) if fit.shape.drift else None,
        simple=[(law, _rms(fit, law.model, held)) for law in simple],
        held=held.any(),
        ahead=fit.residual(held) if held.any() else None,
        samples=len(fit.residuals),
        worth=fit.effective_samples,
    )


def _rows(found: Intervals) -> tuple[Estimate, ...]:
    """Parameters, and the products of those of which one is not identified."""
    known = {row.name: row.identifiable for row in found.rows}
    shown = [p for p in found.products if not all(known[name] for name in p.name.split(" x "))]
    return tuple(Estimate(r.name, r.unit, r.estimate, r.low, r.high, r.why) for r in (*found.rows, *shown))


def trace_figure(fit: Fit, simple: tuple[SimplerLaw, ...]) -> Figure:
    """The whole record, then one rise and one fall (of held-out samples where there are), with the law and own rise and fall."""
    record, swing = fit.record, fit.record.swing
    figure, axes = plotting.figure(1, 3, width=10.5, height=3.2)
    every = max(1, len(record.time) // _MOST_POINTS)
    axes[0].plot(record.time[::every], record.conductance[::every] / swing, ".", ms=1.5, color="0.6", label="record")
    axes[0].plot(record.time[::every], fit.model[::every] / swing, "-", lw=0.8, color=plotting.COLOURS[0], label="law")
    axes[0].set(xlabel="time (s)", ylabel="G over its swing", title="Record")
    plain = next(law for law in simple if law.name == "own rise and fall")
    on, off = fit.on_edges, fit.off_edges
    held = [k for k in range(len(on)) if not fit.fitted[min(np.searchsorted(record.time, on[k]), len(record.time) - 1)]]
    k = held[len(held) // 2] if held else len(on) // 2
    width = float(np.median(off[: len(on)] - on[: len(off)])) if len(off) else float(np.ptp(record.time))
    named = " (held out)" if held else ""
    for axis, moment, title in (
        (axes[1], on[k], "Rise"),
        (axes[2], off[min(k, len(off) - 1)] if len(off) else on[k], "Fall"),
    ):
        span = _reach(record.time, record.conductance, float(moment), width)
        near = (record.time > moment - 0.1 * span) & (record.time < moment + span)
        t = record.time[near] - moment
        axis.plot(t, record.conductance[near] / swing, ".", color="0.55", label="record")
        axis.plot(t, fit.model[near] / swing, "-", color=plotting.COLOURS[0], label="law")
        axis.plot(t, plain.model[near] / swing, "--", color=plotting.COLOURS[1], label=plain.name)
        axis.set(xlabel="time after the edge (s)", title=title + named)
    axes[1].legend()
    return figure


def _reach(time: Any, conductance: Any, moment: float, width: float) -> float:
    """Time (s) after an edge in which 95 % of its change happen, and half as much again."""
    after = (time > moment) & (time < moment + width)
    if after.sum() < 3:
        return width
    g = conductance[after]
    done = np.abs(g - g[0]) > 0.95 * np.abs(g[-1] - g[0])
    return min(1.5 * float(time[after][np.argmax(done)] - moment) + 5 * float(np.median(np.diff(time))), width)


def residual_figure(fit: Fit) -> Figure:
    """Residuals along the record and their autocorrelation, with the band of white noise."""
    figure, (left, right) = plotting.figure(1, 2, width=10.5, height=2.8)
    shown = 100 * (fit.model - fit.record.conductance) / fit.record.swing
    every = max(1, len(shown) // _MOST_POINTS)
    left.plot(fit.record.time[::every], shown[::every], "-", lw=0.6, color=plotting.COLOURS[0], label="all samples")
    held = ~fit.fitted
    if held.any():
        left.plot(
            fit.record.time[held][::every],
            shown[held][::every],
            ".",
            ms=1.5,
            color=plotting.COLOURS[1],
            label="held out",
        )
        left.legend()
    left.set(xlabel="time (s)", ylabel="law - record (% of swing)", title="Residuals")
    rho = fit.autocorrelation[:_LAGS]
    band = 1.96 / np.sqrt(len(fit.residuals))
    right.plot(rho, "-", color=plotting.COLOURS[0])
    right.axhspan(-band, band, color="0.85")
    right.set(xlabel="lag (samples)", ylabel="autocorrelation", title="Residuals, fitted samples; band: white noise")
    return figure


def _rms(fit: Fit, model: Any, mask: Any) -> float | None:
    if not mask.any():
        return None
    return float(np.sqrt(np.mean((model - fit.record.conductance)[mask] ** 2)) / fit.record.swing)


def _embedded(figure: Figure) -> str:
    return "data:image/png;base64," + base64.b64encode(plotting.png(figure)).decode()
