"""Profile likelihood: how much worse the best fit becomes as one number is moved away from its estimate.

The interval is where the profile stays below a threshold (Venzon and Moolgavkar 1988, 10.2307/2347496). A number that the data cannot
fix has a flat profile, which reaches a bound of the parameter before it reaches the threshold (Raue et al. 2009,
10.1093/bioinformatics/btp358): no matrix has to be inverted to see that.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ionspike.device.uncertainty.whitened import Whitened

Array = NDArray[np.float64]

_TRIES = 20
_CLOSE = 0.02  # of the root of the threshold: from there on the profile is a straight line
_BETTER = 0.02  # -2 ln L by which another optimum must win to count
_FARTHER = 4.0
_STEEP = 3.0  # roots that many times the threshold's lie beyond a cliff
_CLIFF = 1e-3  # of the range of the parameter: the end of an interval is known well enough


@dataclass(frozen=True)
class Profile:
    """``at`` (m,), ascending, values of the linear form on the fitted scale, and ``rise`` (m,) of -2 ln L above its least; ``low`` and
    ``high`` where it passes ``threshold``, infinite where it does not before a bound."""

    at: Array
    rise: Array
    threshold: float
    low: float
    high: float


class BetterOptimum(Exception):
    """A point of a profile fits better than the estimate."""

    def __init__(self, theta: Array) -> None:
        super().__init__()
        self.theta = theta


def profile(white: Whitened, theta: Array, cost: float, form: Array, covariance: Array, threshold: float) -> Profile:
    """The profile of ``form @ theta``, one parameter or the sum of two.

    Args:
        white: the problem in independent noise.
        theta, cost: the optimum and its -2 ln L.
        form: (p,) of zeros and one or two ones.
        covariance: (p, p), for the first step; entries may be infinite.
        threshold: rise of -2 ln L at the ends of the interval.

    Raises:
        BetterOptimum: ``theta`` was not the optimum.
    """
    walk = _Walk(white, theta, cost, form, covariance, math.sqrt(threshold))
    points = [(float(form @ theta), 0.0)]
    ends = []
    for sign in (-1.0, 1.0):
        end, seen = walk.side(sign)
        ends.append(end)
        points += seen
    points.sort()
    at, roots = np.array(points).T
    return Profile(at, roots**2, threshold, ends[0], ends[1])


class _Walk:
    """Steps away from the optimum, each from the point before."""

    def __init__(
        self, white: Whitened, theta: Array, cost: float, form: Array, covariance: Array, target: float
    ) -> None:
        self.white, self.theta, self.cost, self.form, self.target = white, theta, cost, form, target
        members = np.flatnonzero(form)
        self.last = int(members[-1])
        self.basis = np.delete(np.eye(len(theta)), self.last, axis=1)
        for k in members[:-1]:  # what one gains the last one loses: their sum stays
            self.basis[self.last, k if k < self.last else k - 1] = -1.0
        self.low = float(form @ white.problem.low)
        self.high = float(form @ white.problem.high)
        finite = bool(np.isfinite(np.diag(covariance)[members]).all())
        covariance = np.where(np.isfinite(covariance), covariance, 0.0)
        variance = float(form @ covariance @ form) if finite else math.inf
        room = self.high - self.low
        self.first = min(target * math.sqrt(variance), room / 8) if variance > 0 else room / 8
        self.along = covariance @ form / variance if finite and variance > 0 else np.eye(len(theta))[self.last]

    def side(self, sign: float) -> tuple[float, list[tuple[float, float]]]:
        """Where the profile passes the threshold on one side, infinite if it does not, and the points on the way."""
        centre, bound = float(self.form @ self.theta), self.high if sign > 0 else self.low
        below, above = (centre, 0.0), None
        at, seen, here = centre + sign * self.first, [], self.theta
        for _ in range(_TRIES):
            at = min(at, bound) if sign > 0 else max(at, bound)
            found, root = self._point(here, at)
            seen.append((at, root))
            if abs(root - self.target) < _CLOSE * self.target:
                return centre + (at - centre) * self.target / root, seen
            if root > self.target:
                above = (at, root)
            else:
                below, here = (at, root), found
                if at == bound:
                    return sign * math.inf, seen
            if above is None:
                reach = self.target / root if root > 0 else _FARTHER
                at = centre + (at - centre) * min(max(1.05 * reach, 1.2), _FARTHER)
            else:
                if abs(above[0] - below[0]) < _CLIFF * (self.high - self.low):
                    break
                # a cliff is halved; elsewhere the root is close to a straight line
                share = (self.target - below[1]) / (above[1] - below[1]) if above[1] < _STEEP * self.target else 0.5
                at = below[0] + min(max(share, 0.1), 0.9) * (above[0] - below[0])
        return (sign * math.inf if above is None else above[0]), seen

    def _point(self, near: Array, at: float) -> tuple[Array, float]:
        """The best fit with the form held at ``at``, and the root of its rise."""
        problem = self.white.problem
        begin = near + (at - float(self.form @ near)) * self.along
        if np.any(begin < problem.low) or np.any(begin > problem.high):
            begin = near.copy()
            begin[self.last] += at - float(self.form @ near)
        found, cost = self.white.solve_along(begin, self.basis, tolerance=1e-5)
        if cost < self.cost - _BETTER:
            raise BetterOptimum(np.clip(found, problem.low, problem.high))
        return found, math.sqrt(max(cost - self.cost, 0.0))
