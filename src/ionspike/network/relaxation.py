"""What the compiled forms of a threshold stage share: a node that relaxes, a table over the drop of the inner node, and the membrane's leak."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ionspike.network.kernels import compiled

Array = NDArray[np.float64]

THERMAL = 0.025865  # V, kT/q at 27 C (CODATA 2018)
DROPS = 64  # points of a table over the drop, from none to the largest that it was measured at


@compiled()
def relaxed(rate: float, decay: float, h: float) -> tuple[float, float]:
    """How far a node moves in ``h`` s at first at ``rate`` (V/s), which falls by ``decay`` (1/s) of the way; and its mean way."""
    if decay * h < 1e-6:
        return rate * h, 0.5 * rate * h
    moved = -rate * math.expm1(-decay * h) / decay
    return moved, (rate * h - moved) / (decay * h)


@compiled()
def over_drops(p: Array, table: int, top: float, u: float) -> float:
    """The table that begins at place ``table`` of ``p``, by a straight line between even drops up to ``top`` (V); beyond it as there."""
    at = min(max(u / top, 0.0), 1.0) * (DROPS - 1)
    k = min(int(at), DROPS - 2)
    return p[table + k] + (p[table + k + 1] - p[table + k]) * (at - k)


@compiled()
def leak_at(leak: Array, width: float, v: float) -> float:
    """Current (A) out of a membrane at ``v`` (V) at rest: ``leak`` on an even grid from 0 V, ``width`` (V) its step; level below, straight beyond."""
    at = max(v, 0.0) / width
    k = min(int(at), leak.shape[0] - 2)
    return leak[k] + (leak[k + 1] - leak[k]) * (at - k)
