"""The device law fitted to measured pulse responses."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ionspike.device.ecram import Ecram
from ionspike.device.fitting.candidates import Candidate, choose_shape
from ionspike.device.fitting.card import with_intervals
from ionspike.device.fitting.correlation import autocorrelation, effective_samples
from ionspike.device.fitting.fitted_traces import FittedTraces
from ionspike.device.fitting.parameters import DOSE
from ionspike.device.fitting.problem import TraceProblem
from ionspike.device.fitting.search import Optimum, search
from ionspike.device.fitting.shape import Shape
from ionspike.device.fitting.uncertainty import Estimate, estimates, loss
from ionspike.device.measured.records import PulseRecord
from ionspike.device.uncertainty.noise import KINDS
from ionspike.errors import InputError

if TYPE_CHECKING:
    from ionspike.device.uncertainty.intervals import Intervals
    from ionspike.device.waveforms.next_pulses import NextPulses

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

STARTS = 20


@dataclass(frozen=True, eq=False)
class Fit:
    """A fitted device.

    ``error``: rms over the fitted samples as a share of the swing; ``agreeing`` of ``starts`` met this optimum. ``models`` and
    ``masks``: the conductance (S) at every sample of each record, and which were fitted. ``candidates`` and ``why``: the laws among
    which the choice was made and its reason, empty if the law was given. ``problem``: what intervals are computed from.
    """

    device: Ecram
    shape: Shape
    records: tuple[PulseRecord, ...]
    models: tuple[Array, ...]
    masks: tuple[Mask, ...]
    error: float
    starts: int
    agreeing: int
    edges: tuple[Array, ...]
    rising: tuple[Mask, ...]
    problem: FittedTraces
    candidates: tuple[Candidate, ...] = ()
    why: str = ""

    @property
    def record(self) -> PulseRecord:
        """The first record."""
        return self.records[0]

    @property
    def model(self) -> Array:
        """The conductance (S) of the law at every sample of the first record."""
        return self.models[0]

    @property
    def fitted(self) -> Mask:
        """Which samples of the first record were fitted."""
        return self.masks[0]

    @property
    def on_edges(self) -> Array:
        """When the gate of the first record rises (s)."""
        return self.edges[0][self.rising[0]]

    @property
    def off_edges(self) -> Array:
        """When it falls (s)."""
        return self.edges[0][~self.rising[0]]

    @property
    def aging(self) -> tuple[float, float]:
        """Relative change of amplitude and of insertion rate per pulse, by what does not recover."""
        aging = self.device.aging
        if not self.shape.drift:
            return 0.0, 0.0
        return math.expm1(-DOSE * aging.wear_on_g), math.expm1(-DOSE * aging.wear_on_a)

    def residual(self, mask: Mask | None = None) -> float:
        """rms error over the samples of ``mask`` of the first record, all if left out, as a share of the swing."""
        chosen = slice(None) if mask is None else mask
        difference = (self.model - self.record.conductance)[chosen]
        return float(np.sqrt(np.mean(difference**2)) / self.record.swing)

    @property
    def residuals(self) -> Array:
        """Differences over the fitted samples of all records, as shares of the swing."""
        parts = [
            ((model - record.conductance) / record.swing)[mask]
            for model, record, mask in zip(self.models, self.records, self.masks, strict=True)
        ]
        return np.concatenate(parts)

    @cached_property
    def autocorrelation(self) -> Array:
        """Of the residuals, by lag in samples, from lag 0."""
        return autocorrelation(self.residuals)

    @property
    def effective_samples(self) -> float:
        """How many independent samples the residuals are worth."""
        return effective_samples(self.residuals)

    def estimates(self) -> tuple[Estimate, ...]:
        """Every fitted number with its 95 % interval: covariance, widened for correlated residuals."""
        return estimates(self)

    def loss(self) -> Estimate:
        """Share of the response that is gone from the first pulse to the last."""
        return loss(self)

    def intervals(self, method: str = "profile", level: float = 0.95, kinds: tuple[str, ...] = KINDS) -> Intervals:
        """Intervals by :func:`ionspike.device.uncertainty.intervals.intervals`, after a fit in the noise that the residuals show: its
        values are not those of :attr:`device` where the residuals are correlated. Arguments and errors are that function's."""
        from ionspike.device.uncertainty.intervals import intervals

        return intervals(self.problem, self.problem.start, method, level, kinds)

    def next_pulses(self, noise: float | None = None, trials: int = 500, seed: int = 1) -> NextPulses:
        """The waveform to measure next, by :func:`ionspike.device.waveforms.next_pulses.next_pulses`, for the fitted device with its
        records in hand; ``noise`` of a sample over the swing is the error of the fit, unless given."""
        from ionspike.device.waveforms.next_pulses import next_pulses
        from ionspike.device.waveforms.waveform_problem import Trace

        measured = [Trace.of(record) for record in self.records]
        return next_pulses(self.device, measured, noise or self.error, trials=trials, seed=seed)

    def card(self, found: Intervals | None = None) -> Ecram:
        """The device, with the interval of every fitted value that has a finite one: that of :meth:`estimates`, or values and
        intervals of ``found``, which :meth:`intervals` gave."""
        if found is None:
            return with_intervals(self.device, {row.name: (row.low, row.high) for row in self.estimates()})
        return with_intervals(found.device, {row.name: (row.low, row.high) for row in found if row.identifiable})

    def page(self, path: str | Path, found: Intervals | None = None) -> Path:
        """Write one self-contained HTML page: trace, residuals, candidates, simpler laws, numbers and what stays open; with ``found``,
        its intervals with their profiles in place of the quick ones."""
        from ionspike.device.fitting.page import write_page

        return write_page(self, path, found)

    def __str__(self) -> str:
        count = len(self.residuals)
        lines = [str(self.device), f"  law: {self.shape}"]
        lines.append(f"  error {100 * self.error:.3g} % of the swing over the fitted samples")
        lines.append(f"  {self.agreeing} of {self.starts} starts met this optimum")
        lines.append(f"  residuals: {count:,} samples, worth {self.effective_samples:,.0f} independent ones")
        return "\n".join(lines + ([f"  {self.why}"] if self.why else []))


def fit(
    record: PulseRecord | Sequence[PulseRecord],
    populations: int | None = None,
    cooperative: bool | None = None,
    name: str = "fitted",
    shape: Shape | None = None,
    fitted: Mask | Sequence[Mask] | None = None,
    starts: int = STARTS,
    clock: bool | None = None,
    seed: int = 1,
    fixed: Mapping[str, float] | None = None,
    bounds: Mapping[str, tuple[float, float]] | None = None,
) -> Fit:
    """Fit the law to one or more records of one device.

    Without ``shape``, the number of populations and their terms are chosen by forward prediction: see
    :func:`ionspike.device.fitting.candidates.choose_shape`.

    Args:
        record: traces under a gate that is constant between steps; each begins at rest.
        populations, cooperative: narrow the choice to this number, with or without the cooperative terms c and s.
        shape: the law's form; nothing is chosen then.
        fitted: samples to fit, a mask a record; the others are predicted. All, if left out.
        starts: starting points, the first from the data, the others spread about it (seeded).
        clock: take the edges from a fitted clock; otherwise from the gate, with their place inside the sampling gap fitted. By default
            a clock where the gate was inferred.
        fixed: values (SI) by name, such as ``{"population1.V_d": 0.2}``, that are kept. bounds: their two ends, by name.

    Raises:
        InputError: no gate pulse among the fitted samples, a name that the law does not have, a mask that does not fit its record.
    """
    records = (record,) if isinstance(record, PulseRecord) else tuple(record)
    masks = _masks(records, fitted)
    clocks = [r.inferred_gate if clock is None else clock for r in records]
    candidates: tuple[Candidate, ...] = ()
    why, near = "", ()
    if shape is None:
        choice = choose_shape(records, masks, clocks, populations, cooperative, seed, fixed, bounds)
        shape, candidates, why, near = choice.shape, choice.candidates, choice.why, (choice.values,)
    problem = TraceProblem(records, shape, masks, clocks, fixed, bounds)
    optimum = search(problem, starts, seed, near)
    return _finish(problem, optimum, name, candidates, why)


def _masks(records: tuple[PulseRecord, ...], fitted: Mask | Sequence[Mask] | None) -> list[Mask]:
    if fitted is None:
        return [np.ones(len(r.time), bool) for r in records]
    single = isinstance(fitted, np.ndarray) and fitted.ndim == 1
    masks = [np.asarray(m, bool) for m in ([fitted] if single else fitted)]
    if len(masks) != len(records):
        raise InputError(f"{len(masks)} masks of fitted samples for {len(records)} records; expected one each")
    return masks


def _finish(problem: TraceProblem, optimum: Optimum, name: str, candidates: tuple[Candidate, ...], why: str) -> Fit:
    values = problem.values(optimum.phi)
    view = FittedTraces(problem, optimum, name)
    traces = problem.traces
    return Fit(
        view.device(view.start),
        problem.shape,
        tuple(trace.record for trace in traces),
        tuple(problem.columns(values, trace, trace.record.time) @ optimum.amplitudes for trace in traces),
        tuple(trace.fitted for trace in traces),
        optimum.error,
        optimum.starts,
        optimum.agreeing,
        tuple(trace.edges(values) for trace in traces),
        tuple(trace.steps.rising for trace in traces),
        view,
        candidates,
        why,
    )
