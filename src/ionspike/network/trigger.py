"""A Schmitt trigger between its spikes, compiled: an input that stands on a diode, an output that shorts the diode and empties the membrane.

    C dV/dt = -leak(V) - pull(s) + C (back . (du/dt, ds/dt, dx/dt))
      du/dt = J - keeper (1 + keeper_finite u)(1 - exp(-u/U_T)) - coupling[0] ds/dt
      ds/dt = exp(output(u)) - hold (1 + hold_finite s)(1 - exp(-s/U_T)) - coupling[1] du/dt
      dx/dt = share J - (exp(diode(x)) + exp(switch(s)))(1 - exp(-x/U_T))
          J = exp(drive(V) - degeneration x) max(1 - finite u, 0)

with u the drop of the inner node, s the rise of the output, x the voltage over the diode, polynomials in the brackets; the rates that couplings
take are those without them. A pulse moves the nodes by ``kick`` times the membrane's step. The spike comes at ``s = fire``; what the membrane
keeps hangs on its voltage there, not one way: a table.
"""

# pyright: reportArgumentType=false, reportCallIssue=false
# numba compiles this

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ionspike.errors import InputError
from ionspike.network.kernels import compiled
from ionspike.network.relaxation import DROPS, THERMAL, leak_at, over_drops, relaxed

Array = NDArray[np.float64]

KNOTS = 48  # of the table of residues at most
# places in the row of a trigger, the first of them 1 where there is one
_IS, _DRIVE, _DEGENERATION, _FINITE, _KEEPER, _KEEPER1, _COUPLE, _OUTPUT, _HOLD, _HOLD1 = (
    0,
    1,
    4,
    5,
    6,
    7,
    8,
    10,
    13,
    14,
)
_SHARE, _DIODE, _SWITCH, _FIRE, _AFTER, _KICK, _BACK, _PULL = 15, 16, 18, 20, 21, 24, 27, 30
_DRAW = _PULL + DROPS
_COUNT = _DRAW + DROPS
_VOLTAGE = _COUNT + 1
_RESIDUE = _VOLTAGE + KNOTS
_SPENT = _RESIDUE + KNOTS
TRIGGER = _SPENT + KNOTS
_STEP, _SOURCE_STEP, _MEMBRANE_STEP = 2e-3, 1e-3, 1e-3  # V that a node, the diode and the membrane move by in a step
_LARGEST = 40.0  # of an exponent: beyond, a node is through at once


@dataclass(frozen=True)
class Trigger:
    """The laws of a trigger, see the module. SI units; polynomials by ascending powers.

    Args:
        drive, diode, switch, output: logarithms of rates (V/s): of the inner node by the membrane, of the diode's by its voltage and by the output
            that shorts it, of the output by the drop.
        degeneration: fall (1/V) of the drive's logarithm with the diode's voltage; finite: its relative fall (1/V) with the drop.
        keeper, keeper_finite: rate (V/s) at which the inner node is held, and its relative rise (1/V); hold, hold_finite: those of the output.
        coupling: volts of drop that a volt of the output takes back, and the other way round.
        share: the diode's rate over the inner node's by the same current.
        fire: rise of the output (V) at which the stage regenerates; after: drop, rise and diode (V) once the membrane is free again.
        kick: volts of drop, rise and diode by a volt of the membrane's step; back: volts of the membrane by a volt of each.
        pull, draw: current (A) out of the membrane, and from the supply beyond the idle cell's and the keeper's, at even rises from 0 to ``fire``.
        residue_voltage: membrane voltage (V) at ``s = fire``, against which ``residue`` is what is left of it (V) after the reset and ``spent`` the charge
            (C) from the supply from there to then, beyond the idle cell's; straight between, level beyond.
    """

    drive: tuple[float, ...]
    degeneration: float
    finite: float
    keeper: float
    keeper_finite: float
    coupling: tuple[float, ...]
    output: tuple[float, ...]
    hold: float
    hold_finite: float
    share: float
    diode: tuple[float, ...]
    switch: tuple[float, ...]
    fire: float
    after: tuple[float, ...]
    kick: tuple[float, ...]
    back: tuple[float, ...]
    pull: tuple[float, ...]
    draw: tuple[float, ...]
    residue_voltage: tuple[float, ...]
    residue: tuple[float, ...]
    spent: tuple[float, ...]


def trigger_row(stage: Trigger | None) -> Array:
    """The trigger as the compiled functions take it; zeros where there is none.

    Raises:
        InputError: a polynomial, a table or a triple of another length than its law's, or residues at voltages that do not ascend.
    """
    q = np.zeros(TRIGGER)
    if stage is None:
        return q
    q[_IS] = 1.0
    places = {"drive": (_DRIVE, 3), "coupling": (_COUPLE, 2), "output": (_OUTPUT, 3), "diode": (_DIODE, 2), "switch": (_SWITCH, 2),
              "after": (_AFTER, 3), "kick": (_KICK, 3), "back": (_BACK, 3), "pull": (_PULL, DROPS), "draw": (_DRAW, DROPS)}  # fmt: skip
    for name, (at, length) in places.items():
        if len(getattr(stage, name)) != length:
            raise InputError(f"trigger.{name} has {len(getattr(stage, name))} numbers; expected {length}")
        q[at : at + length] = getattr(stage, name)
    n = len(stage.residue_voltage)
    if (
        not 1 <= n <= KNOTS
        or n != len(stage.residue)
        or n != len(stage.spent)
        or np.any(np.diff(stage.residue_voltage) <= 0)
    ):
        raise InputError(
            f"trigger.residue_voltage has {n} points; expected 1 to {KNOTS} that ascend, each with its residue and what is spent"
        )
    q[_COUNT] = n
    for at, table in ((_VOLTAGE, stage.residue_voltage), (_RESIDUE, stage.residue), (_SPENT, stage.spent)):
        q[at : at + n] = table
    q[_DEGENERATION], q[_FINITE], q[_KEEPER], q[_KEEPER1] = (
        stage.degeneration,
        stage.finite,
        stage.keeper,
        stage.keeper_finite,
    )
    q[_HOLD], q[_HOLD1], q[_SHARE], q[_FIRE] = stage.hold, stage.hold_finite, stage.share, stage.fire
    return q


@compiled()
def _held(rate: float, finite: float, v: float) -> tuple[float, float]:
    """Rate (V/s) at which a node at ``v`` (V) is held back, and its rise (1/s)."""
    fall = math.exp(min(-v / THERMAL, _LARGEST))
    return rate * (1.0 + finite * v) * (1.0 - fall), rate * (
        finite * (1.0 - fall) + (1.0 + finite * v) * fall / THERMAL
    )


@compiled()
def node_rates(q: Array, v: float, u: float, s: float, x: float) -> tuple[float, float, float, float, float, float]:
    """Rates of drop, output and diode (V/s), and how fast each falls by the way (1/s)."""
    exponent = q[_DRIVE] + (q[_DRIVE + 1] + q[_DRIVE + 2] * v) * v - q[_DEGENERATION] * x
    driven = math.exp(min(exponent, _LARGEST)) * max(1.0 - q[_FINITE] * u, 0.0)
    kept, decay = _held(q[_KEEPER], q[_KEEPER1], u)
    held, decay2 = _held(q[_HOLD], q[_HOLD1], s)
    rate2 = math.exp(min(q[_OUTPUT] + (q[_OUTPUT + 1] + q[_OUTPUT + 2] * u) * u, _LARGEST)) - held
    rate = driven - kept
    fall = math.exp(min(-x / THERMAL, _LARGEST))
    diode = math.exp(min(q[_DIODE] + q[_DIODE + 1] * x, _LARGEST))
    passed = diode + math.exp(min(q[_SWITCH] + q[_SWITCH + 1] * s, _LARGEST))
    rate3 = q[_SHARE] * driven - passed * (1.0 - fall)
    decay3 = q[_SHARE] * driven * q[_DEGENERATION] + passed * fall / THERMAL + diode * q[_DIODE + 1] * (1.0 - fall)
    return rate - q[_COUPLE] * rate2, rate2 - q[_COUPLE + 1] * rate, rate3, decay, decay2, decay3


@compiled()
def node_step(now: tuple[float, float, float, float, float, float], longest: float) -> float:
    """Time (s), at most ``longest``, in which no node moves by more than its step at the rates of ``now``."""
    h = longest
    fastest = max(abs(now[0]), abs(now[1]))
    if fastest * h > _STEP:
        h = _STEP / fastest
    if abs(now[2]) * h > _SOURCE_STEP:
        h = _SOURCE_STEP / abs(now[2])
    return h


@compiled()
def node_way(
    q: Array,
    now: tuple[float, float, float, float, float, float],
    middle: float,
    u: float,
    s: float,
    x: float,
    h: float,
) -> tuple[float, float, float]:
    """How far (V) the nodes go in ``h`` (s), at first at the rates of ``now``, with the membrane at ``middle`` (V) half-way: what each does by its own
    decay exactly, the rest by what it is half-way."""
    a, b, c = (
        relaxed(now[0], now[3], 0.5 * h)[0],
        relaxed(now[1], now[4], 0.5 * h)[0],
        relaxed(now[2], now[5], 0.5 * h)[0],
    )
    half = node_rates(q, middle, u + a, s + b, x + c)
    return (
        relaxed(half[0] + now[3] * a, now[3], h)[0],
        relaxed(half[1] + now[4] * b, now[4], h)[0],
        relaxed(half[2] + now[5] * c, now[5], h)[0],
    )


@compiled()
def kicked_nodes(q: Array, inner: Array, step: float) -> None:
    """What a step of the membrane (V) does to the nodes through the capacitors between them."""
    for k in range(3):
        inner[k] += q[_KICK + k] * step


@compiled()
def spiked_trigger(q: Array, inner: Array) -> None:
    """What a spike makes of the nodes."""
    for k in range(3):
        inner[k] = q[_AFTER + k]


@compiled()
def _at_knots(q: Array, table: int, v: float) -> float:
    """The table that begins at place ``table``, by the membrane's voltage at the spike (V)."""
    n = int(q[_COUNT])
    k = 0
    while k < n and q[_VOLTAGE + k] < v:
        k += 1
    if k == 0 or k == n:
        return q[table + min(k, n - 1)]
    share = (v - q[_VOLTAGE + k - 1]) / (q[_VOLTAGE + k] - q[_VOLTAGE + k - 1])
    return q[table + k - 1] + share * (q[table + k] - q[table + k - 1])


@compiled()
def residue_of(q: Array, v: float) -> float:
    """The membrane (V) after a reset from ``v`` (V)."""
    return _at_knots(q, _RESIDUE, v)


@compiled()
def spent_at(q: Array, v: float) -> float:
    """Charge (C) from the supply for a spike and its reset from ``v`` (V)."""
    return _at_knots(q, _SPENT, v)


@compiled()
def wait_trigger(
    q: Array, c: float, width: float, keeper_current: float, leak: Array, v: float, inner: Array, t_max: float
) -> tuple[float, float, float]:
    """As :func:`~ionspike.network.dynamics.wait`, with the diode's voltage as third of the ``inner`` states; ``width`` (V) is the step of ``leak``."""
    u, s, x, t, drawn, top = inner[0], inner[1], inner[2], 0.0, 0.0, q[_FIRE]
    while t < t_max * (1.0 - 1e-12):
        now = node_rates(q, v, u, s, x)
        h = node_step(now, t_max - t)
        current = leak_at(leak, width, v) + over_drops(q, _PULL, top, s + relaxed(now[1], now[4], 0.5 * h)[0])
        if abs(current) * h > _MEMBRANE_STEP * c:
            h = _MEMBRANE_STEP * c / abs(current)
        fallen = -current / c * h
        moved, moved2, moved3 = node_way(q, now, v + 0.5 * fallen, u, s, x, h)
        draw = keeper_current * _held(1.0, q[_KEEPER1], u + 0.5 * moved)[0] + over_drops(
            q, _DRAW, top, s + 0.5 * moved2
        )
        fed = q[_BACK] * moved + q[_BACK + 1] * moved2 + q[_BACK + 2] * moved3
        if s + moved2 >= top and moved2 > 0.0:
            done = max(top - s, 0.0) / moved2
            spiked_trigger(q, inner)
            return v + done * (fallen + fed), t + h * done, drawn + h * done * draw
        drawn += h * draw
        v += fallen + fed
        u, s, x, t = (
            u + moved + q[_KICK] * fallen,
            s + moved2 + q[_KICK + 1] * fallen,
            x + moved3 + q[_KICK + 2] * fallen,
            t + h,
        )
    inner[0], inner[1], inner[2] = u, s, x
    return v, -1.0, drawn


@compiled()
def through(q: Array, times: Array, voltage: Array, start: Array, out: Array) -> float:
    """Drop, rise and diode (V), ``out``, after a membrane that goes by straight lines through ``voltage`` (V) at ``times`` (s), from ``start``; and
    when the stage fires on the way (s; -1: it does not)."""
    u, s, x, t = start[0], start[1], start[2], times[0]
    for j in range(times.shape[0] - 1):
        slope = (voltage[j + 1] - voltage[j]) / (times[j + 1] - times[j])
        while t < times[j + 1]:
            v, left = voltage[j] + slope * (t - times[j]), times[j + 1] - t
            now = node_rates(q, v, u, s, x)
            h = node_step(now, left)
            fallen = slope * h
            moved, moved2, moved3 = node_way(q, now, v + 0.5 * fallen, u, s, x, h)
            if s + moved2 >= q[_FIRE] and moved2 > 0.0:
                return t + h * max(q[_FIRE] - s, 0.0) / moved2
            u, s, x = (
                u + moved + q[_KICK] * fallen,
                s + moved2 + q[_KICK + 1] * fallen,
                x + moved3 + q[_KICK + 2] * fallen,
            )
            t = t + h if h < left else times[j + 1]
    out[0], out[1], out[2] = u, s, x
    return -1.0
