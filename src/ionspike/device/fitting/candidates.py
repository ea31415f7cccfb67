"""Which law does a record ask for? The one that predicts what comes next.

Every candidate is fitted to the first part of the pulses and predicts the rest. The simplest law whose forward error is close to the
best is taken: an error over the samples that were fitted, even one that pays for parameters, takes the largest law wherever residuals
are correlated.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ionspike.device.fitting.correlation import effective_samples
from ionspike.device.fitting.problem import TraceProblem
from ionspike.device.fitting.search import Samples, search
from ionspike.device.fitting.shape import Shape
from ionspike.device.measured.records import PulseRecord
from ionspike.errors import InputError

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

CLOSE = 0.05  # relative difference of forward errors below which the simpler law is taken
_FITTED_SHARE = 0.6  # of the pulses
_STARTS, _SAMPLES, _EVALUATIONS = 3, 1500, 40
_AGING_FROM, _RECOVERING_FROM = 4, 10  # pulses from which on the law may age


@dataclass(frozen=True)
class Candidate:
    """One law that was tried: errors (rms, shares of the swing) over the samples it was fitted to (``error``) and over those after
    them (``forward``); ``aicc`` pays for parameters by the effective number of samples, for comparison."""

    shape: Shape
    error: float
    forward: float
    aicc: float
    agreeing: int
    starts: int


@dataclass(frozen=True)
class Choice:
    """The ``shape`` that was chosen, ``why``, among which ``candidates``; ``values`` of its fit."""

    shape: Shape
    why: str
    candidates: tuple[Candidate, ...]
    values: dict[str, float]


def choose_shape(
    records: Sequence[PulseRecord],
    masks: Sequence[Mask],
    clocks: Sequence[bool],
    populations: int | None = None,
    cooperative: bool | None = None,
    seed: int = 1,
    fixed: Mapping[str, float] | None = None,
    bounds: Mapping[str, tuple[float, float]] | None = None,
) -> Choice:
    """The simplest law whose forward error is within :data:`CLOSE` of the best.

    Args:
        records, masks, clocks: as for :class:`~ionspike.device.fitting.problem.TraceProblem`.
        populations: keep this number; otherwise one and two are tried. cooperative: with (or without) c and s only.

    Raises:
        InputError: no gate pulse among the fitted samples.
    """
    first, later = _split(records, masks)
    tried: dict[Shape, tuple[Candidate, dict[str, float]]] = {}

    def attempt(shape: Shape) -> Candidate:
        if shape not in tried:
            problem = TraceProblem(records, shape, first, clocks, _known(fixed, shape), _known(bounds, shape))
            near = [values for other, (_, values) in tried.items() if _within(other, shape)][-2:]
            tried[shape] = _attempt(problem, later, seed, near)
        return tried[shape][0]

    pulses = _pulses(records[0], first[0], clocks[0])
    shapes = _shapes(populations, cooperative)
    for shape in shapes:
        attempt(replace(shape, aging=pulses >= _AGING_FROM))
    chosen = _simplest(list(tried.values()))
    base = replace(chosen.shape, aging=False, recovering=False)
    if pulses >= _AGING_FROM:
        attempt(base)
    if pulses >= _RECOVERING_FROM:
        for shape in {replace(s, aging=True, recovering=True) for s in (base, shapes[-1])}:
            attempt(shape)
    chosen = _simplest(list(tried.values()))
    table = tuple(sorted((c for c, _ in tried.values()), key=lambda c: (c.shape.parameters, c.forward)))
    return Choice(chosen.shape, _reason(chosen, table), table, tried[chosen.shape][1])


def _shapes(populations: int | None, cooperative: bool | None) -> list[Shape]:
    """From plain to rich; each holds some that come before it."""
    plain = [
        (False, False, False),
        (False, False, True),
    ]  # cooperative release, cooperative insertion, held by the gate
    rich = [(True, False, True), (False, True, True), (True, True, False)]
    first = plain + rich if cooperative is None else rich if cooperative else plain
    more = {None: [plain[1], rich[1], rich[2]], True: rich[1:], False: plain[1:]}[cooperative]
    counts = (1, 2) if populations is None else (populations,)
    return [Shape(n, *terms) for n in counts for terms in (first if n == counts[0] else more)]


def _known(given: Mapping | None, shape: Shape) -> dict:
    """What ``given`` says about parameters that this shape has."""
    names = {"gate", "weight", "clock", "edges"}
    out = {}
    for name, value in (given or {}).items():
        section, _, key = name.partition(".")
        if section.startswith("population"):
            number = int(section[len("population") :] or 0)
            if number <= shape.populations and (
                key in ("a", "tau", "g") or key in shape.terms or isinstance(value, float)
            ):
                out[name] = value
        elif section == "aging":
            if key in shape.drift:
                out[name] = value
        elif section.rstrip("0123456789") in names:
            out[name] = value
        else:
            raise InputError(f"{name!r} is no parameter of the law; expected one such as 'population1.tau'")
    return out


def _within(inner: Shape, outer: Shape) -> bool:
    return (
        inner.populations <= outer.populations
        and set(inner.terms) <= set(outer.terms)
        and set(inner.drift) <= set(outer.drift)
    )


def _split(records: Sequence[PulseRecord], masks: Sequence[Mask]) -> tuple[list[Mask], list[Mask]]:
    """Fitted samples before and after the moment that a share of the pulses has passed."""
    first, later = [], []
    for record, mask in zip(records, masks, strict=True):
        on = np.abs(record.gate - record.gate[np.argmin(np.abs(record.gate))]) > 0.02 * max(np.ptp(record.gate), 1e-12)
        rises = np.flatnonzero(np.diff(on.astype(int)) > 0) + 1
        rises = rises[mask[rises]] if len(rises) else rises
        moment = _moment(record, mask, rises)
        first.append(mask & (record.time < moment))
        later.append(mask & (record.time >= moment))
    return first, later


def _moment(record: PulseRecord, mask: Mask, rises: NDArray[np.int64]) -> float:
    used = math.ceil(_FITTED_SHARE * len(rises))
    if len(rises) >= 3 and 0 < used < len(rises):
        return float(record.time[rises[used] - 1])
    # too few pulses to set some apart: the last part of the time
    return float(np.quantile(record.time[mask], _FITTED_SHARE))


def _pulses(record: PulseRecord, mask: Mask, clock: bool) -> int:
    on = np.abs(record.gate - record.gate[np.argmin(np.abs(record.gate))]) > 0.02 * max(np.ptp(record.gate), 1e-12)
    rises = np.flatnonzero(np.diff(on.astype(int)) > 0) + 1
    return int(mask[rises].sum())


def _attempt(
    problem: TraceProblem, later: list[Mask], seed: int, near: Sequence[Mapping[str, float]]
) -> tuple[Candidate, dict[str, float]]:
    optimum = search(problem, _STARTS, seed, near, thinned=_SAMPLES, evaluations=_EVALUATIONS, polish=False)
    values = problem.values(optimum.phi)
    named = dict(zip(problem.linear, map(float, optimum.amplitudes), strict=True))
    errors = []
    for trace, mask in zip(problem.traces, later, strict=True):
        record = trace.record
        model = problem.columns(values, trace, record.time[mask]) @ optimum.amplitudes
        errors.append((model - record.conductance[mask]) / record.swing)
    residuals = Samples(problem).residual(optimum.phi)
    worth, count = effective_samples(residuals), problem.shape.parameters
    paid = 2 * count * worth / (worth - count - 1) if worth > count + 1 else math.inf
    mean = float(np.mean(residuals**2))
    forward = float(np.sqrt(np.mean(np.concatenate(errors) ** 2)))
    aicc = worth * math.log(mean) + paid
    made = Candidate(problem.shape, math.sqrt(mean), forward, aicc, optimum.agreeing, optimum.starts)
    return made, {**values, **named}


def _simplest(tried: list[tuple[Candidate, dict[str, float]]]) -> Candidate:
    best = min(c.forward for c, _ in tried)
    close = [c for c, _ in tried if c.forward <= best * (1 + CLOSE)]
    return min(close, key=lambda c: c.shape.parameters)  # of equal ones the first: plain to rich


def _reason(chosen: Candidate, table: tuple[Candidate, ...]) -> str:
    best = min(table, key=lambda c: c.forward)
    said = f"chosen by forward prediction among {len(table)} laws: {chosen.shape}, {100 * chosen.forward:.3g} % of the swing ahead"
    if best is not chosen:
        said += f"; {best.shape} has {100 * best.forward:.3g} %, not {100 * CLOSE:.0f} % better, with {best.shape.parameters - chosen.shape.parameters} more numbers"
    simpler = [c for c in table if c.shape.parameters < chosen.shape.parameters]
    if simpler:
        next_best = min(simpler, key=lambda c: c.forward)
        said += f"; the best simpler law, {next_best.shape}, {100 * next_best.forward:.3g} %"
    return said
