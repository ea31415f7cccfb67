"""Running a bench: settle the bias lines, run the engine, count every input pulse, read spikes, widths and conductances."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ionspike.circuit.neurons import Neuron
from ionspike.circuit.rest import tell_erased
from ionspike.circuit.testbench import Bench, rest_netlist
from ionspike.errors import InputError, RunError
from ionspike.spice.batch import run_all, run_one
from ionspike.spice.engine import Accuracy, EnergyCheck, Engine, Failure, Job, Limits, PulseCheck, Transient
from ionspike.spice.ngspice import Ngspice
from ionspike.spice.process import Process, find_process
from ionspike.spice.waveforms import Waveforms

Array = NDArray[np.float64]

RESET_LEVEL = 0.39  # of the supply: the gate of the reset transistor well above its threshold


@dataclass(frozen=True)
class Setting:
    """Where a bench runs: engine, process, corner, accuracy (with temperature), time limit."""

    engine: Engine
    process: Process
    corner: str = "tt"
    accuracy: Accuracy = field(default_factory=Accuracy)
    limits: Limits = field(default_factory=Limits)


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

    def conductance(self, placement: str) -> Array:
        """The channel conductance of the ECRAM at ``placement``, as SPICE computed it, on :attr:`time`."""
        return self.waveforms[f"v(x{placement}.gch)"] * 1e-6

    def states(self, placement: str) -> Array:
        """States of the ECRAM at ``placement``, shape (points, states), the weight last."""
        device = dict(self.bench.neuron.devices)[placement]
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
    jobs = [job(bench, stop, setting) for bench, stop in benches]
    results = run_all(setting.engine, jobs, workers=workers)
    runs = [
        result if isinstance(result, Failure) else Run(bench, setting, result)
        for (bench, _), result in zip(benches, results, strict=True)
    ]
    for run in runs:
        if isinstance(run, Run):
            tell_erased(run)
    return runs


def job(bench: Bench, stop: float, setting: Setting) -> Job:
    """What the engine is asked to run for ``bench``."""
    rest = rest_voltages(bench.neuron, "", bench.supply, setting)
    if bench.presynaptic is not None:
        rest |= rest_voltages(bench.presynaptic, "p", bench.supply, setting)
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
    )


def rest_voltages(neuron: Neuron, tail: str, supply: float, setting: Setting) -> dict[str, float]:
    """Voltages (V) of the bias lines and of the neuron's inner nodes at rest, so that no run starts off balance.

    Measured in a run of the neuron and its bias cell alone. ``tail`` marks the names of a presynaptic neuron.
    """
    bare = replace(neuron, **{name: None for name, _ in neuron.devices})
    lines, nodes = _settle(bare, supply, setting)
    block = "xpre" if tail else "xn"
    named = {name.replace("xb.", f"xb{tail}.") if "." in name else f"{name}{tail}": v for name, v in lines.items()}
    return named | {f"{block}.{name}": v for name, v in nodes.items()}


@lru_cache(maxsize=256)
def _settle(neuron: Neuron, supply: float, setting: Setting) -> tuple[dict[str, float], dict[str, float]]:
    lines, nodes = ("bp", "bn", "bd", "bl", "xb.e1", "xb.e2", "xb.e3", "da", "db"), neuron.kind.circuit.inner
    # 4 pF at the delay line and at most a volt or two: more than that over the smallest current is far past any transient of the bias cell
    smallest = min(
        current for current in (neuron.keeper_bias, neuron.delay_bias, neuron.leak_bias) if float(current) > 0
    )
    stop = max(10e-12 / float(smallest), 50e-3)
    settled = run_one(
        setting.engine,
        Job(
            netlist=rest_netlist(neuron, supply),
            transient=Transient(stop=stop, max_step=stop / 50),
            save=(*(f"v({line})" for line in lines), *(f"v(xn.{node})" for node in nodes)),
            process=setting.process,
            corner=setting.corner,
            accuracy=setting.accuracy,
        ),
    )
    biases = {line: float(settled[f"v({line})"][-1]) for line in lines}
    if not all(-0.1 <= value <= supply + 0.1 for value in biases.values()):
        raise RunError(f"the bias cell does not settle: {biases}")
    return biases, {node: float(settled[f"v(xn.{node})"][-1]) for node in nodes}
