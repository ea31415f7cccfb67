"""A fit of ramps as intervals see it: numbers in SI units in one vector, and what the ramps may differ in."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ionspike.device.ecram import Ecram
from ionspike.device.fitting.ramp_problem import RampProblem
from ionspike.device.uncertainty.problem import Scale, pulse_differences

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

_DECADES = 1e4  # an amplitude may be this much smaller than it is
_STEP = 1e-5  # of a difference quotient: of a logarithm, of the range, or of the size of c and d
_CONDUCTANCES = ("weight.G_min", "weight.G_max")


class FittedRamps:
    """:class:`~ionspike.device.uncertainty.problem.Problem` of a :class:`RampProblem` at its optimum ``theta``, over the ramps that were
    ``fitted``: a stretch of samples is a ramp, and a factor on the rate of "pulses" is one on all pulses of a ramp. Amplitudes keep the
    sign they have there."""

    def __init__(self, problem: RampProblem, theta: Array, fitted: Mask, name: str) -> None:
        self.problem, self.fitted, self.name = problem, fitted, name
        self._marked = problem.marked(fitted)
        self._lengths = np.diff(problem.begin)[fitted]
        self.data = problem.reads[self._marked]
        self.names = problem.shape.names
        self.scales = tuple(self._scale(n, x) for n, x in zip(self.names, theta, strict=True))
        self.start = self._outside(theta)
        ends = self._outside(problem.low), self._outside(problem.high)
        self.low, self.high = np.minimum(*ends), np.maximum(*ends)
        for k, (n, scale) in enumerate(zip(self.names, self.scales, strict=True)):
            if n.endswith(".g") and scale.logarithmic:
                self.low[k], self.high[k] = self.start[k] - math.log(_DECADES), math.log(problem.range)

    def _scale(self, name: str, x: float) -> Scale:
        if name in _CONDUCTANCES:
            return Scale("S", False)
        key = name.partition(".")[2] or name
        if key == "g":
            return Scale("S", x != 0, math.copysign(1.0, x))
        unit = "s" if key == "tau" else ""
        return Scale(unit, key not in ("c", "d"))

    def _outside(self, theta: Array) -> Array:
        """From shares of the range to S, amplitudes to their logarithm."""
        out = np.array(theta, float)
        for k, (n, scale) in enumerate(zip(self.names, self.scales, strict=True)):
            if n in _CONDUCTANCES:
                out[k] = self.problem.bottom + self.problem.range * theta[k]
            elif n.endswith(".g"):
                size = self.problem.range * theta[k]
                out[k] = math.log(max(scale.sign * size, 1e-300)) if scale.logarithmic else size
        return out

    def _inside(self, theta: Array) -> Array:
        """As :class:`RampProblem` takes them."""
        out = np.array(theta, float)
        for k, (n, scale) in enumerate(zip(self.names, self.scales, strict=True)):
            if n in _CONDUCTANCES:
                out[k] = (theta[k] - self.problem.bottom) / self.problem.range
            elif n.endswith(".g"):
                out[k] = scale.value(float(theta[k])) / self.problem.range
        return out

    @property
    def products(self) -> tuple[tuple[str, str], ...]:
        """Amplitude and rate of every volatile population."""
        logarithmic = {n for n, s in zip(self.names, self.scales, strict=True) if s.logarithmic}
        pairs = [(f"population{k}.g", f"population{k}.a") for k in range(1, len(self.problem.shape.volatile) + 1)]
        return tuple(p for p in pairs if set(p) <= logarithmic)

    @property
    def breaks(self) -> tuple[int, ...]:
        """First read of every fitted ramp."""
        return tuple(int(k) for k in np.cumsum([0, *self._lengths[:-1]]))

    @property
    def pulses(self) -> int:
        """Fitted ramps: each has a factor of its own."""
        return len(self._lengths)

    def model(self, theta: Array, factors: Array | None = None) -> Array:
        """See :class:`~ionspike.device.uncertainty.problem.Problem`."""
        own = None
        if factors is not None:
            own = np.zeros(len(self.fitted))
            own[self.fitted] = factors
        return self.problem.trajectory(self._inside(theta), own)[self._marked]

    def jacobian(self, theta: Array) -> Array:
        """Derivatives of the model by the parameters, (n, p): central differences within the bounds."""
        out = np.empty((len(self.data), len(theta)))
        for k, scale in enumerate(self.scales):
            if scale.unit == "S" and not scale.logarithmic:
                step = _STEP * self.problem.range
            else:
                step = _STEP * (1.0 if scale.logarithmic else max(1.0, abs(theta[k])))
            above, below = theta.copy(), theta.copy()
            above[k], below[k] = min(theta[k] + step, self.high[k]), max(theta[k] - step, self.low[k])
            out[:, k] = (self.model(above) - self.model(below)) / (above[k] - below[k])
        return out

    def pulse_sensitivities(self, theta: Array) -> Array:
        """Derivatives of the model by the logarithmic factor of each ramp, (n, ramps)."""
        return pulse_differences(self, theta)

    def shifts(self, theta: Array) -> Array:
        """Derivatives of the model by the conductance that each ramp starts from, (n, ramps): a ramp moves its own reads only, as volatile
        states do not depend on the weight."""
        inside, begin = self._inside(theta), self.problem.begin[:-1]
        moved = []
        for sign in (1, -1):
            reads = self.problem.reads.copy()
            reads[begin] += sign * _STEP
            moved.append(self.problem.trajectory(inside, reads=reads)[self._marked])
        slope = (moved[0] - moved[1]) / (2 * _STEP)
        ramp = np.repeat(np.arange(self.pulses), self._lengths)
        out = np.zeros((len(self.data), self.pulses))
        out[np.arange(len(ramp)), ramp] = slope
        return out

    def error(self, theta: Array) -> float:
        """rms over the fitted reads, a share of the range."""
        return float(np.sqrt(np.mean((self.model(theta) - self.data) ** 2)))

    def device(self, theta: Array) -> Ecram:
        """The card at ``theta``."""
        return self.problem.device(self._inside(theta), self.name)
