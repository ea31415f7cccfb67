"""The laws of an adaptive stage from SPICE: its nodes, from a held membrane."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from ionspike.circuit.simulate import Run
from ionspike.network.adaptive import Adaptive, adaptive_row, wait_adaptive
from ionspike.network.kernels import compiled
from ionspike.network.relaxation import DROPS

Array = NDArray[np.float64]

ADAPTS = {"dpi"}
CHARGED, HOLDING = "v(xn.ca)", "v(xn.rf)"  # the nodes of adaptation and refractory period
# V of the latter, at which half of a pulse stays on the membrane: 99 % of it is lost at 0.78 V, 2 % at 0.55 V
RELEASED = 0.69
# V from the onset at which the membrane rests, or goes to its first and second spike; s there, for a keeper of 0.05 nA
BELOW, ABOVE = np.array([0.25, 0.42, 0.58, 0.75]), np.array([-10, 10, 30, 55, 80, 110, 140, 180, 230, 280]) * 1e-3
QUIET, LONGEST, FALL = 6e-3, 1.8e-3, 0.045
_POINTS, _RISEN, _TOP = 30, 0.3, 0.6  # on a way; V of the output up to which it is compared; V of the tables' last drop
_NODE, _TIME = 0.01, 0.004  # V and share of a wait that a fit may miss
# V of the node that holds the refractory period, and s after it, from where the inner nodes go their way anew
_ANEW, _RESTED = 0.4, 0.5e-6
_START = np.array([3.4, 26, 0, -2.2, 26, 0, 3.9, 26, 0.02, 0.3, 26, 0, math.log(4e3), 0.2, 0.36, 0.5])
_SCALE = np.array([1, 2, 5, 1, 2, 5, 2, 3, 0.1, 1, 2, 5, 0.3, 0.5, 0.05, 1])
_LOW = np.array([-3, 10, -60, -15, 5, -60, -5, 8, 0, -15, 5, -60, 4, 0, 0.28, -1])
_HIGH = np.array([12, 40, 60, 9, 60, 60, 14, 45, 1, 15, 60, 60, 14, 3, 0.6, 8])


@dataclass(frozen=True)
class _Way:
    """Drop and rise (V) at ``times`` (s) under a membrane held at ``voltage`` (V), and the spike (s; -1: none)."""

    voltage: float
    times: Array
    nodes: Array
    spike: float


def _ways(run: Run) -> list[_Way]:
    """The way from the start, and from the end of the first spike to the second, where the nodes begin anew."""
    begins, spikes = [10 * run.bench.edge, *(run.waveforms.falls(HOLDING, _ANEW)[:1] + _RESTED)], run.spike_times
    ways = []
    for k, begin in enumerate(begins):
        fired = len(spikes) > k
        if k and not fired:
            continue
        until = run.time <= (spikes[k] if fired else run.time[-1] / 2)
        risen = np.flatnonzero((run["v(spk)"] > _RISEN) & until & (run.time > begin))
        end = float(run.time[risen[0]]) if len(risen) else float(run.time[until][-1])
        if end - begin < 10 * run.bench.edge:
            continue
        times = np.linspace(begin, begin + 0.97 * (end - begin), _POINTS)
        nodes = [run.bench.supply - run.waveforms.at("v(xn.n1)", times), run.waveforms.at("v(spk)", times)]
        spike = float(spikes[k]) - begin if fired else -1.0
        ways.append(_Way(float(run.bench.hold or 0.0), times - begin, np.stack(nodes, axis=-1), spike))
    return ways


def fit_stage(runs: list[Run]) -> tuple[Adaptive, Array]:
    """The stage from runs at an ascending ladder of held membranes, its adaptation left open; and its waits, a row each run that fires:
    voltage (V), wait in SPICE and by the law (s)."""
    ways = [way for run in runs for way in _ways(run)]
    slow = 1.0 if all(way.spike < 0 for way in ways) else max(way.spike for way in ways) / 4e-4
    start = _START.copy()
    start[[0, 3, 6, 9, 12]] -= math.log(slow)

    def residual(law: Array) -> Array:
        row, found = adaptive_row(_stage(law)), []
        for way in ways:
            nodes, spike = _follow(row, way.voltage, way.nodes[0], way.times)
            found.append(((nodes - way.nodes) / _NODE).ravel())
            if way.spike > 0:
                found.append(np.array([(spike / way.spike - 1) / _TIME]))
        return np.concatenate(found)

    law = least_squares(residual, start, bounds=(_LOW, _HIGH), x_scale=_SCALE, loss="soft_l1", max_nfev=300).x
    row = adaptive_row(_stage(law))
    fired = [way for way in ways if way.spike > 0]
    waits = [[way.voltage, way.spike, _follow(row, way.voltage, way.nodes[0], way.times)[1]] for way in fired]
    rest = (runs[0].bench.supply - float(runs[0]["v(xn.n1)"][0]), float(runs[0][CHARGED][0]))
    drops, pull, draw = _tables(runs)
    return replace(_stage(law), rest=rest, drops=drops, pull=pull, draw=draw), np.array(waits)


def _stage(law: Array) -> Adaptive:
    z = [float(value) for value in law]
    return Adaptive(
        drive=tuple(z[0:3]),
        diode=tuple(z[3:6]),
        regeneration=tuple(z[6:8]),
        coupling=z[8],
        swell=z[15],
        output=tuple(z[9:12]),
        hold=math.exp(z[12]),
        finite=z[13],
        fire=z[14],
        after=0.0,
        jump=(-200.0, 0.0, 0.0, 0.0, 0.0),
        jump_slope=0.0,
        fade=(-200.0, 0.0, 0.0, 0.0),
        adaptation=(-200.0, 0.0, 0.0, 0.0),
        adaptation_finite=(0.0, 0.0),
        rest=(0.0, 0.0),
        drops=(0.0, 1.0),
        pull=(0.0, 0.0),
        draw=(0.0, 0.0),
    )


@compiled()
def _follow(row: Array, v: float, start: Array, times: Array) -> tuple[Array, float]:
    """Drop and rise (V) at the times of a way under a membrane held at ``v``, and the spike (s)."""
    inner, t, leak = np.array([start[0], max(start[1], 0.0), 0.0]), 0.0, np.zeros(3)
    nodes = np.empty((times.shape[0], 2))
    nodes[:, 0], nodes[:, 1] = 0.6, 0.5  # where it has fired already
    for k in range(times.shape[0]):
        _, fired, _ = wait_adaptive(row, 1.0, 1.0, leak, v, inner, times[k] - t)
        if fired >= 0.0:
            return nodes, t + fired
        t = times[k]
        nodes[k, 0], nodes[k, 1] = inner[0], inner[1]
    _, fired, _ = wait_adaptive(row, 1.0, 1.0, leak, v, inner, 3.0 * t)
    return nodes, t + fired if fired >= 0.0 else 4.0 * t


def leak_of(run: Run) -> float:
    """What leaves a held membrane (A) while the drop has hardly moved: later the stage feeds it."""
    drop = run.bench.supply - run["v(xn.n1)"]
    begin = 100 * run.bench.edge
    k = int(np.argmax((np.abs(drop - drop[0]) > 5e-3) & (run.time > begin)))
    return -float(np.interp(max(float(run.time[k]), begin), run.time, run["i(vhold)"]))


def _tables(runs: list[Run]) -> tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]:
    """Current into the membrane and from the supply (A) at even drops, by the runs at rest and the slowest that fires."""
    idle = float(runs[0]["i(vth)"][-1])
    resting = [run for run in runs if len(run.spike_times) == 0]
    firing = [run for run in runs if len(run.spike_times)]
    drop = [run.bench.supply - float(run["v(xn.n1)"][-1]) for run in resting]
    fed = [float(run["i(vhold)"][-1]) + leak_of(run) for run in resting]
    drawn = [float(run["i(vth)"][-1]) - idle for run in resting]
    slowest = firing[0]
    times = np.linspace(0.3, 0.97, 20) * slowest.spike_times[0]
    at = slowest.bench.supply - slowest.waveforms.at("v(xn.n1)", times)
    later = at > max(drop)
    drop += at[later].tolist()
    fed += (slowest.waveforms.at("i(vhold)", times) + leak_of(slowest))[later].tolist()
    drawn += (slowest.waveforms.at("i(vth)", times) - idle)[later].tolist()
    even, order = np.linspace(0.0, _TOP, DROPS), np.argsort(drop)
    known = np.array(drop)[order]
    pull = np.interp(even, known, np.maximum.accumulate(np.maximum(np.array(fed)[order], 0.0)), left=0.0)
    # a stage that runs away draws more with every millivolt: on from its last points
    logs = np.log(np.maximum(np.maximum.accumulate(np.array(drawn)[order]), 1e-15))
    slope = (logs[-1] - logs[-6]) / (known[-1] - known[-6])
    draw = np.exp(np.where(even > known[-1], logs[-1] + slope * (even - known[-1]), np.interp(even, known, logs)))
    return tuple(even.tolist()), tuple(pull.tolist()), tuple(draw.tolist())


def releases(run: Run) -> Array:
    """When the membrane is let go after each spike (s)."""
    return run.waveforms.falls(HOLDING, RELEASED)


def free_again(run: Run) -> Array:
    """When the membrane is free again after each spike (s)."""
    return releases(run) if run.bench.neuron.topology in ADAPTS else run.reset_ends
