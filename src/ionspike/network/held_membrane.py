"""The soma from runs in which the bench holds the membrane: leak, static current, and the wait before a spike."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq, least_squares

from ionspike.circuit.simulate import Run, Setting, simulate_all
from ionspike.circuit.testbench import HELD_BEFORE, Bench
from ionspike.errors import RunError
from ionspike.network.adaptive import Adaptive
from ionspike.network.adaptive_fit import ABOVE, ADAPTS, BELOW, FALL, LONGEST, QUIET, fit_stage, leak_of
from ionspike.network.dynamics import DROPS, THERMAL
from ionspike.network.fed_back import CLOSE, FED_BACK, FIRST_GUESS, REST, waiting
from ionspike.network.output_law import fit_ways, wait_of, way_of
from ionspike.network.trigger import Trigger
from ionspike.network.trigger_fit import RESTS, TRIGGERS, fit_held, with_tables

Array = NDArray[np.float64]

_QUIET = 3e-3  # s, a run below the threshold
_FED = np.array([-7, -5, -3.5, -2.2, -1.2]) * 1e-3  # V around it, where a membrane that is fed is measured
_FLAT, _NO_CURRENT = 0.05, 1e-15  # V of drop below which what leaves the membrane is leak, A
SATURATION = {"comparator-lif": 1.0}  # of the threshold stage, see Soma; 0 elsewhere
# V of drop from which a free membrane runs away, of a stage that a held one keeps from its spike: it is the membrane that spikes
TURN = {"morris-lecar": 0.9, **dict.fromkeys(FED_BACK, FIRST_GUESS)}
_FEEDING = {"morris-lecar"}  # stages that send a steady current into the membrane
# a common source under the input remembers the membrane, and the output waits for its hold current: see output_law
WAITING_OUTPUT = {"comparator-lif"}
_REST_BELOW = 0.02  # V below the onset where their inner nodes come to rest
_STEPS = (
    np.array([-8, -4, 0, 3, 6, 10, 15, 22, 30, 45, 65, 95, 140]) * 1e-3
)  # V from the onset, to which the membrane is stepped
_LEVELS = (0.1, 0.2, 0.3)  # V of drop at which the time is compared on the way to a spike
_WAIT_SCALE, _LEVEL_SCALE, _REST_SCALE = (
    0.003,
    0.03,
    0.15,
)  # what a fit may miss: share of the wait, of the way, of the drive at rest
_EXACT = 1e-3  # the same where the lowest voltage that fires is known
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
    drops: tuple[float, ...] = ()
    pull: tuple[float, ...] = ()
    output: tuple[float, ...] = ()  # law of an output that waits, from output_rate to output_fire
    drawn_voltage: tuple[float, ...] = ()
    drawn_current: tuple[float, ...] = ()
    kick: tuple[float, ...] = ()
    adaptive: Adaptive | None = None
    trigger: Trigger | None = None

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
    onset = _onset(bench, setting, workers) if like is None else float(like.waits[:, 0].min()) - 4e-3
    quiet = np.array([0.0, 0.01, 0.02, 0.04, 0.07, 0.11, *onset * np.array([0.5, 0.65, 0.78, 0.86, 0.92, 0.96])])
    quiet = np.unique(quiet.round(6))
    if like is not None:
        leak, _, _ = _resting(_run(bench, quiet, np.full(len(quiet), _QUIET), setting, workers))
        return replace(like, voltage=quiet, leak=leak)
    if bench.neuron.topology in ADAPTS:
        return _adapting(bench, setting, onset, workers)
    if bench.neuron.topology in TRIGGERS:
        return _triggered(bench, setting, quiet, onset, workers)
    if bench.neuron.topology in WAITING_OUTPUT:
        return _stepped(bench, setting, quiet, onset, workers)
    runs, firing = _ladder(bench, quiet, onset, setting, workers)
    if bench.neuron.topology in FED_BACK:
        return _fed_back(runs, firing, setting, workers)
    leak, static, drops = _resting(runs)
    waits = np.array([_turn(run) for run in firing])
    law = _fit(firing, waits, quiet, drops)
    keeper = _keeper_current(law, static - static[0], drops)
    pull: tuple[float, ...] = ()
    if bench.neuron.topology in _FEEDING:  # near its threshold the membrane is fed: that is no leak
        close = _ever_after(law) + _FED
        more = _run(bench, close, np.full(len(close), _QUIET * _slowness(bench)), setting, workers)
        pull = _pull(firing, [run for run in more if math.isinf(_turn(run))], law, leak[drops < _FLAT])
        quiet, leak = quiet[drops < _FLAT], leak[drops < _FLAT]
    voltages = np.array([run.bench.hold for run in firing], float)
    table = np.stack([voltages, waits, wait_held(law, voltages)], axis=-1)
    even = tuple(np.linspace(0.0, law[5], DROPS).tolist()) if pull else ()
    return replace(_held(quiet, leak, law, keeper, table), drops=even, pull=pull)


def _held(voltage: Array, leak: Array, law: Array, keeper: float, waits: Array) -> Held:
    rate, threshold, slope, curvature, finite, fire, fire_slope = (float(value) for value in law)
    return Held(voltage, leak, rate, threshold, slope, curvature, finite, fire, fire_slope, keeper, waits)


def _stepped(bench: Bench, setting: Setting, quiet: Array, onset: float, workers: int | None) -> Held:
    """The same for a stage whose output waits, too."""
    resting = _run(bench, quiet, np.full(len(quiet), _QUIET), setting, workers)
    leak, static, drops = _resting(resting)
    runs = _steps(bench, setting, onset, (-_REST_BELOW,), workers)
    saturation, ways = SATURATION.get(bench.neuron.topology, 0.0), [way_of(run) for run in runs]
    law, output = fit_ways(ways, onset, saturation)
    keeper = _keeper_current(law, static - static[0], drops)
    fired = [way for way in ways if way.spike > 0]
    waits = np.array([[way.voltage, way.spike, wait_of(law, output, saturation, way)] for way in fired])
    held = _held(quiet, leak, law, keeper, waits)
    return replace(held, saturation=saturation, output=tuple(output.tolist()))


def _steps(bench: Bench, setting: Setting, onset: float, rests: tuple[float, ...], workers: int | None) -> list[Run]:
    """A membrane that is stepped above the threshold, from each of the ``rests`` (V from the onset) in turn; without those that fire at rest."""
    spans = HELD_BEFORE + _slowness(bench) * (2e-4 + 8e-4 * np.exp(-(_STEPS - _STEPS[0]) / 0.015))
    still = bench.with_(pulses=(), max_step=1e-6)
    steps = [
        (still.with_(hold=float(onset + v), hold_from=onset + rests[k % len(rests)]), float(span))
        for k, (v, span) in enumerate(zip(_STEPS, spans, strict=True))
    ]
    return [run for run in simulate_all(steps, setting, workers) if not any(run.spike_times < HELD_BEFORE)]


def _triggered(bench: Bench, setting: Setting, quiet: Array, onset: float, workers: int | None) -> Held:
    """The same for a Schmitt trigger, whose input stands on a diode; what a spike leaves is left to trains."""
    leak, static, drops = _resting(_run(bench, quiet, np.full(len(quiet), _QUIET), setting, workers))
    runs = _steps(bench, setting, onset, RESTS, workers)
    stage, waits = fit_held(runs, onset)
    law = np.array([stage.keeper, onset, 1 / stage.drive[1], 0.0, stage.keeper_finite, 1.0, 0.0])
    keeper = _keeper_current(law, static - static[0], drops)
    return replace(_held(quiet, leak, law, keeper, waits), trigger=with_tables(stage, runs, keeper))


def _fed_back(runs: list[Run], firing: list[Run], setting: Setting, workers: int | None) -> Held:
    """The same for a stage whose output lifts the membrane: a held one shows from which drop the two run away."""
    leak, _, drops = _resting(runs)
    quiet = np.array([run.bench.hold for run in runs], float)
    guess = _ever_after(_fit(firing, np.array([_turn(run) for run in firing]), quiet, drops))
    close = np.r_[quiet[quiet < guess + CLOSE[0]], guess + CLOSE]
    rest = waiting(_run(runs[0].bench, close, np.full(len(close), REST), setting, workers))
    waits = np.array([_turn(run, rest.drop) for run in firing])
    law = _fit(firing, waits, quiet, drops, rest.runaway)
    voltages = np.array([run.bench.hold for run in firing], float)
    table = np.stack([voltages, waits, wait_held(law, voltages)], axis=-1)
    held = _held(quiet, leak, law, 0.0, table)
    even = np.linspace(0.0, law[5], DROPS)
    kick = np.interp(even, [_rest_drop(law, v) for v in rest.voltage], rest.added)
    return replace(
        held,
        drawn_voltage=rest.voltage,
        drawn_current=rest.current,
        drops=tuple(even.tolist()),
        kick=tuple(kick.tolist()),
    )


def _rest_drop(law: Array, v: float) -> float:
    """The drop (V) at which a membrane at ``v`` (V) lets the stage rest by the law; at most that of a spike."""
    drive = math.exp(float(_log_drive(law, np.array(v))))
    left = lambda u: float(_relative(law, np.array(u))) - drive  # noqa: E731
    return law[5] if left(law[5]) <= 0.0 else float(brentq(left, 0.0, law[5]))  # type: ignore[arg-type]


def _adapting(bench: Bench, setting: Setting, onset: float, workers: int | None) -> Held:
    """The same for an adaptive stage, which rests on a diode; its adaptation is left to trains."""
    voltage = np.r_[0.0, onset * BELOW, onset + ABOVE]
    longest = LONGEST * np.minimum(np.exp(-ABOVE / FALL), 1.0) + 8e-6
    spans = _slowness(bench) * np.r_[np.full(1 + len(BELOW), QUIET), longest]
    runs = _run(bench, voltage, spans, setting, workers)
    stage, waits = fit_stage(runs)
    known = 2 + len(BELOW)
    leak = np.array([leak_of(run) for run in runs[:known]])
    law = np.array([stage.hold, waits[0, 0], 1 / stage.drive[1], 0.0, 0.0, 1.0, 0.0])
    flat = np.r_[leak, leak[-1]]
    held = _held(np.r_[voltage[:known], voltage[known]], flat, law, 0.0, waits)
    return replace(held, adaptive=stage)


def _ladder(
    bench: Bench, quiet: Array, onset: float, setting: Setting, workers: int | None
) -> tuple[list[Run], list[Run]]:
    """Runs at the ``quiet`` voltages, and runs above the onset to their first spike."""
    near = onset + np.array([2, 4, 6, 8, 11, 14, 18, 23, 29]) * 1e-3
    high = onset + np.array([0.037, 0.05, 0.065, 0.085, 0.11, 0.14, 0.17])
    # long enough for one spike and no more: far above the threshold a held membrane fires without end
    slow = _slowness(bench)
    spans = [_QUIET] * len(quiet) + [slow * (4e-4 * math.exp(-(v - onset) / 0.012) + 6e-5) for v in near]
    spans += [slow * 1.2e-6 + max(slow * 5e-5 * math.exp(-(v - onset - 0.03) / 0.035), 0.2e-6) for v in high]
    runs = _run(bench, np.concatenate([quiet, near, high]), np.array(spans), setting, workers)
    return runs[: len(quiet)], [run for run in runs[len(quiet) :] if _turn(run) < math.inf]


def _way_down(run: Run) -> tuple[Array, Array]:
    """Times (s) before the first spike and the drops of the inner node (V) then, as far as they rise."""
    before = run.time <= _turn(run)
    drops = np.maximum.accumulate(run.bench.supply - run["v(xn.n1)"][before])
    new = np.r_[True, np.diff(drops) > 0.0]
    return run.time[before][new], drops[new]


def _relative(law: Array, drops: Array) -> Array:
    """The keeper's current over its value near no drop."""
    return (1 + law[4] * drops) * -np.expm1(-drops / THERMAL)


def _keeper_current(law: Array, static: Array, drops: Array) -> float:
    """The static current against the keeper's relative current, through the voltages where it is more than leakage."""
    relative = _relative(law, drops)
    high_enough = relative > 0.05
    return float(np.sum(static * relative * high_enough) / np.sum(relative**2 * high_enough))


def _pull(firing: list[Run], still: list[Run], law: Array, leak: Array) -> tuple[float, ...]:
    """Current into the membrane (A) on even drops up to the spike's, exponential between what it is at rest and what it is in the slowest
    run on its way, where it is well above what the inner node's capacitors take."""
    rest, _, at_rest = _resting(still)
    slowest = max(firing, key=_turn)
    times, drops = _way_down(slowest)
    even = np.linspace(0.0, law[5], DROPS)
    moving = slowest.waveforms.at("i(vhold)", np.interp(even, drops, times)) + leak[-1]
    sure = (even > at_rest.max()) & (moving > 10 * np.abs(moving[even < 0.2]).max())
    known = np.r_[at_rest, even[sure]]
    order = np.argsort(known)
    known, logs = known[order], np.log(np.maximum(np.r_[leak[-1] - rest, moving[sure]], _NO_CURRENT))[order]
    slope = (logs[1] - logs[0]) / (known[1] - known[0])
    below = logs[0] + slope * (even - known[0])
    return tuple(np.exp(np.where(even < known[0], below, np.interp(even, known, logs))).tolist())


def _turn(run: Run, level: float | None = None) -> float:
    """When the stage fires (s), by its drop passing ``level`` (V) where a held membrane has no spike; infinite: not within the run."""
    level = level or TURN.get(run.bench.neuron.topology)
    found = run.spike_times if level is None else run.waveforms.falls("v(xn.n1)", run.bench.supply - level)
    return float(found[0]) if len(found) else math.inf


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
            fired += [_turn(run) < math.inf for run in runs]
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


def _fit(firing: list[Run], waits: Array, quiet: Array, drops: Array, lowest: float | None = None) -> Array:
    """The law of the wait; ``lowest`` (V) is the membrane that fires at last, where that is known."""
    voltages = np.array([run.bench.hold for run in firing], float)
    passed = np.array([_passage(run) for run in firing])
    seen = drops > 5e-3

    def known(law: Array) -> Array:
        if lowest is None:
            return np.empty(0)
        return np.array([_log_drive(law, np.array(lowest)) - math.log(1 + law[4] * law[5])]) / _EXACT

    def residual(law: Array) -> Array:
        drive = np.exp(_log_drive(law, quiet[seen]))
        rest = _relative(law, drops[seen])
        way = [(wait_held(law, voltages, top) - passed[:, k]) / waits / _LEVEL_SCALE for k, top in enumerate(_LEVELS)]
        return np.concatenate(
            [
                np.log(wait_held(law, voltages) / waits) / _WAIT_SCALE,
                *way,
                (drive / rest - 1) / _REST_SCALE,
                known(law),
            ]
        )

    start = np.array([2e4, voltages.min() - 0.012, 0.044, -1.0, 0.2, 0.42, 0.02])
    # the keeper's rate scales every wait: begin with the one that meets the middle of them
    start[0] *= float(np.median(wait_held(start, voltages) / waits))
    scale = np.array([1e4, 0.01, 0.01, 1.0, 0.1, 0.1, 0.01])
    low = np.array([1e-3 * start[0], 0.0, 0.02, -20.0, 0.0, 0.25, 0.0])
    high = np.array([1e3 * start[0], float(voltages.min()), 0.2, 20.0, 2.0, 1.2, 0.2])
    return least_squares(residual, start, bounds=(low, high), x_scale=scale, loss="soft_l1", max_nfev=400).x


def _passage(run: Run) -> Array:
    """When the drop passes each level before the first spike (s)."""
    times, drops = _way_down(run)
    return np.interp(_LEVELS, drops, times)


def _log_drive(law: Array, v: Array) -> Array:
    return (v - law[1]) / law[2] + law[3] * (v - law[1]) ** 2


def wait_held(law: Array, v: Array, top: float | None = None) -> Array:
    """Time (s) from no drop to the spike, or to the drop ``top`` (V), with the membrane at ``v`` (V)."""
    drive = _log_drive(law, v)
    end = law[5] + law[6] * np.maximum(drive, 0.0) if top is None else np.full(len(v), top)
    s = (_NODES + 1) / 2
    drop = end[:, None] * s**2  # the start is where the rate changes fast
    rate = law[0] * (np.exp(drive)[:, None] - (1 + law[4] * drop) * -np.expm1(-drop / THERMAL))
    return (2 * end[:, None] * s / np.maximum(rate, 1e-4 * law[0]) * _WEIGHTS / 2).sum(axis=1)


def _ever_after(law: Array) -> float:
    """The lowest membrane voltage (V) that fires at last: where the drive meets the keeper at the drop of the spike."""
    top = 1 + law[4] * law[5]
    return float(brentq(lambda v: math.exp(float(_log_drive(law, np.array(v)))) - top, 0.0, law[1] + 0.2))  # type: ignore[arg-type]
