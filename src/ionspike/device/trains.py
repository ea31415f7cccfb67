"""Closed forms for a train of equal pulses: gain at pulse n, steady state, recovery, rate response, all from products of Moebius maps.

A pulse and the rest after it are 2 x 2 matrices; ``n`` periods are a matrix power, the steady state is its stable eigenvector. What a
pulse passes is the charge through the channel while it lasts, per volt.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ionspike.device.ecram import Ecram
from ionspike.device.moebius import matrix, states_at
from ionspike.errors import InputError

Array = NDArray[np.float64]

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(10)
_HALVINGS = 60
_TOUCHING = 1 + 1e-9  # pulses this close, in widths, count as a gate held on
_LOWEST = 1e-3  # Hz, where rate responses begin


@dataclass(frozen=True)
class Train:
    """Rectangular gate pulses of ``width`` (s) and ``v_gate`` (V) over a channel at ``v_channel`` (V) during a pulse and ``v_idle``
    between pulses (mean of drain and source). ``series`` (ohm): what else the current of a pulse flows through, such as a read switch.
    For a two-terminal device ``v_gate`` is the voltage across the channel and the other two say nothing."""

    ecram: Ecram
    width: float
    v_gate: float = 1.8
    v_channel: float = 0.0
    v_idle: float = 0.0
    series: float = 0.0

    @property
    def overpotentials(self) -> tuple[float, float]:
        """``eta`` (V) during a pulse and between pulses."""
        law = self.ecram.overpotential
        if self.ecram.gate.drive == "channel":
            return float(law(0.0, self.v_gate, 0.0)), float(law(0.0, 0.0, 0.0))
        return (
            float(law(self.v_gate, self.v_channel, self.v_channel)),
            float(law(0.0, self.v_idle, self.v_idle)),
        )

    def rest(self) -> Array:
        """States after an endless pause: volatile ones at rest at the idle bias, the weight at its card value."""
        if self.ecram.gate.drive == "channel":
            return self.ecram.at_rest()
        return self.ecram.at_rest(0.0, self.v_idle, self.v_idle)

    def _matrices(self, eta: float, duration: float) -> list[Array]:
        return [matrix(*abc, duration) for abc in zip(*self.ecram.coefficients(eta), strict=True)]

    def _pulse(self) -> list[Array]:
        return self._matrices(self.overpotentials[0], self.width)

    def _pause(self, rate: float) -> list[Array]:
        rest = 1 / rate - self.width
        if rest < 0:
            raise InputError(f"pulses of {self.width:g} s do not fit a rate of {rate:g} Hz")
        return self._matrices(self.overpotentials[1], rest)

    # --- states --------------------------------------------------------------------------------------------------------------

    def before(self, n: int, rate: float) -> Array:
        """States just before pulse ``n`` (1 is the first) of a train at ``rate`` (Hz) from rest."""
        if n < 1:
            raise InputError(f"pulse {n}: expected 1, which is the first, or later")
        periods = [off @ on for on, off in zip(self._pulse(), self._pause(rate), strict=True)]
        return np.array([_apply(_power(m, n - 1), y) for m, y in zip(periods, self.rest(), strict=True)])

    def after(self, n: int, rate: float) -> Array:
        """States at the end of pulse ``n`` of a train at ``rate`` (Hz) from rest."""
        return self._after_pulse(self.before(n, rate))

    def steady(self, rate: float) -> Array:
        """States just before a pulse after endless pulses at ``rate`` (Hz). The weight, which has hours, keeps its card value."""
        periods = [off @ on for on, off in zip(self._pulse(), self._pause(rate), strict=True)]
        state = np.array([_fixed_point(m) for m in periods])
        state[-1] = self.ecram.weight.w
        return state

    def steady_after(self, rate: float) -> Array:
        """States at the end of a pulse after endless pulses at ``rate`` (Hz); the weight at its card value."""
        state = self._after_pulse(self.steady(rate))
        state[-1] = self.ecram.weight.w
        return state

    def _after_pulse(self, state: Array) -> Array:
        return np.array([_apply(m, y) for m, y in zip(self._pulse(), state, strict=True)])

    # --- what a pulse passes -------------------------------------------------------------------------------------------------

    def charge(self, before: Array) -> float:
        """Charge (C) of one pulse per volt across the channel and what is in series, that is the integral of G/(1 + G series) over
        the pulse, from states ``before`` it."""
        abc = self.ecram.coefficients(self.overpotentials[0])
        start = np.asarray(before, float)

        def conductance(times: Array) -> Array:
            g = self.ecram.conductance(states_at(start, *abc, times.ravel())).reshape(times.shape)
            return g / (1 + g * self.series)

        return _integral(conductance, self.width)

    def gain(self, n: int, rate: float) -> float:
        """Charge of pulse ``n`` over that of the first, from rest. Above 1: facilitation, below: depression."""
        return self.charge(self.before(n, rate)) / self.charge(self.rest())

    def paired_pulse(self, interval: float) -> float:
        """Paired-pulse ratio: charge of the second pulse over that of the first, ``interval`` (s) from onset to onset."""
        return self.gain(2, 1 / interval)

    def left(self, time: float, n: int, rate: float) -> float:
        """Recovery: the share of what ``n`` pulses at ``rate`` (Hz) changed that is left ``time`` (s) after the last one's end, as
        the charge of a probe pulse tells it.

        Raises:
            InputError: the pulses change nothing, so that there is no share.
        """
        end, none = self.after(n, rate), self.charge(self.rest())
        changed = self.charge(end) - none
        if abs(changed) < 1e-12 * none:
            raise InputError(f"{self.ecram.name} is not changed by these pulses: there is nothing to recover from")
        waited = [_apply(m, y) for m, y in zip(self._matrices(self.overpotentials[1], time), end, strict=True)]
        return (self.charge(np.array(waited)) - none) / changed

    def response(self, rate: float) -> float:
        """A(f): charge of a pulse in the steady state at ``rate`` (Hz) over that of the first pulse after rest."""
        return self.charge(self.steady(rate)) / self.charge(self.rest())

    def held(self) -> float:
        """The value of A for a gate held on: the limit of :meth:`response` as the pulses touch."""
        return self.response(self._highest)

    @property
    def _highest(self) -> float:
        return 1 / (self.width * _TOUCHING)

    def half_rise(self, low: float = _LOWEST) -> float:
        """The rate (Hz) at which A is half-way between 1 and its value for a gate held on.

        For one linear population it is 1/(tau ln(1 + U)), U = 1 - exp(-a J width): the steady state before a pulse is then
        ``U r/(1 - (1 - U) r)`` with r = exp(-1/(f tau)), which is one half at r = 1/(1 + U).

        Raises:
            InputError: the train has no gain, so there is no such rate.
        """
        aim = (1 + self.held()) / 2
        if abs(aim - 1) < 1e-6:
            raise InputError(f"{self.ecram.name} has no gain under these pulses: there is no half-rise rate")
        return self._crossing(aim, low, self._highest)

    def peak(self) -> tuple[float, float]:
        """The rate (Hz) at which A is largest, and A there. For a device that only depresses it is the lowest rate."""
        grid = np.geomspace(_LOWEST, self._highest, 120)
        top = int(np.argmax([self.response(float(rate)) for rate in grid]))
        if top == len(grid) - 1:
            return float(grid[top]), self.response(float(grid[top]))
        # half a second to import, and most that ask for a train don't need it
        from scipy.optimize import minimize_scalar

        found = minimize_scalar(
            lambda u: -self.response(float(np.exp(u))),
            bounds=(float(np.log(grid[max(top - 1, 0)])), float(np.log(grid[top + 1]))),
            method="bounded",
            options={"xatol": 1e-9},
        )
        rate = float(np.exp(found.x))  # type: ignore[attr-defined]
        return rate, self.response(rate)

    def cut_off(self, share: float = 1 / math.sqrt(2)) -> float:
        """The rate (Hz) above the peak of A at which A has fallen to ``share`` of it: -3 dB by default, 0.5 for half of the gain.

        Raises:
            InputError: A does not fall that far, up to pulses that touch.
        """
        rate, top = self.peak()
        if self.held() > share * top:
            raise InputError(
                f"{self.ecram.name} has no upper cut-off under these pulses: A does not fall to {share:.3g} of its peak"
            )
        return self._crossing(share * top, rate, self._highest)

    def _crossing(self, aim: float, low: float, high: float) -> float:
        from scipy.optimize import brentq

        root = brentq(lambda u: self.response(float(np.exp(u))) - aim, np.log(low), np.log(high), xtol=1e-10)
        return float(np.exp(root))  # type: ignore[arg-type]


def _integral(function: Callable[[Array], Array], end: float) -> float:
    """Of a positive ``function`` from 0 to ``end``, to 1e-13 of itself: Gauss-Legendre, panels halved where halves do not agree with
    the whole, as at a channel that turns off."""

    def gauss(low: Array, high: Array) -> Array:
        half = (high - low)[:, None] / 2
        return (function(low[:, None] + half * (1 + _NODES)) * half) @ _WEIGHTS

    low, high = np.array([0.0]), np.array([end])
    whole, total = gauss(low, high), 0.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        left, right = gauss(low, middle), gauss(middle, high)
        open_ = np.abs(left + right - whole) > 1e-13 * (total + np.sum(left + right))
        total += float(np.sum((left + right)[~open_]))
        low, high = np.concatenate([low[open_], middle[open_]]), np.concatenate([middle[open_], high[open_]])
        whole = np.concatenate([left[open_], right[open_]])
        if not len(low):
            break
    return total + float(whole.sum())


def _apply(m: Array, y: float) -> float:
    return float((m[0, 0] * y + m[0, 1]) / (m[1, 0] * y + m[1, 1]))


def _power(m: Array, n: int) -> Array:
    """``m`` to the power ``n``, scaled on the way: a Moebius map does not feel a factor."""
    result, base = np.eye(2), m / np.abs(m).max()
    while n:
        if n & 1:
            result = result @ base
            result /= np.abs(result).max()
        base = base @ base
        base /= np.abs(base).max()
        n >>= 1
    return result


def _fixed_point(m: Array) -> float:
    """The fixed point in [0, 1] that iterating the map tends to: the eigenvector of the larger eigenvalue."""
    values, vectors = np.linalg.eig(m)
    v = np.real(vectors[:, int(np.argmax(np.abs(values)))])
    return float(np.clip(v[0] / v[1], 0.0, 1.0)) if v[1] != 0 else 0.0
