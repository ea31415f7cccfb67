"""Closed forms for a train of equal pulses: gain at pulse n, steady state, rate response, all from products of Moebius maps.

A pulse and the rest after it are 2 x 2 matrices; ``n`` periods are a matrix power, the steady state is its stable eigenvector.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import fixed_quad
from scipy.optimize import brentq

from ionspike.device.ecram import Ecram
from ionspike.device.moebius import matrix
from ionspike.errors import InputError

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Train:
    """Rectangular gate pulses of ``width`` (s) and ``v_gate`` (V) over a channel at ``v_channel`` (V) during a pulse and ``v_idle``
    between pulses (mean of drain and source). ``series`` (ohm): what else the current of a pulse flows through, such as a read switch."""

    ecram: Ecram
    width: float
    v_gate: float = 1.8
    v_channel: float = 0.0
    v_idle: float = 0.0
    series: float = 0.0

    def _maps(self, rate: float) -> tuple[list[Array], list[Array]]:
        rest = 1 / rate - self.width
        if rest < 0:
            raise InputError(f"pulses of {self.width:g} s do not fit a rate of {rate:g} Hz")
        on = self.ecram.coefficients(self.ecram.overpotential(self.v_gate, self.v_channel, self.v_channel))
        off = self.ecram.coefficients(self.ecram.overpotential(0.0, self.v_idle, self.v_idle))
        count = len(self.ecram.states)
        return (
            [matrix(on[0][k], on[1][k], on[2][k], self.width) for k in range(count)],
            [matrix(off[0][k], off[1][k], off[2][k], rest) for k in range(count)],
        )

    def before(self, n: int, rate: float) -> Array:
        """States just before pulse ``n`` (1 is the first) of a train at ``rate`` (Hz) from rest."""
        on, off = self._maps(rate)
        start = self.ecram.at_rest(0.0, self.v_idle, self.v_idle)
        return np.array([_apply(_power(f @ p, n - 1), y) for p, f, y in zip(on, off, start, strict=True)])

    def steady(self, rate: float) -> Array:
        """States just before a pulse after endless pulses at ``rate`` (Hz). The weight, which has hours, keeps its card value."""
        on, off = self._maps(rate)
        state = np.array([_fixed_point(f @ p) for p, f in zip(on, off, strict=True)])
        state[-1] = self.ecram.weight.w
        return state

    def charge(self, before: Array) -> float:
        """Charge (C) of one pulse per volt across the channel and what is in series, that is the integral of G/(1 + G series) over the pulse, from states ``before`` it."""

        def conductance(times: Array) -> Array:
            states = [self.ecram.advance(before, self.v_gate, self.v_channel, self.v_channel, t) for t in times]
            g = self.ecram.conductance(np.array(states))
            return g / (1 + g * self.series)

        return float(fixed_quad(conductance, 0.0, self.width, n=8)[0])

    def gain(self, n: int, rate: float) -> float:
        """Charge of pulse ``n`` over that of the first, from rest."""
        return self.charge(self.before(n, rate)) / self.charge(self.before(1, rate))

    def response(self, rate: float) -> float:
        """A(f): charge of a pulse in the steady state at ``rate`` (Hz) over that of the first pulse after rest."""
        return self.charge(self.steady(rate)) / self.charge(self.before(1, rate))

    def held(self) -> float:
        """The value of A for a gate held on: the limit of :meth:`response` as the pulses touch."""
        return self.response(1 / (self.width * (1 + 1e-9)))

    def half_rise(self, low: float = 1e-3) -> float:
        """The rate (Hz) at which A is half-way between 1 and its value for a gate held on.

        For one linear population it is 1/(tau ln(1 + U)), U = 1 - exp(-a J width): the steady state before a pulse is then
        ``U r/(1 - (1 - U) r)`` with r = exp(-1/(f tau)), which is one half at r = 1/(1 + U).

        Raises:
            InputError: the train has no gain, so there is no such rate.
        """
        aim = (1 + self.held()) / 2
        high = 1 / (self.width * (1 + 1e-9))
        if abs(aim - 1) < 1e-6:
            raise InputError(f"{self.ecram.name} has no gain under these pulses: there is no half-rise rate")
        root = brentq(lambda u: self.response(float(np.exp(u))) - aim, np.log(low), np.log(high), xtol=1e-10)
        return float(np.exp(root))  # type: ignore[arg-type]


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
