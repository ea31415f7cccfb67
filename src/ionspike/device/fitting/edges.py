"""When the gate steps: from a fitted clock, or inside the gap between two samples that the gate column shows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ionspike.device.measured.records import PulseRecord, half_swing_crossings
from ionspike.errors import InputError

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Mask = NDArray[np.bool_]

_ONE_LEVEL = 0.02  # of the range of the gate: readings closer than this are one level


@dataclass(frozen=True)
class Clock:
    """Edges of the gate (s): from a fitted ``period``, ``start`` of the first pulse and ``width``, for ``count`` pulses."""

    start: float
    period: float
    width: float
    count: int

    @property
    def on(self) -> Array:
        """Rising edges."""
        return self.start + self.period * np.arange(self.count, dtype=float)

    @property
    def off(self) -> Array:
        """Falling edges."""
        return self.on + self.width


@dataclass(frozen=True)
class Steps:
    """The steps of the gate of one record: ``levels`` (V), the resting one first; ``level`` before the first edge and after each
    (edges + 1,); ``first``: index of the first sample after each edge; ``pulse``: number of the pulse that began last (edges,)."""

    levels: Array
    level: Index
    first: Index
    pulse: Index

    @cached_property
    def rising(self) -> Mask:
        """Edges that begin a pulse."""
        return self.level[1:] != 0

    @cached_property
    def pulses(self) -> int:
        """How many pulses there are."""
        return int(self.rising.sum())


def gate_levels(record: PulseRecord) -> Array:
    """The levels (V) of the gate, the one nearest to 0, where it rests, first."""
    values = np.unique(record.gate)
    apart = np.flatnonzero(np.diff(values) > _ONE_LEVEL * max(np.ptp(values), 1e-12))
    found = np.array([group.mean() for group in np.split(values, apart + 1)])
    return found[np.argsort(np.abs(found), kind="stable")]


def gate_steps(record: PulseRecord) -> Steps:
    """The steps that the gate column shows.

    Raises:
        InputError: the gate never leaves its resting level.
    """
    levels = gate_levels(record)
    number = np.argmin(np.abs(record.gate[:, None] - levels), axis=1).astype(np.int64)
    first = np.flatnonzero(np.diff(number)) + 1
    level = np.concatenate([number[:1], number[first]])
    if not len(first) or not np.any(level[1:]):
        raise InputError(f"{record.source} holds no complete gate pulse to fit")
    pulse = np.maximum(np.cumsum(level[1:] != 0) - 1, 0).astype(np.int64)
    return Steps(levels, level, first.astype(np.int64), pulse)


def clocked_steps(record: PulseRecord, count: int) -> Steps:
    """Steps of ``count`` equal pulses whose moments a clock gives.

    Raises:
        InputError: the gate has more than one level of pulses.
    """
    levels = gate_levels(record)
    if len(levels) != 2:
        raise InputError(f"{record.source} has {len(levels)} gate levels; a fitted clock takes records of two")
    level = np.concatenate([[0], np.tile([1, 0], count)]).astype(np.int64)
    return Steps(levels, level, np.empty(0, np.int64), np.repeat(np.arange(count, dtype=np.int64), 2))


def guess_clock(record: PulseRecord, fitted: Mask) -> Clock:
    """A clock through the half-swing crossings of the record; only those among the ``fitted`` samples shape it.

    Raises:
        InputError: there are not two pulses among the fitted samples.
    """
    on, off = half_swing_crossings(record)
    if len(off) and len(on) and off[0] < on[0]:
        off = off[1:]
    pairs = min(len(on), len(off))
    if len(on) < 2 or pairs < 1:
        raise InputError(f"{record.source} holds no complete gate pulse to fit")
    used = fitted[np.searchsorted(record.time, on).clip(0, len(fitted) - 1)]
    if used.sum() < 2:
        raise InputError(f"{record.source} has {int(used.sum())} pulses among the fitted samples; expected two or more")
    number = np.round((on - on[0]) / np.median(np.diff(on)))
    period, start = np.polyfit(number[used], on[used], 1)
    gap = float(np.median(np.diff(record.time)))
    width = float(np.median((off[:pairs] - on[:pairs])[used[:pairs]])) + gap
    width = float(np.clip(width, 2 * gap, period - 2 * gap))
    return Clock(float(start) - 3 * gap, float(period), width, int(number[-1]) + 1)
