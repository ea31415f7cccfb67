"""Running a bench: settle the bias lines, run the engine, count every input pulse, read spikes, widths and conductances."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.constants import zero_Celsius

from ionspike.circuit.capacitor_synapse import REST, TICKS, CapacitorSynapse
from ionspike.circuit.decay import fit_decay
from ionspike.circuit.neurons import Neuron
from ionspike.circuit.rest import tell_erased
from ionspike.circuit.settle import rest_voltages, settle_all
from ionspike.circuit.testbench import Bench
from ionspike.device import Ecram
from ionspike.errors import InputError
from ionspike.spice.batch import run_all, run_one
from ionspike.spice.engine import Accuracy, EnergyCheck, Engine, Failure, Job, Limits, PulseCheck, RunFailed, Transient
from ionspike.spice.ngspice import Ngspice
from ionspike.spice.process import Process, find_process
from ionspike.spice.waveforms import Waveforms

Array = NDArray[np.float64]

RESET_LEVEL = 0.39  # of the supply: the gate of the reset transistor well above its threshold


@dataclass(frozen=True)
class Setting:
    """Where a bench runs: engine, process, corner, accuracy (with temperature), time limit; ``seed`` of a statistical corner."""

    engine: Engine
    process: Process
    corner: str = "tt"
    accuracy: Accuracy = field(default_factory=Accuracy)
    limits: Limits = field(default_factory=Limits)
    seed: int | None = None

    def at(self, temperature: float) -> Setting:
        """The same at another ``temperature`` (degrees C)."""
        return replace(self, accuracy=replace(self.accuracy, temperature=float(temperature)))

    def tighter(self) -> Setting:
        """The same at a tenth of the tolerance."""
        return replace(self, accuracy=self.accuracy.tighter())


@dataclass(frozen=True)
class Plan:
    """A bench that is to run to ``stop`` (s) in a setting of its own."""

    bench: Bench
    stop: float
    setting: Setting


@dataclass(frozen=True)
class Run:
    """A finished bench: its waveforms and what is read from them. Times in s, conductances in S, charge in C."""

    bench: Bench
    setting: Setting
    waveforms: Waveforms

    @property
    def time(self) -> Array:
        """The accepted time points."""
        return self.waveforms.time

    def __getitem__(self, name: str) -> Array:
        return self.waveforms[name]

    @cached_property
    def spike_times(self) -> Array:
        """Rising crossings of half the supply by the output."""
        return self.waveforms.rises("v(spk)", self.bench.supply / 2)

    @cached_property
    def spike_ends(self) -> Array:
        """Falling crossings of half the supply by the output."""
        return self.waveforms.falls("v(spk)", self.bench.supply / 2)

    @cached_property
    def reset_ends(self) -> Array:
        """Ends of the reset pulse; the end of the spike where a topology has no reset of its own."""
        if not self.bench.neuron.kind.has_reset:
            return self.spike_ends
        return self.waveforms.falls("v(rst)", RESET_LEVEL * self.bench.supply)

    @property
    def widths(self) -> Array:
        """Width of each complete output spike at half the supply."""
        ends = self.spike_ends
        starts = self.spike_times[: len(ends)]
        return ends[: len(starts)] - starts

    @cached_property
    def input_times(self) -> Array:
        """Rising crossings of half the supply by the input pulse as the read switch sees it."""
        return self.waveforms.rises("v(pre)", self.bench.supply / 2)

    @cached_property
    def input_ends(self) -> Array:
        """Falling crossings of half the supply by the input pulse."""
        return self.waveforms.falls("v(pre)", self.bench.supply / 2)

    def device(self, placement: str) -> Ecram:
        """The ECRAM at ``placement``, its law at the temperature of the run."""
        return dict(self.bench.neuron.devices)[placement].at_temperature(
            self.setting.accuracy.temperature + zero_Celsius
        )

    def conductance(self, placement: str) -> Array:
        """The channel conductance of the ECRAM at ``placement``, as SPICE computed it, on :attr:`time`."""
        return self.waveforms[f"v(x{placement}.gch)"] * 1e-6

    def states(self, placement: str) -> Array:
        """States of the ECRAM at ``placement``, shape (points, states), the weight last."""
        device = self.device(placement)
        columns = [self.waveforms[f"v(x{placement}.x{k})"] for k in range(1, len(device.populations) + 1)]
        moves = device.weight.a > 0
        columns.append(self.waveforms[f"v(x{placement}.w)"] if moves else np.full(len(self.time), device.weight.w))
        return np.stack(columns, axis=-1)

    def terminals(self, placement: str) -> tuple[Array, Array, Array]:
        """Recorded voltages of gate, drain and source of the ECRAM at ``placement``."""
        both = dict(self.bench.neuron.devices).keys() >= {"synapse", "input"}
        nodes = {
            "synapse": ("v(pre)", "v(a)", "v(b)" if both else "v(mem)"),
            "input": ("v(spk)", "v(b)" if both else "v(a)", "v(mem)"),
            "leak": ("v(spk)", "v(mem)", "v(al)"),
            "delay": ("v(spk)", "v(da)", "v(db)"),
        }[placement]
        gate, drain, source = (self.waveforms[n] for n in nodes)
        return (gate if self.bench.gate_connected else np.zeros(len(self.time))), drain, source


def simulate(bench: Bench, stop: float, setting: Setting) -> Run:
    """Run one bench to ``stop`` (s).

    Raises:
        RunError: the engine failed, an input pulse was lost, or a conductance turned negative (a wild solution).
    """
    return simulate_all([(bench, stop)], setting, workers=1)[0]


def simulate_pulses(
    neuron: Neuron, pulses: Iterable[float], pdk: str = "sky130", corner: str = "tt", **bench: Any
) -> Run:
    """The short way: ``neuron`` under input pulses starting at ``pulses`` (s), on ngspice and a process kit by name or path.

    ``bench`` are further arguments of :class:`~ionspike.circuit.testbench.Bench`. The run ends one mean interval, at most 1 ms, after
    the last pulse.
    """
    times = tuple(float(t) for t in pulses)
    if not times:
        raise InputError("there are no input pulses; expected at least one start time")
    made = Bench(neuron=neuron, pulses=times, **bench)
    tail = min((times[-1] - times[0]) / max(len(times) - 1, 1) or 1e-3, 1e-3)
    setting = Setting(Ngspice.find(), find_process(pdk), corner)
    return simulate(made, times[-1] + made.source_width + tail, setting)


def simulate_all(benches: Sequence[tuple[Bench, float]], setting: Setting, workers: int | None = None) -> list[Run]:
    """Run several benches, in parallel; results in order, the same with any number of workers.

    Raises:
        RunError: of the first bench whose run failed, after all have run.
    """
    results = simulate_each(benches, setting, workers)
    for result in results:
        if isinstance(result, Failure):
            raise result.error()
    return [result for result in results if isinstance(result, Run)]


def simulate_each(
    benches: Sequence[tuple[Bench, float]], setting: Setting, workers: int | None = None
) -> list[Run | Failure]:
    """Run several benches, as :func:`simulate_all`; a run that failed is told in its place, and the others are not lost.

    Warns with :class:`~ionspike.circuit.rest.ErasedChannel` of an ECRAM that rests where the bias between spikes erases it.
    """
    return simulate_plans([Plan(bench, stop, setting) for bench, stop in benches], workers)


def simulate_plans(plans: Sequence[Plan], workers: int | None = None) -> list[Run | Failure]:
    """Run several benches, each in its own setting, as :func:`simulate_each`; one engine for all of them."""
    settle_all([wanted for plan in plans for wanted in _resting(plan)], workers)
    results: list[Run | Failure | None] = [None] * len(plans)
    jobs: list[tuple[int, Job]] = []
    for k, plan in enumerate(plans):
        try:
            jobs.append((k, job(plan.bench, plan.stop, plan.setting)))
        except RunFailed as error:  # its bias cell does not settle: no run, and no reason to lose the others
            results[k] = Failure(str(error), error.attempts)
    done = run_all(plans[0].setting.engine, [one for _, one in jobs], workers=workers) if jobs else []
    for (k, _), result in zip(jobs, done, strict=True):
        results[k] = result if isinstance(result, Failure) else Run(plans[k].bench, plans[k].setting, result)
    found = [result for result in results if result is not None]
    for run in found:
        if isinstance(run, Run):
            tell_erased(run)
    return found


def _resting(plan: Plan) -> list[tuple[Neuron, float, Setting]]:
    bench = plan.bench
    neurons = [bench.neuron] if bench.presynaptic is None else [bench.neuron, bench.presynaptic]
    return [(neuron, bench.supply, plan.setting) for neuron in neurons]


def job(bench: Bench, stop: float, setting: Setting) -> Job:
    """What the engine is asked to run for ``bench``."""
    rest = rest_voltages(bench.neuron, "", bench.supply, setting)
    if bench.presynaptic is not None:
        rest |= rest_voltages(bench.presynaptic, "p", bench.supply, setting)
    if bench.capacitor is not None and bench.capacitor.start is None:
        alone = bench.capacitor.with_(inject=False, tick_bias=None)
        rest["x"] = resting_state(alone, bench.supply, setting)
    expected = sum(1 for t in bench.pulses if t < stop)
    return Job(
        netlist=bench.netlist(rest),
        transient=Transient(stop=float(stop), max_step=float(bench.longest_step)),
        save=bench.signals(),
        process=setting.process,
        corner=setting.corner,
        accuracy=setting.accuracy,
        limits=setting.limits,
        pulses=(PulseCheck(node="v(pre)", level=bench.supply / 2, count=expected),),
        positive=tuple(f"v(x{name}.gch)" for name, _ in bench.neuron.devices),
        energy=EnergyCheck(bench.sources()),
        seed=setting.seed,
    )


@lru_cache(maxsize=256)
def resting_state(synapse: CapacitorSynapse, supply: float, setting: Setting) -> float:
    """Where the state of a capacitor synapse rests (V) while its leak ticks: a little above the resting level of its rail.

    From a run of three time constants and an exponential through its samples between ticks.
    """
    started = synapse.with_(start=(REST + 0.03) * supply)
    step = min(4e-5, synapse.period / 5)
    bench = Bench(Neuron(), hold=0.1, supply=supply, capacitor=started, edge=5e-9, max_step=step)
    settled = run_one(setting.engine, job(bench, 3 * synapse.tau, setting))
    times = np.arange(1, int(3 * TICKS)) * synapse.period
    return fit_decay(times, settled.at("v(x)", times)).level
