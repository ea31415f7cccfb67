"""The posterior of a fit, sampled: what intervals become when the likelihood is no parabola and the noise itself is uncertain.

Nested sampling with dynesty (Speagle 2020, 10.1093/mnras/staa278; extra ``posterior``). The likelihood is that of
:mod:`ionspike.device.uncertainty.noise`, of the kind that the residuals chose, with its numbers sampled beside the parameters. Priors are flat on the
fitted scale within the bounds of the problem, and flat in ln sigma, in rho and in the spread of the pulses.

What the sampler is told to be the prior is a density with heavy tails along the axes of the covariance of the fit, and what it is told to
be the likelihood is likelihood times prior over that density: the product, the posterior, is the same, and far fewer points are spent on
the way to it (Chen, Hobson, Das and Gelderblom 2019, 10.1007/s11222-018-9841-3).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ionspike.device.uncertainty.intervals import Interval, Intervals, combined_scale, linear_forms, why_unidentified
from ionspike.device.uncertainty.noise import Noise, at_correlation, inner_products, neighbours
from ionspike.device.uncertainty.problem import Problem, Restarted, pulse_sensitivities
from ionspike.errors import InputError, RunError

Array = NDArray[np.float64]

_HEAVY = 4.0  # degrees of freedom of Student's t along every axis
_WIDER = 1.3  # than the covariance of the fit
_NONE = -1e300
_EDGE = 0.01  # of the range of a parameter: an interval that ends there is open


@dataclass(frozen=True)
class Posterior:
    """``samples`` (m, p + noise) of equal weight, on the fitted scale, ln sigma and, where present, rho and spread last; ``intervals``
    of equal tails; ``evidence``: ln Z and its error; ``evaluations`` of the likelihood."""

    samples: Array
    intervals: Intervals
    evidence: tuple[float, float]
    evaluations: int


def sample_posterior(
    problem: Problem, found: Intervals, seed: int = 1, live: int = 200, level: float = 0.95
) -> Posterior:
    """Sample the posterior about a fit.

    Args:
        problem, found: the fit and its intervals, which give the kind of noise and where to look.
        seed: of the sampler.
        live: live points; more are finer and slower.
        level: of the intervals.

    Raises:
        InputError: a fit of ramps, each of which begins at a value of its own that would have to be sampled as well.
        RunError: dynesty is not installed.
    """
    if isinstance(problem, Restarted):
        raise InputError(
            "a posterior of ramps is not to be had; expected a fit of pulse records, or intervals by profile"
        )
    try:
        import dynesty
    except ImportError as error:
        raise RunError("a posterior needs dynesty: pip install 'ionspike[posterior]'") from error
    target = _Target(problem, found)
    nested: Any = dynesty.NestedSampler
    sampler = nested(
        target.log_likelihood,
        target.from_cube,
        target.size,
        nlive=live,
        bound="single",
        sample="auto",  # uniform below ten dimensions, random walks from there on, where uniform draws take several times as long
        rstate=np.random.default_rng(seed),
    )
    sampler.run_nested(print_progress=False, dlogz=0.1)
    results: Any = sampler.results
    samples = target.inside(results.samples_equal(rstate=np.random.default_rng(seed + 1)))
    made = _intervals(problem, found, samples, level)
    return Posterior(samples, made, (float(results.logz[-1]), float(results.logzerr[-1])), int(np.sum(results.ncall)))


class _Target:
    """Prior and likelihood in the coordinates of the sampler: one along each axis of the covariance, then the noise."""

    def __init__(self, problem: Problem, found: Intervals) -> None:
        self.problem, self.noise = problem, found.noise
        self.count, self.samples = len(problem.names), len(problem.data)
        self.breaks = problem.breaks
        self.axes = _axes(problem, found)
        self._noise_axes()
        self.centre = np.concatenate([found.theta, self.noise_centre])
        self.size = len(self.centre)
        if self.noise.spread:
            self.sensitivities = pulse_sensitivities(problem, found.theta)
            self.beside = neighbours(self.sensitivities, self.breaks)
            self.core = inner_products(self.sensitivities, self.beside, self.sensitivities, self.breaks)

    def _noise_axes(self) -> None:
        noise = self.noise
        seen = self.samples * (1 - abs(noise.rho)) / (1 + abs(noise.rho))
        centre, scale = [math.log(noise.sigma)], [1 / math.sqrt(2 * seen)]
        if noise.rho:
            centre.append(noise.rho)
            scale.append(math.sqrt((1 - noise.rho**2) / self.samples))
        if noise.spread:
            centre.append(noise.spread)
            scale.append(noise.spread * max(2 / math.sqrt(self.problem.pulses), 0.15))
        self.noise_centre, self.noise_scale = np.array(centre), np.array(scale)

    def from_cube(self, cube: Array) -> Array:
        """A point whose coordinates are distributed as Student's t."""
        from scipy.special import stdtrit

        return stdtrit(_HEAVY, cube)

    def inside(self, point: Array) -> Array:
        """Parameters and noise at points (..., p + noise)."""
        at = self.centre + point * _WIDER * np.concatenate([np.ones(self.count), self.noise_scale])
        at[..., : self.count] = self.centre[: self.count] + _WIDER * point[..., : self.count] @ self.axes.T
        return at

    def log_likelihood(self, point: Array) -> float:
        """Of likelihood times prior over the density of the sampler; nothing outside the bounds."""
        at = self.inside(point)
        theta = at[: self.count]
        if np.any(theta < self.problem.low) or np.any(theta > self.problem.high):
            return _NONE
        variance = math.exp(2 * at[self.count])
        rho = float(at[self.count + 1]) if self.noise.rho else 0.0
        ratio = float(at[-1]) ** 2 / variance if self.noise.spread else 0.0
        if not -1 < rho < 1 or (self.noise.spread and not 0 < at[-1] < 1):
            return _NONE
        residual = self.problem.data - self.problem.model(theta)
        parts = inner_products(residual, neighbours(residual, self.breaks), residual, self.breaks)
        left = float(at_correlation(parts, rho))
        log_det = (self.samples - len(self.breaks)) * math.log1p(-rho * rho)
        if ratio > 0:
            seen = at_correlation(inner_products(self.sensitivities, self.beside, residual, self.breaks), rho)
            core = np.linalg.cholesky(np.eye(len(seen)) + ratio * at_correlation(self.core, rho))
            half = np.linalg.solve(core, math.sqrt(ratio) * seen)
            left -= float(half @ half)
            log_det += 2 * float(np.log(np.diag(core)).sum())
        density = -(_HEAVY + 1) / 2 * float(np.log1p(point * point / _HEAVY).sum())
        return -0.5 * (self.samples * math.log(variance) + log_det + left / variance) - density


def _axes(problem: Problem, found: Intervals) -> Array:
    """A root of the covariance, (p, p); a direction that the data leave open has the range of its parameter."""
    room = (problem.high - problem.low) / 4
    variances = np.diag(found.covariance)
    scale = np.sqrt(np.where(np.isfinite(variances), np.minimum(variances, room**2), room**2))
    inner = np.where(np.isfinite(found.covariance), found.covariance, 0.0) / np.outer(scale, scale)
    inner[np.diag_indices(len(scale))] = 1.0
    values, vectors = np.linalg.eigh(inner)
    return scale[:, None] * vectors * np.sqrt(np.maximum(values, 1e-9))


def _intervals(problem: Problem, found: Intervals, samples: Array, level: float) -> Intervals:
    forms, names = linear_forms(problem)
    count = len(problem.names)
    made = []
    for name, form in zip(names, forms, strict=True):
        drawn = samples[:, :count] @ form
        low, middle, high = (float(q) for q in np.quantile(drawn, [0.5 - level / 2, 0.5, 0.5 + level / 2]))
        scale = combined_scale([problem.scales[k] for k in np.flatnonzero(form)])
        bounds = float(form @ problem.low), float(form @ problem.high)
        edge = _EDGE * (bounds[1] - bounds[0])
        low = -math.inf if low < bounds[0] + edge else low
        high = math.inf if high > bounds[1] - edge else high
        ends = sorted((scale.value(low), scale.value(high))) if scale.logarithmic else (low, high)
        why = why_unidentified(low, high, scale, bounds)
        deviation = float(drawn.std())
        reach = (high - low) / (2 * deviation)
        made.append(Interval(name, scale.unit, scale.value(middle), ends[0], ends[1], deviation, reach, scale, why))
    theta = np.median(samples[:, :count], axis=0)
    covariance = np.asarray(np.cov(samples[:, :count], rowvar=False), float)
    noise = _noise(found.noise, np.median(samples[:, count:], axis=0))
    return Intervals(
        tuple(made[:count]), tuple(made[count:]), noise, "posterior", level, theta, covariance, problem.device(theta)
    )


def _noise(kind: Noise, middle: Array) -> Noise:
    return Noise(
        kind.kind,
        math.exp(middle[0]),
        float(middle[1]) if kind.rho else 0.0,
        float(middle[-1]) if kind.spread else 0.0,
        kind.evidence,
    )
