"""A fit as intervals and the choice of the next pulses see it: every fitted number in one vector, amplitudes included."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ionspike.device.ecram import Ecram
from ionspike.device.fitting.card import fitted_card
from ionspike.device.fitting.problem import TraceProblem
from ionspike.device.fitting.search import Optimum, Samples
from ionspike.device.uncertainty.problem import Scale

Array = NDArray[np.float64]

_DECADES = 1e4  # an amplitude may be this much smaller than it is


class FittedTraces:
    """:class:`~ionspike.device.uncertainty.problem.Problem` of a :class:`TraceProblem` at its ``optimum``: amplitudes keep the sign they have there."""

    def __init__(self, problem: TraceProblem, optimum: Optimum, name: str) -> None:
        self.problem, self.name = problem, name
        self._samples = Samples(problem)
        self.data = self._samples.data
        self._searched = len(problem.parameters)
        free = problem.linear_low < problem.linear_high
        self._free = np.flatnonzero(free)
        self._amplitudes = optimum.amplitudes
        signs = np.sign(optimum.amplitudes)
        linear = [
            Scale("S", bool(signs[k]) and problem.linear[k] != "weight.G_min", float(signs[k]) or 1.0)
            for k in self._free
        ]
        self.names = (*problem.names, *(problem.linear[k] for k in self._free))
        self.scales = (*(p.scale for p in problem.parameters), *linear)
        theta = [s.theta(float(optimum.amplitudes[k])) for s, k in zip(linear, self._free, strict=True)]
        self.start = np.concatenate([optimum.phi, theta])
        self.low, self.high = self._bounds(linear, theta)

    def _bounds(self, linear: list[Scale], theta: list[float]) -> tuple[Array, Array]:
        low, high = [p.low for p in self.problem.parameters], [p.high for p in self.problem.parameters]
        for scale, x, k in zip(linear, theta, self._free, strict=True):
            ends = float(self.problem.linear_low[k]), float(self.problem.linear_high[k])
            if not scale.logarithmic:
                low.append(ends[0])
                high.append(ends[1])
                continue
            far = ends[1] if scale.sign > 0 else ends[0]
            near = ends[0] if scale.sign > 0 else ends[1]
            high.append(scale.theta(far))
            low.append(scale.theta(near) if near * scale.sign > 0 else x - np.log(_DECADES))
        return np.array(low), np.array(high)

    @property
    def products(self) -> tuple[tuple[str, str], ...]:
        """Amplitude and rate of every population; that of the first is J_lim."""
        logarithmic = {n for n, s in zip(self.names, self.scales, strict=True) if s.logarithmic}
        pairs = [("population1.g", "gate.J_lim")]
        pairs += [(f"population{k}.g", f"population{k}.a") for k in range(2, self.problem.shape.populations + 1)]
        return tuple(p for p in pairs if set(p) <= logarithmic)

    @property
    def breaks(self) -> tuple[int, ...]:
        """First sample of every stretch of neighbouring fitted samples."""
        starts, before = [], 0
        for trace in self.problem.traces:
            mask = trace.fitted
            begins = mask & ~np.concatenate([[False], mask[:-1]])
            starts += list(before + (np.cumsum(mask) - 1)[begins])
            before += int(mask.sum())
        return tuple(int(k) for k in starts)

    @property
    def pulses(self) -> int:
        """Gate pulses of all traces."""
        return sum(trace.steps.pulses for trace in self.problem.traces)

    def split(self, theta: Array) -> tuple[dict[str, float], Array]:
        """Values (SI) by name, and the amplitudes (S), the conductance at rest last."""
        amplitudes = self._amplitudes.copy()
        for k, scale, x in zip(self._free, self.scales[self._searched :], theta[self._searched :], strict=True):
            amplitudes[k] = scale.value(float(x))
        return self.problem.values(theta[: self._searched]), amplitudes

    def model(self, theta: Array, factors: Array | None = None) -> Array:
        """See :class:`~ionspike.device.uncertainty.problem.Problem`."""
        values, amplitudes = self.split(np.asarray(theta, float))
        parts, begin = [], 0
        for trace, time in zip(self.problem.traces, self._samples.time, strict=True):
            own = None if factors is None else np.asarray(factors, float)[begin : begin + trace.steps.pulses]
            begin += trace.steps.pulses
            parts.append(self.problem.columns(values, trace, time, own) @ amplitudes)
        return np.concatenate(parts) * self._samples.weight

    def jacobian(self, theta: Array) -> Array:
        """Derivatives of the model by the parameters, (n, p): central differences, those by amplitudes exact."""
        out = np.empty((len(self.data), len(theta)))
        amplitudes = self.split(theta)[1]
        for j, p in enumerate(self.problem.parameters):
            above, below = theta[: self._searched].copy(), theta[: self._searched].copy()
            step = 10 * p.step
            above[j], below[j] = min(theta[j] + step, p.high), max(theta[j] - step, p.low)
            only = self._samples.touched(p.name)
            part = slice(None) if only is None else slice(only, only + 1)
            change = self._samples.columns(above, only)[:, part] - self._samples.columns(below, only)[:, part]
            out[:, j] = change @ amplitudes[part] / (above[j] - below[j])
        columns = self._samples.columns(theta[: self._searched])
        for j, (k, scale) in enumerate(zip(self._free, self.scales[self._searched :], strict=True), self._searched):
            out[:, j] = columns[:, k] * (amplitudes[k] if scale.logarithmic else 1.0)
        return out

    def pulse_sensitivities(self, theta: Array) -> Array:
        """Derivatives of the model by the logarithmic factor of each pulse, (n, pulses)."""
        values, amplitudes = self.split(np.asarray(theta, float))
        out, row, column = np.zeros((len(self.data), self.pulses)), 0, 0
        for trace, time in zip(self.problem.traces, self._samples.time, strict=True):
            own = self.problem.pulse_slopes(values, trace, time, amplitudes)
            out[row : row + len(time), column : column + own.shape[1]] = own
            row, column = row + len(time), column + own.shape[1]
        return out * self._samples.weight[:, None]

    def device(self, theta: Array) -> Ecram:
        """The card at ``theta``."""
        values, amplitudes = self.split(np.asarray(theta, float))
        return fitted_card(self.problem, values, amplitudes, self.name)
