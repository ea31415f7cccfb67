"""What the residuals of a fit are made of: white noise, noise that is correlated from sample to sample, pulses that vary.

The covariance of the samples is ``sigma^2 R(rho) + spread^2 D D'``: R that of a first-order autoregressive process, ``rho^|i - j|``,
within every stretch of neighbouring samples; D the sensitivities of the model to the logarithmic factor of each pulse, whose standard
deviation is ``spread``. Both are estimated by restricted likelihood (REML; Patterson and Thompson 1971, 10.1093/biomet/58.3.545)
about the fitted curve, which counts the parameters of the fit among what the data had to pay for. R has a tridiagonal inverse, so the
likelihood needs three matrices of inner products, once, and no sample after that.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ionspike.device.uncertainty.problem import Problem, Restarted, jacobian, pulse_sensitivities, shifts

Array = NDArray[np.float64]

KINDS = ("white", "autocorrelated", "pulses", "both")
_COST = {
    "rho": 3.84,
    "spread": 2.71,
}  # 95 % points of -2 ln of the likelihood ratio; a spread lies on its boundary without need
_LARGEST_RHO = 0.9999
LARGEST_SPREAD = 1.0
_REMOTE = 20.0  # in ln ratio, to either side of a spread that just shows
_LEAST_PULSES = 5  # fewer say nothing about their spread
_RANK = 1e-8  # of the largest singular value: directions of the model that the samples do not see


@dataclass(frozen=True)
class Noise:
    """``kind``: what is significant; ``sigma``: standard deviation of a sample over the swing; ``rho``: correlation of neighbours;
    ``spread``: standard deviation of the logarithmic factor of a pulse; ``evidence``: -2 ln of the restricted likelihood of every kind of
    noise that was compared; ``varying``: what has a factor each."""

    kind: str
    sigma: float
    rho: float = 0.0
    spread: float = 0.0
    evidence: tuple[tuple[str, float], ...] = ()
    varying: str = "pulses"

    def __str__(self) -> str:
        parts = [f"sample {100 * self.sigma:.3g} % of the swing"]
        if self.kind in ("autocorrelated", "both"):
            parts.append(f"neighbouring samples correlated {self.rho:.3f}")
        if self.kind in ("pulses", "both"):
            parts.append(f"{self.varying} vary by {100 * self.spread:.2g} %")
        return f"{self.varying if self.kind == 'pulses' else self.kind} noise: {', '.join(parts)}"


def neighbours(samples: Array, breaks: tuple[int, ...]) -> Array:
    """The sum of the two neighbours of each sample within its stretch, along the first axis."""
    out = np.zeros_like(samples)
    linked = samples[1:].copy()
    linked[np.asarray(breaks[1:], int) - 1] = 0.0
    out[:-1] += linked
    linked = samples[:-1].copy()
    linked[np.asarray(breaks[1:], int) - 1] = 0.0
    out[1:] += linked
    return out


def inner_products(left: Array, beside: Array, right: Array, breaks: tuple[int, ...]) -> tuple[Array, Array, Array]:
    """What ``left' R^-1 right`` is made of for any rho; ``beside`` are the :func:`neighbours` of ``left``."""
    firsts = np.asarray(breaks)
    lasts = np.append(firsts[1:], len(left)) - 1
    equal = left.T @ right
    return equal, beside.T @ right, equal - left[firsts].T @ right[firsts] - left[lasts].T @ right[lasts]


def at_correlation(parts: tuple[Array, Array, Array], rho: float) -> Array:
    """``left' R^-1 right`` at one rho: R^-1 is ``1 + rho^2`` on its diagonal (1 at the ends), ``-rho`` beside it, over ``1 - rho^2``."""
    equal, beside, inner = parts
    return (equal + rho * rho * inner - rho * beside) / (1 - rho * rho)


class Products:
    """Inner products of residual, derivatives and pulse sensitivities at a fit, from which every likelihood here follows.

    Args:
        problem, theta: the fit.
    """

    def __init__(self, problem: Problem, theta: Array) -> None:
        self.parameters = len(theta)
        self.varying = "ramps" if isinstance(problem, Restarted) else "pulses"
        # where a stretch begins is a number that was fitted as well, though no one asks for it
        self.shifts = shifts(problem, theta)
        self.derivatives = np.column_stack([jacobian(problem, theta), self.shifts])
        scale = np.linalg.norm(self.derivatives, axis=0)
        self.scale = np.where(scale > 0, scale, 1.0)
        left, singular, self.right = np.linalg.svd(self.derivatives / self.scale, full_matrices=False)
        self.seen = singular > _RANK * max(float(singular[0]), 1e-300)
        self.singular = singular
        self.sensitivities = pulse_sensitivities(problem, theta) if problem.pulses else np.zeros((len(problem.data), 0))
        self.residual = problem.data - problem.model(theta)
        self.samples, self.rank = len(problem.data), int(self.seen.sum())
        self.pulses = self.sensitivities.shape[1]
        self.stretches = len(problem.breaks)
        table = np.column_stack([self.sensitivities, left[:, self.seen], self.residual])
        self.parts = inner_products(table, neighbours(table, problem.breaks), table, problem.breaks)

    def reduced(self, rho: float, ratio: float) -> tuple[Array, float]:
        """``X' V^-1 X`` of derivatives and residual and ``ln |V|`` for ``V = R + ratio D D'``."""
        gram, k = at_correlation(self.parts, rho), self.pulses
        log_det = (self.samples - self.stretches) * math.log1p(-rho * rho)
        if not k or ratio <= 0:
            return gram[k:, k:], log_det
        root = math.sqrt(ratio)
        core = np.linalg.cholesky(np.eye(k) + ratio * gram[:k, :k])
        half = np.linalg.solve(core, root * gram[:k, k:])
        return gram[k:, k:] - half.T @ half, log_det + 2 * float(np.log(np.diag(core)).sum())

    def minus_two_log(self, rho: float, ratio: float, variance: float | None = None) -> tuple[float, float]:
        """-2 ln of the restricted likelihood up to a constant, and the variance, its best one if none is given."""
        gram, log_det = self.reduced(rho, ratio)
        root = np.linalg.cholesky(gram[:-1, :-1])
        half = np.linalg.solve(root, gram[:-1, -1])
        left = max(float(gram[-1, -1] - half @ half), 1e-300)
        free = self.samples - self.rank
        best = left / free if variance is None else variance
        log_det += 2 * float(np.log(np.diag(root)).sum())
        return free * math.log(best) + left / best + log_det, best

    @property
    def least_root(self) -> float:
        """The spread over sigma at which pulses begin to show beside white noise."""
        largest = float(np.max(np.diag(self.parts[0])[: self.pulses], initial=0.0))
        return 1 / math.sqrt(largest) if largest > 0 else math.inf

    def covariance(self, rho: float, ratio: float, variance: float) -> Array:
        """Of the parameters, (p, p): infinite where the samples see nothing."""
        return self.estimate(rho, ratio, variance)[1]

    def estimate(self, rho: float, ratio: float, variance: float) -> tuple[Array, Array]:
        """How far the best parameters in this noise lie from the fit, were the model linear there, (p,), and their covariance."""
        gram, _ = self.reduced(rho, ratio)
        # derivatives = left singular right, so theta = right' singular^-1 (what left sees)
        back = (self.right[self.seen].T / self.singular[self.seen] / self.scale[:, None])[: self.parameters]
        solved = np.linalg.solve(gram[:-1, :-1], np.column_stack([back.T, gram[:-1, -1]]))
        step, seen = back @ solved[:, -1], variance * back @ solved[:, :-1]
        if self.seen.all():
            return step, seen
        blind = (np.abs(self.right[~self.seen, : self.parameters]) > 1e-4).any(axis=0)
        seen[blind, blind] = np.inf
        return step, seen


def choose_noise(products: Products, kinds: tuple[str, ...] = KINDS) -> Noise:
    """The noise of a fit, its kind the simplest that likelihood ratios at the 5 % level leave.

    The numbers are those of the richest of ``kinds``, significant or not: a spread of pulses that the noise hides still widens an
    interval, and one that is not there comes out near 0.

    Args:
        products: of the fit.
        kinds: among which to choose; one name decides.
    """
    able = products.pulses >= _LEAST_PULSES
    tried = [kind for kind in KINDS if kind in kinds and (able or kind in ("white", "autocorrelated"))] or ["white"]
    found: dict[str, tuple[float, float, float, float]] = {}
    for one in tried:
        found[one] = _estimate(products, one, found)
    kind = min(tried, key=lambda k: found[k][0] + _cost(k))
    _, rho, ratio, variance = found[tried[-1]]
    evidence = tuple((k, found[k][0]) for k in tried)
    return Noise(kind, math.sqrt(variance), rho, math.sqrt(ratio * variance), evidence, products.varying)


def _cost(kind: str) -> float:
    return _COST["rho"] * (kind in ("autocorrelated", "both")) + _COST["spread"] * (kind in ("pulses", "both"))


def _estimate(
    products: Products, kind: str, simpler: Mapping[str, tuple[float, float, float, float]]
) -> tuple[float, float, float, float]:
    """-2 ln likelihood, rho, ratio and variance of one kind of noise; those of ``simpler`` kinds say where to start."""
    from scipy.optimize import minimize, minimize_scalar

    # from where the strongest pulse would not be seen to where its variance is beyond 1e9 times that of the samples
    visible = 2 * math.log(products.least_root) if products.least_root < math.inf else 0.0
    narrowest, widest = visible - _REMOTE, visible + _REMOTE
    largest = math.atanh(_LARGEST_RHO)

    def cost(where: Array) -> float:
        return products.minus_two_log(math.tanh(where[0]), math.exp(where[1]) if where[1] > narrowest else 0.0)[0]

    if kind == "white":
        rho, ratio = 0.0, 0.0
    elif kind == "autocorrelated":
        done = minimize_scalar(lambda z: cost(np.array([z, -np.inf])), bounds=(-2.0, largest), method="bounded")
        rho, ratio = math.tanh(float(done.x)), 0.0  # type: ignore[attr-defined]
    elif kind == "pulses":
        tried = np.linspace(
            narrowest, widest, 24
        )  # far from its minimum the curve is flat, and no search finds the way
        least = tried[int(np.argmin([cost(np.array([0.0, u])) for u in tried]))]
        step = float(tried[1] - tried[0])
        done = minimize_scalar(
            lambda u: cost(np.array([0.0, u])), bounds=(least - step, min(least + step, widest)), method="bounded"
        )
        rho, ratio = 0.0, math.exp(float(done.x))  # type: ignore[attr-defined]
    else:
        rho = (simpler.get("autocorrelated") or _estimate(products, "autocorrelated", {}))[1]
        ratio = (simpler.get("pulses") or _estimate(products, "pulses", {}))[2]
        begin = [math.atanh(rho), min(max(math.log(max(ratio, 1e-300)), narrowest + 1), widest)]
        done = minimize(
            cost, begin, method="Nelder-Mead", bounds=[(-2.0, largest), (narrowest, widest)],
            options={"xatol": 3e-3, "fatol": 3e-3, "initial_simplex": [begin, [begin[0] - 0.2, begin[1]], [begin[0], begin[1] - 1]]},
        )  # fmt: skip
        rho, ratio = math.tanh(float(done.x[0])), math.exp(float(done.x[1]))
    value, variance = products.minus_two_log(rho, ratio)
    return value, rho, ratio, variance
