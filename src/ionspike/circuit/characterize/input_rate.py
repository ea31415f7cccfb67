"""Regular input pulses: output rate, threshold, latency, and the energy of an output spike against their rate.

Energy is told four ways: ``energy_core``, all rails but the bias cell's, nothing taken off; ``energy_dynamic``, the idle power of the
same circuit times the window taken off; with a bias cell of its own; with one shared by 64. Each run is made again at a tenth of the
tolerance: where the two differ by more than 0.5 %, ``energy_reliable`` is false, until :mod:`.tolerance` finds one that does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ionspike.circuit.characterize.subject import Result, Study, Subject, Variables, each, mean
from ionspike.circuit.energy import BLOCKS, IDLE, SHARE, Energy, energy, idle_power_of
from ionspike.circuit.simulate import Plan, Run
from ionspike.circuit.testbench import Bench
from ionspike.spikes import regular

TOLERATED = 5e-3  # relative change of the energy at a tenth of the tolerance
_RATES = (300.0, 1e3, 3e3, 10e3, 30e3, 100e3, 300e3, 1e6)
_QUICK = (1e3, 10e3, 100e3)
_BEFORE = 1e-9  # s before the spike's rise: the membrane at threshold
_DIMS = ("input_rate",)
ENERGY: Mapping[str, tuple[str, str]] = {
    "inputs_per_spike": ("1", "input pulses per output spike"),
    "energy_window": ("s", "between first and last end of reset"),
    "energy_spikes": ("1", "output spikes in the window"),
    "energy_core": ("J", "per output spike, all rails but the bias cell's, nothing taken off"),
    "energy_dynamic": ("J", "energy_core with idle_power times the window taken off"),
    "energy_total": ("J", "with a bias cell of its own"),
    "energy_shared": ("J", f"with a bias cell shared by {SHARE} neurons"),
    "energy_block": ("J", "per output spike, bias with a cell of its own"),
    "energy_change": ("1", "of energy_core at a tenth of the tolerance, relative"),
    "energy_reltol": ("1", "relative tolerance of the runs of the energies"),
}


def rates(study: Study) -> tuple[float, ...]:
    """The input rates (Hz) of the sweep."""
    return _QUICK if study.quick else _RATES


def driven_plan(study: Study, rate: float, tenths: int = 0) -> Plan:
    """A train of pulses at ``rate`` (Hz), its tolerance the study's divided by ten ``tenths`` times."""
    count = 16 if study.quick else 32
    made = study.plan(Bench(neuron=study.neuron, pulses=tuple(regular(rate, count))), (count + 1) / rate)
    for _ in range(tenths):
        made = replace(made, setting=made.setting.tighter())
    return made


def _plan(study: Study) -> list[Plan]:
    driven = [driven_plan(study, rate, tenths) for tenths in (0, 1) for rate in rates(study)]
    return [*driven, study.plan(Bench(neuron=study.neuron), IDLE)]


def _read(study: Study, results: Sequence[Result]) -> Variables:
    swept = rates(study)
    driven, tight, silent = results[: len(swept)], results[len(swept) : -1], results[-1]
    idle, bias = idle_power_of(silent) if isinstance(silent, Run) else (np.nan, np.nan)
    made: Variables = {
        "input_rate": (_DIMS, list(swept), {"units": "Hz", "long_name": "rate of the input pulses"}),
        "output_rate": (_DIMS, each(driven, _output_rate), {"units": "Hz"}),
        "threshold": (
            _DIMS,
            each(driven, _threshold),
            {"units": "V", "long_name": "membrane 1 ns before the spike, mean"},
        ),
        "latency": (
            _DIMS,
            each(driven, latency),
            {"units": "s", "long_name": "from the last input pulse to the spike, mean"},
        ),
        "idle_power": ((), idle, {"units": "W", "long_name": "silent input, reset membrane, without the bias cell"}),
        "bias_power": ((), bias, {"units": "W", "long_name": "of one bias cell"}),
        "block": ("block", list(BLOCKS)),
    }
    reltol = study.setting.accuracy.reltol
    points = [energy_point(energy_of(a), energy_of(b), idle, reltol) for a, b in zip(driven, tight, strict=True)]
    return made | energy_variables(points)


def energy_point(spent: Energy | None, tighter: Energy | None, idle: float, reltol: float) -> dict[str, Any]:
    """What is told of the energy at one rate, by the names of :data:`ENERGY`; ``tighter`` is the same at a tenth of ``reltol``."""
    if spent is None:
        return {name: np.full(len(BLOCKS), np.nan) if name == "energy_block" else np.nan for name in ENERGY}
    return {
        "inputs_per_spike": spent.inputs,
        "energy_window": spent.window,
        "energy_spikes": float(spent.spikes),
        "energy_core": spent.core,
        "energy_dynamic": spent.dynamic(idle),
        "energy_total": spent.total(),
        "energy_shared": spent.total(SHARE),
        "energy_block": np.array([spent.blocks[name] / spent.spikes for name in BLOCKS]),
        "energy_change": np.nan if tighter is None else tighter.core / spent.core - 1,
        "energy_reltol": reltol,
    }


def energy_variables(points: Sequence[dict[str, Any]]) -> Variables:
    """The variables of a dataset from what is told of each rate."""
    made: Variables = {}
    for name, (unit, about) in ENERGY.items():
        dims = ("input_rate", "block") if name == "energy_block" else _DIMS
        made[name] = (dims, np.array([point[name] for point in points]), {"units": unit, "long_name": about})
    reliable = np.abs(made["energy_change"][1]) <= TOLERATED
    return made | {"energy_reliable": (_DIMS, reliable, {"long_name": f"energy_change at most {TOLERATED:g}"})}


def energy_of(result: Result) -> Energy | None:
    """The energy of a run with two complete spikes, or nothing."""
    if not isinstance(result, Run) or len(result.reset_ends) < 2:
        return None
    return energy(result)


def _output_rate(run: Run) -> float:
    times = run.spike_times
    return (len(times) - 1) / (times[-1] - times[0]) if len(times) > 1 else 0.0 if not len(times) else np.nan


def _threshold(run: Run) -> float:
    return mean(run.waveforms.at("v(mem)", run.spike_times - _BEFORE))


def latency(run: Run) -> float:
    """Mean time (s) from the last input pulse before a spike to the spike."""
    last = np.searchsorted(run.input_times, run.spike_times) - 1
    known = last >= 0
    return mean(run.spike_times[known] - run.input_times[last[known]])


SUBJECT = Subject("input rate and energy", _plan, _read)
