"""An adaptive neuron between its spikes, compiled: a membrane that its own adaptation drains, a diode as inner node, an output that waits.

    C dV/dt = pull(u) - leak(V) - exp(adaptation(w)) (1 - exp(-V/U_T)) (1 + lam V + nu V^2)
      du/dt = (exp(drive(V)) - exp(diode(u)) + exp(regeneration(s)))/(1 + swell u^2) - coupling ds/dt
      ds/dt = exp(output(u)) - hold (1 + finite s)(1 - exp(-s/U_T))
      dw/dt = -exp(fade(w)) (1 - exp(-(w - rest)/U_T))

with polynomials in the brackets. The spike comes at ``s = fire``; then w jumps by ``exp(jump(w)) + jump_slope V``, the stage starts anew, and
the membrane is held at ground.
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

# places in the row of an adaptive stage, the first of them 1 where there is one
_IS, _DRIVE, _DIODE, _REGEN, _COUPLE, _OUTPUT, _HOLD, _FINITE, _FIRE, _AFTER = 0, 1, 4, 7, 9, 10, 13, 14, 15, 16
_JUMP, _SLOPE, _FADE, _ADAPT, _LAM, _REST, _TOP, _SWELL, _PULL, _DRAIN = 17, 22, 23, 27, 31, 33, 35, 36, 37, 37 + DROPS
ADAPTIVE = _DRAIN + DROPS
_STEP, _MEMBRANE_STEP, _FADE_STEP = 2e-3, 1e-3, 5e-3  # V that a node, the membrane and the adaptation move by in a step
_LARGEST = 40.0  # of an exponent: beyond, a node is through at once


@dataclass(frozen=True)
class Adaptive:
    """The laws of an adaptive stage, see the module. SI units; polynomials by ascending powers.

    Args:
        drive, diode, output: logarithms of rates (V/s): of the inner node by the membrane's voltage and back by the drop, of the output.
        regeneration: logarithm of the rate (V/s) at which a risen output pulls at the inner node.
        coupling: volts of drop that a volt of the output takes back; swell: relative rise (1/V^2) of the inner node's capacitance with the square of its drop.
        hold, finite: rate (V/s) at which the output is held, and its relative rise (1/V).
        fire: rise of the output (V) at which the stage regenerates; after: drop (V) it starts anew from.
        jump, fade: logarithms of the adaptation's jump (V) at a spike and of the rate (V/s) at which it fades, by the adaptation.
        jump_slope: volts of jump by a volt of the membrane at the spike.
        adaptation: logarithm of the current (A) that it draws from the membrane; adaptation_finite: its relative rise with the membrane (1/V, 1/V^2).
        rest: drop and adaptation (V) of a neuron that had no input.
        drops, pull, draw: current (A) into the membrane, and from the supply beyond the idle cell's, at drops (V).
    """

    drive: tuple[float, ...]
    diode: tuple[float, ...]
    regeneration: tuple[float, ...]
    coupling: float
    swell: float
    output: tuple[float, ...]
    hold: float
    finite: float
    fire: float
    after: float
    jump: tuple[float, ...]
    jump_slope: float
    fade: tuple[float, ...]
    adaptation: tuple[float, ...]
    adaptation_finite: tuple[float, ...]
    rest: tuple[float, ...]
    drops: tuple[float, ...]
    pull: tuple[float, ...]
    draw: tuple[float, ...]


def adaptive_row(stage: Adaptive | None) -> Array:
    """The stage as the compiled functions take it; zeros where there is none.

    Raises:
        InputError: a polynomial of another length than its law's.
    """
    q = np.zeros(ADAPTIVE)
    if stage is None:
        return q
    q[_IS] = 1.0
    places = {"drive": (_DRIVE, 3), "diode": (_DIODE, 3), "regeneration": (_REGEN, 2), "output": (_OUTPUT, 3), "jump": (_JUMP, 5),
              "fade": (_FADE, 4), "adaptation": (_ADAPT, 4), "adaptation_finite": (_LAM, 2), "rest": (_REST, 2)}  # fmt: skip
    for name, (at, length) in places.items():
        if len(getattr(stage, name)) != length:
            raise InputError(f"adaptive.{name} has {len(getattr(stage, name))} numbers; expected {length}")
        q[at : at + length] = getattr(stage, name)
    q[_COUPLE], q[_HOLD], q[_FINITE], q[_FIRE], q[_AFTER], q[_SWELL], q[_SLOPE] = (
        stage.coupling, stage.hold, stage.finite, stage.fire, stage.after, stage.swell, stage.jump_slope,
    )  # fmt: skip
    q[_TOP] = stage.drops[-1]
    even = np.linspace(0.0, q[_TOP], DROPS)
    q[_PULL:_DRAIN], q[_DRAIN:] = np.interp(even, stage.drops, stage.pull), np.interp(even, stage.drops, stage.draw)
    return q


@compiled()
def _exp3(q: Array, at: int, x: float) -> float:
    return math.exp(min(q[at] + (q[at + 1] + q[at + 2] * x) * x, _LARGEST))


@compiled()
def drained(q: Array, v: float, w: float) -> tuple[float, float]:
    """Current (A) that the adaptation draws from a membrane at ``v`` (V), and its rise with the membrane (A/V)."""
    saturated = math.exp(min(q[_ADAPT] + (q[_ADAPT + 1] + (q[_ADAPT + 2] + q[_ADAPT + 3] * w) * w) * w, 0.0))
    open_share = -math.expm1(-v / THERMAL)
    relative = 1.0 + (q[_LAM] + q[_LAM + 1] * v) * v
    rise = (1.0 - open_share) / THERMAL * relative + (q[_LAM] + 2.0 * q[_LAM + 1] * v) * open_share
    return saturated * open_share * relative, saturated * rise


@compiled()
def node_rates(q: Array, v: float, u: float, s: float) -> tuple[float, float, float, float]:
    """Rates of the drop and of the output (V/s), and how fast each falls by the way (1/s)."""
    rise = math.exp(min(-s / THERMAL, _LARGEST))
    held = q[_HOLD] * (1.0 + q[_FINITE] * s) * (1.0 - rise)
    rate2 = _exp3(q, _OUTPUT, u) - held
    decay2 = q[_HOLD] * (q[_FINITE] * (1.0 - rise) + (1.0 + q[_FINITE] * s) * rise / THERMAL)
    back = _exp3(q, _DIODE, u)
    pulled = math.exp(min(q[_REGEN] + q[_REGEN + 1] * s, _LARGEST))
    share = 1.0 / (1.0 + q[_SWELL] * u * u)
    rate = share * (_exp3(q, _DRIVE, v) - back + pulled) - q[_COUPLE] * rate2
    return rate, rate2, share * back * max(q[_DIODE + 1] + 2.0 * q[_DIODE + 2] * u, 0.0), decay2


@compiled()
def _exp_of(q: Array, at: int, count: int, x: float) -> float:
    total = 0.0
    for k in range(count - 1, -1, -1):
        total = total * x + q[at + k]
    return math.exp(min(total, _LARGEST))


@compiled()
def jump_at(q: Array, v: float, w: float) -> float:
    """By how much (V) a spike of a membrane at ``v`` raises an adaptation of ``w`` (V)."""
    return _exp_of(q, _JUMP, 5, w) + q[_SLOPE] * v


@compiled()
def faded(q: Array, w: float, h: float) -> float:
    """How far (V) an adaptation of ``w`` (V) moves in ``h`` s without a spike."""
    pace, close = _exp_of(q, _FADE, 4, w), math.exp(min((q[_REST + 1] - w) / THERMAL, _LARGEST))
    slope = q[_FADE + 1] + (2.0 * q[_FADE + 2] + 3.0 * q[_FADE + 3] * w) * w
    return relaxed(-pace * (1.0 - close), pace * (slope * (1.0 - close) + close / THERMAL), h)[0]


@compiled()
def spiked_adaptive(q: Array, inner: Array, v: float) -> None:
    """What a spike of a membrane at ``v`` (V) makes of the nodes and of the adaptation."""
    inner[0], inner[1] = q[_AFTER], 0.0
    inner[2] += jump_at(q, v, inner[2])


@compiled()
def wait_adaptive(
    q: Array, c: float, width: float, leak: Array, v: float, inner: Array, t_max: float
) -> tuple[float, float, float]:
    """As :func:`~ionspike.network.dynamics.wait`, with the adaptation as third of the ``inner`` states; ``width`` (V) is the step of ``leak``."""
    u, s, w, t, drawn = inner[0], inner[1], inner[2], 0.0, 0.0
    while t < t_max * (1.0 - 1e-12):
        current, rise = drained(q, max(v, 0.0), w)
        current += leak_at(leak, width, v) - over_drops(q, _PULL, q[_TOP], u)
        h = t_max - t
        if current != 0.0:
            h = min(h, _MEMBRANE_STEP * c / abs(current))
        h = min(h, _FADE_STEP / _exp_of(q, _FADE, 4, w))
        mean_v = v + relaxed(-current / c, rise / c, 0.5 * h)[0]
        rate, rate2, decay, decay2 = node_rates(q, mean_v, u, s)
        fastest = max(rate, rate2)
        if fastest > 0.0 and h > _STEP / fastest:
            h = _STEP / fastest
            mean_v = v + relaxed(-current / c, rise / c, 0.5 * h)[0]
            rate, rate2, decay, decay2 = node_rates(q, mean_v, u, s)
        moved, mean = relaxed(rate, decay, h)
        moved2, _ = relaxed(rate2, decay2, h)
        if s + moved2 >= q[_FIRE]:
            done = (q[_FIRE] - s) / moved2
            v += relaxed(-current / c, rise / c, h * done)[0]
            inner[0], inner[1], inner[2] = u, s, w + faded(q, w, h * done)
            spiked_adaptive(q, inner, v)
            return v, t + h * done, drawn + h * done * over_drops(q, _DRAIN, q[_TOP], u)
        drawn += h * over_drops(q, _DRAIN, q[_TOP], u + mean)
        v += relaxed(-current / c, rise / c, h)[0]
        w += faded(q, w, h)
        u, s, t = u + moved, s + moved2, t + h
    inner[0], inner[1], inner[2] = u, s, w
    return v, -1.0, drawn


def resting_adaptive(q: Array) -> Array:
    """Drop, rise and adaptation (V) of a neuron that had no input."""
    return np.array([q[_REST], 0.0, q[_REST + 1]])
