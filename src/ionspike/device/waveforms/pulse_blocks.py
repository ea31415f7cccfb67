"""What a gate waveform that tells a device apart is built from: a pulse at some level and width, then a pause at some held bias."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from ionspike.device.ecram import Ecram
from ionspike.device.waveforms.waveform import Waveform
from ionspike.errors import InputError

Array = NDArray[np.float64]

LEAD = 0.005  # of the whole: what the channel does before the first pulse


@dataclass(frozen=True)
class PulseFamily:
    """``levels`` (V) and ``widths`` (s) of the pulses, ``holds`` (V) and ``pauses`` (s) after them; ``duration`` (s) of the whole and
    its number of ``samples``.

    Raises:
        InputError: a list is empty or a time is not positive.
    """

    levels: tuple[float, ...]
    widths: tuple[float, ...]
    holds: tuple[float, ...]
    pauses: tuple[float, ...]
    duration: float = 20.0
    samples: int = 4000

    def __post_init__(self) -> None:
        for name in ("levels", "widths", "holds", "pauses"):
            if not len(getattr(self, name)):
                raise InputError(f"there are no {name} to choose pulses from")
        shortest = min(*self.widths, *self.pauses, self.duration)
        if shortest <= 0:
            raise InputError(f"a pulse, a pause or the whole waveform lasts {shortest:g} s; expected positive times")

    @classmethod
    def for_device(
        cls,
        ecram: Ecram,
        duration: float = 20.0,
        samples: int = 4000,
        amplitudes: Sequence[float] | None = None,
        negative: bool = True,
        holds: Sequence[float] = (0.0, -0.1, 0.1, 0.2),
    ) -> PulseFamily:
        """Eight amplitudes from below the threshold to the plateau, unless given, of both signs; widths from a tenth of the shortest
        release time to one and a half times the longest, no shorter than two samples; pauses up to three times the longest."""
        gate, taus = ecram.gate, [p.tau for p in ecram.populations]
        ladder = (
            np.linspace(gate.V_T - 5 * gate.V_0, gate.V_T + 6 * gate.V_0, 8)
            if amplitudes is None
            else np.asarray(amplitudes, float)
        )
        ladder = gate.V_rest + gate.polarity * np.abs(ladder)
        levels = [*ladder, *(2 * gate.V_rest - ladder if negative else ())]
        gap = duration / samples
        widths = np.geomspace(max(0.1 * min(taus), 2 * gap), max(1.5 * max(taus), 4 * gap), 6)
        pauses = np.geomspace(max(min(taus), 4 * gap), max(3 * max(taus), 8 * gap), 3)
        return cls(tuple(map(float, levels)), tuple(widths), tuple(holds), tuple(pauses), duration, samples)

    @property
    def blocks(self) -> list[tuple[float, float, float, float]]:
        """Every (level, width, hold, pause) of the family."""
        return list(product(self.levels, self.widths, self.holds, self.pauses))

    def ladder_blocks(self) -> list[tuple[float, float, float, float]]:
        """Every level at widths in turn, pauses at holds in turn, over and over until time is up."""
        pause, blocks, spent, k = self.pauses[len(self.pauses) // 2], [], 0.0, 0
        stride = next(n for n in (5, 3, 7, 1) if math.gcd(n, len(self.levels)) == 1)  # far steps, every level met
        while True:
            width = self.widths[(k + k // len(self.levels)) % len(self.widths)]
            block = (self.levels[stride * k % len(self.levels)], width, self.holds[k // 2 % len(self.holds)], pause)
            spent += width + pause
            if spent > (1 - LEAD) * self.duration:
                return blocks
            blocks.append(block)
            k += 1

    def ladder(self) -> Waveform:
        """The fixed waveform to beat."""
        return waveform_of(self.ladder_blocks(), self.duration)


def waveform_of(blocks: Sequence[tuple[float, float, float, float]], duration: float, rest: float = 0.0) -> Waveform:
    """Pulses and pauses one after the other, from rest, and rest until ``duration`` (s) is over."""
    lead = LEAD * duration
    levels, durations = [rest], [lead]
    for level, width, hold, pause in blocks:
        levels += [level, hold]
        durations += [width, pause]
    left = duration - sum(durations)
    if left > 0:
        levels, durations = [*levels, rest], [*durations, left]
    return Waveform(tuple(levels), tuple(durations))
