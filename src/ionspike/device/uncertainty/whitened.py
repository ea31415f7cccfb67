"""A fit problem seen through its noise: residuals that are independent and of unit variance, for ordinary least squares."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ionspike.device.uncertainty.noise import Noise
from ionspike.device.uncertainty.problem import Problem, jacobian

Array = NDArray[np.float64]


class Whitened:
    """Residuals and derivatives multiplied by the inverse root of ``sigma^2 R(rho) + spread^2 D D'``.

    Args:
        problem: data and model.
        noise: what the residuals are made of.
        sensitivities: D, (n, pulses), needed where pulses vary.
        shifts: (n, stretches), what the samples may be moved by at no cost.
    """

    def __init__(self, problem: Problem, noise: Noise, sensitivities: Array, shifts: Array | None = None) -> None:
        self.problem, self.noise = problem, noise
        self.firsts = np.asarray(problem.breaks)
        self.left = self.shrink = self.free = None
        if noise.spread:
            # in the whitened samples the pulses add spread^2 L S^2 L' / sigma^2 to the unit matrix: its root is known from L and S
            left, singular, _ = np.linalg.svd(
                self._uncorrelated(sensitivities) * (noise.spread / noise.sigma), full_matrices=False
            )
            used = singular > 1e-6
            self.left, self.shrink = left[:, used], 1 - 1 / np.sqrt(1 + singular[used] ** 2)
        if shifts is not None and shifts.shape[1]:
            self.free = np.linalg.qr(self.whiten(shifts))[0]

    def _uncorrelated(self, samples: Array) -> Array:
        rho = self.noise.rho
        if not rho:
            return samples
        out = samples.copy()
        out[1:] -= rho * samples[:-1]
        out /= math.sqrt(1 - rho * rho)
        out[self.firsts] = samples[self.firsts]
        return out

    def whiten(self, samples: Array) -> Array:
        """Samples (n,) or columns of them (n, k) in units of independent noise."""
        out = self._uncorrelated(samples)
        if self.left is not None and self.shrink is not None:
            seen = self.left.T @ out
            out = out - self.left @ (seen * self.shrink if seen.ndim == 1 else seen * self.shrink[:, None])
        if self.free is not None:
            out = out - self.free @ (self.free.T @ out)
        return out / self.noise.sigma

    def residual(self, theta: Array) -> Array:
        """Model less data, whitened, (n,)."""
        return self.whiten(self.problem.model(theta) - self.problem.data)

    def jacobian(self, theta: Array) -> Array:
        """Its derivatives, (n, p)."""
        return self.whiten(jacobian(self.problem, theta))

    def cost(self, theta: Array) -> float:
        """Sum of squares: -2 ln of the likelihood up to a constant."""
        r = self.residual(theta)
        return float(r @ r)

    def solve(self, theta: Array, tolerance: float = 1e-7) -> tuple[Array, float]:
        """The parameters of least cost near ``theta``, within the bounds, and that cost."""
        return self.solve_along(theta, np.eye(len(theta)), tolerance)

    def solve_along(self, theta: Array, basis: Array, tolerance: float = 1e-7) -> tuple[Array, float]:
        """Least cost over ``theta + basis @ u``, ``basis`` (p, q): each row has at most one entry that is not 0."""
        from scipy.optimize import least_squares

        low, high = self._room(theta, basis)
        done = least_squares(
            lambda u: self.residual(theta + basis @ u),
            np.zeros(basis.shape[1]),
            jac=lambda u: self.jacobian(theta + basis @ u) @ basis,  # type: ignore[arg-type]
            bounds=(low, high),
            x_scale="jac",
            ftol=tolerance,
            xtol=tolerance,
            gtol=1e-10,
            max_nfev=100,
        )
        return theta + basis @ done.x, 2 * float(done.cost)

    def _room(self, theta: Array, basis: Array) -> tuple[Array, Array]:
        """Bounds of u, from those of the parameters."""
        low, high = np.full(basis.shape[1], -np.inf), np.full(basis.shape[1], np.inf)
        for k, j in zip(*np.nonzero(basis), strict=True):
            ends = sorted(
                ((self.problem.low[k] - theta[k]) / basis[k, j], (self.problem.high[k] - theta[k]) / basis[k, j])
            )
            low[j], high[j] = max(low[j], ends[0]), min(high[j], ends[1])
        # a start on a bound is a hair outside it after rounding
        return np.minimum(low, -1e-12), np.maximum(high, 1e-12)
