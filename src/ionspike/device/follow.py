"""The law under voltages that are not constant, such as those SPICE recorded at a device's terminals.

Between samples the overpotential is taken as a straight line. A step is the exact map at the overpotential of its middle, which is of
second order and stays in [0, 1]; it is accepted if two half steps agree with it within ``tolerance``, and halved otherwise. No step
spans more than twice V_0 or V_d of overpotential: between more distant points a burst of flux could hide from both.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ionspike.device.compiled import compiled
from ionspike.device.ecram import Ecram
from ionspike.device.moebius import coefficients, step, table
from ionspike.errors import InputError

Array = NDArray[np.float64]

_NARROWEST = 1e-12  # share of an interval between samples; rounding alone is left there


def follow(
    ecram: Ecram,
    time: ArrayLike,
    v_gate: ArrayLike,
    v_drain: ArrayLike,
    v_source: ArrayLike,
    state: ArrayLike | None = None,
    tolerance: float = 1e-9,
) -> Array:
    """States at every sample, shape (samples, n + 1), the weight last.

    Args:
        ecram: the device.
        time: sample times (s), ascending.
        v_gate, v_drain, v_source: terminal voltages (V) at the samples.
        state: where it starts; at rest at zero bias if left out.
        tolerance: absolute error allowed per accepted step.

    Raises:
        InputError: times that do not ascend, arrays of different length, or a tolerance that is not above 0.
    """
    t = np.ascontiguousarray(time, float)
    try:
        eta = np.ascontiguousarray(np.broadcast_to(ecram.overpotential(v_gate, v_drain, v_source), t.shape), float)
    except ValueError as error:
        raise InputError(f"voltages that do not fit {t.shape[0]} times: {error}") from error
    if not tolerance > 0:
        raise InputError(f"a tolerance of {tolerance:g}; expected one above 0")
    if np.any(np.diff(t) < 0):
        raise InputError("the times of a recorded waveform do not ascend")
    start = ecram.at_rest() if state is None else np.asarray(state, float)
    gate, rows = table(ecram)
    return np.stack([_follow(t, eta, gate, row, y, tolerance) for row, y in zip(rows, start, strict=True)], axis=-1)


@compiled(error_model="numpy")
def _follow(t: Array, eta: Array, gate: Array, row: Array, y: float, tolerance: float) -> Array:
    out = np.empty(t.shape[0])
    out[0] = y
    for k in range(t.shape[0] - 1):
        span, slope = t[k + 1] - t[k], eta[k + 1] - eta[k]
        # in shares of the interval
        widest = min(1.0, 2.0 * min(gate[1], row[3]) / abs(slope)) if slope != 0.0 else 1.0
        at, width = 0.0, widest
        while span > 0.0 and at < 1.0:
            width = min(width, widest, 1.0 - at)
            whole = _middle(y, eta[k] + slope * (at + width / 2), gate, row, span * width)
            half = _middle(y, eta[k] + slope * (at + width / 4), gate, row, span * width / 2)
            half = _middle(half, eta[k] + slope * (at + 3 * width / 4), gate, row, span * width / 2)
            error = abs(half - whole)
            if error > tolerance and width > _NARROWEST:
                width /= 2
                continue
            # the error of two half steps is a quarter of a whole one's: take it off (Richardson), within the bounds
            y = min(max(half + (half - whole) / 3, 0.0), 1.0)
            at += width
            if error < tolerance / 8:
                width *= 2
        out[k + 1] = y
    return out


@compiled(error_model="numpy")
def _middle(y: float, eta: float, gate: Array, row: Array, t: float) -> float:
    alpha, beta, gamma = coefficients(eta, gate, row)
    return step(y, alpha, beta, gamma, t)
