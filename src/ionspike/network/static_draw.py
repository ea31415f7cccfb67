"""What a waiting stage draws from the supply by the membrane's voltage, where no law of a keeper says it: a table, logarithmic between
its points, since the last millivolts before the threshold take the current through four decades."""

# pyright: reportArgumentType=false, reportCallIssue=false
# numba compiles this

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ionspike.errors import InputError
from ionspike.network.cell import Soma
from ionspike.network.kernels import compiled

Array = NDArray[np.float64]

POINTS = 32  # of the table at most
DRAW = 1 + 2 * POINTS  # what it takes: the number of points, their voltages (V), the logarithms of their currents (A)
_NONE = 1e-18  # A


def draw_table(soma: Soma) -> Array:
    """The table of a soma as :func:`drawn_at` takes it; zeros where the soma has none.

    Raises:
        InputError: more than :data:`POINTS` points, voltages that do not ascend, or not as many currents.
    """
    table, n = np.zeros(DRAW), len(soma.drawn_voltage)
    if n == 0:
        return table
    if n > POINTS or n != len(soma.drawn_current) or np.any(np.diff(soma.drawn_voltage) <= 0):
        raise InputError(
            f"soma.drawn_voltage has {n} points; expected at most {POINTS} that ascend, each with its current"
        )
    table[0] = n
    table[1 : 1 + n] = soma.drawn_voltage
    table[1 + POINTS : 1 + POINTS + n] = np.log(np.maximum(soma.drawn_current, _NONE))
    return table


@compiled()
def drawn_at(table: Array, v: float) -> float:
    """Current (A) at membrane ``v`` (V); below the first point and above the last as there."""
    low, high = 1, int(table[0])
    if v <= table[low]:
        return math.exp(table[POINTS + low])
    if v >= table[high]:
        return math.exp(table[POINTS + high])
    while high - low > 1:
        middle = (low + high) // 2
        if table[middle] <= v:
            low = middle
        else:
            high = middle
    share = (v - table[low]) / (table[high] - table[low])
    first, second = table[POINTS + low], table[POINTS + high]
    return math.exp(first + (second - first) * share)
