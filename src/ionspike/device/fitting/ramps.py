"""The long-term weight fitted to ramps of equal pulses, with volatile states where forward prediction asks for them."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ionspike.device.ecram import Ecram
from ionspike.device.fitting.card import with_intervals
from ionspike.device.fitting.fitted_ramps import FittedRamps
from ionspike.device.fitting.ramp_problem import PAUSE, WIDTH, RampProblem, RampShape
from ionspike.device.measured.ramps import RampRecord
from ionspike.device.uncertainty.noise import KINDS
from ionspike.errors import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ionspike.device.uncertainty.intervals import Intervals

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

_CLOSE = 0.05
_FITTED_SHARE = 0.6


@dataclass(frozen=True)
class RampCandidate:
    """A law that was tried: rms over the ramps it was fitted to and over those after them, as shares of the range."""

    shape: RampShape
    error: float
    forward: float


@dataclass(frozen=True, eq=False)
class RampFit:
    """A fitted device. ``model``: conductance (S) at every read; ``fitted``: which ramps were; ``error``: rms over their reads as a share
    of the range; ``v_up``, ``v_down``: the gate pulses (V) that the card stands for, of ``width`` and ``pause`` (s); ``problem``: what
    intervals are computed from."""

    device: Ecram
    shape: RampShape
    record: RampRecord
    model: tuple[Array, ...]
    fitted: Mask
    error: float
    starts: int
    agreeing: int
    v_up: float
    v_down: float
    problem: FittedRamps
    width: float = WIDTH
    pause: float = PAUSE
    candidates: tuple[RampCandidate, ...] = ()
    why: str = ""

    def residual(self, chosen: Mask | None = None, direction: int = 0) -> float:
        """rms error over the reads of the ``chosen`` ramps (all), of one direction if it is 1 or -1, as a share of the range."""
        keep = np.ones(len(self.model), bool) if chosen is None else chosen
        parts = [
            m - r
            for m, r, k, d in zip(self.model, self.record.ramps, keep, self.record.directions, strict=True)
            if k and direction in (0, d)
        ]
        low, high = self.record.range
        return float(np.sqrt(np.mean(np.concatenate(parts) ** 2)) / (high - low))

    def intervals(self, method: str = "covariance", level: float = 0.95, kinds: tuple[str, ...] = KINDS) -> Intervals:
        """Intervals by :func:`ionspike.device.uncertainty.intervals.intervals`, after a fit in the noise that the residuals show: reads
        of a ramp may be correlated, ramps may differ in their rates, and the value that a ramp starts from is one noisy read. The fit's
        values there are not those of :attr:`device`. Arguments and errors are that function's."""
        from ionspike.device.uncertainty.intervals import intervals

        return intervals(self.problem, self.problem.start, method, level, kinds)

    def card(self, found: Intervals | None = None) -> Ecram:
        """The device with the intervals of ``found`` (:meth:`intervals` by covariance if left out), as far as a number is identified
        and its interval holds its value; what is known only together with others says so. The values stay those of the least squares,
        which predict best."""
        found = self.intervals() if found is None else found
        made = with_intervals(self.device, {row.name: (row.low, row.high) for row in found if row.identifiable})
        origins = dict(made.origins)
        for row in found:
            if row.name in origins and origins[row.name].interval is None:
                why = (
                    f"{origins[row.name].why}; not told one by one: {row.why or 'its interval lies beside this value'}"
                )
                origins[row.name] = replace(origins[row.name], why=why)
        return replace(made, origins=MappingProxyType(origins))

    def page(self, path: str | Path, found: Intervals | None = None) -> Path:
        """Write one self-contained HTML page: ramps, steps, residuals, candidates, and the numbers with the intervals of ``found``
        (:meth:`intervals` by covariance if left out)."""
        from ionspike.device.fitting.ramp_page import write_ramp_page

        return write_ramp_page(self, path, self.intervals() if found is None else found)

    def plot(self) -> Figure:
        """Ramps with the law, the steps against the conductance before them, and what is left."""
        from ionspike.device.fitting.ramp_page import ramp_figure

        return ramp_figure(self)

    def _repr_png_(self) -> bytes:
        from ionspike.plotting import png

        return png(self.plot())

    def __str__(self) -> str:
        weight = self.device.weight
        lines = [
            f"{self.device.name}: {self.shape}",
            f"  step {weight.a:.3g} of the weight per pulse up, c = {weight.c:.3g}, d = {weight.d:.3g}",
            f"  error {100 * self.error:.3g} % of the range; {self.agreeing} of {self.starts} starts met this optimum",
        ]
        return "\n".join(lines + ([f"  {self.why}"] if self.why else []))


def fit_ramps(
    record: RampRecord,
    name: str = "fitted",
    shape: RampShape | None = None,
    fitted: Mask | None = None,
    starts: int = 4,
    seed: int = 1,
) -> RampFit:
    """Fit the weight, and volatile states where forward prediction asks for them, to ramps.

    Args:
        record: ramps in the order they were run.
        shape: the law's form; chosen by forward prediction (fitted to the first ramps, held against the later ones) if left out.
        fitted: which ramps to fit; the others are predicted. All, if left out.
        starts: starting points, the first from the data, the others spread about it (seeded).

    Raises:
        InputError: no ramp is to be fitted, or all go one way.
    """
    chosen = np.ones(len(record.ramps), bool) if fitted is None else np.asarray(fitted, bool)
    directions = {d for d, k in zip(record.directions, chosen, strict=True) if k}
    if directions != {1, -1}:
        raise InputError(
            f"{record.source}: the fitted ramps go {'one way' if directions else 'nowhere'}; expected both"
        )
    candidates: tuple[RampCandidate, ...] = ()
    why, begins = "", []
    if shape is None:
        shape, candidates, why, begins = _choose(record, chosen, seed)
    problem = RampProblem(record, shape)
    theta, error, agreeing = problem.search(chosen, starts, seed, begins)
    return RampFit(
        problem.device(theta, name),
        shape,
        record,
        problem.model(theta),
        chosen,
        error,
        starts,
        agreeing,
        *problem.levels(theta),
        FittedRamps(problem, theta, chosen, name),
        candidates=candidates,
        why=why,
    )


def _choose(
    record: RampRecord, chosen: Mask, seed: int
) -> tuple[RampShape, tuple[RampCandidate, ...], str, list[Array]]:
    """The simplest form whose error on later ramps is close to the best."""
    order = np.flatnonzero(chosen)
    used = order[: max(2, math.ceil(_FITTED_SHARE * len(order)))]
    first = np.isin(np.arange(len(chosen)), used)
    later = chosen & ~first
    if not later.any():
        later = first
    tried: list[tuple[RampCandidate, Array]] = []
    for shape in (
        RampShape(False),
        RampShape(),
        RampShape(True, (1,)),
        RampShape(True, (-1,)),
        RampShape(True, (1, -1)),
    ):
        problem = RampProblem(record, shape)
        near = [problem.from_other(c.shape, t) for c, t in tried[-3:] if set(c.shape.volatile) <= set(shape.volatile)]
        theta, error, _ = problem.search(first, 2, seed, near)
        tried.append((RampCandidate(shape, error, problem.error(theta, later)), theta))
    best = min(c.forward for c, _ in tried)
    close = [pair for pair in tried if pair[0].forward <= best * (1 + _CLOSE)]
    taken, theta = min(close, key=lambda pair: len(pair[0].shape.names))
    why = f"chosen by forward prediction among {len(tried)} laws: {taken.shape}, {100 * taken.forward:.3g} % of the range ahead"
    return taken.shape, tuple(c for c, _ in tried), why, [theta]
