"""Values that differ from synapse to synapse: drawn from a distribution with the seed of the net, or given as an array."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ionspike.errors import InputError
from ionspike.units import quantity

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Uniform:
    """Uniform between ``low`` and ``high``."""

    low: float | str
    high: float | str


@dataclass(frozen=True)
class Normal:
    """Normal with ``mean`` and ``sd``, drawn again outside ``low`` to ``high``."""

    mean: float | str
    sd: float | str
    low: float | str = -np.inf
    high: float | str = np.inf


@dataclass(frozen=True)
class LogNormal:
    """Log-normal about ``median``; ``sigma`` is the standard deviation of the logarithm."""

    median: float | str
    sigma: float


Distribution = Uniform | Normal | LogNormal


def values(given: Any, count: int, unit: str, where: str, rng: np.random.Generator) -> float | Array:
    """``given`` as one number (SI) for all, or as an array of ``count``.

    Raises:
        InputError: not a number, an array of another length, an empty range.
    """
    if isinstance(given, Uniform):
        low, high = quantity(given.low, unit, where), quantity(given.high, unit, where)
        if not low <= high:
            raise InputError(f"{where} is uniform from {low:g} to {high:g} {unit}; expected low to high")
        return rng.uniform(low, high, count)
    if isinstance(given, Normal):
        return _normal(given, count, unit, where, rng)
    if isinstance(given, LogNormal):
        median, sigma = quantity(given.median, unit, where), quantity(given.sigma, "", f"sigma of {where}")
        if sigma < 0:
            raise InputError(f"sigma of {where} is {sigma:g}; expected 0 or more")
        return median * rng.lognormal(0.0, sigma, count)
    if isinstance(given, (np.ndarray, list, tuple)) and np.ndim(given) > 0:
        try:
            array = np.asarray(given, float)
        except (TypeError, ValueError):
            raise InputError(f"{where} has entries that are no numbers; expected numbers in {unit or 'SI'}") from None
        if array.shape != (count,):
            raise InputError(f"{where} has shape {array.shape}; expected one value a synapse, ({count},)")
        if not np.isfinite(array).all():
            raise InputError(f"{where}[{int(np.argmin(np.isfinite(array)))}] is not a finite number")
        return array
    number = quantity(given, unit, where)
    if not np.isfinite(number):
        raise InputError(f"{where} is {number:g}; expected a finite value")
    return number


def _normal(given: Normal, count: int, unit: str, where: str, rng: np.random.Generator) -> Array:
    mean, sd = quantity(given.mean, unit, where), quantity(given.sd, unit, f"sd of {where}")
    low, high = (quantity(v, unit, f"limit of {where}") for v in (given.low, given.high))
    if sd < 0 or not low <= mean <= high:
        raise InputError(
            f"{where} is normal, {mean:g} +- {sd:g} {unit} in {low:g} to {high:g}; expected the mean inside"
        )
    drawn = rng.normal(mean, sd, count)
    while (wrong := (drawn < low) | (drawn > high)).any():
        drawn[wrong] = rng.normal(mean, sd, int(wrong.sum()))
    return drawn
