"""Intervals that allow for how little is known about the noise: an average over the noise that the residuals leave possible.

Forty pulses under noise of a tenth of the swing say little about their spread; the most likely one is often 0, and an interval that
takes it at its word is too narrow. Here the restricted likelihood of correlation and spread, with a flat prior on the standard deviation of
the pulses (Gelman 2006, 10.1214/06-BA117A) and on ln sigma, weighs the normal laws that every such noise would give a parameter: their
widths differ, and so do their centres, because another noise is another weighting of the samples. Sigma is averaged exactly, which makes each
of them a t law. A parameter known through the spread of few pulses thus gets the wide tails that so few degrees of freedom mean.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ionspike.device.uncertainty.noise import LARGEST_SPREAD, Noise, Products

Array = NDArray[np.float64]

_DEEP = 14.0  # -2 ln of the likelihood ratio from which on noise counts as impossible
_SPREADS, _CORRELATIONS = 24, 7
_FAR = 3.5  # standard deviations of the correlation, to either side
_FARTHEST = 1e3  # deviations within which an end of an interval is looked for


@dataclass(frozen=True)
class PossibleNoise:
    """``weights`` (k,), summing to 1, of ``rho``, ``ratio`` (variance of a pulse over that of a sample) and ``variance`` of a sample."""

    weights: Array
    rho: Array
    ratio: Array
    variance: Array

    def mean(self, noise: Noise) -> Noise:
        """``noise`` with its numbers replaced by their averages."""
        spread = self.weights @ np.sqrt(self.ratio * self.variance)
        return replace(
            noise,
            sigma=math.sqrt(self.weights @ self.variance),
            rho=float(self.weights @ self.rho),
            spread=float(spread),
        )


def possible_noise(products: Products, noise: Noise) -> PossibleNoise:
    """What else the noise may be, about the most likely one; a number that is 0 there because its kind was not asked for stays 0."""
    correlations = _correlations(products, noise) if noise.rho else np.zeros(1)
    shows = noise.spread > 0 and products.least_root < math.inf
    roots = _roots(products, noise) if shows else np.zeros(1)
    nodes = [(math.tanh(z), root * root) for z in correlations for root in roots]
    found = np.array([products.minus_two_log(*node) for node in nodes])
    rho, ratio = np.array(nodes).T
    # even steps of atanh rho are steps of rho that shrink as 1 - rho^2: a flat prior on rho
    weights = np.exp(-0.5 * (found[:, 0] - found[:, 0].min())) * (1 - rho * rho)
    return PossibleNoise(weights / weights.sum(), rho, ratio, found[:, 1])


def _correlations(products: Products, noise: Noise) -> Array:
    """Even steps of atanh rho about the most likely one."""
    ratio, centre, step = (noise.spread / noise.sigma) ** 2, math.atanh(noise.rho), 0.02

    def cost(z: float) -> float:
        return products.minus_two_log(math.tanh(z), ratio)[0]

    curvature = (cost(centre + step) - 2 * cost(centre) + cost(centre - step)) / step**2  # of -2 ln L
    deviation = math.sqrt(2 / max(curvature, 2.0))
    return centre + _FAR * deviation * np.linspace(-1, 1, _CORRELATIONS)


def _roots(products: Products, noise: Noise) -> Array:
    """Even steps of the spread over sigma, in the middle of as many intervals from one improbable spread to the other."""
    best = noise.spread / noise.sigma
    highest = max(LARGEST_SPREAD / noise.sigma, 2 * best)

    def cost(root: float) -> float:
        return products.minus_two_log(noise.rho, root * root)[0]

    limit = cost(best) + _DEEP
    top = max(2 * best, products.least_root)
    while top < highest and cost(top) < limit:
        top *= 1.5
    low = 0.0 if cost(0.0) < limit else _crossing(cost, limit, 0.0, best)
    high = _crossing(cost, limit, min(top, highest), best) if cost(min(top, highest)) > limit else highest
    return low + (high - low) * (np.arange(_SPREADS) + 0.5) / _SPREADS


def _crossing(cost, limit: float, outside: float, inside: float) -> float:
    for _ in range(8):
        middle = (outside + inside) / 2
        outside, inside = (middle, inside) if cost(middle) > limit else (outside, middle)
    return outside


def reach(products: Products, noise: Noise, possible: PossibleNoise, forms: Array, level: float) -> Array:
    """How many deviations lie between the estimate in ``noise`` and the ends of an interval of ``level``, for linear ``forms`` (q, p)
    of parameters that the samples see."""
    from scipy.special import stdtr

    centre, covariance = products.estimate(noise.rho, (noise.spread / noise.sigma) ** 2, noise.sigma**2)
    deviation = _deviations(forms, covariance)
    shifts, deviations = [], []
    for rho, ratio, variance in zip(possible.rho, possible.ratio, possible.variance, strict=True):
        there, covariance = products.estimate(rho, ratio, variance)
        shifts.append(forms @ (there - centre) / deviation)
        deviations.append(_deviations(forms, covariance) / deviation)
    shift, scale = np.array(shifts), np.array(deviations)
    freedom = products.samples - products.rank
    low, high = np.zeros(len(forms)), np.full(len(forms), _FARTHEST)
    for _ in range(50):
        middle = (low + high) / 2
        tails = stdtr(freedom, -(middle - shift) / scale) + stdtr(freedom, -(middle + shift) / scale)
        beyond = possible.weights @ tails > 1 - level
        low, high = np.where(beyond, middle, low), np.where(beyond, high, middle)
    return high


def _deviations(forms: Array, covariance: Array) -> Array:
    seen = np.where(np.isfinite(covariance), covariance, 0.0)
    return np.sqrt(np.einsum("qi,ij,qj->q", forms, seen, forms))
