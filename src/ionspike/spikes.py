"""Trains of input pulses: start times in seconds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ionspike.errors import InputError
from ionspike.units import quantity

Array = NDArray[np.float64]


def regular(rate: float | str, count: int, start: float | str = 2e-6) -> Array:
    """``count`` pulses at ``rate`` (Hz) from ``start`` (s)."""
    return quantity(start, "s", "start") + np.arange(count, dtype=float) / _rate(rate)


def poisson(
    rate: float | str, count: int, seed: int, start: float | str = 2e-6, dead_time: float | str = 1e-6
) -> Array:
    """``count`` pulses of a Poisson process of mean ``rate`` (Hz) with a ``dead_time`` (s) after each; the mean rate holds with it.

    Raises:
        InputError: a dead time longer than the mean interval.
    """
    mean, dead = 1 / _rate(rate), quantity(dead_time, "s", "dead_time")
    if not 0 <= dead < mean:
        raise InputError(f"dead_time is {dead:g} s; expected 0 to the mean interval of {mean:g} s")
    gaps = np.random.default_rng(seed).exponential(mean - dead, count) + dead
    return quantity(start, "s", "start") + np.cumsum(gaps)


def _rate(rate: float | str) -> float:
    value = quantity(rate, "Hz", "rate")
    if not value > 0:
        raise InputError(f"rate is {value:g} Hz; expected above 0")
    return value
