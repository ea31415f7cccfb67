"""The soma from runs in which the bench holds the membrane: leak, static current, and the wait before a spike."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq, least_squares

from ionspike.circuit.simulate import Run, Setting, simulate_all
from ionspike.circuit.testbench import Bench
from ionspike.errors import RunError
from ionspike.network.dynamics import THERMAL

Array = NDArray[np.float64]

_QUIET = 3e-3  # s, a run below the threshold
SATURATION = {"comparator-lif": 1.0}  # of the threshold stage, see Soma; 0 elsewhere
SLOW = {"schmitt-trigger-lif", "comparator-lif"}  # fire after more than 0.3 ms too, at levels of their own
_LEVELS = (0.1, 0.2, 0.3)  # V of drop at which the time is compared on the way to a spike
_WAIT_SCALE, _LEVEL_SCALE, _REST_SCALE = (
    0.003,
    0.03,
    0.15,
)  # what a fit may miss: share of the wait, of the way, of the drop at rest
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(60)


@dataclass(frozen=True)
class Held:
    """Leak (A) and static supply current (A) at membrane voltages below the threshold, and the law of the wait; see
    :class:`~ionspike.network.cell.Soma`. ``error`` is the largest relative error of a wait."""

    voltage: Array
    leak: Array
    keeper_rate: float
    threshold: float
    slope: float
    curvature: float
    keeper_slope: float
    fire: float
    fire_slope: float
    keeper_current: float
    waits: Array  # (runs, 3): voltage (V), wait in SPICE (s), wait of the law (s)
    saturation: float = 0.0

    @property
    def error(self) -> float:
        """Largest relative error of a wait."""
        return float(np.abs(self.waits[:, 2] / self.waits[:, 1] - 1).max())


def measure_held(bench: Bench, setting: Setting, workers: int | None = None, like: Held | None = None) -> Held:
    """Hold the membrane at a ladder of voltages and fit the law of the wait.

    ``like`` is the measurement of a neuron with the same threshold stage and keeper: its wait is taken over, and only leak and static
    current, which depend on membrane, leak bias and read switch, are measured.

    Raises:
        RunError: the neuron does not fire at any held voltage below the read rail.
    """
    onset = _onset(bench, setting, workers) if like is None else ever_after(like) - 2e-3
    quiet = np.array([0.0, 0.01, 0.02, 0.04, 0.07, 0.11, *onset * np.array([0.5, 0.65, 0.78, 0.86, 0.92, 0.96])])
    quiet = np.unique(quiet.round(6))
    if like is not None:
        leak, _, _ = _resting(_run(bench, quiet, np.full(len(quiet), _QUIET), setting, workers))
        return replace(like, voltage=quiet, leak=leak)
    slowly = onset - np.array([14, 9, 5, 2]) * 1e-3 if SLOW & {bench.neuron.topology} else np.empty(0)
    near = onset + np.array([2, 4, 6, 8, 11, 14, 18, 23, 29]) * 1e-3
    high = onset + np.array([0.037, 0.05, 0.065, 0.085, 0.11, 0.14, 0.17])
    # long enough for one spike and no more: far above the threshold a held membrane fires without end
    slow = _slowness(bench)
    spans = [_QUIET] * (len(quiet) + len(slowly)) + [
        slow * (4e-4 * math.exp(-(v - onset) / 0.012) + 6e-5) for v in near
    ]
    spans += [slow * 1.2e-6 + max(slow * 5e-5 * math.exp(-(v - onset - 0.03) / 0.035), 0.2e-6) for v in high]
    runs = _run(bench, np.concatenate([quiet, slowly, near, high]), np.array(spans), setting, workers)
    late = [k for k in range(len(quiet) + len(slowly), len(runs)) if not len(runs[k].spike_times)]
    if late:  # a pair that shares a tail current is never faster than the tail
        longer = np.array([max(20 * float(runs[k].time[-1]), slow * 3e-4) for k in late])
        again = _run(bench, np.array([float(runs[k].bench.hold or 0.0) for k in late]), longer, setting, workers)
        for k, run in zip(late, again, strict=True):
            runs[k] = run
    resting, firing = runs[: len(quiet)], [run for run in runs[len(quiet) :] if len(run.spike_times)]
    leak, static, drops = _resting(resting)
    saturation = SATURATION.get(bench.neuron.topology, 0.0)
    law = _fit(firing, quiet, drops, bench.supply, saturation)
    # the static current against the keeper's relative current, through the voltages where it is more than leakage
    relative = (1 + law[4] * drops) * -np.expm1(-drops / THERMAL)
    high_enough = relative > 0.05
    keeper = float(np.sum((static - static[0]) * relative * high_enough) / np.sum(relative**2 * high_enough))
    voltages = np.array([run.bench.hold for run in firing], float)
    waits = np.array([run.spike_times[0] for run in firing])
    table = np.stack([voltages, waits, wait_held(law, voltages, saturation)], axis=-1)
    rate, threshold, slope, curvature, keeper_slope, fire, fire_slope = (float(v) for v in law)
    return Held(
        quiet, leak, rate, threshold, slope, curvature, keeper_slope, fire, fire_slope, keeper, table, saturation
    )


def _slowness(bench: Bench) -> float:
    """How long the neuron waits, against one with a keeper of 0.05 nA: the inner node falls at the keeper's pace."""
    return 5e-11 / bench.neuron.keeper_bias


def _run(bench: Bench, levels: Array, spans: Array, setting: Setting, workers: int | None) -> list[Run]:
    benches = [
        (bench.with_(pulses=(), hold=float(v), max_step=min(2e-6 if span < 1e-3 else 1e-5, span / 20)), float(span))
        for v, span in zip(levels, spans, strict=True)
    ]
    return simulate_all(benches, setting, workers)


def _onset(bench: Bench, setting: Setting, workers: int | None) -> float:
    """The highest voltage (V) on a grid of 4 mV at which the membrane may wait for 0.3 ms without a spike: coarse, then fine."""
    low, high = 0.0, bench.supply / 2
    for count in (10, 10, 3):
        grid = np.linspace(low, high, count + 2)[1:-1]
        spans = np.full(len(grid), 3e-4 * _slowness(bench))
        fired = []
        # from below, two at a time, for the same reason
        for k in range(0, len(grid), 2):
            runs = _run(bench, grid[k : k + 2], spans[k : k + 2], setting, workers)
            fired += [len(run.spike_times) > 0 for run in runs]
            if any(fired):
                break
        first = fired.index(True) if any(fired) else len(grid)
        low, high = (grid[first - 1] if first else low), (grid[first] if first < len(grid) else high)
    if high >= bench.supply / 2:
        raise RunError(f"the neuron does not fire with its membrane held at up to {low:.3f} V")
    return float(low)


def _resting(runs: list[Run]) -> tuple[Array, Array, Array]:
    """Leak (A), static current (A) and drop of the inner node (V) of runs below the threshold."""
    leak = np.array([_mean(run, "i(vhold)", -1.0) for run in runs])
    static = np.array([_mean(run, "i(vth)", 1.0) for run in runs])
    return leak, static, np.array([run.bench.supply - run["v(xn.n1)"][-1] for run in runs])


def _mean(run: Run, name: str, sign: float) -> float:
    """Mean of a current (A) over the second half of a run."""
    stop = run.time[-1]
    return sign * run.waveforms.integral(run[name], stop / 2, stop) / (stop / 2)


def _fit(firing: list[Run], quiet: Array, drops: Array, supply: float, saturation: float) -> Array:
    voltages = np.array([run.bench.hold for run in firing], float)
    waits = np.array([run.spike_times[0] for run in firing])
    passed = np.array([_passage(run, supply) for run in firing])
    seen = drops > 5e-3

    def residual(law: Array) -> Array:
        drive = np.exp(_log_drive(law, quiet[seen]))
        rest = (1 + law[4] * drops[seen]) * -np.expm1(-drops[seen] / THERMAL)
        way = [
            (wait_held(law, voltages, saturation, top) - passed[:, k]) / waits / _LEVEL_SCALE
            for k, top in enumerate(_LEVELS)
        ]
        return np.concatenate(
            [np.log(wait_held(law, voltages, saturation) / waits) / _WAIT_SCALE, *way, (drive / rest - 1) / _REST_SCALE]
        )

    start = np.array([2e4, voltages.min() - 0.012, 0.044, -1.0, 0.2, 0.42, 0.02])
    # the keeper's rate scales every wait: begin with the one that meets the middle of them
    start[0] *= float(np.median(wait_held(start, voltages, saturation) / waits))
    scale = np.array([1e4, 0.01, 0.01, 1.0, 0.1, 0.1, 0.01])
    low = np.array([1e-3 * start[0], 0.0, 0.02, -20.0, 0.0, 0.25, 0.0])
    high = np.array([1e3 * start[0], float(voltages.min()), 0.2, 20.0, 2.0, 0.8, 0.2])
    return least_squares(residual, start, bounds=(low, high), x_scale=scale, loss="soft_l1", max_nfev=400).x


def _passage(run: Run, supply: float) -> Array:
    """When the drop passes each level before the first spike (s)."""
    before = run.time <= run.spike_times[0]
    return np.interp(_LEVELS, supply - run["v(xn.n1)"][before], run.time[before])


def _log_drive(law: Array, v: Array) -> Array:
    return (v - law[1]) / law[2] + law[3] * (v - law[1]) ** 2


def wait_held(law: Array, v: Array, saturation: float = 0.0, top: float | None = None) -> Array:
    """Time (s) from no drop to the spike, or to the drop ``top`` (V), with the membrane at ``v`` (V)."""
    drive = _log_drive(law, v)
    end = law[5] + law[6] * np.maximum(drive, 0.0) if top is None else np.full(len(v), top)
    s = (_NODES + 1) / 2
    drop = end[:, None] * s**2  # the start is where the rate changes fast
    rate = law[0] * (np.exp(drive)[:, None] - (1 + law[4] * drop) * -np.expm1(-drop / THERMAL))
    rate /= 1 + saturation * np.exp(drive)[:, None]
    return (2 * end[:, None] * s / np.maximum(rate, 1e-4 * law[0]) * _WEIGHTS / 2).sum(axis=1)


def ever_after(held: Held) -> float:
    """The lowest membrane voltage (V) that fires at last: where the drive meets the keeper at the drop of the spike."""
    law = np.array([held.keeper_rate, held.threshold, held.slope, held.curvature, held.keeper_slope])
    top = 1 + held.keeper_slope * held.fire
    return float(brentq(lambda v: math.exp(float(_log_drive(law, np.array(v)))) - top, 0.0, held.threshold + 0.2))  # type: ignore[arg-type]
