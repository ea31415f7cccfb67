"""A cell with one synapse from pulse to pulse until it fires."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ionspike.network.dynamics import (
    CAPACITANCE,
    ION_TIME,
    STAGE,
    Packed,
    advance_device,
    leaked,
    pulse,
    stepped_membrane,
    wait,
)
from ionspike.network.kernels import compiled
from ionspike.network.placed_dynamics import Own, beside, rest_own

Array = NDArray[np.float64]


@compiled()
def until_spike(
    packed: Packed,
    own: Own,
    pulses: Array,
    first: int,
    start: float,
    stop: float,
    v: float,
    inner: Array,
    x: Array,
    y: Array,
    longer: Array,
) -> tuple[float, int, float, Array, float, float]:
    """From ``start`` through the pulses from index ``first`` until the cell fires or ``stop`` is reached; ``inner`` is moved, and so is ``y``, the state of a
    placed device, up to the spike. A pulse before ``start`` came while a spike held an adaptive neuron's membrane.
    ``longer``: by how much (s) each pulse is wider than those of the calibration.

    Returns the spike time (-1: none), the index of the next pulse, V, x, the charge taken from the rail (C), and the charge that the
    threshold stage drew (C). Times of pulses are those of their rising edge.
    """
    p, leak, gate, rows, g = packed
    t, k, charge, drawn = start, first, 0.0, 0.0
    while True:
        upto = min(pulses[k], stop) if k < pulses.shape[0] else stop
        if upto > t:
            v_new, fired, part = wait(p, leak, v, inner, upto - t)
            drawn += part
            elapsed = fired if fired >= 0.0 else upto - t
            x = advance_device(p, gate, rows, x, -0.5 * (v + v_new), elapsed)
            rest_own(own, y, 0.5 * (v + v_new), elapsed)
            v = v_new
            if fired >= 0.0:
                return t + fired, k, v, x, charge, drawn
            t = upto
        if k >= pulses.shape[0] or pulses[k] >= stop:
            return -1.0, k, v, x, charge, drawn
        behind, leaking = beside(own, y)
        v_new, x = pulse(p, gate, rows, g, v, x, behind, leaking, longer[k])
        charge += p[CAPACITANCE] * (v_new - v) + leaked(p, leaking, v, v_new, longer[k])
        if p[STAGE] == 0.0 or pulses[k] >= start:  # else a spike still holds it at ground
            stepped_membrane(p, inner, v_new - v)
            v = v_new
        t = max(t, pulses[k] + p[ION_TIME] + longer[k])
        k += 1
