"""An exponential through a decay that was sampled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ionspike.errors import RunError


@dataclass(frozen=True)
class Decay:
    """``level + amplitude exp(-t / tau)`` by least squares, t from the first sample; ``error``: the largest residual over the
    amplitude, which tells how far the decay is from an exponential."""

    amplitude: float
    tau: float
    level: float
    error: float


def fit_decay(times: ArrayLike, values: ArrayLike, level: float | None = None) -> Decay:
    """Fit an exponential to samples of a decay; ``level`` holds its end where that is known.

    Raises:
        RunError: the samples are no decay that an exponential fits.
    """
    from scipy.optimize import curve_fit

    t = np.asarray(times, float) - np.asarray(times, float)[0]
    y = np.asarray(values, float)
    span = float(t[-1])
    end = float(y[-1]) if level is None else level

    def shape(at, amplitude, rate, offset=end):
        return offset + amplitude * np.exp(-rate * at / span)

    start = [float(y[0] - end), 3.0] + ([end] if level is None else [])
    try:
        found, _ = curve_fit(shape, t, y, p0=start)
    except RuntimeError as error:
        raise RunError(f"no exponential fits a decay of {span:g} s from {y[0]:g} to {y[-1]:g}") from error
    amplitude, rate = float(found[0]), float(found[1])
    if not (rate > 0 and amplitude != 0):
        raise RunError(f"no exponential fits a decay of {span:g} s from {y[0]:g} to {y[-1]:g}")
    error = float(np.abs(shape(t, *found) - y).max() / abs(amplitude))
    return Decay(amplitude, span / rate, float(found[2]) if level is None else level, error)
