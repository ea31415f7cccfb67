"""Inputs: populations that spike on their own."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ionspike.errors import InputError
from ionspike.units import quantity

Array = NDArray[np.float64]


def _rate(value: float | str, name: str) -> float:
    rate = quantity(value, "Hz", name)
    if not 0 <= rate < math.inf:
        raise InputError(f"{name} is {rate:g} Hz; expected 0 or more")
    return rate


@dataclass(frozen=True, eq=False)
class Poisson:
    """Independent Poisson trains of constant ``rate`` (Hz), one number for all or one a neuron."""

    rate: float | str | ArrayLike

    def __post_init__(self) -> None:
        if isinstance(self.rate, (list, tuple, np.ndarray)) and np.ndim(self.rate) == 1:
            object.__setattr__(
                self, "rate", np.array([_rate(v, f"Poisson.rate[{k}]") for k, v in enumerate(self.rate)])
            )  # type: ignore[arg-type]
        else:
            object.__setattr__(self, "rate", _rate(self.rate, "Poisson.rate"))  # type: ignore[arg-type]


@dataclass(frozen=True)
class ModulatedPoisson:
    """Poisson trains of rate ``rate (1 + depth sin(2 pi frequency t + phase))``; depth from 0 to 1."""

    rate: float | str
    depth: float
    frequency: float | str
    phase: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "rate", _rate(self.rate, "ModulatedPoisson.rate"))
        object.__setattr__(self, "frequency", _rate(self.frequency, "ModulatedPoisson.frequency"))
        for name in ("depth", "phase"):
            object.__setattr__(self, name, quantity(getattr(self, name), "", f"ModulatedPoisson.{name}"))
        if not 0 <= self.depth <= 1:
            raise InputError(f"ModulatedPoisson.depth is {self.depth:g}; expected 0 to 1")


@dataclass(frozen=True, eq=False)
class InhomogeneousPoisson:
    """Poisson trains of a rate given piece by piece: ``rates[k]`` (Hz) from ``edges[k]`` to ``edges[k + 1]`` (s), silent outside."""

    edges: ArrayLike
    rates: ArrayLike

    def __post_init__(self) -> None:
        edges, rates = np.asarray(self.edges, float), np.asarray(self.rates, float)
        if edges.ndim != 1 or rates.shape != (max(len(edges) - 1, 0),) or not len(rates):
            raise InputError(
                f"InhomogeneousPoisson has {edges.size} edges and {rates.size} rates; expected one edge more than rates"
            )
        if not np.isfinite(edges).all() or not (np.diff(edges) > 0).all():
            raise InputError(
                "InhomogeneousPoisson.edges do not ascend; expected times in s, each later than the one before"
            )
        if not np.isfinite(rates).all() or (rates < 0).any():
            raise InputError("InhomogeneousPoisson.rates has an entry below 0 or not a number; expected rates in Hz")
        object.__setattr__(self, "edges", edges)
        object.__setattr__(self, "rates", rates)


@dataclass(frozen=True)
class Regular:
    """Spikes at ``start + k/rate``, the same in every neuron."""

    rate: float | str
    start: float | str = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "rate", _rate(self.rate, "Regular.rate"))
        start = quantity(self.start, "s", "Regular.start")
        if not 0 <= start < math.inf or self.rate == 0:
            raise InputError(
                f"Regular has rate {self.rate:g} Hz, start {start:g} s; expected a rate above 0 and a start from 0 up"
            )
        object.__setattr__(self, "start", start)


@dataclass(frozen=True, eq=False)
class Recorded:
    """Spikes at ``times`` (s), ascending, each of the neuron in ``neurons`` (0 for all if left out)."""

    times: ArrayLike
    neurons: ArrayLike | None = field(default=None)

    def __post_init__(self) -> None:
        times = np.asarray(self.times, float)
        neurons = np.zeros(times.shape, np.int64) if self.neurons is None else np.asarray(self.neurons)
        if times.ndim != 1 or neurons.shape != times.shape:
            raise InputError(
                f"Recorded has {times.size} times and {neurons.size} neurons; expected a neuron for every time"
            )
        if not np.isfinite(times).all() or (times < 0).any():
            raise InputError("Recorded.times has an entry below 0 or not a number; expected times in s")
        late = np.flatnonzero(np.diff(times) < 0)
        if len(late):
            k = int(late[0]) + 1
            raise InputError(
                f"Recorded.times[{k}] is {times[k]:g} s, before the time in front of it; expected ascending times"
            )
        if len(neurons) and (not np.issubdtype(neurons.dtype, np.integer) or neurons.min() < 0):
            raise InputError("Recorded.neurons has an entry that is no index; expected whole numbers from 0 up")
        object.__setattr__(self, "times", times)
        object.__setattr__(self, "neurons", neurons.astype(np.int64))


Input = Poisson | ModulatedPoisson | InhomogeneousPoisson | Regular | Recorded
