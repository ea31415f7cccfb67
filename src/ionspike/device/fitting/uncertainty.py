"""How sure the numbers of a fit are, at first sight: the covariance, widened by what the residuals' correlation leaves of the samples.

Valid near the optimum, for noise that is as it is everywhere along the record.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ionspike.device.uncertainty.intervals import WIDEST, why_unidentified

if TYPE_CHECKING:
    from ionspike.device.fitting.fit import Fit

Array = NDArray[np.float64]

_NORMAL = 1.959963985  # 97.5 % quantile
_AT_BOUND = 1e-3  # of the range between the bounds
_SMALLEST = 1e-12  # of the largest singular value: directions below it the record does not tell


@dataclass(frozen=True)
class Estimate:
    """One number: ``value`` and its 95 % interval in ``unit``; ``why`` says what leaves it unidentified, empty if nothing."""

    name: str
    unit: str
    value: float
    low: float
    high: float
    why: str = ""


def covariance(fit: Fit) -> Array:
    """Covariance of the fitted numbers on their fitted scale, (p, p); infinite variances where the record tells nothing."""
    slopes = fit.problem.jacobian(fit.problem.start)
    size = np.linalg.norm(slopes, axis=0)
    seen = size > 0
    u = slopes[:, seen] / size[seen]
    _, singular, right = np.linalg.svd(u, full_matrices=False)
    inverse = np.where(singular > _SMALLEST * singular[0], 1 / np.maximum(singular, 1e-300) ** 2, 1e12)
    count, worth = len(fit.residuals), fit.effective_samples
    variance = np.sum(fit.residuals**2) / max(worth - len(size), 1.0) * (worth / count)
    out = np.diag(np.full(len(size), np.inf))
    own = (right.T * inverse) @ right * (variance * count / worth)
    out[np.ix_(seen, seen)] = own / np.outer(size[seen], size[seen])
    return out


def estimates(fit: Fit) -> tuple[Estimate, ...]:
    """Every fitted number, then the products of amplitude and rate whose factors are not known one by one."""
    view, spread = fit.problem, covariance(fit)
    rows = []
    for k, (name, scale, x) in enumerate(zip(view.names, view.scales, view.start, strict=True)):
        sd = math.sqrt(max(float(spread[k, k]), 0.0))
        near = min(x - view.low[k], view.high[k] - x) < _AT_BOUND * (view.high[k] - view.low[k])
        bounds = float(view.low[k]), float(view.high[k])
        low, high = x - _NORMAL * sd, x + _NORMAL * sd
        open_ends = low if low > bounds[0] else -math.inf, high if high < bounds[1] else math.inf
        why = "at its bound" if near else why_unidentified(*open_ends, scale, bounds)
        # no number is beyond its bounds
        ends = scale.value(max(low, bounds[0])), scale.value(min(high, bounds[1]))
        rows.append(Estimate(name, scale.unit, scale.value(float(x)), min(ends), max(ends), why))
    known = {row.name: not row.why for row in rows}
    place = {name: k for k, name in enumerate(view.names)}
    for first, second in view.products:
        if known[first] and known[second]:
            continue
        i, j = place[first], place[second]
        sd = math.sqrt(max(float(spread[i, i] + spread[j, j] + 2 * spread[i, j]), 0.0))
        if 2 * _NORMAL * sd > math.log(WIDEST):
            continue
        centre = rows[i].value * rows[j].value
        ends = centre * math.exp(-_NORMAL * sd), centre * math.exp(_NORMAL * sd)
        rows.append(
            Estimate(f"{first} x {second}", f"{rows[i].unit} {rows[j].unit}".strip(), centre, min(ends), max(ends))
        )
    return tuple(rows)


def loss(fit: Fit) -> Estimate:
    """Share of the response that is gone at the end of the last pulse, against the first: positive where the device fades. Per pulse,
    per coulomb and per second are one and the same along one record."""
    view, theta = fit.problem, fit.problem.start

    def lost(at: Array) -> float:
        responses = _responses(fit, at)
        return float(1 - responses[-1] / responses[0])

    slope = np.zeros(len(theta))
    for k, p in enumerate(view.problem.parameters):
        moved = theta.copy()
        moved[k] += p.step * (1 if theta[k] + p.step < view.high[k] else -1)
        slope[k] = (lost(moved) - lost(theta)) / (moved[k] - theta[k])
    spread = covariance(fit)
    told = np.isfinite(np.diag(spread)) & (slope != 0)
    sd = math.sqrt(max(float(slope[told] @ spread[np.ix_(told, told)] @ slope[told]), 0.0))
    value = lost(theta)
    return Estimate("loss over the record", "", value, value - _NORMAL * sd, value + _NORMAL * sd)


def _responses(fit: Fit, theta: Array) -> Array:
    """Conductance (S) over rest just before every falling edge of the first record."""
    problem = fit.problem.problem
    trace = problem.traces[0]
    values, amplitudes = fit.problem.split(theta)
    edges = trace.edges(values)
    ends = edges[~trace.steps.rising]
    return (problem.columns(values, trace, np.nextafter(ends, -np.inf)) @ amplitudes) - amplitudes[-1]
