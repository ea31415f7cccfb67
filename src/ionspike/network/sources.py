"""Spikes of inputs, made ahead of the windows that need them. What an input does depends on its seed only, not on how it is asked."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from ionspike.network import arrays as a
from ionspike.network.arrays import Array, Ints
from ionspike.network.drive import next_spike
from ionspike.network.inputs import InhomogeneousPoisson, Input, ModulatedPoisson, Poisson, Recorded, Regular


def rate_shape(given: Input) -> tuple[int, Array, Array, Array, Any]:
    """Shape, its values, edges and levels relative to the peak, and the peak rate (Hz) of a Poisson input."""
    none = np.empty(0)
    if isinstance(given, ModulatedPoisson):
        rate, frequency = float(given.rate), float(given.frequency)
        return a.SINE, np.array([given.depth, frequency, given.phase]), none, none, rate * (1 + given.depth)
    if isinstance(given, InhomogeneousPoisson):
        rates = np.asarray(given.rates)
        peak = float(rates.max())
        return a.PIECEWISE, np.zeros(3), np.asarray(given.edges), rates / peak if peak else rates, peak
    assert isinstance(given, Poisson)
    return a.STEADY, np.zeros(3), none, none, np.asarray(given.rate, float)


@njit(cache=True)
def first_spikes(stream: Any, mean: Array, shape: int, values: Array, edges: Array, level: Array) -> tuple[Array, Any]:
    """The first spike of every train and how many numbers it took."""
    following, drawn = np.empty(mean.shape[0]), np.empty(mean.shape[0], np.uint64)
    for i in range(mean.shape[0]):
        following[i], drawn[i] = next_spike(stream[i], np.uint64(0), 0.0, mean[i], shape, values, edges, level)
    return following, drawn


@njit(cache=True)
def spikes_before(
    stop: float,
    stream: Any,
    following: Array,
    drawn: Any,
    mean: Array,
    shape: int,
    values: Array,
    edges: Array,
    level: Array,
) -> tuple[Array, Ints]:
    """Spikes of every train before ``stop`` (s); the trains move on."""
    time, neuron, made = np.empty(1024), np.empty(1024, np.int64), 0
    for i in range(mean.shape[0]):
        while following[i] < stop:
            if made == time.shape[0]:
                time = np.concatenate((time, np.empty(made)))
                neuron = np.concatenate((neuron, np.empty(made, np.int64)))
            time[made], neuron[made] = following[i], i
            made += 1
            following[i], drawn[i] = next_spike(stream[i], drawn[i], following[i], mean[i], shape, values, edges, level)
    return time[:made], neuron[:made]


class PoissonTrains:
    """The trains of a Poisson input; ``state`` is all that a checkpoint needs."""

    def __init__(self, made: dict[str, Any]) -> None:
        self._made = made

    def until(self, stop: float) -> tuple[Array, Ints]:
        """Spikes from where it stands to ``stop`` (s): times and neurons, in time."""
        m = self._made
        time, neuron = spikes_before(
            stop, m["stream"], m["next"], m["drawn"], m["mean"], m["shape"], m["values"], m["edges"], m["level"]
        )
        order = np.lexsort((neuron, time))
        return time[order], neuron[order]

    @property
    def state(self) -> dict[str, Any]:
        """Next spikes and numbers drawn."""
        return {"next": self._made["next"], "drawn": self._made["drawn"]}


class ListedTrains:
    """A recorded or regular input."""

    def __init__(self, given: Recorded | Regular, size: int) -> None:
        self._given, self._size = given, size
        self.state: dict[str, Any] = {"now": np.zeros(1)}

    def until(self, stop: float) -> tuple[Array, Ints]:
        """Spikes from where it stands to ``stop`` (s): times and neurons, in time."""
        start = float(self.state["now"][0])
        self.state["now"][0] = max(start, stop)
        if isinstance(self._given, Recorded):
            times, neurons = np.asarray(self._given.times), np.asarray(self._given.neurons)
            low, high = np.searchsorted(times, [start, stop])
            order = np.lexsort((neurons[low:high], times[low:high]))
            return times[low:high][order], neurons[low:high][order]
        rate, begin = float(self._given.rate), float(self._given.start)
        first = max(math.floor((start - begin) * rate) - 1, 0)
        k = np.arange(first, max(math.ceil((stop - begin) * rate) + 1, first))
        times = begin + k / rate
        times = times[(times >= start) & (times < stop)]
        return np.repeat(times, self._size), np.tile(np.arange(self._size), len(times))
