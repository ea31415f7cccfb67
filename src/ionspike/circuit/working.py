"""Whether a neuron works at a point, the same question everywhere: full spikes under input, and none without."""

from __future__ import annotations

from collections.abc import Sequence

from ionspike.circuit.neurons import Neuron
from ionspike.circuit.simulate import Plan, Run, Setting, simulate_plans
from ionspike.circuit.testbench import Bench
from ionspike.spice.engine import Failure

FEWEST = 2  # complete spikes under input: they make an interval
FULL = 0.9  # of the supply: how high a spike must be
_LONG = 3.0  # times the widest spike before it: one that lasts longer has stuck, and was not cut by the end of the run
# s without input, one after the other: a neuron that fires at every microsecond shows it in the first, and would take minutes for the
# second, in which leakage at 85 C has long brought the membrane to where it rests
SILENCE = (2e-3, 0.2)

Point = tuple[Neuron, float, Setting]  # neuron, supply (V), setting


def fault(run: Run) -> str:
    """Why the spikes of a run under input are not those of a neuron that works; nothing where they are."""
    complete = min(len(run.reset_ends), len(run.widths))
    if complete < FEWEST:
        return f"{complete} complete spikes in {len(run.input_times)} input pulses"
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
    told: list[str | Failure] = [""] * len(points)
    for duration in SILENCE:
        still = [k for k, noise in enumerate(told) if not noise]
        plans = [
            Plan(silent_bench(neuron, supply=supply, max_step=duration / 50), duration, setting)
            for neuron, supply, setting in (points[k] for k in still)
        ]
        for k, result in zip(still, simulate_plans(plans, workers) if plans else [], strict=True):
            told[k] = _noise(result, duration)
    return told


def _noise(result: Run | Failure, duration: float) -> str | Failure:
    if isinstance(result, Failure):
        return Failure(f"without input: {result.message}", result.attempts)
    count = len(result.spike_times)
    return f"fires by itself: {count} spikes in {1e3 * duration:g} ms without input" if count else ""
