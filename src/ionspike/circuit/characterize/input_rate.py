"""Regular input pulses: output rate, threshold, latency, and the energy of an output spike against their rate.

Energy is told four ways: ``energy_core``, all rails but the bias cell's, nothing taken off; ``energy_dynamic``, the idle power of the
same circuit times the window taken off; with a bias cell of its own; with one shared by 64. Each run is made again at a tenth of the
tolerance: where the two differ by more than 0.5 %, ``energy_reliable`` is false.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

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


def _rates(study: Study) -> tuple[float, ...]:
    return _QUICK if study.quick else _RATES


def _plan(study: Study) -> list[Plan]:
    count = 16 if study.quick else 32
    driven = [
        study.plan(Bench(neuron=study.neuron, pulses=tuple(regular(rate, count))), (count + 1) / rate)
        for rate in _rates(study)
    ]
    tight = [replace(plan, setting=plan.setting.tighter()) for plan in driven]
    return [*driven, *tight, study.plan(Bench(neuron=study.neuron), IDLE)]


def _read(study: Study, results: Sequence[Result]) -> Variables:
    rates = _rates(study)
    driven, tight, silent = results[: len(rates)], results[len(rates) : -1], results[-1]
    spent = [_energy(run) for run in driven]
    again = [_energy(run) for run in tight]
    idle, bias = idle_power_of(silent) if isinstance(silent, Run) else (np.nan, np.nan)
    core = np.array([np.nan if e is None else e.core for e in spent])
    tighter = np.array([np.nan if e is None else e.core for e in again])
    with np.errstate(invalid="ignore"):
        change = tighter / core - 1
    made: Variables = {
        "input_rate": (_DIMS, list(rates), {"units": "Hz", "long_name": "rate of the input pulses"}),
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
        "inputs_per_spike": (_DIMS, _of(spent, lambda e: e.inputs), {"units": "1"}),
        "energy_window": (
            _DIMS,
            _of(spent, lambda e: e.window),
            {"units": "s", "long_name": "between first and last end of reset"},
        ),
        "energy_spikes": (
            _DIMS,
            _of(spent, lambda e: float(e.spikes)),
            {"units": "1", "long_name": "output spikes in the window"},
        ),
        "energy_core": (
            _DIMS,
            core,
            {"units": "J", "long_name": "per output spike, all rails but the bias cell's, nothing taken off"},
        ),
        "energy_dynamic": (
            _DIMS,
            _of(spent, lambda e: e.dynamic(idle)),
            {"units": "J", "long_name": "energy_core with idle_power times the window taken off"},
        ),
        "energy_total": (
            _DIMS,
            _of(spent, lambda e: e.total()),
            {"units": "J", "long_name": "with a bias cell of its own"},
        ),
        "energy_shared": (
            _DIMS,
            _of(spent, lambda e: e.total(SHARE)),
            {"units": "J", "long_name": f"with a bias cell shared by {SHARE} neurons"},
        ),
        "energy_change": (
            _DIMS,
            change,
            {"units": "1", "long_name": "of energy_core at a tenth of the tolerance, relative"},
        ),
        "energy_reliable": (
            _DIMS,
            np.abs(change) <= TOLERATED,
            {"long_name": f"energy_change at most {TOLERATED:g}"},
        ),
        "block": ("block", list(BLOCKS)),
        "energy_block": (
            ("input_rate", "block"),
            np.array([[np.nan if e is None else e.blocks[name] / e.spikes for name in BLOCKS] for e in spent]),
            {"units": "J", "long_name": "per output spike, bias with a cell of its own"},
        ),
        "idle_power": ((), idle, {"units": "W", "long_name": "silent input, reset membrane, without the bias cell"}),
        "bias_power": ((), bias, {"units": "W", "long_name": "of one bias cell"}),
    }
    return made


def _energy(result: Result) -> Energy | None:
    """The energy of a run with two complete spikes, or nothing."""
    if not isinstance(result, Run) or len(result.reset_ends) < 2:
        return None
    return energy(result)


def _of(spent: Sequence[Energy | None], value) -> np.ndarray:
    return np.array([np.nan if e is None else value(e) for e in spent])


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
