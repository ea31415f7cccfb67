"""A long train on one device that ages, with a random factor on every pulse: what a lifetime test would see.

The aged parameters hold from the start of a pulse to the start of the next; a pulse's dose counts after it. The charge that ages is
that of the ions a pulse moves, ``sum q_k |y_after - y_before|``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ionspike.device.aging import Dose
from ionspike.device.compiled import compiled
from ionspike.device.ecram import conductance_of
from ionspike.device.moebius import exact_step, riccati, table
from ionspike.device.trains import Train
from ionspike.errors import InputError

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Lifetime:
    """What :func:`run_train` saw, pulse by pulse.

    ``before``, ``after``: states, shape (pulses, states). ``conductance_before``, ``conductance_after``: G (S) as a read gives it, noise
    included. ``fatigue``, ``wear``: the doses that a pulse met. ``end``: the dose after the last pulse and its rest.
    """

    before: Array
    after: Array
    conductance_before: Array
    conductance_after: Array
    fatigue: Array
    wear: Array
    end: Dose


def run_train(train: Train, rests: ArrayLike, seed: int, dose: Dose | None = None) -> Lifetime:
    """One pulse of ``train`` for every entry of ``rests`` (s), from rest.

    Args:
        train: device with its ``spread`` (pulse and read) and ``aging``, and the pulse.
        rests: pause after every pulse (s).
        seed: of the pulses' factors and the reads' noise.
        dose: how far the device has aged before.

    Raises:
        InputError: a rest below 0, or none.
    """
    ecram, pauses = train.ecram, np.atleast_1d(np.asarray(rests, float))
    if pauses.ndim != 1 or not len(pauses) or np.any(~(pauses >= 0)):
        raise InputError("the rests of a train: expected a list of at least one, each from 0 s up")
    aging, start = ecram.aging, dose or Dose()
    begun = np.array([start.fatigue, start.wear])
    gains = np.array(
        [
            [aging.fatigue_per_pulse, aging.fatigue_per_coulomb, aging.fatigue_per_second, 1 / aging.recovery],
            [aging.wear_per_pulse, aging.wear_per_coulomb, aging.wear_per_second, 0.0],
        ]
    )
    acts = np.array([[aging.fatigue_on_a, aging.fatigue_on_tau], [aging.wear_on_a, aging.wear_on_tau]])
    gate, rows = table(ecram)
    charges = np.array([state.q for state in ecram.states])
    factors = ecram.spread.pulse_factors(len(pauses), seed)
    before, after = (np.empty((len(pauses), len(rows))) for _ in range(2))
    doses = np.empty((len(pauses) + 1, 2))
    doses[0] = begun
    on, off = train.overpotentials
    _run(gate, rows, charges, on, off, train.width, pauses, factors, gains, acts, train.rest(), before, after, doses)
    shrink = np.exp(-aging.fatigue_on_g * doses[:-1, 0] - aging.wear_on_g * doses[:-1, 1])
    clean = [_conductance(train, states, shrink) for states in (before, after)]
    reads = ecram.spread.read_noise(np.array(clean), seed)
    return Lifetime(
        before, after, reads[0], reads[1], doses[:-1, 0], doses[:-1, 1], Dose(float(doses[-1, 0]), float(doses[-1, 1]))
    )


def _conductance(train: Train, states: Array, shrink: Array) -> Array:
    weight = train.ecram.weight
    volatile = states[:, :-1] @ np.array([p.g for p in train.ecram.populations])
    return conductance_of(
        weight.G_min + (weight.G_max - weight.G_min) * states[:, -1] + shrink * volatile, weight.G_off
    )


@compiled(error_model="numpy")
def _run(
    gate: Array,
    rows: Array,
    charges: Array,
    on: float,
    off: float,
    width: float,
    rests: Array,
    factors: Array,
    gains: Array,
    acts: Array,
    state: Array,
    before: Array,
    after: Array,
    doses: Array,
) -> None:
    y = state.copy()
    for n in range(rests.shape[0]):
        on_a = np.exp(-acts[0, 0] * doses[n, 0] - acts[1, 0] * doses[n, 1])
        on_tau = np.exp(-acts[0, 1] * doses[n, 0] - acts[1, 1] * doses[n, 1])
        moved = 0.0
        for j in range(rows.shape[0]):
            row = rows[j]
            before[n, j] = y[j]
            a, tau = row[1] * on_a, row[2] * on_tau
            alpha, beta, gamma = riccati(
                row[0] * on, gate[0], gate[1], gate[2], a * factors[n], tau, row[3], row[4], row[5], row[6]
            )
            after[n, j] = exact_step(y[j], alpha, beta, gamma, width)
            moved += charges[j] * abs(after[n, j] - y[j])
            alpha, beta, gamma = riccati(
                row[0] * off, gate[0], gate[1], gate[2], a, tau, row[3], row[4], row[5], row[6]
            )
            y[j] = exact_step(after[n, j], alpha, beta, gamma, rests[n])
        seconds = width + rests[n]
        for kind in range(2):
            per_pulse, per_coulomb, per_second, recovery = gains[kind]
            dose = doses[n, kind] + per_pulse + per_coulomb * moved
            gone = -np.expm1(-seconds * recovery)
            grown = per_second * (gone / recovery if recovery > 0.0 else seconds)
            doses[n + 1, kind] = dose * (1.0 - gone) + grown
