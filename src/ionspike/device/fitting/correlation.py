"""How far residuals hang together: their autocorrelation, and the number of independent samples that they are worth."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def autocorrelation(residuals: Array) -> Array:
    """Autocorrelation by lag (samples), from lag 0, by the Fourier transform of the padded residuals."""
    count = len(residuals)
    power = np.abs(np.fft.rfft(residuals, 2 * count)) ** 2
    full = np.fft.irfft(power)[:count]
    return full / full[0] if full[0] > 0 else np.eye(1, count)[0]


def effective_samples(residuals: Array) -> float:
    """``n / (1 + 2 sum of the autocorrelation)``, the sum cut where pairs of lags first turn negative (Geyer, Statist. Sci. 7, 473
    (1992), 10.1214/ss/1177011137)."""
    rho = autocorrelation(residuals)
    pairs = rho[: len(rho) // 2 * 2].reshape(-1, 2).sum(axis=1)
    end = int(np.argmax(pairs < 0)) if np.any(pairs < 0) else len(pairs)
    time = 2 * float(pairs[:end].sum()) - 1
    return len(residuals) / max(time, 1.0)
