"""The search for the best fit: many starts on thinned samples, the best few polished on all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ionspike.device.fitting.problem import TraceProblem

Array = NDArray[np.float64]

THINNED = 2000  # samples that a start sees
_POLISHED = 3
_AGREE = 0.01  # relative difference of the error below which two starts have met the same optimum
_EVALUATIONS = 150


@dataclass(frozen=True)
class Optimum:
    """``phi``: the numbers that were searched; ``amplitudes`` (S); ``error``: rms over the fitted samples as a share of the swing;
    ``agreeing`` of ``starts`` met it."""

    phi: Array
    amplitudes: Array
    error: float
    starts: int
    agreeing: int


class Samples:
    """Every ``stride``-th fitted sample of a problem's traces, as shares of each record's swing."""

    def __init__(self, problem: TraceProblem, stride: int = 1) -> None:
        self.problem = problem
        self.time = [trace.record.time[trace.fitted][::stride] for trace in problem.traces]
        self.weight = np.concatenate(
            [np.full(len(t), 1 / trace.record.swing) for t, trace in zip(self.time, problem.traces, strict=True)]
        )
        measured = [trace.record.conductance[trace.fitted][::stride] for trace in problem.traces]
        self.data = np.concatenate(measured) * self.weight

    def columns(self, phi: Array, only: int | None = None) -> Array:
        """Weighted columns of the linear part, (samples, populations + 1)."""
        values = self.problem.values(phi)
        parts = [
            self.problem.columns(values, trace, time, only=only)
            for trace, time in zip(self.problem.traces, self.time, strict=True)
        ]
        return np.concatenate(parts) * self.weight[:, None]

    def solve(self, columns: Array) -> tuple[Array, NDArray[np.bool_]]:
        """Amplitudes (S) within their bounds, and which of them are free."""
        low, high = self.problem.linear_low, self.problem.linear_high
        free = low < high
        left = self.data - columns[:, ~free] @ low[~free]
        # through an orthogonal factor: a handful of columns, tens of thousands of rows
        q, r = np.linalg.qr(columns[:, free])
        right = q.T @ left
        x = np.linalg.lstsq(r, right, rcond=1e-12)[0]
        if np.any(x < low[free]) or np.any(x > high[free]):
            from scipy.optimize import lsq_linear

            scale = self.problem.swing
            x = lsq_linear(r * scale, right, (low[free] / scale, high[free] / scale)).x * scale
        found = low.copy()
        found[free] = x
        inside = free.copy()
        inside[free] = (x > low[free] + 1e-9 * (high - low)[free]) & (x < high[free] - 1e-9 * (high - low)[free])
        return found, inside

    def residual(self, phi: Array) -> Array:
        """Differences as shares of the swing, the amplitudes solved for."""
        columns = self.columns(phi)
        return columns @ self.solve(columns)[0] - self.data

    def jacobian(self, phi: Array) -> Array:
        """Derivatives of :meth:`residual`, the amplitudes following along (Kaufman, BIT 15, 49 (1975), 10.1007/BF01932995)."""
        columns = self.columns(phi)
        amplitudes, free = self.solve(columns)
        out = np.empty((len(self.data), len(phi)))
        for j, p in enumerate(self.problem.parameters):
            moved = phi.copy()
            step = p.step if phi[j] + p.step <= p.high else -p.step
            moved[j] += step
            only = self.touched(p.name)
            change = self.columns(moved, only) - columns
            part = slice(None) if only is None else slice(only, only + 1)
            out[:, j] = change[:, part] @ amplitudes[part] / step
        q = np.linalg.qr(columns[:, free])[0]
        return out - q @ (q.T @ out)

    @staticmethod
    def touched(name: str) -> int | None:
        """The one population that a parameter moves, or all."""
        return int(name[len("population")]) - 1 if name.startswith("population") else None

    def minimise(self, phi: Array, evaluations: int = _EVALUATIONS) -> tuple[Array, float]:
        """The optimum near ``phi``, and its rms error."""
        from scipy.optimize import least_squares

        low = np.array([p.low for p in self.problem.parameters])
        high = np.array([p.high for p in self.problem.parameters])
        inset = 1e-9 * (high - low)
        begin = np.clip(phi, low + inset, high - inset)
        if not len(begin):
            return begin, float(np.sqrt(np.mean(self.residual(begin) ** 2)))
        done = least_squares(
            self.residual,
            begin,
            jac=self.jacobian,  # pyright: ignore[reportArgumentType]  # the stubs leave callables out
            bounds=(low, high),
            x_scale="jac",
            max_nfev=evaluations,
            ftol=1e-6,
            xtol=1e-7,
        )
        return done.x, float(np.sqrt(np.mean(done.fun**2)))


def search(
    problem: TraceProblem,
    starts: int,
    seed: int,
    near: Sequence[Mapping[str, float]] = (),
    thinned: int = THINNED,
    evaluations: int = _EVALUATIONS,
    polish: bool = True,
) -> Optimum:
    """The best of ``starts`` starts on ``thinned`` samples: the first from the data, then fits of other shapes (``near``, values by name),
    the others spread about the first (seeded). The best few optima are polished on all samples, unless told otherwise."""
    count = sum(int(trace.fitted.sum()) for trace in problem.traces)
    stride = _stride(problem, max(1, count // thinned))
    rough = Samples(problem, stride)
    rng = np.random.default_rng(seed)
    begins = [np.array([p.start for p in problem.parameters])]
    begins += [_at(problem, values) for values in near]
    while len(begins) < starts:
        begins.append(_spread(problem, rng))
    found = sorted((rough.minimise(begin, evaluations) for begin in begins[: max(starts, 1)]), key=lambda pair: pair[1])
    agreeing = sum(error < found[0][1] * (1 + _AGREE) for _, error in found)
    full = rough
    if stride > 1 and polish:
        full = Samples(problem)
        found = sorted((full.minimise(phi) for phi, _ in _distinct(found)[:_POLISHED]), key=lambda pair: pair[1])
    phi, error = found[0]
    amplitudes, _ = full.solve(full.columns(phi))
    return Optimum(phi, amplitudes, error, max(starts, 1), agreeing)


def _distinct(found: list[tuple[Array, float]]) -> list[tuple[Array, float]]:
    """One of every group of starts that met the same optimum, the best first."""
    kept = found[:1]
    for phi, error in found[1:]:
        if error > kept[-1][1] * (1 + _AGREE):
            kept.append((phi, error))
    return kept


def _stride(problem: TraceProblem, wanted: int) -> int:
    """A thinning that meets every phase of a period."""
    record = problem.traces[0].record
    period = round(problem.times.period / float(np.median(np.diff(record.time))))
    while wanted > 1 and np.gcd(wanted, max(period, 1)) != 1:
        wanted += 1
    return wanted


def _at(problem: TraceProblem, values: Mapping[str, float]) -> Array:
    theta = []
    for p in problem.parameters:
        value = values.get(p.name)
        usable = value is not None and np.isfinite(value) and (value > 0 or not p.scale.logarithmic)
        theta.append(p.scale.theta(float(value)) if usable else p.start)  # type: ignore[arg-type]
    return np.array(theta)


def _spread(problem: TraceProblem, rng: np.random.Generator) -> Array:
    drawn = [p.start + p.spread * rng.normal() for p in problem.parameters]
    return np.clip(drawn, [p.low for p in problem.parameters], [p.high for p in problem.parameters])
