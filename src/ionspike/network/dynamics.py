"""A cell from event to event, compiled: input pulses by closed form, the wait before a spike by an integrator with error control."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ionspike.device import Ecram
from ionspike.device.moebius import coefficients, moved, scaled_root, step, table
from ionspike.network.adaptive import ADAPTIVE, adaptive_row, resting_adaptive, spiked_adaptive, wait_adaptive
from ionspike.network.cell import Cell, leak_grid
from ionspike.network.kernels import compiled
from ionspike.network.relaxation import DROPS, THERMAL, leak_at, over_drops, relaxed
from ionspike.network.static_draw import DRAW, draw_table, drawn_at
from ionspike.network.trigger import (
    TRIGGER,
    kicked_nodes,
    residue_of,
    spent_at,
    spiked_trigger,
    trigger_row,
    wait_trigger,
)

Array = NDArray[np.float64]
Packed = tuple[Array, Array, Array, Array, Array]

_FAR = math.log(0.3)  # of the drive over the keeper
# places in the parameter vector
_C, _RATE, _VTH, _SLOPE, _CURVE, _LAM, _FIRE, _FIRE1, _RES, _RES1, _DEAD, _KEEP, _SUPPLY = range(13)
_RAIL, _WIDTH, _SERIES, _Q0, _Q1, _Q2, _TION, _SHIFT, _GMIN, _GSPAN, _GOFF, _POL, _VREST, _PLASTIC, _DV = range(13, 28)
_SAT, _RATE2, _DROP2, _SLOPE2, _CURVE2, _LAM2, _COUPLE, _FIRE2, _TOP, _WIDTH1, _ION1, _KICKS, _PULL = range(28, 41)
CAPACITANCE, ION_TIME = _C, _TION
_KICK = _PULL + DROPS
_DRAW = _KICK + DROPS
STAGE = _DRAW + DRAW  # of an adaptive stage: 1 at this place
_TRIGGER = STAGE + ADAPTIVE  # of a Schmitt trigger: 1 at this place
_COUNT = _TRIGGER + TRIGGER


def pack(cell: Cell) -> Packed:
    """The cell as the compiled functions take it: parameters, leak on its grid, gate, states, conductances of the populations."""
    soma, syn, device = cell.soma, cell.synapse, cell.device
    leak, grid = leak_grid(soma)
    p = np.empty(_COUNT)
    p[_C : _SUPPLY + 1] = [
        soma.capacitance, soma.keeper_rate, soma.threshold, soma.slope, soma.curvature, soma.keeper_slope,
        soma.fire, soma.fire_slope, soma.residue, soma.residue_slope, soma.dead, soma.keeper_current, soma.supply,
    ]  # fmt: skip
    p[_RAIL : _SHIFT + 1] = [
        syn.read_rail, syn.width, syn.series, syn.charge, syn.charge_1, syn.charge_2, syn.ion_time, syn.ion_shift,
    ]  # fmt: skip
    p[_GMIN : _PLASTIC + 1], p[_DV] = _channel(device, cell.plastic), grid
    p[_SAT : _TOP + 1] = [
        soma.saturation, soma.output_rate, soma.output_drop, soma.output_slope, soma.output_curvature, soma.output_finite,
        soma.output_coupling, soma.output_fire, soma.drops[-1] if soma.drops else 1.0,
    ]  # fmt: skip
    p[_WIDTH1], p[_ION1], p[_KICKS] = syn.width_1, syn.ion_1, len(soma.kick)
    drops = np.linspace(0.0, p[_TOP], DROPS)
    p[_PULL : _PULL + DROPS] = np.interp(drops, soma.drops, soma.pull) if soma.pull else 0.0
    p[_KICK : _KICK + DROPS] = np.interp(drops, soma.drops, soma.kick) if soma.kick else 0.0
    p[_DRAW:STAGE], p[STAGE:_TRIGGER], p[_TRIGGER:] = (
        draw_table(soma),
        adaptive_row(cell.adaptive),
        trigger_row(cell.trigger),
    )
    gate, rows = table(device)
    return p, leak, gate, rows, np.array([q.g for q in device.populations])


def pack_device(device: Ecram, moves: bool) -> tuple[Array, Array, Array, Array]:
    """A device alone as :func:`advance_device` and :func:`conductance` take it: parameters, gate, states, conductances."""
    p = np.zeros(_COUNT)
    p[_GMIN : _PLASTIC + 1] = _channel(device, moves)
    return p, *table(device), np.array([q.g for q in device.populations])


def _channel(device: Ecram, moves: bool) -> list[float]:
    """From the conductance of its weight to whether its states move."""
    weight, gate = device.weight, device.gate
    span = weight.G_max - weight.G_min
    return [weight.G_min, span, weight.G_off, gate.polarity, gate.V_rest, 1.0 if moves else 0.0]


def held_stage(law: Array, saturation: float, output: Array) -> tuple[Array, Array]:
    """Parameters and leak of a threshold stage alone, under a membrane that the bench holds: ``law`` from keeper_rate to fire_slope and
    ``output`` from output_rate to output_fire, in the order of :class:`~ionspike.network.cell.Soma`."""
    p = np.zeros(_COUNT)
    p[_RATE : _FIRE1 + 1], p[_SAT], p[_RATE2 : _FIRE2 + 1] = law, saturation, output
    p[_C] = p[_TOP] = p[_DV] = 1.0
    return p, np.zeros(2)


@compiled()
def conductance(p: Array, g: Array, x: Array) -> float:
    """G (S) of a device in state ``x``; the compiled form of ``Ecram.conductance``."""
    u = p[_GMIN] + p[_GSPAN] * x[-1]
    for k in range(g.shape[0]):
        u += g[k] * x[k]
    root = math.sqrt(u * u + 4.0 * p[_GOFF] * p[_GOFF])
    return 0.5 * (u + root) if u >= 0.0 else 2.0 * p[_GOFF] * p[_GOFF] / (root - u)


@compiled()
def advance_device(p: Array, gate: Array, rows: Array, x: Array, bias: float, t: float) -> Array:
    """States after ``t`` s at a gate bias (V) against the channel."""
    out = x.copy()
    if p[_PLASTIC] == 0.0:
        return out
    eta = p[_POL] * (bias - p[_VREST])
    for k in range(x.shape[0]):
        a, b, c = coefficients(eta, gate, rows[k])
        out[k] = step(x[k], a, b, c, t)
    return out


# Gauss-Legendre on [0, 1]: a channel that turns off within a pulse passes nothing like its mean state's conductance
AT = (0.5 - 0.5 * math.sqrt(0.6), 0.5, 0.5 + 0.5 * math.sqrt(0.6))
OF = (5.0 / 18.0, 8.0 / 18.0, 5.0 / 18.0)
PARTS = 8  # each with three points


@compiled(error_model="numpy")
def steps_within(p: Array, gate: Array, rows: Array, bias: float, time: float) -> Array:
    """For each state of a device under a pulse of ``time`` (s) at ``bias`` (V): its three coefficients, then ``root, decay, s`` of the steps to the three
    points of a part, through a part, and through the whole pulse; shape (states, 18). Of a linear state, whose step is
    ``x + q (alpha + beta x)``, q stands in the place of s."""
    maps = np.empty((rows.shape[0], 18))
    for i in range(rows.shape[0]):
        a, b, c = coefficients(p[_POL] * (bias - p[_VREST]), gate, rows[i])
        maps[i, 0], maps[i, 1], maps[i, 2] = a, b, c
        for k in range(5):
            share = 1.0 if k == 4 else (AT[k] if k < 3 else 1.0) / PARTS
            root, decay, s = scaled_root(a, b, c, time * share)
            if c == 0.0:
                s /= decay if b > 0.0 else 0.5 + 0.5 * decay - 0.5 * s * b
            maps[i, 3 * k + 3], maps[i, 3 * k + 4], maps[i, 3 * k + 5] = root, decay, s
    return maps


@compiled(error_model="numpy")
def stepped(p: Array, maps: Array, k: int, x: Array, out: Array) -> None:
    """States ``out`` after step ``k`` of :func:`steps_within` from ``x``."""
    for i in range(x.shape[0]):
        y, q = x[i], maps[i, 3 * k + 5]
        if p[_PLASTIC] != 0.0 and maps[i, 2] == 0.0:
            y = min(max(y + q * (maps[i, 0] + maps[i, 1] * y), 0.0), 1.0)
        elif p[_PLASTIC] != 0.0:
            y = moved(y, maps[i, 0], maps[i, 1], maps[i, 2], maps[i, 3 * k + 3], maps[i, 3 * k + 4], q)
        out[i] = y


@compiled(error_model="numpy")
def passed_charge(
    p: Array, maps: Array, g: Array, x: Array, behind: float, longer: float, inside: Array, now: Array
) -> float:
    """Integral (S s) of ``G/(1 + G (series + behind))`` over a pulse that starts in state ``x``; ``inside``, ``now``: room for two states."""
    total, series, width = 0.0, p[_SERIES] + behind, p[_WIDTH] + longer
    for i in range(x.shape[0]):
        now[i] = x[i]
    for part in range(PARTS):
        for k in range(3):
            stepped(p, maps, k, now, inside)
            conducted = conductance(p, g, inside)
            total += OF[k] / PARTS * width * conducted / (1.0 + conducted * series)
        if part < PARTS - 1:
            stepped(p, maps, 3, now, now)
    return total


@compiled(error_model="numpy")
def pulse(
    p: Array,
    gate: Array,
    rows: Array,
    g: Array,
    v: float,
    x: Array,
    behind: float = 0.0,
    leaking: float = 0.0,
    longer: float = 0.0,
) -> tuple[float, Array]:
    """Membrane voltage and device state after one input pulse; ``behind``: resistance (ohm) between the synapse and the membrane;
    ``leaking``: conductance (S) of a channel that the pulse opens to ground; ``longer``: time (s) by which the pulse is wider than the one that
    the synapse was calibrated with."""
    inside, now, after = np.empty(x.shape[0]), np.empty(x.shape[0]), np.empty(x.shape[0])
    middle = v_after = v
    injected = p[_Q0] + (p[_Q1] + p[_Q2] * v) * v
    lost = opened(p, leaking, longer)
    at_switch, beyond = conductance(p, g, x) * p[_SERIES], conductance(p, g, x) * behind
    time = p[_TION] * (1.0 + p[_ION1] * v) + longer
    # the overpotential is that of the mean membrane voltage: once with its start, once with its mean
    for _ in range(2):
        across = (p[_RAIL] - middle) / (1.0 + at_switch + beyond)
        drain, source = p[_RAIL] - across * at_switch, middle + across * beyond
        maps = steps_within(p, gate, rows, p[_SUPPLY] - 0.5 * (drain + source) - p[_SHIFT], time)
        charge = passed_charge(p, maps, g, x, behind, longer, inside, now) * (1.0 + p[_WIDTH1] * v)
        aim = p[_RAIL] - p[_RAIL] * lost / (charge + lost)
        v_after = aim + (v - aim) * math.exp(-(charge + lost) / p[_C]) + injected / p[_C]
        middle = 0.5 * (v + v_after)
        stepped(p, maps, 4, x, after)
    return v_after, after


@compiled(error_model="numpy")
def opened(p: Array, leaking: float, longer: float) -> float:
    """Integral (S s) of a conductance that a pulse opens to ground, through a switch like the synapse's."""
    return (p[_WIDTH] + longer) * leaking / (1.0 + leaking * p[_SERIES])


@compiled(error_model="numpy")
def leaked(p: Array, leaking: float, v: float, after: float, longer: float) -> float:
    """Charge (C) that a pulse let out to ground while it brought the membrane from ``v`` to ``after`` (V)."""
    return opened(p, leaking, longer) * 0.5 * (v + after)


@compiled()
def leak_current(p: Array, leak: Array, v: float) -> float:
    """Current (A) out of the membrane at rest."""
    return leak_at(leak, p[_DV], v)


@compiled()
def log_drive(p: Array, v: float) -> float:
    """``ln m``: the membrane's current in the threshold stage over the keeper's."""
    d = v - p[_VTH]
    return d / p[_SLOPE] + p[_CURVE] * d * d


@compiled()
def keeper(p: Array, u: float) -> float:
    """The keeper's current at a drop ``u`` (V), over its value while it is saturated near zero drop."""
    return (1.0 + p[_LAM] * u) * -math.expm1(-u / THERMAL)


@compiled()
def pull_at(p: Array, u: float) -> float:
    """Current (A) from the stage into the membrane."""
    return over_drops(p, _PULL, p[_TOP], u)


@compiled()
def kicked(p: Array, before: float, after: float) -> float:
    """What the inner node adds to the membrane (V) through the capacitance between them, from one drop to another."""
    if p[_KICKS] == 0.0:
        return 0.0
    return over_drops(p, _KICK, p[_TOP], after) - over_drops(p, _KICK, p[_TOP], before)


@compiled()
def drawn_current(p: Array, v: float, u: float, s: float) -> float:
    """What the waiting stage draws from the supply (A): by a table over the membrane, or the keeper's current and that which holds the
    output node."""
    if p[_DRAW] > 0.0:
        return drawn_at(p[_DRAW:], v)
    return p[_KEEP] * (keeper(p, u) + held_output(p, s))


@compiled()
def held_output(p: Array, s: float) -> float:
    """The current that holds the output node at a rise ``s`` (V), over its value while it is saturated near none; 0 without such a node."""
    return (1.0 + p[_LAM2] * s) * -math.expm1(-s / THERMAL) if p[_RATE2] > 0.0 else 0.0


@compiled()
def paces(p: Array, v: float, u: float, s: float) -> tuple[float, float, float, float]:
    """Rates of the drop and of the output's rise (V/s) at membrane ``v``, and how fast each falls by the way (1/s)."""
    m = math.exp(log_drive(p, v))
    pace = p[_RATE] / (1.0 + p[_SAT] * m)
    fall = math.exp(-u / THERMAL)
    decay = pace * (p[_LAM] * (1.0 - fall) + (1.0 + p[_LAM] * u) * fall / THERMAL)
    if p[_RATE2] == 0.0:
        return pace * (m - keeper(p, u)), 0.0, decay, 0.0
    d = u - p[_DROP2]
    rise = p[_RATE2] * (math.exp(d / p[_SLOPE2] + p[_CURVE2] * d * d) - held_output(p, s))
    fall = math.exp(-s / THERMAL)
    decay2 = p[_RATE2] * (p[_LAM2] * (1.0 - fall) + (1.0 + p[_LAM2] * s) * fall / THERMAL)
    return pace * (m - keeper(p, u)) - p[_COUPLE] * rise, rise, decay, decay2


@compiled()
def wait(p: Array, leak: Array, v: float, inner: Array, t_max: float) -> tuple[float, float, float]:
    """Between pulses: membrane, time of the spike (-1: none within ``t_max``), and the charge (C) that the stage draws from the supply.
    ``inner``, the drop of the inner node and the rise of the output (V), is moved; a spike resets it."""
    if p[STAGE] > 0.0:
        return wait_adaptive(p[STAGE:], p[_C], p[_DV], leak, v, inner, t_max)
    if p[_TRIGGER] > 0.0:
        return wait_trigger(p[_TRIGGER:], p[_C], p[_DV], p[_KEEP], leak, v, inner, t_max)
    u, s, t, drawn = inner[0], inner[1], 0.0, 0.0
    while t < t_max * (1.0 - 1e-12):
        slope = (pull_at(p, u) - leak_current(p, leak, v)) / p[_C]
        h = t_max - t
        if slope != 0.0:
            h = min(h, 2e-4 / abs(slope))  # the membrane moves by at most 0.2 mV a step: the drive by half a per cent
        drive = log_drive(p, v + 0.5 * slope * h)
        if u < 0.05 and s < 1e-3 and drive < _FAR:  # far below the threshold the drop follows the membrane at once
            rest = -THERMAL * math.log1p(-math.exp(drive))
            drawn += drawn_current(p, v, rest, 0.0) * h
            v, t = v + slope * h + kicked(p, u, rest), t + h
            u, s = rest, 0.0
            continue
        rate, rate2, decay, decay2 = paces(p, v + 0.5 * slope * h, u, s)
        fastest = max(rate, rate2)
        if fastest > 0.0 and h > 3e-3 / fastest:
            h = 3e-3 / fastest
            rate, rate2, decay, decay2 = paces(p, v + 0.5 * slope * h, u, s)
        moved, mean = relaxed(rate, decay, h)
        moved2, mean2 = relaxed(rate2, decay2, h)
        done = _fired(p, v + 0.5 * slope * h, u, s, moved, moved2)
        if done >= 0.0:
            spiked(p, inner, v)
            return v + slope * h * done, t + h * done, drawn + h * done * drawn_current(p, v, u, s)
        drawn += h * drawn_current(p, v, max(u + mean, 0.0), max(s + mean2, 0.0))
        moved = max(moved, -u)
        v += kicked(p, u, u + moved)
        u, s, v, t = u + moved, max(s + moved2, 0.0), v + slope * h, t + h
    inner[0], inner[1] = u, s
    return v, -1.0, drawn


@compiled()
def _fired(p: Array, v: float, u: float, s: float, moved: float, moved2: float) -> float:
    """The share of a step after which the stage regenerates; -1: it does not."""
    if p[_RATE2] > 0.0:
        return (p[_FIRE2] - s) / moved2 if s + moved2 >= p[_FIRE2] else -1.0
    fire = p[_FIRE] + p[_FIRE1] * max(log_drive(p, v), 0.0)
    if u + moved < fire:
        return -1.0
    return max(fire - u, 0.0) / moved if moved > 0.0 else 0.0


def resting(p: Array) -> Array:
    """Drop, rise (V) and adaptation of a stage that had no input."""
    return resting_adaptive(p[STAGE:]) if p[STAGE] > 0.0 else np.zeros(3)


@compiled()
def spiked(p: Array, inner: Array, v: float) -> None:
    """What a spike of a membrane at ``v`` (V) makes of the inner states: an adaptation goes on, nodes start anew."""
    if p[STAGE] > 0.0:
        spiked_adaptive(p[STAGE:], inner, v)
    elif p[_TRIGGER] > 0.0:
        spiked_trigger(p[_TRIGGER:], inner)
    else:
        inner[0] = inner[1] = 0.0


def triggers(p: Array) -> bool:
    """Whether the stage is a Schmitt trigger."""
    return bool(p[_TRIGGER] > 0.0)


@compiled()
def stepped_membrane(p: Array, inner: Array, step: float) -> None:
    """What a pulse that moves the membrane by ``step`` (V) does to the inner states."""
    if p[_TRIGGER] > 0.0:
        kicked_nodes(p[_TRIGGER:], inner, step)


@compiled()
def after_spike(p: Array, v: float) -> float:
    """The membrane after a reset from ``v`` (V)."""
    if p[_TRIGGER] > 0.0:
        return residue_of(p[_TRIGGER:], v)
    return p[_RES] + p[_RES1] * v


@compiled()
def spike_draw(p: Array, v: float) -> float:
    """Charge (C) from the supply for a spike with the membrane at ``v`` (V) and its reset, where that hangs on it; 0 elsewhere: see
    ``Soma.spike_energy``."""
    return spent_at(p[_TRIGGER:], v) if p[_TRIGGER] > 0.0 else 0.0
