"""Gate waveforms that are constant between edges: what a measurement applied, or what the next one should."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ionspike.device.ecram import Ecram
from ionspike.device.measured.records import PulseRecord
from ionspike.errors import InputError
from ionspike.units import show

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Waveform:
    """A sequence of gate ``levels`` (V), each for one of ``durations`` (s), from ``start`` (s) on; the first has lasted for ever.

    Raises:
        InputError: lists of different length or none, a duration that is not positive.
    """

    levels: tuple[float, ...]
    durations: tuple[float, ...]
    start: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "levels", tuple(float(v) for v in self.levels))
        object.__setattr__(self, "durations", tuple(float(t) for t in self.durations))
        if not self.levels or len(self.levels) != len(self.durations):
            raise InputError(
                f"{len(self.levels)} gate levels and {len(self.durations)} durations; expected one of each"
            )
        if not all(t > 0 for t in self.durations):
            raise InputError(f"a gate level lasts {min(self.durations):g} s; expected a positive time")

    @property
    def duration(self) -> float:
        """Length of the whole (s)."""
        return float(sum(self.durations))

    @property
    def edges(self) -> Array:
        """Times (s) at which the level changes, one fewer than levels."""
        return self.start + np.cumsum(self.durations)[:-1]

    def at(self, time: ArrayLike) -> Array:
        """Gate voltage (V) at each of ``time`` (s); an edge belongs to the level that follows."""
        return np.asarray(self.levels)[np.searchsorted(self.edges, np.asarray(time, float), "right")]

    def then(self, other: Waveform) -> Waveform:
        """This waveform, followed by another."""
        return Waveform(self.levels + other.levels, self.durations + other.durations, self.start)

    def __str__(self) -> str:
        rows = [f"  {show(v, 'V'):>9} for {show(t, 's')}" for v, t in zip(self.levels, self.durations, strict=True)]
        return f"gate waveform, {len(self.levels)} levels, {show(self.duration, 's')}\n" + "\n".join(rows)


def rest_level(levels: ArrayLike, durations: ArrayLike) -> float:
    """The level (V) that is held longest in all: what a gate returns to between its pulses."""
    values, where = np.unique(np.asarray(levels, float), return_inverse=True)
    return float(values[np.argmax(np.bincount(where, np.asarray(durations, float)))])


def recorded_waveform(record: PulseRecord, share: float = 0.5) -> Waveform:
    """The gate of a record: every edge at ``share`` of the gap between the two samples that it fell into."""
    gate, time = record.gate.round(6), record.time
    after = np.flatnonzero(np.diff(gate) != 0) + 1
    edges = time[after - 1] + share * (time[after] - time[after - 1])
    bounds = np.concatenate([time[:1], edges, time[-1:] + np.median(np.diff(time))])
    return Waveform(tuple(gate[np.r_[0, after]]), tuple(np.diff(bounds)), float(time[0]))


def sampled(waveform: Waveform, samples: int) -> Array:
    """Evenly spaced sample times (s), the first half a gap after the start."""
    return waveform.start + (np.arange(samples) + 0.5) * waveform.duration / samples


def simulate(ecram: Ecram, waveform: Waveform, time: ArrayLike, factors: ArrayLike | None = None) -> Array:
    """Conductance (S) at ``time`` under ``waveform``, from rest at its first level; ``factors``: see ``Problem.model``."""
    from ionspike.device.waveforms.waveform_problem import Trace, WaveformProblem

    t = np.asarray(time, float)
    problem = WaveformProblem(ecram, (Trace(t, np.zeros(len(t)), waveform, 1.0),), ())
    return problem.model(np.empty(0), None if factors is None else np.asarray(factors, float))
