"""Waveforms of one run: vectors on the simulator's own time points, and what is read from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ionspike.errors import InputError

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Attempt:
    """One try at a run: ``options``, what was changed from the options asked for; ``outcome``, ``finished`` or the end of the
    simulator's log; ``seconds`` of wall time."""

    options: str
    outcome: str
    seconds: float


class Waveforms:
    """Vectors by name (lower case, such as ``v(mem)``) on :attr:`time` (s), with the simulator's log.

    Args:
        vectors: the vectors, in memory or read from a file at each look (:class:`~ionspike.spice.runfile.RunFile`).
        log: what the simulator said.
        attempts: the tries it took, the last one finished.
        cached: whether they come from the cache of finished runs.
    """

    def __init__(
        self, vectors: Mapping[str, Array], log: str = "", attempts: Sequence[Attempt] = (), cached: bool = False
    ) -> None:
        self._vectors = vectors
        self.log = log
        self.attempts = tuple(attempts)
        self.cached = cached

    @property
    def time(self) -> Array:
        """The accepted time points (s)."""
        return self._vectors["time"]

    @property
    def vectors(self) -> Mapping[str, Array]:
        """Every vector by name, time included."""
        return self._vectors

    @property
    def names(self) -> tuple[str, ...]:
        """The vectors there are."""
        return tuple(self._vectors)

    def __getitem__(self, name: str) -> Array:
        try:
            return self._vectors[name.lower()]
        except KeyError:
            raise InputError(f"the run has no vector {name!r}; expected one of {', '.join(self.names)}") from None

    def __repr__(self) -> str:
        return f"<{len(self.names)} vectors, {len(self.time)} points to {self.time[-1]:g} s>"

    def rises(self, name: str, level: float) -> Array:
        """Times (s) at which a vector rises through ``level``, between points by a straight line."""
        return _crossings(self.time, self[name], level)

    def falls(self, name: str, level: float) -> Array:
        """Times (s) at which a vector falls through ``level``."""
        return _crossings(self.time, -self[name], -level)

    def at(self, name: str, times: ArrayLike) -> Array:
        """A vector at chosen times (s)."""
        return np.interp(np.asarray(times, float), self.time, self[name])

    def integral(self, values: ArrayLike, start: float, stop: float) -> float:
        """Integral of ``values`` (given on :attr:`time`) from ``start`` to ``stop`` (s), by trapezoids."""
        inner = (self.time > start) & (self.time < stop)
        times = np.concatenate([[start], self.time[inner], [stop]])
        return float(np.trapezoid(np.interp(times, self.time, np.asarray(values, float)), times))


def _crossings(time: Array, values: Array, level: float) -> Array:
    k = np.flatnonzero((values[:-1] < level) & (values[1:] >= level))
    share = (level - values[k]) / (values[k + 1] - values[k])
    return time[k] + share * (time[k + 1] - time[k])
