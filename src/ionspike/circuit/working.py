"""Whether a neuron works at a point, the same question everywhere: full spikes under input, and none without."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ionspike.circuit.neurons import Neuron
from ionspike.circuit.simulate import Plan, Run, Setting, simulate_plans
from ionspike.circuit.testbench import Bench
from ionspike.spice.engine import Failure

FEWEST = 2  # complete spikes under input: they make an interval
FULL = 0.9  # of the supply: how high a spike must be
RESTING = 0.1  # of the supply: how high an output may stand without input
_LONG = 3.0  # times the widest spike before it: one that lasts longer has stuck, and was not cut by the end of the run
SILENCE = 0.2  # s without input, in which leakage at 85 C has long brought the membrane to where it rests
_SHORTER, _SHORTEST = 10, 1e-4  # times, s: for a neuron that fires so fast that a run writes too much
_STEPS = 500  # of the run: with a tenth of them one chip in forty of DPI stood still at 0.41 of the supply, an equilibrium that is unstable
_OUTPUT = 2**19  # bytes: some ten spikes, a few seconds of processor time

Point = tuple[Neuron, float, Setting]  # neuron, supply (V), setting


def complete_spikes(run: Run) -> int:
    """How many spikes of a run ended, reset included."""
    return min(len(run.reset_ends), len(run.widths))


def fault(run: Run) -> str:
    """Why the spikes of a run under input are not those of a neuron that works; nothing where they are."""
    complete = complete_spikes(run)
    if complete < FEWEST:
        return f"{complete} complete spikes in {len(run.input_times)} input pulses"
    before = np.searchsorted(run.input_times, run.spike_times[:complete])
    if unasked := np.count_nonzero(np.diff(before) == 0):
        return f"goes on by itself: {unasked} of {complete} spikes without an input pulse since the spike before"
    spike, supply = run["v(spk)"], run.bench.supply
    if spike.max() < FULL * supply:
        return f"spikes of {spike.max() / supply:.2f} of the supply; expected at least {FULL:g}"
    if spike[-1] >= supply / 2 and run.time[-1] - run.spike_times[-1] > _LONG * run.widths.max():
        return "the last spike does not end"
    return ""


def silent_bench(neuron: Neuron, **arguments: object) -> Bench:
    """A bench without input pulses, whose steps may be long."""
    return Bench(**{"neuron": neuron, "width": 2e-6, "edge": 1e-6, "max_step": 1e-3, **arguments})  # type: ignore[arg-type]


def noises(points: Sequence[Point], workers: int | None = None) -> list[str | Failure]:
    """Why each neuron is not silent without input, or the run that failed; nothing where no spike comes within :data:`SILENCE`."""
    heard = _listen(points, SILENCE, workers)
    duration = SILENCE / _SHORTER
    while duration > _SHORTEST and (loud := [k for k, told in enumerate(heard) if isinstance(told, Failure)]):
        for k, told in zip(loud, _listen([points[k] for k in loud], duration, workers), strict=True):
            heard[k] = told or heard[k]
        duration /= _SHORTER
    return heard


def _listen(points: Sequence[Point], duration: float, workers: int | None) -> list[str | Failure]:
    plans = [
        Plan(
            silent_bench(neuron, supply=supply, max_step=duration / _STEPS),
            duration,
            replace(setting, limits=replace(setting.limits, output=_OUTPUT)),
        )
        for neuron, supply, setting in points
    ]
    return [_noise(result, duration) for result in simulate_plans(plans, workers)]


def _noise(result: Run | Failure, duration: float) -> str | Failure:
    if isinstance(result, Failure):
        return Failure(f"without input it does not stay at rest: {result.message}", result.attempts)
    if count := len(result.spike_times):
        return f"fires by itself: {count} spikes in {1e3 * duration:g} ms without input"
    level = result["v(spk)"][-1] / result.bench.supply
    return "" if level < RESTING else f"without input its output stands at {level:.2f} of the supply"
