"""Samples and gate edges of records, sorted into the steps that a chain of exact maps takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from ionspike.device.waveforms.waveform import Waveform, rest_level
from ionspike.device.waveforms.waveform_kernel import chain, maps, pulse_chains

if TYPE_CHECKING:
    from ionspike.device.waveforms.law_arrays import LawArrays

Array = NDArray[np.float64]
Index = NDArray[np.int64]

_EVER = 1e30  # s: a record starts from rest at its first level
_QUANTUM = 1e-13  # of a record's length: steps that differ by less are the same, and differ by rounding only


@dataclass(frozen=True)
class Steps:
    """The m steps of all records, one after the other, of u different kinds.

    ``volt`` (u,) gate voltage and ``span`` (u,) length of each kind, ``rate`` (u,) what multiplies its insertion; ``order`` (m,) kind,
    ``place`` (m,) sample reached (-1: none) and ``pulse`` (m,) of each step (-1: none).
    """

    volt: Array
    span: Array
    rate: Array
    order: Index
    place: Index
    pulse: Index
    samples: int
    pulses: int

    @classmethod
    def of(cls, traces: Sequence[tuple[Array, Waveform]]) -> Self:
        """From sample times (s) and waveform of every record."""
        columns: list[tuple[Array, ...]] = []
        samples, pulses = 0, 0
        for time, waveform in traces:
            volt, span, place, pulse, number = _events(np.asarray(time, float), waveform)
            columns.append(
                (volt, span, np.where(place >= 0, place + samples, -1), np.where(pulse >= 0, pulse + pulses, -1))
            )
            samples, pulses = samples + len(time), pulses + number
        volt, span, place, pulse = (np.concatenate(c) for c in zip(*columns, strict=True))
        kinds, order = np.unique(np.stack([volt, span]), axis=1, return_inverse=True)
        return cls(kinds[0], kinds[1], np.ones(kinds.shape[1]), order.ravel(), place, pulse, samples, pulses)

    @cached_property
    def split(self) -> tuple[Index, Index, Index]:
        """Kinds told apart by pulse: the kind and the pulse of each, and the order of the steps among them."""
        kinds, order = np.unique(np.stack([self.order, self.pulse]), axis=1, return_inverse=True)
        return kinds[0], kinds[1], order.ravel()

    def with_factors(self, factors: Array) -> Steps:
        """The insertion of every pulse multiplied by ``exp`` of its factor."""
        kind, pulse, order = self.split
        rate = np.where(pulse >= 0, np.exp(factors)[pulse], 1.0) if self.pulses else np.ones(len(kind))
        return replace(self, volt=self.volt[kind], span=self.span[kind], rate=rate, order=order)

    def run(self, law: LawArrays, state: int) -> Array:
        """One state at every sample, (n,)."""
        m = self._maps(law, state, self.volt, self.span, self.rate)
        return chain(m, self.order, self.place, self.samples, 0.0)

    def _maps(self, law: LawArrays, state: int, volt: Array, span: Array, rate: Array) -> Array:
        m = maps(law.gate, law.rows[state], law.overpotential(volt), span, rate)
        if state >= len(law.g):  # the weight does not start from rest, but where the card has it
            m[span == _EVER] = (0.0, law.w, 0.0, 1.0)
        return m

    def pulse_differences(self, law: LawArrays, state: int, reach: float) -> Array:
        """What one state gains when the factor of a pulse goes from ``-reach`` to ``reach``, (n, pulses)."""
        kind, pulse, order = self.split
        up, down, flat = (
            self._maps(law, state, self.volt[kind], self.span[kind], np.where(pulse >= 0, np.exp(size), 1.0))
            for size in (reach, -reach, 0.0)
        )
        return pulse_chains(flat, up, down, order, self.place, self.pulse, self.samples, self.pulses, 0.0)


def _events(time: Array, waveform: Waveform) -> tuple[Array, Array, Index, Index, int]:
    """Voltage, length, sample and pulse of every step of one record, and how many pulses it has."""
    levels = np.asarray(waveform.levels)
    resting = levels == rest_level(levels, waveform.durations)
    number = np.where(resting, -1, np.cumsum(~resting) - 1)
    moments = np.concatenate([time, waveform.edges])
    place = np.concatenate([np.arange(len(time)), np.full(len(levels) - 1, -1)])
    sequence = np.argsort(moments, kind="stable")
    moments, place = moments[sequence], place[sequence]
    # the level that led to an event is the one before it: an edge is reached under the level that it ends
    at = np.searchsorted(waveform.edges, moments, "left")
    quantum = _QUANTUM * max(float(moments[-1] - moments[0]), waveform.duration)
    span = np.round(np.diff(moments) / quantum) * quantum
    volt = np.concatenate([levels[:1], levels[at]])
    first = max(float(moments[0] - waveform.start), 0.0)
    return (
        volt,
        np.concatenate([[_EVER, first], span]),
        np.concatenate([[-1], place]),
        np.concatenate([[-1], number[at]]),
        int(np.sum(~resting)),
    )
