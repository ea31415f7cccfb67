"""What the gate supplies: charge and energy of a pulse, and a gate that nobody drives.

``I_G = C_g dV_GC/dt + V_GC/R_g + p sum p_k q_k F_k`` with F_k the ion flux of state k. The charge of the ions follows from the state: as
``dy/dt = F - release``, the integral of F is the change of y and what was released meanwhile.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import solve_ivp

from ionspike.device.compiled import compiled
from ionspike.device.ecram import Ecram
from ionspike.device.moebius import coefficients, logistic, table
from ionspike.errors import InputError

Array = NDArray[np.float64]

_PARTS, _NODES = 40, 8  # Gauss-Legendre panels, spaced by powers: a pulse changes fastest at its start


@dataclass(frozen=True)
class GatePulse:
    """One rectangular gate pulse: ``state`` after it, ``charge`` (C) into the gate up to the end of the plateau and ``energy`` (J) that
    its source delivered over both edges (the capacitance is charged and discharged: C V^2 for a step up and down from rest)."""

    state: Array
    charge: float
    ions: float
    energy: float


def gate_pulse(
    ecram: Ecram,
    v_gate: float,
    width: float,
    state: ArrayLike | None = None,
    v_channel: float = 0.0,
    v_idle: float = 0.0,
) -> GatePulse:
    """Charge and energy of a pulse to ``v_gate`` (V) of ``width`` (s) from a gate at ``v_idle`` (V) over a channel at ``v_channel`` (V).

    Raises:
        InputError: the width is not positive.
    """
    if width <= 0:
        raise InputError(f"a gate pulse of {width:g} s: expected a width above 0")
    start = ecram.at_rest(v_idle, v_channel, v_channel) if state is None else np.asarray(state, float)
    ions = _ion_charge(ecram, v_gate, width, start, v_channel)
    bias, before = v_gate - v_channel, v_idle - v_channel
    stored = ecram.gate.C_g * (bias - before)
    leaked = bias / ecram.gate.R_g * width if math.isfinite(ecram.gate.R_g) else 0.0
    after = ecram.advance(start, v_gate, v_channel, v_channel, width)
    # the source at v_gate gives charge going up; at the falling edge the source at v_idle takes the stored charge back
    energy = v_gate * (stored + leaked + ions) - v_idle * stored
    return GatePulse(after, stored + leaked + ions, ions, energy)


def _ion_charge(ecram: Ecram, v_gate: float, width: float, start: Array, v_channel: float) -> float:
    """The integral of the ion current over the pulse, by Gauss-Legendre on panels that grow from the edge."""
    eta = ecram.overpotential(v_gate, v_channel, v_channel)
    alpha, beta, gamma = ecram.coefficients(eta)
    fastest = float(np.max(np.sqrt(np.maximum(beta**2 - 4 * alpha * gamma, 0.0)), initial=1.0 / width))
    first = min(width / _PARTS, 0.5 / fastest)
    bounds = np.concatenate([[0.0], np.geomspace(first, width, _PARTS)]) if first < width else np.array([0.0, width])
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    total = 0.0
    for a, b in pairwise(bounds.tolist()):
        times = a + (b - a) * (nodes + 1) / 2
        states = np.array([ecram.advance(start, v_gate, v_channel, v_channel, t) for t in times])
        total += float(weights @ ecram.ion_current(states, eta)) * (b - a) / 2
    return total


def floating_gate(
    ecram: Ecram,
    times: ArrayLike,
    v_gate_channel: float = 0.0,
    state: ArrayLike | None = None,
    v_channel: float = 0.0,
    current: tuple[ArrayLike, ArrayLike] | None = None,
) -> tuple[Array, Array]:
    """A gate that nobody holds: states and the gate-channel voltage at ``times``.

    ``C_g dV_GC/dt = I - V_GC/R_g - p sum p_k q_k F_k``: ions and leak discharge what was put there. Solved with scipy's LSODA at tight
    tolerance, since the voltage is no longer constant.

    Args:
        ecram: the device.
        times: when to look (s), ascending, from 0 on, where the run starts.
        v_gate_channel: the gate's voltage against the channel at the start (V).
        state: states at the start, shape (n + 1,); at rest with a grounded gate if left out.
        v_channel: mean voltage of drain and source (V).
        current: times (s) and amperes of a current into the gate, straight lines between them, none before and after.

    Returns:
        states, shape (times, n + 1), and the gate-channel voltage (V), shape (times,).

    Raises:
        InputError: the device has no gate capacitance, so that nothing holds the voltage, or it is a two-terminal device; times that
            do not ascend from 0 on.
    """
    gate = ecram.gate
    if gate.drive == "channel" or gate.C_g <= 0:
        raise InputError(f"{ecram.name} has no gate capacitance: a floating gate needs gate.C_g above 0")
    t = np.atleast_1d(np.asarray(times, float))
    if t.size == 0 or t[0] < 0 or np.any(np.diff(t) < 0):
        raise InputError("times of a floating gate: expected at least one, ascending, from 0 on")
    when, amperes = (np.asarray(v, float) for v in (current or ([0.0], [0.0])))
    leak = 1 / gate.R_g if math.isfinite(gate.R_g) else 0.0
    numbers, rows = table(ecram)
    charges = np.array([gate.polarity * own.polarity * own.q for own in ecram.states])
    fixed = (numbers, rows, charges, gate.polarity, gate.V_rest, gate.C_g, leak)
    y = np.append(ecram.at_rest() if state is None else np.asarray(state, float), v_gate_channel)
    found = np.tile(y, (len(t), 1))
    corners = np.unique(np.concatenate([[0.0], when[(when > 0) & (when < t[-1])], [t[-1]]]))
    for begin, end in pairwise(corners.tolist()):  # no step across a corner of the current
        length = end - begin
        # inside, not at, the corners: a rectangle has two currents there
        ends = np.interp([begin + 1e-9 * length, end - 1e-9 * length], when, amperes, left=0.0, right=0.0)
        inside = (t > begin) & (t <= end)
        shares = (t[inside] - begin) / length
        at = np.unique(np.append(shares, 1.0))
        arguments = (length, float(ends[0]), float(ends[1]), *fixed)
        solved = solve_ivp(_floating_slope, (0.0, 1.0), y, "LSODA", at, args=arguments, rtol=1e-10, atol=1e-13)
        y = solved.y[:, -1]
        found[inside] = solved.y[:, np.searchsorted(at, shares)].T
    return found[:, :-1], found[:, -1]


@compiled()
def _floating_slope(
    share: float,
    y: Array,
    length: float,
    first: float,
    last: float,
    gate: Array,
    rows: Array,
    charges: Array,
    polarity: float,
    v_rest: float,
    c_g: float,
    leak: float,
) -> Array:
    """Derivative of states and gate-channel voltage with respect to the share of a piece of ``length`` s, during which the current
    into the gate goes from ``first`` to ``last`` A."""
    slope = np.empty(y.shape[0])
    eta = polarity * (y[-1] - v_rest)
    current = first + share * (last - first) - leak * y[-1]
    for k in range(rows.shape[0]):
        alpha, beta, gamma = coefficients(eta, gate, rows[k])
        change = alpha + (beta + gamma * y[k]) * y[k]
        # dy/dt is the ions that the gate drives less those that are released
        released = 2.0 / rows[k, 2] * logistic(-rows[k, 0] * eta / rows[k, 3]) * y[k] * (1.0 - rows[k, 6] * y[k])
        slope[k] = length * change
        current -= charges[k] * (change + released)
    slope[-1] = length * current / c_g
    return slope
