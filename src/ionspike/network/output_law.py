"""The wait of a stage whose output node waits, too: fitted to a membrane that rests below the threshold and is then stepped above it.

A pair of transistors with a common source remembers where the membrane was: held from the start, its inner nodes begin somewhere no
spike train leaves them. So the bench lets them come to rest close to the threshold first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from ionspike.circuit.simulate import Run
from ionspike.circuit.testbench import HELD_BEFORE
from ionspike.network.dynamics import held_stage, wait
from ionspike.network.kernels import compiled

Array = NDArray[np.float64]

_RISEN = 0.3  # V of the output's rise up to which its way is compared: beyond, the stage regenerates
_POINTS = 30  # on a way
_NODE_SCALE, _TIME_SCALE = 0.01, 0.01  # V and share of the wait that a fit may miss
_START = np.array([1e4, 0.0, 0.06, 0.0, 1.0, 2.5e3, 0.28, 0.055, 0.0, 0.2, 0.3, 0.36])
_SCALE = np.array([1e4, 0.01, 0.02, 5.0, 0.5, 1e3, 0.03, 0.01, 3.0, 0.2, 0.2, 0.05])
_LOW = np.array([1e2, 0.0, 0.02, -40.0, 0.0, 1e2, 0.1, 0.025, -40.0, 0.0, 0.0, _RISEN])
_HIGH = np.array([1e6, 1.8, 0.3, 40.0, 10.0, 1e6, 0.6, 0.15, 10.0, 2.0, 1.0, 0.9])


@dataclass(frozen=True)
class Way:
    """The inner node's drop and the output's rise (V) at ``times`` (s) after a step of the membrane to ``voltage``, and the ``spike`` (s;
    -1: none)."""

    voltage: float
    times: Array
    drop: Array
    rise: Array
    spike: float


def way_of(run: Run) -> Way:
    """What a run does after its membrane's step, up to where the stage regenerates."""
    spikes = run.spike_times[run.spike_times > HELD_BEFORE]
    risen = (run["v(spk)"] > _RISEN) & (run.time > HELD_BEFORE)
    end = float(run.time[np.argmax(risen)]) if risen.any() else float(run.time[-1])
    begin = HELD_BEFORE + run.bench.edge
    times = np.linspace(begin, begin + 0.98 * (end - begin), _POINTS)
    drop, rise = run.bench.supply - run.waveforms.at("v(xn.n1)", times), run.waveforms.at("v(spk)", times)
    return Way(
        float(run.bench.hold or 0.0), times - begin, drop, rise, float(spikes[0]) - begin if len(spikes) else -1.0
    )


def fit_ways(ways: list[Way], threshold: float, saturation: float) -> tuple[Array, Array]:
    """The law of the inner node (7 numbers, as :class:`~ionspike.network.held_membrane.Held` has them; the last two, a spike by its drop alone,
    are out of reach) and that of the output (7)."""

    def residual(law: Array) -> Array:
        found = []
        for way in ways:
            nodes, spike = followed(*_stage(law, saturation), way)
            found += [((nodes - np.stack([way.drop, way.rise], axis=-1)) / _NODE_SCALE).ravel()]
            found += [np.array([(spike / way.spike - 1) / _TIME_SCALE])] if way.spike > 0 else []
        return np.concatenate(found)

    start = _START.copy()
    start[1] = threshold
    law = least_squares(residual, start, bounds=(_LOW, _HIGH), x_scale=_SCALE, loss="soft_l1", max_nfev=200).x
    return np.r_[law[:5], 2.0, 0.0], law[5:]


def wait_of(law: Array, output: Array, saturation: float, way: Way) -> float:
    """Time (s) from the step to the spike by the law."""
    return followed(*held_stage(law, saturation, output), way)[1]


def _stage(law: Array, saturation: float) -> tuple[Array, Array]:
    return held_stage(np.r_[law[:5], 2.0, 0.0], saturation, law[5:])


def followed(p: Array, leak: Array, way: Way) -> tuple[Array, float]:
    """Drop and rise (V) at the times of a way by the law of ``p``, from where it begins, and the spike (s)."""
    return _follow(p, leak, way.voltage, way.drop[0], max(way.rise[0], 0.0), way.times)


@compiled()
def _follow(p: Array, leak: Array, v: float, u: float, s: float, times: Array) -> tuple[Array, float]:
    inner, t = np.array([u, s]), 0.0
    nodes = np.empty((times.shape[0], 2))
    nodes[:, 0], nodes[:, 1] = 0.6, 0.5  # where it has fired already
    for k in range(times.shape[0]):
        _, fired, _ = wait(p, leak, v, inner, times[k] - t)
        if fired >= 0.0:
            return nodes, t + fired
        t = times[k]
        nodes[k] = inner
    _, fired, _ = wait(p, leak, v, inner, 3.0 * t)
    return nodes, t + fired if fired >= 0.0 else 4.0 * t
