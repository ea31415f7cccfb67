"""What is measured of one neuron at one corner or on one chip: a short run under regular input, and one without."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ionspike.circuit.energy import SHARE, energy
from ionspike.circuit.neurons import Neuron
from ionspike.circuit.resistance_step import read_step
from ionspike.circuit.simulate import Plan, Run, Setting, simulate_plans
from ionspike.circuit.testbench import Bench
from ionspike.circuit.working import FEWEST, complete_spikes, fault, noises
from ionspike.errors import RunError
from ionspike.spice.engine import Failure
from ionspike.spikes import regular

RATE, PULSES = 200e3, 14  # Hz of the input, and how many pulses
# times as many pulses for a neuron that has not fired twice: some ask for ten pulses a spike, and at -40 C a membrane creeps up to the rail
PATIENCE = (3, 8)
_BEFORE = 1e-9  # s before the spike's rise: the membrane at threshold

METRICS: Mapping[str, tuple[str, str]] = {
    "width": ("s", "spike width at half the supply, mean from the second spike on"),
    "energy": ("J", "energy per output spike, all rails but the bias cell's"),
    "energy-shared": ("J", f"the same with a bias cell shared by {SHARE} neurons"),
    "step": ("ohm", "drop of the ECRAM's resistance over the first spike"),
    "threshold": ("V", "membrane 1 ns before the spike, mean from the second spike on"),
    "inputs": ("", "input pulses per output spike"),
    "rate": ("Hz", f"output rate at an input of {RATE:g} Hz"),
}


@dataclass(frozen=True)
class Measured:
    """Values by the names of :data:`METRICS`, SI, not a number where there is none; ``failure``: why, or nothing.

    ``finished`` is whether its runs came to their end; ``works`` whether the neuron fires full spikes under input and none without
    (:mod:`ionspike.circuit.working`); ``few``: whether more input might have made it fire.
    """

    values: Mapping[str, float] = field(default_factory=dict)
    finished: bool = True
    failure: str = ""
    few: bool = False

    @property
    def works(self) -> bool:
        """Whether it fires under input, and only then."""
        return not self.failure

    def __getitem__(self, name: str) -> float:
        return self.values.get(name, math.nan)


def plan(neuron: Neuron, setting: Setting, supply: float = 1.8, pulses: int = PULSES) -> Plan:
    """The run of one neuron: ``pulses`` input pulses at :data:`RATE`."""
    bench = Bench(neuron=neuron, pulses=tuple(regular(RATE, pulses)), supply=supply)
    return Plan(bench, (pulses + 1) / RATE, setting)


def read(result: Run | Failure) -> Measured:
    """What a run under input shows; a failure is kept with its reason."""
    if isinstance(result, Failure):
        return Measured(finished=False, failure=result.message)
    if told := fault(result):
        return Measured(failure=told, few=complete_spikes(result) < FEWEST)
    try:
        spent = energy(result)
    except RunError as error:
        return Measured(failure=str(error))
    before = result.waveforms.at("v(mem)", result.spike_times[1:] - _BEFORE)
    values = {
        "width": float(result.widths[1:].mean()),
        "energy": spent.core,
        "energy-shared": spent.total(SHARE),
        "threshold": float(before.mean()),
        "inputs": spent.inputs,
        "rate": spent.rate,
    }
    if result.bench.neuron.input is not None:
        values["step"] = read_step(result, "input").spice
    return Measured(values)


def measure_all(plans: Sequence[Plan], workers: int | None = None) -> list[Measured]:
    """Run and read them, in order; none is dropped. What has not fired twice gets more pulses (:data:`PATIENCE`), and what
    works under input is run without."""
    if not plans:
        return []
    found = [read(result) for result in simulate_plans(plans, workers)]
    for times in PATIENCE:
        slow = [k for k, one in enumerate(found) if one.few]
        longer = [plan(p.bench.neuron, p.setting, p.bench.supply, times * PULSES) for p in (plans[k] for k in slow)]
        for k, result in zip(slow, simulate_plans(longer, workers), strict=True):
            found[k] = read(result)
    fire = [k for k, one in enumerate(found) if one.works]
    heard = noises([(p.bench.neuron, p.bench.supply, p.setting) for p in (plans[k] for k in fire)], workers)
    for k, noise in zip(fire, heard, strict=True):
        if noise:
            found[k] = read(noise) if isinstance(noise, Failure) else Measured(failure=noise)
    return found


def measure_nominal(neuron: Neuron, setting: Setting, workers: int | None = None) -> Measured:
    """The neuron in ``setting``, which the others of a study are held against.

    Raises:
        RunError: it does not work there.
    """
    nominal = measure_all([plan(neuron, setting, setting.process.supply)], workers)[0]
    if not nominal.works:
        raise RunError(f"{neuron.topology} does not work at corner {setting.corner}: {nominal.failure}")
    return nominal
