"""What a fit hands to those who ask how sure it is: data, parameters on the scale they are fitted on, and the model between them.

Intervals, profiles, posteriors and the choice of the next pulses are written against :class:`Problem`, whichever records and
waveforms stand behind it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ionspike.device.ecram import Ecram

Array = NDArray[np.float64]

_STEP = 6e-6  # relative step of a central difference: the cube root of the rounding error


@dataclass(frozen=True)
class Scale:
    """How a parameter is fitted: as ``ln(sign * value)`` where ``logarithmic``, else as it is; ``unit`` of the value."""

    unit: str = ""
    logarithmic: bool = True
    sign: float = 1.0

    def value(self, theta: float) -> float:
        """The value in its unit, from the number that is fitted."""
        if not self.logarithmic:
            return float(theta)
        return self.sign * (math.exp(theta) if theta < 700 else math.inf)

    def theta(self, value: float) -> float:
        """The number that is fitted, from the value in its unit."""
        return math.log(self.sign * value) if self.logarithmic else float(value)


class Problem(Protocol):
    """A fit problem: p parameters, n samples, any number of gate pulses.

    ``names`` are those of a card's origins (``gate.V_T``, ``population2.tau``, ``weight.G_min``; anything else for numbers that are no
    part of the card, such as ``clock.period``).
    """

    @property
    def names(self) -> tuple[str, ...]:
        """The fitted parameters, p of them."""
        ...

    @property
    def scales(self) -> tuple[Scale, ...]:
        """The scale each is fitted on."""
        ...

    @property
    def start(self) -> Array:
        """Where the search starts, (p,), on the fitted scale; the optimum, if it is known."""
        ...

    @property
    def low(self) -> Array:
        """Lower bounds, (p,), finite, on the fitted scale."""
        ...

    @property
    def high(self) -> Array:
        """Upper bounds, (p,)."""
        ...

    @property
    def products(self) -> tuple[tuple[str, str], ...]:
        """Pairs of logarithmic parameters whose product may be known where its factors are not: amplitude and rate."""
        ...

    @property
    def data(self) -> Array:
        """The samples that are fitted, (n,), as shares of the swing of their record."""
        ...

    @property
    def breaks(self) -> tuple[int, ...]:
        """Index of the first sample of every stretch of neighbouring samples, 0 first: noise is correlated within a stretch only."""
        ...

    @property
    def pulses(self) -> int:
        """How many gate pulses there are."""
        ...

    def model(self, theta: Array, factors: Array | None = None) -> Array:
        """The noiseless data at ``theta`` (p,); ``factors`` (pulses,) are logarithms of what multiplies the rate a J of each pulse."""
        ...

    def device(self, theta: Array) -> Ecram:
        """The card at ``theta``."""
        ...


@runtime_checkable
class Differentiable(Protocol):
    """A problem that has its own derivatives; the others are differentiated numerically."""

    def jacobian(self, theta: Array) -> Array:
        """Derivatives of the model by the parameters, (n, p)."""
        ...

    def pulse_sensitivities(self, theta: Array) -> Array:
        """Derivatives of the model by the logarithmic factor of each pulse, (n, pulses)."""
        ...


@runtime_checkable
class Restarted(Protocol):
    """A problem whose stretches of samples each begin at a value of their own, known by one noisy read: ramps. Its ``pulses`` are then
    these stretches, with one factor on the rate of all pulses in each."""

    def shifts(self, theta: Array) -> Array:
        """Derivatives of the model by the value that each stretch begins at, (n, stretches)."""
        ...


def shifts(problem: Problem, theta: Array) -> Array:
    """What the samples may be moved by at no cost, as nothing is known of it beforehand: (n, stretches), or (n, 0)."""
    return problem.shifts(theta) if isinstance(problem, Restarted) else np.zeros((len(problem.data), 0))


def jacobian(problem: Problem, theta: Array) -> Array:
    """Derivatives of the model by the parameters, (n, p): the problem's own, or central differences that stay within the bounds."""
    if isinstance(problem, Differentiable):
        return problem.jacobian(theta)
    columns = []
    for k in range(len(theta)):
        above, below = theta.copy(), theta.copy()
        reach = _STEP * max(1.0, abs(theta[k]))
        above[k] = min(theta[k] + reach, problem.high[k])
        below[k] = max(theta[k] - reach, problem.low[k])
        columns.append((problem.model(above) - problem.model(below)) / (above[k] - below[k]))
    return np.stack(columns, axis=-1)


def pulse_sensitivities(problem: Problem, theta: Array) -> Array:
    """Derivatives of the model by the logarithmic factor of each pulse, (n, pulses)."""
    if isinstance(problem, Differentiable):
        return problem.pulse_sensitivities(theta)
    return pulse_differences(problem, theta)


def pulse_differences(problem: Problem, theta: Array) -> Array:
    """:func:`pulse_sensitivities` by central differences."""
    out = np.empty((len(problem.data), problem.pulses))
    for k in range(problem.pulses):
        factors = np.zeros(problem.pulses)
        factors[k] = _STEP
        out[:, k] = (problem.model(theta, factors) - problem.model(theta, -factors)) / (2 * _STEP)
    return out
