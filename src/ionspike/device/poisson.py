"""Mean and covariance of the states under Poisson pulses, for devices without cooperative terms (c = d = s = 0).

A pulse takes a state y to ``P y + q`` and the pause after it, of random length T, to ``e + (P y + q - e) D`` with ``D = exp(-r T)`` and e
the state at rest. No pulse begins while another lasts (the dead time), so T is exponential, of mean ``1/rate - width``. With
``z = y - e`` and ``k = P e + q - e`` the state before the next pulse is ``z' = (P z + k) D``, D independent of z, hence in the steady
state, for states i and j of one device, which share T:

    ``m_i = E[D_i] (P_i m_i + k_i)``,   ``M_ij = E[D_i D_j] (P_i P_j M_ij + P_i m_i k_j + P_j m_j k_i + k_i k_j)``,
    ``E[D_i] = lam/(lam + r_i)``,   ``E[D_i D_j] = lam/(lam + r_i + r_j)``,   ``lam = 1/(1/rate - width)``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ionspike.device.trains import Train
from ionspike.errors import InputError

Array = NDArray[np.float64]


@dataclass(frozen=True)
class PoissonSteadyState:
    """Mean (states,) and covariance (states, states) just before and at the end of a pulse; the weight is held at its card value."""

    before: Array
    covariance_before: Array
    after: Array
    covariance_after: Array


def poisson_steady_state(train: Train, rate: float) -> PoissonSteadyState:
    """The steady state of ``train``'s pulses at random times, ``rate`` (Hz) of them on average.

    Raises:
        InputError: a device with c, d or s above 0, for which there is no closed form, or pulses too long for the rate.
    """
    populations = train.ecram.populations
    if any(p.c or p.d or p.s for p in populations):
        raise InputError(
            f"{train.ecram.name} has c, d or s above 0: means under Poisson pulses are closed only without them"
        )
    pause = 1 / rate - train.width
    if not pause > 0:
        raise InputError(f"pulses of {train.width:g} s do not fit a rate of {rate:g} Hz")
    count = len(populations)
    (alpha, beta, _), (_, beta_off, _) = (
        tuple(column[:count] for column in train.ecram.coefficients(eta)) for eta in train.overpotentials
    )
    kept = np.exp(beta * train.width)  # P
    added = alpha * train.width * _relative_growth(beta * train.width)  # q
    rest = train.rest()[:count]
    r, jump = -beta_off, kept * rest + added - rest
    first = 1 / (1 + r * pause)
    second = 1 / (1 + (r[:, None] + r) * pause)
    m = first * jump / (1 - first * kept)
    crossed = np.outer(kept * m, jump)
    moment = second * (crossed + crossed.T + np.outer(jump, jump)) / (1 - second * np.outer(kept, kept))
    covariance = np.zeros((count + 1, count + 1))
    covariance[:count, :count] = moment - np.outer(m, m)
    weight, factor = train.ecram.weight.w, np.append(kept, 0.0)
    return PoissonSteadyState(
        np.append(rest + m, weight),
        covariance,
        np.append(kept * (rest + m) + added, weight),
        covariance * np.outer(factor, factor),
    )


def _relative_growth(x: Array) -> Array:
    """``(exp(x) - 1)/x``, 1 at 0."""
    return np.where(x == 0, 1.0, np.expm1(x) / np.where(x == 0, 1.0, x))
