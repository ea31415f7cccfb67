"""Intrinsic excitability: a neuron whose own spikes gate an ECRAM in its input, leak or delay path, under regular drive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ionspike.circuit.neurons import Neuron
from ionspike.circuit.simulate import Run
from ionspike.circuit.testbench import Bench

Array = NDArray[np.float64]

_LAST = 5  # values whose mean is what a train ends with


@dataclass(frozen=True)
class Drive:
    """Regular input: ``first`` pulses every ``period`` (s), a ``rest`` (s), and ``second`` more."""

    period: float
    first: int
    second: int = 0
    rest: float = 0.0

    def pulses(self) -> tuple[float, ...]:
        """Start times (s)."""
        start = 2e-6 + self.period * np.arange(self.first)
        again = start[-1] + self.rest + self.period * np.arange(1, self.second + 1)
        return tuple(np.concatenate([start, again]))

    @property
    def pause(self) -> float:
        """The middle of the rest (s)."""
        return 2e-6 + self.period * (self.first - 1) + self.rest / 2

    def bench(self, neuron: Neuron, **arguments: Any) -> tuple[Bench, float]:
        """The bench and how long it runs (s)."""
        pulses = self.pulses()
        return Bench(neuron=neuron, pulses=pulses, **arguments), pulses[-1] + self.period


def intervals(run: Run, drive: Drive) -> tuple[Array, Array]:
    """Intervals between output spikes (s) before and after the rest."""
    times = run.spike_times
    return np.diff(times[times < drive.pause]), np.diff(times[times >= drive.pause])


def change(values: Array) -> float:
    """From the second value to the mean of the last five, as a share of the second. The first one starts from a reset that no
    spike has made and is left out. Zero where there are fewer than three values: no effect was seen."""
    if len(values) < 3:
        return 0.0
    return float(values[2:][-_LAST:].mean() / values[1] - 1)


def unevenness(values: Array) -> float:
    """Largest distance from the second value, from there on, as a share of it; one where there are fewer than three values."""
    if len(values) < 3:
        return 1.0
    return float(np.abs(values[1:] / values[1] - 1).max())
