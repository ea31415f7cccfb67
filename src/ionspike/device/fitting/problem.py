"""The device law along measured traces: states for every choice of the rates, amplitudes by least squares in between.

Amplitudes and the conductance at rest enter linearly, so the search moves the other numbers only (variable projection: Golub and
Pereyra, SIAM J. Numer. Anal. 10, 413 (1973), 10.1137/0710036).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ionspike.device.fitting.edges import Clock, Steps, clocked_steps, gate_steps, guess_clock
from ionspike.device.fitting.parameters import (
    DOSE,
    LARGEST_AMPLITUDE,
    Parameter,
    assumed_gate,
    bounded,
    clock_parameters,
    first_look,
    law_parameters,
    share_parameters,
)
from ionspike.device.fitting.propagate import doses, pulse_slopes, state_along
from ionspike.device.fitting.shape import Shape
from ionspike.device.measured.records import PulseRecord
from ionspike.errors import InputError

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

_DRIFT = ("g", "a", "tau")


@dataclass(frozen=True)
class Trace:
    """One record in a problem: its ``steps`` of the gate, the samples that are ``fitted``, and the suffix of its parameters' names."""

    record: PulseRecord
    steps: Steps
    fitted: Mask
    clock: Clock | None
    suffix: str

    def edges(self, values: Mapping[str, float]) -> Array:
        """Moments (s) of the steps of the gate."""
        if self.clock is not None:
            start, period, width = (values[f"clock{self.suffix}.{name}"] for name in ("start", "period", "width"))
            clock = Clock(start, period, width, self.clock.count)
            return np.stack([clock.on, clock.off], axis=1).ravel()
        t, first = self.record.time, self.steps.first
        rising = self.steps.rising
        on, off = (values.get(f"edges{self.suffix}.{name}_share", 0.5) for name in ("on", "off"))
        return t[first - 1] + np.where(rising, on, off) * (t[first] - t[first - 1])


class TraceProblem:
    """Traces, the law's shape and its free numbers.

    Args:
        records: one or more, of one device; each begins at rest and new.
        shape: form of the law.
        fitted: samples to fit, one mask a record; the others are predicted.
        clock: edges from a fitted clock, one choice a record.
        fixed: values (SI) that are kept, by name. bounds: their ends, by name.

    Raises:
        InputError: no record, no gate pulse, a name in ``fixed`` or ``bounds`` that the law does not have, a term that the record
            cannot show.
    """

    def __init__(
        self,
        records: Sequence[PulseRecord],
        shape: Shape,
        fitted: Sequence[Mask],
        clock: Sequence[bool],
        fixed: Mapping[str, float] | None = None,
        bounds: Mapping[str, tuple[float, float]] | None = None,
    ) -> None:
        if not records:
            raise InputError("there is no record to fit")
        self.shape = shape
        self.traces = tuple(
            _trace(record, mask, wanted, "" if k == 0 else str(k + 1))
            for k, (record, mask, wanted) in enumerate(zip(records, fitted, clock, strict=True))
        )
        self.levels = np.unique(np.concatenate([trace.steps.levels for trace in self.traces]).round(6))
        self.rest = float(self.traces[0].steps.levels[0])
        self._check(records)
        self.times = self._first_look()
        self.fixed = dict(fixed or {})
        limits = dict(bounds or {})
        every = law_parameters(shape, self.times, len(self.levels)) + self._edge_parameters()
        self._check_names({p.name for p in every}, [*self.fixed, *limits])
        self.parameters: list[Parameter] = bounded(every, self.fixed, limits)
        self._held = {**assumed_gate(self.times), **self.fixed}
        self.linear = [*(f"population{k}.g" for k in range(1, shape.populations + 1)), "weight.G_min"]
        self.swing = max(trace.record.swing for trace in self.traces)
        self.linear_low, self.linear_high = self._linear_bounds(limits)

    def _check(self, records: Sequence[PulseRecord]) -> None:
        for record in records:
            if record.swing <= 0:
                raise InputError(f"{record.source}: the conductance does not change; there is nothing to fit")
        signs = np.sign(self.levels - self.rest)
        if self.shape.removal and not (signs > 0).any() == (signs < 0).any():
            raise InputError("d asks for pulses of both signs; with one, s says the same")

    def _first_look(self):
        trace = self.traces[0]
        if trace.clock is not None:
            on, off = trace.clock.on, trace.clock.off
        else:
            t, first, rising = trace.record.time, trace.steps.first, trace.steps.rising
            on, off = t[first[rising]], t[first[~rising]]
            off = off[off > on[0]] if len(on) else off
        return first_look(trace.record, on, off, np.concatenate([[self.rest], self.levels]))

    def _edge_parameters(self) -> list[Parameter]:
        made = []
        for trace in self.traces:
            if trace.clock is not None:
                made += clock_parameters(trace.clock, float(np.median(np.diff(trace.record.time))), trace.suffix)
            else:
                made += share_parameters(trace.steps, trace.suffix)
        return made

    def _check_names(self, known: set[str], given: Sequence[str]) -> None:
        linear = {f"population{k}.g" for k in range(1, self.shape.populations + 1)} | {"weight.G_min"}
        terms = {f"population{k}.{n}" for k in range(1, self.shape.populations + 1) for n in ("V_d", "s", "c", "d")}
        kept = {"gate.V_T", "gate.V_0"} | terms | {"population1.a"}
        for name in given:
            if name not in known | linear | (kept if name in self.fixed else set()):
                told = ", ".join(sorted(known | linear))
                raise InputError(f"{name!r} is no parameter of {self.shape}; expected one of {told}")

    def _linear_bounds(self, limits: Mapping[str, tuple[float, float]]) -> tuple[Array, Array]:
        ends = []
        for name in self.linear:
            wide = LARGEST_AMPLITUDE * self.swing
            low, high = limits.get(name, (-wide, wide))
            if name in self.fixed:
                low = high = self.fixed[name]
            ends.append((low, high))
        table = np.array(ends, float)
        return table[:, 0], table[:, 1]

    # --- values --------------------------------------------------------------------------------------------------------------

    @property
    def names(self) -> list[str]:
        """Numbers that the search moves."""
        return [p.name for p in self.parameters]

    def values(self, phi: Array) -> dict[str, float]:
        """Values (SI) by name, the kept ones included."""
        moved = {p.name: p.scale.value(float(x)) for p, x in zip(self.parameters, phi, strict=True)}
        return {**self._held, **moved}

    def gate(self, values: Mapping[str, float]) -> Array:
        """V_T, V_0 and J_lim, as the compiled law takes them."""
        return np.array([values["gate.V_T"], values["gate.V_0"], values["gate.J_lim"]])

    def state_row(self, values: Mapping[str, float], k: int) -> Array:
        """Parameters of population ``k`` (0 is the first), as the compiled law takes them."""
        at = f"population{k + 1}"
        rest = (
            values.get(f"{at}.{name}", default) for name, default in (("V_d", math.inf), ("c", 0), ("d", 0), ("s", 0))
        )
        return np.array([1.0, values.get(f"{at}.a", 1.0), values[f"{at}.tau"], *rest])

    # --- model ---------------------------------------------------------------------------------------------------------------

    def aging(self, trace: Trace, edges: Array, values: Mapping[str, float]) -> dict[str, Array]:
        """Factors on g, a and tau, one a pulse."""
        if not self.shape.drift:
            return dict.fromkeys(_DRIFT, np.ones(max(trace.steps.pulses, 1)))
        moments = edges[trace.steps.rising] if len(edges) else np.zeros(1)
        wear = DOSE * doses(moments, math.inf)
        fatigue = DOSE * doses(moments, values.get("aging.recovery", math.inf))
        return {
            name: np.exp(
                -values.get(f"aging.wear_on_{name}", 0.0) * wear - values.get(f"aging.fatigue_on_{name}", 0.0) * fatigue
            )
            for name in _DRIFT
        }

    def columns(
        self,
        values: Mapping[str, float],
        trace: Trace,
        time: Array,
        factors: Array | None = None,
        only: int | None = None,
    ) -> Array:
        """What each amplitude is multiplied by at ``time`` of a trace, the conductance at rest last: (time, populations + 1)."""
        edges = trace.edges(values)
        age = self.aging(trace, edges, values)
        out = np.ones((len(time), self.shape.populations + 1))
        for k in range(self.shape.populations) if only is None else (only,):
            out[:, k] = state_along(*self._way(values, trace, time, edges, age, k, factors))
        if self.shape.drift:
            out[:, :-1] *= self._worn(trace, time, edges, age)[:, None]
        return out

    def pulse_slopes(self, values: Mapping[str, float], trace: Trace, time: Array, amplitudes: Array) -> Array:
        """Derivative of the conductance (S) at ``time`` by the logarithm of a factor on the insertion of each pulse, (time, pulses)."""
        edges = trace.edges(values)
        age = self.aging(trace, edges, values)
        out = np.zeros((len(time), trace.steps.pulses))
        for k in range(self.shape.populations):
            slopes = pulse_slopes(*self._way(values, trace, time, edges, age, k))
            out += float(amplitudes[k]) * slopes[:, : trace.steps.pulses]
        return out * self._worn(trace, time, edges, age)[:, None] if self.shape.drift else out

    def _way(
        self,
        values: Mapping[str, float],
        trace: Trace,
        time: Array,
        edges: Array,
        age: Mapping[str, Array],
        k: int,
        factors: Array | None = None,
    ) -> tuple[Any, ...]:
        """What the compiled law takes to follow population ``k`` along ``time``."""
        steps = trace.steps
        insertion = age["a"] if factors is None else age["a"] * np.exp(factors)
        polarity = 1.0 if self.times.height > 0 else -1.0
        eta, gate = polarity * (steps.levels - self.rest), self.gate(values)
        row = self.state_row(values, k)
        return time, edges, steps.level, steps.pulse, eta, gate, row, insertion, age["tau"]

    @staticmethod
    def _worn(trace: Trace, time: Array, edges: Array, age: Mapping[str, Array]) -> Array:
        """Factor on every amplitude at ``time``."""
        begun = np.searchsorted(edges, time, "right") - 1
        return age["g"][np.where(begun >= 0, trace.steps.pulse[np.maximum(begun, 0)], 0)]


def _trace(record: PulseRecord, fitted: Mask, clock: bool, suffix: str) -> Trace:
    mask = np.asarray(fitted, bool)
    if mask.shape != record.time.shape:
        raise InputError(f"{len(mask)} marks for {len(record.time)} samples of {record.source}; expected one each")
    if not mask.any():
        raise InputError(f"no sample of {record.source} is to be fitted; expected some")
    if not clock:
        return Trace(record, gate_steps(record), mask, None, suffix)
    made = guess_clock(record, mask)
    return Trace(record, clocked_steps(record, made.count), mask, made, suffix)
