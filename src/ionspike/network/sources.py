"""Spikes of inputs, made ahead of the windows that need them. What an input does depends on its seed only, not on how it is asked."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ionspike.network import arrays as a
from ionspike.network.arrays import Array, Ints
from ionspike.network.batches import next_batch
from ionspike.network.elementary import streams
from ionspike.network.inputs import InhomogeneousPoisson, Input, ModulatedPoisson, Poisson, Recorded, Regular
from ionspike.network.kernels import compiled
from ionspike.network.network import Source
from ionspike.network.sorting import in_time

# what of a Poisson input moves
_MOVES = ("next", "drawn", "batch_time", "batch_neuron", "batch_used", "batch_size")


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


def poisson_state(seed: int, source: Source) -> dict[str, Any]:
    """Streams, empty batches and shape of a Poisson input, by chunks of its neurons."""
    shape, values, edges, level, peak = rate_shape(source.input)
    rate = np.broadcast_to(np.asarray(peak, float), source.size)
    starts = np.arange(0, source.size, a.CHUNK)
    total = np.add.reduceat(rate, starts)
    with np.errstate(divide="ignore"):
        mean = 1 / total
    share = np.concatenate(
        [np.cumsum(rate[k : k + a.CHUNK]) / max(of, 1e-300) for k, of in zip(starts, total, strict=True)]
    )
    chunks = len(starts)
    return {
        "shape": shape, "values": values, "edges": edges, "level": level, "mean": mean, "stream": streams(seed, source.name, chunks),
        "next": np.where(total > 0, 0.0, math.inf), "drawn": np.zeros(chunks, np.uint64), "batch_time": np.zeros(chunks * a.BATCH),
        "batch_neuron": np.zeros(chunks * a.BATCH, np.int32), "batch_used": np.zeros(chunks, np.int64),
        "batch_size": np.zeros(chunks, np.int64), "batch_gap": np.empty(a.BATCH, np.float32), "share": share, "even": bool(np.all(rate == rate[0])), "size": source.size,
    }  # fmt: skip


@compiled()
def spikes_before(
    stop: float, stream: Any, following: Array, drawn: Any, batch_time: Array, batch_neuron: Any, used: Ints, held: Ints, gaps: Any, mean: Array,
    share: Array, even: bool, shape: int, values: Array, edges: Array, level: Array,
) -> tuple[Array, Ints]:  # fmt: skip
    """Spikes of every chunk before ``stop`` (s); the trains move on."""
    time, neuron, made = np.empty(1024), np.empty(1024, np.int64), 0
    for c in range(mean.shape[0]):
        low = c * a.CHUNK
        size = min(share.shape[0] - low, a.CHUNK)
        times, neurons = batch_time[c * a.BATCH : (c + 1) * a.BATCH], batch_neuron[c * a.BATCH : (c + 1) * a.BATCH]
        while True:
            if used[c] == held[c]:
                if following[c] >= stop:
                    break
                following[c], held[c] = next_batch(
                    stream[c], drawn[c], following[c], mean[c], even, share, low, low, size, gaps, times, neurons,
                    shape, values, edges, level, edges.shape[0],
                )  # fmt: skip
                drawn[c] += np.uint64(a.BATCH)
                used[c] = 0
                continue
            if times[used[c]] >= stop:
                break
            if made == time.shape[0]:
                time = np.concatenate((time, np.empty(made)))
                neuron = np.concatenate((neuron, np.empty(made, np.int64)))
            time[made], neuron[made] = times[used[c]], neurons[used[c]]
            made += 1
            used[c] += 1
    return time[:made], neuron[:made]


class PoissonTrains:
    """The trains of a Poisson input; ``state`` is all that a checkpoint needs."""

    def __init__(self, made: dict[str, Any]) -> None:
        self._made = made

    def until(self, stop: float) -> tuple[Array, Ints]:
        """Spikes from where it stands to ``stop`` (s): times and neurons, in time."""
        m = self._made
        time, neuron = spikes_before(
            stop, m["stream"], m["next"], m["drawn"], m["batch_time"], m["batch_neuron"], m["batch_used"], m["batch_size"],
            m["batch_gap"], m["mean"], m["share"], m["even"], m["shape"], m["values"], m["edges"], m["level"],
        )  # fmt: skip
        order = in_time(time, neuron)
        return time[order], neuron[order]

    @property
    def state(self) -> dict[str, Any]:
        """Batches, and numbers drawn."""
        return {name: self._made[name] for name in _MOVES}


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
            order = in_time(times[low:high], neurons[low:high])
            return times[low:high][order], neurons[low:high][order]
        rate, begin = float(self._given.rate), float(self._given.start)
        first = max(math.floor((start - begin) * rate) - 1, 0)
        k = np.arange(first, max(math.ceil((stop - begin) * rate) + 1, first))
        times = begin + k / rate
        times = times[(times >= start) & (times < stop)]
        return np.repeat(times, self._size), np.tile(np.arange(self._size), len(times))
