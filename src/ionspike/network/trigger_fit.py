"""The laws of a Schmitt trigger from SPICE: its nodes over short parts of every way, first of a membrane that the bench holds, then of trains.

Whole ways are a poor thing to fit: near the point where the output wins against the membrane that it empties, a law that is off by a
hair never fires. Over parts in which a node moves by some millivolts every law is nearly linear.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from ionspike.circuit.simulate import Run
from ionspike.circuit.testbench import HELD_BEFORE
from ionspike.network.kernels import compiled
from ionspike.network.relaxation import DROPS, THERMAL
from ionspike.network.trigger import KNOTS, Trigger, through, trigger_row

Array = NDArray[np.float64]

TRIGGERS = {"schmitt-trigger-lif"}
FIRE = 0.45  # V of the output's rise from which nothing holds the stage back
RESTS = (-0.02, -0.07)  # V from the onset at which the membrane rests before it is stepped: the diode begins elsewhere
_AHEAD, _SETTLED, _RESTED = 2e-9, 60e-9, 0.3e-6  # s before a pulse, after one, after a reset
_NEAR = 0.085  # V below the onset from which the nodes are followed
_PART, _LONGEST = 0.012, 100e-6  # V and s of a part
_MISSED, _SHARE, _BESIDE = (
    np.array([1e-4, 3e-4, 1e-4]),
    0.02,
    0.004,
)  # V, share of the way, of the other nodes' way that a part may miss
_FAINT, _CLEAR = 0.12, 0.2  # V of the output's rise between which its pull is seen to be an exponential
_ALIKE = 3e-4  # V within which residues are taken together
_V, _U, _S, _X = 0.0, 0.24, 0.31, 0.22  # V, in the middle of the ways; the membrane's from the onset
# at a keeper of 0.05 nA
_START = np.array([9.1, 28, 4, 36, 1.0, 8.6, 0.1, 0.4, 0.1, 7.0, 21, -18, 6.9, 1.5, -0.2, 8.4, 36, 8.4, 30])
_SCALE = np.array([0.3, 3, 5, 4, 0.2, 0.3, 0.1, 0.1, 0.05, 0.3, 2, 5, 0.3, 0.5, 0.1, 0.3, 3, 0.3, 3])
_RATES = [0, 5, 9, 12, 15, 17]  # of them, logarithms of rates
_LOW = np.array([-9, 5, -60, 10, 0, -9, 0, 0, 0, -9, 5, -60, -9, 0, -3, -9, 10, -9, 10])
_HIGH = np.array([30, 60, 60, 60, 2, 30, 3, 2, 1, 30, 60, 60, 30, 10, 3, 30, 60, 30, 60])


@dataclass(frozen=True)
class Parts:
    """Short parts of ways: the membrane (V) at ``times`` (s), those of part k from ``first[k]`` on, and drop, rise and diode (V) at its ends."""

    times: Array
    voltage: Array
    first: NDArray[np.int64]
    start: Array
    end: Array


def nodes_at(run: Run, times: Array) -> Array:
    """Drop, rise and diode (V) of a run, shape (times, 3)."""
    at = run.waveforms.at
    return np.stack([run.bench.supply - at("v(xn.n1)", times), at("v(spk)", times), at("v(xn.x)", times)], axis=-1)


def fires(run: Run, after: float) -> float:
    """When the output first passes :data:`FIRE` later than ``after`` (s); the end of the run where it does not."""
    found = run.waveforms.rises("v(spk)", FIRE)
    later = found[found > after]
    return float(later[0]) if len(later) else float(run.time[-1])


def parts_of(spans: list[tuple[Run, float, float]]) -> Parts:
    """Spans of runs (s), in which the membrane takes no pulse, cut where a node has moved far enough."""
    times: list[Array] = []
    voltage, start, end = [], [], []
    for run, begin, stop in spans:
        inside = (run.time > begin) & (run.time < stop)
        t = np.r_[begin, run.time[inside], stop]
        nodes, v = nodes_at(run, t), run.waveforms.at("v(mem)", t)
        way = np.cumsum(np.r_[0.0, np.abs(np.diff(nodes, axis=0)).max(axis=1) / _PART + np.diff(t) / _LONGEST])
        cuts = np.interp(np.linspace(0.0, way[-1], max(int(way[-1]), 1) + 1), way, t)
        ends = np.stack([np.interp(cuts, t, node) for node in nodes.T], axis=-1)
        for k in range(len(cuts) - 1):
            own = (t > cuts[k]) & (t < cuts[k + 1])
            times.append(np.r_[cuts[k], t[own], cuts[k + 1]])
            voltage.append(np.r_[np.interp(cuts[k], t, v), v[own], np.interp(cuts[k + 1], t, v)])
        start.append(ends[:-1])
        end.append(ends[1:])
    first = np.r_[0, np.cumsum([len(t) for t in times])]
    return Parts(np.concatenate(times), np.concatenate(voltage), first, np.concatenate(start), np.concatenate(end))


@compiled()
def _ends(row: Array, times: Array, voltage: Array, first: NDArray[np.int64], start: Array) -> Array:
    """Where the nodes are at the ends of all parts by the law of ``row``."""
    found = np.empty_like(start)
    for k in range(start.shape[0]):
        a, b = first[k], first[k + 1]
        through(row, times[a:b], voltage[a:b], start[k], found[k])
    return found


def held_spans(runs: list[Run]) -> list[tuple[Run, float, float]]:
    """From the step of a held membrane to where the stage fires."""
    return [(run, HELD_BEFORE + 3 * run.bench.edge, fires(run, HELD_BEFORE)) for run in runs]


def free_spans(runs: list[Run], lowest: float) -> list[tuple[Run, float, float]]:
    """Between pulses and spikes of trains, where the membrane begins above ``lowest`` (V)."""
    spans = []
    for run in runs:
        begins = np.r_[10 * run.bench.edge, run.reset_ends + _RESTED]
        for begin in begins:
            stop = fires(run, begin)
            pulse = (run.input_times > begin) & (run.input_times < stop)
            starts, ends = np.r_[begin, run.input_ends[pulse] + _SETTLED], np.r_[run.input_times[pulse] - _AHEAD, stop]
            long = (ends > starts + 1e-8) & (run.waveforms.at("v(mem)", starts) > lowest)
            spans += [(run, float(a), float(b)) for a, b in zip(starts[long], ends[long], strict=True)]
    return spans


def fit_nodes(parts: Parts, onset: float, keeper_bias: float, begin: Trigger | None = None) -> Trigger:
    """The laws of the nodes that meet the parts best; from those of ``begin``, whose tables are kept, or from a guess by the keeper's bias (A)."""
    law = _START.copy()
    law[_RATES] += math.log(keeper_bias / 5e-11)
    template = begin or _stage(law, onset, None)
    if begin is not None:
        law = _law(begin, onset)
    scale = _MISSED + _SHARE * np.abs(parts.end - parts.start)
    scale += _BESIDE * np.abs(parts.end - parts.start).max(axis=1, keepdims=True)

    def residual(law: Array) -> Array:
        row = trigger_row(replace(_stage(law, onset, template), fire=math.inf))
        found = _ends(row, parts.times, parts.voltage, parts.first, parts.start)
        return np.clip((found - parts.end) / scale, -1e3, 1e3).ravel()

    solved = least_squares(
        residual,
        np.clip(law, _LOW + 1e-9, _HIGH - 1e-9),
        bounds=(_LOW, _HIGH),
        x_scale=_SCALE,
        loss="soft_l1",
        max_nfev=60,
    )
    return _stage(solved.x, onset, template)


def _about(at: float, *law: float) -> tuple[float, ...]:
    """A polynomial of the distance from ``at`` (V) as one of the voltage, by ascending powers."""
    a, b, c = (*law, 0.0)[:3]
    found = (a - b * at + c * at * at, b - 2 * c * at, c)
    return tuple(float(value) for value in found[: len(law)])


def _stage(law: Array, onset: float, like: Trigger | None) -> Trigger:
    """The laws of a fit as a trigger; tables and what spikes and pulses do are those of ``like``, or nothing."""
    z = [float(value) for value in law]
    drive = list(_about(onset + _V, z[0], z[1], z[2]))
    drive[0] += z[3] * _X
    laws = {
        "drive": tuple(drive),
        "degeneration": z[3],
        "finite": z[4],
        "keeper": math.exp(z[5]),
        "keeper_finite": z[6],
        "coupling": (z[7], z[8]),
        "output": _about(_U, z[9], z[10], z[11]),
        "hold": math.exp(z[12]),
        "hold_finite": z[13],
        "share": math.exp(z[14]),
        "diode": _about(_X, z[15], z[16]),
        "switch": _about(_S, z[17], z[18]),
    }
    if like is not None:
        return replace(like, **laws)
    none, table = (0.0,) * 3, (0.0,) * DROPS
    return Trigger(
        **laws,
        fire=FIRE,
        after=none,
        kick=none,
        back=none,
        pull=table,
        draw=table,
        residue_voltage=(0.0,),
        residue=(0.0,),
        spent=(0.0,),
    )


def _law(stage: Trigger, onset: float) -> Array:
    """The other way round."""
    v, poly = onset + _V, np.polynomial.polynomial.polyval
    _, b, c = stage.drive
    o1, o2 = stage.output[1:]
    return np.array([
        poly(v, stage.drive) - stage.degeneration * _X, b + 2 * c * v, c, stage.degeneration, stage.finite, math.log(stage.keeper),
        stage.keeper_finite, *stage.coupling, poly(_U, stage.output), o1 + 2 * o2 * _U, o2, math.log(stage.hold), stage.hold_finite,
        math.log(stage.share), poly(_X, stage.diode), stage.diode[1], poly(_S, stage.switch), stage.switch[1],
    ])  # fmt: skip


def fit_held(runs: list[Run], onset: float) -> tuple[Trigger, Array]:
    """The stage from runs of a held membrane, and its waits, a row each run that fires: voltage (V), wait in SPICE and by the law (s)."""
    spans = held_spans(runs)
    stage = fit_nodes(parts_of(spans), onset, runs[0].bench.neuron.keeper_bias)
    row, waits, room = trigger_row(stage), [], np.empty(3)
    for run, begin, stop in spans:
        if stop < run.time[-1]:
            held = np.full(2, float(run.bench.hold or 0.0))
            fired = through(row, np.array([0.0, 3 * (stop - begin)]), held, nodes_at(run, np.array([begin]))[0], room)
            waits.append([held[0], stop - begin, fired if fired >= 0.0 else 4 * (stop - begin)])
    return stage, np.array(waits)


def with_tables(stage: Trigger, runs: list[Run], keeper_current: float) -> Trigger:
    """The stage with what its output draws from membrane and supply (A), by the slowest run of a held membrane that fires: a fast output takes
    more through its capacitors than through its transistors."""
    slowest = max(
        (run for run in runs if fires(run, HELD_BEFORE) < run.time[-1]), key=lambda run: fires(run, HELD_BEFORE)
    )
    before = slowest.time < HELD_BEFORE - 1e-6
    on_way = (slowest.time > HELD_BEFORE + 2e-6) & (slowest.time <= fires(slowest, HELD_BEFORE))
    drop, rise = slowest.bench.supply - slowest["v(xn.n1)"], np.maximum.accumulate(slowest["v(spk)"][on_way])
    kept = keeper_current * (1 + stage.keeper_finite * drop) * -np.expm1(-drop / THERMAL)
    even, tables = np.linspace(0.0, FIRE, DROPS), []
    for current in (-slowest["i(vhold)"], slowest["i(vth)"] + slowest["i(vdl)"] - kept):
        table = np.interp(even, rise, (current - current[before][-1])[on_way])
        tables.append(np.maximum(table - table[0], 0.0))
    pull, draw = tables
    # a transistor that hardly conducts: below, leak and capacitors of the run are as large
    slope = math.log(np.interp(_CLEAR, even, pull) / np.interp(_FAINT, even, pull)) / (_CLEAR - _FAINT)
    pull = np.where(even < _FAINT, np.interp(_FAINT, even, pull) * np.exp(slope * (even - _FAINT)), pull)
    return replace(stage, pull=tuple(pull.tolist()), draw=tuple(draw.tolist()))


def with_trains(
    stage: Trigger, runs: list[Run], capacitance: float, voltage: Array, leak: Array, onset: float, idle: float
) -> Trigger:
    """The stage with what trains say: of its nodes, of the capacitors between them and the membrane, of what a spike leaves and takes beyond the
    ``idle`` current (A)."""
    spans = free_spans(runs, onset - _NEAR)
    stage = replace(stage, kick=_kick(runs))
    stage = fit_nodes(parts_of(spans), onset, runs[0].bench.neuron.keeper_bias, stage)
    at, left, spent, after = _residues(runs, idle)
    return replace(
        stage,
        back=_back(stage, spans, capacitance, voltage, leak),
        after=after,
        residue_voltage=tuple(at.tolist()),
        residue=tuple(left.tolist()),
        spent=tuple(spent.tolist()),
    )


def _kick(runs: list[Run]) -> tuple[float, ...]:
    """Volts of drop, rise and diode by a volt of the membrane's step, over the pulses of trains."""
    steps, moved = [], []
    for run in runs:
        begin, end = run.input_times - _AHEAD, run.input_ends + _SETTLED / 3
        for fired, over in zip(run.spike_times, run.reset_ends, strict=False):
            begin = np.where((end > fired - _RESTED) & (begin < over + _RESTED), np.nan, begin)
        quiet = ~np.isnan(begin)
        steps.append(run.waveforms.at("v(mem)", end[quiet]) - run.waveforms.at("v(mem)", begin[quiet]))
        moved.append(nodes_at(run, end[quiet]) - nodes_at(run, begin[quiet]))
    return tuple(np.median(np.concatenate(moved) / np.concatenate(steps)[:, None], axis=0).tolist())


def _back(
    stage: Trigger, spans: list[tuple[Run, float, float]], capacitance: float, voltage: Array, leak: Array
) -> tuple[float, ...]:
    """Volts of the membrane by a volt of each node: what leak and pull leave of its way, both halves of every span."""
    moved, rest = [], []
    even = np.linspace(0.0, FIRE, DROPS)
    for run, begin, stop in spans:
        for a, b in ((begin, 0.5 * (begin + stop)), (0.5 * (begin + stop), stop)):
            out = np.interp(run["v(mem)"], voltage, leak) + np.interp(run["v(spk)"], even, stage.pull)
            step = float(np.diff(run.waveforms.at("v(mem)", np.array([a, b])))[0])
            rest.append((step + run.waveforms.integral(out, a, b) / capacitance, 1e-4 + 0.02 * abs(step)))
            moved.append(np.diff(nodes_at(run, np.array([a, b])), axis=0)[0])
    left, scale = np.array(rest).T
    return tuple(np.linalg.lstsq(np.array(moved) / scale[:, None], left / scale, rcond=None)[0].tolist())


def _residues(runs: list[Run], idle: float) -> tuple[Array, Array, Array, tuple[float, ...]]:
    """The membrane (V) where the stage fires, ascending, and after the reset, the charge (C) from the supply meanwhile beyond the ``idle`` current
    (A), and where the nodes are then: of spikes with no pulse in between."""
    found, after = [], []
    for run in runs:
        for over in run.reset_ends:
            fired = run.waveforms.rises("v(spk)", FIRE)
            begin, end = float(fired[fired < over][-1]), over + _RESTED
            if end < run.time[-1] and not np.any((run.input_ends > begin - _AHEAD) & (run.input_times < end)):
                spent = run.waveforms.integral(run["i(vth)"] + run["i(vdl)"] - idle, begin, end)
                found.append([*run.waveforms.at("v(mem)", np.array([begin, end])), spent])
                after.append(nodes_at(run, np.array([end]))[0])
    pairs = np.array(sorted(found, key=lambda pair: float(pair[0])))
    near = _ALIKE
    while True:
        group = np.floor((pairs[:, 0] - pairs[0, 0]) / near)
        if len(np.unique(group)) <= KNOTS:
            break
        near *= 1.2
    means = np.array([pairs[group == g].mean(axis=0) for g in np.unique(group)])
    return *means.T, tuple(np.mean(after, axis=0).tolist())
