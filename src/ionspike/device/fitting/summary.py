"""The law fitted to the few numbers that a paper prints: paired-pulse ratio, gain of a train, tail, pulse width.

A response is the largest change of conductance that a pulse causes, its value at the end of the pulse, over rest.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ionspike.device.ecram import Ecram, Gate, Population, Weight
from ionspike.device.trains import Train
from ionspike.errors import InputError

Array = NDArray[np.float64]

LEVEL = 1.0  # V, of the pulses: assumed, on the plateau of the flux
_V_T, _V_0 = 0.5, 0.04
_AGREE = 0.01
_MOST_COOPERATIVE = 200.0
_EVALUATIONS = 60


@dataclass(frozen=True)
class Target:
    """One printed number, met within a relative ``tolerance``.

    ``kind``: ``paired`` (second over first response, ``time`` s between the end of a pulse and the next), ``gain`` (response ``number``
    over the first of a train at ``rate`` Hz), ``tail`` (response ``time`` s after a pulse over that at its end; a ``value`` of 0 is met
    within the tolerance itself), ``width`` (response to a pulse of ``time`` s over that to the usual one).
    """

    kind: Literal["paired", "gain", "tail", "width"]
    value: float
    time: float = 0.0
    number: int = 1
    rate: float = 0.0
    tolerance: float = 0.05

    def __str__(self) -> str:
        return {
            "paired": f"paired-pulse ratio at {self.time:g} s",
            "gain": f"A{self.number}/A1 at {self.rate:g} Hz",
            "tail": f"A({self.time:g} s)/A(0)",
            "width": f"A of a {self.time:g} s pulse over the usual one",
        }[self.kind]


@dataclass(frozen=True)
class SummaryFit:
    """A ``device`` and what it ``reached`` of every target; ``agreeing`` of ``starts`` met this optimum."""

    device: Ecram
    targets: tuple[Target, ...]
    reached: tuple[float, ...]
    agreeing: int
    starts: int

    @property
    def met(self) -> tuple[bool, ...]:
        """Which targets are met within their tolerance."""
        pairs = zip(self.targets, self.reached, strict=True)
        return tuple(abs(r - t.value) <= t.tolerance * (t.value or 1.0) for t, r in pairs)

    def __str__(self) -> str:
        lines = [f"{self.device.name}: {self.agreeing} of {self.starts} starts met this optimum"]
        for target, value, ok in zip(self.targets, self.reached, self.met, strict=True):
            lines.append(f"  {target}: {value:.3g} for {target.value:.3g}{'' if ok else ', missed'}")
        return "\n".join(lines)


def fit_summary(
    targets: Sequence[Target],
    width: float,
    populations: int = 1,
    cooperative: bool = True,
    amplitude: float = 1e-6,
    rest: float = 1e-6,
    name: str = "fitted",
    starts: int = 12,
    seed: int = 1,
) -> SummaryFit:
    """Fit the law to summary numbers through the closed forms of trains.

    Args:
        targets: numbers and how near they are to be met.
        width: of a pulse (s).
        populations: how many; their amplitudes are positive and share ``amplitude``.
        cooperative: c and s are free, otherwise 0 (a sum of exponentials).
        amplitude, rest: conductances (S) of all states filled and at rest; summary numbers do not tell them.
        starts: starting points (seeded).

    Raises:
        InputError: no target, or a train whose pulses do not fit its rate.
    """
    from scipy.optimize import least_squares

    if not targets:
        raise InputError("there is no number to fit; expected targets such as Target('paired', 1.8, time=0.03)")
    form = _Form(tuple(targets), width, populations, cooperative, amplitude, rest, name)
    rng = np.random.default_rng(seed)
    low, high = form.bounds()
    found = []
    for k in range(starts):
        begin = form.guess(None if k == 0 else rng)
        done = least_squares(
            form.residual, np.clip(begin, low + 1e-9, high - 1e-9), bounds=(low, high), max_nfev=_EVALUATIONS, ftol=1e-6
        )
        found.append((float(done.cost), done.x))
    found.sort(key=lambda pair: pair[0])
    best, theta = found[0]
    agreeing = sum(cost <= best * (1 + _AGREE) + 1e-4 for cost, _ in found)
    device = form.device(theta)
    reached = tuple(response(device, target, width) for target in targets)
    return SummaryFit(device, tuple(targets), reached, agreeing, starts)


def response(device: Ecram, target: Target, width: float) -> float:
    """What ``device`` gives for a target under pulses of ``width`` (s)."""
    train = Train(device, width, v_gate=LEVEL)
    if target.kind == "paired":
        rate = 1 / (width + target.time)
        return _peak(train, 2, rate) / _peak(train, 1, rate)
    if target.kind == "gain":
        return _peak(train, target.number, target.rate) / _peak(train, 1, target.rate)
    if target.kind == "width":
        return _peak(Train(device, target.time, v_gate=LEVEL), 1, 0.5 / target.time) / _peak(train, 1, 0.5 / width)
    after = device.advance(_after(train, 1, 0.5 / width), 0.0, duration=target.time)
    return _change(device, after) / _peak(train, 1, 0.5 / width)


def _after(train: Train, n: int, rate: float) -> Array:
    return train.ecram.advance(train.before(n, rate), train.v_gate, duration=train.width)


def _change(device: Ecram, state: Array) -> float:
    return float(device.conductance(state) - device.conductance(device.at_rest()))


def _peak(train: Train, n: int, rate: float) -> float:
    return _change(train.ecram, _after(train, n, rate))


@dataclass(frozen=True)
class _Form:
    """The free numbers of one summary fit: per population ln J width, ln tau/width, c, s, and the shares of the amplitude."""

    targets: tuple[Target, ...]
    width: float
    populations: int
    cooperative: bool
    amplitude: float
    rest: float
    name: str

    @property
    def _each(self) -> int:
        return 5 if self.cooperative else 3

    def bounds(self) -> tuple[Array, Array]:
        low, high = [math.log(1e-6), math.log(0.05), math.log(1e-4)], [math.log(30.0), math.log(1e4), 0.0]
        if self.cooperative:
            low, high = [*low, 0.0, 0.0], [*high, _MOST_COOPERATIVE, 0.9999]
        return np.tile(low, self.populations), np.tile(high, self.populations)

    def guess(self, rng: np.random.Generator | None) -> Array:
        rows = []
        for k in range(self.populations):
            drawn = np.zeros(5) if rng is None else rng.normal(0, 1, 5)
            row = [-3 + 1.5 * drawn[0], 1.2 + k + drawn[1], -0.5 + 0.5 * drawn[2]]
            rows += [*row, abs(10 + 10 * drawn[3]), float(np.clip(0.8 + 0.2 * drawn[4], 0.0, 0.99))][: self._each]
        return np.array(rows)

    def device(self, theta: Array) -> Ecram:
        rows = theta.reshape(self.populations, self._each)
        shares = np.exp(rows[:, 2]) / np.exp(rows[:, 2]).sum()
        first = math.exp(rows[0, 0]) / self.width
        members = tuple(
            Population(
                tau=math.exp(row[1]) * self.width,
                g=self.amplitude * share,
                a=math.exp(row[0]) / self.width / first,
                c=row[3] if self.cooperative else 0.0,
                s=row[4] if self.cooperative else 0.0,
            )
            for row, share in zip(rows, shares, strict=True)
        )
        return Ecram(self.name, Gate(V_T=_V_T, V_0=_V_0, J_lim=first), members, Weight(G_min=self.rest))

    def residual(self, theta: Array) -> Array:
        device = self.device(theta)
        return np.array(
            [(response(device, t, self.width) - t.value) / (t.tolerance * (t.value or 1.0)) for t in self.targets]
        )
