"""The supplies at which the neuron works with its biases as they are: it fires full spikes under input, and none without."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ionspike.circuit.characterize.delay_bias import width
from ionspike.circuit.characterize.subject import Result, Study, Subject, Variables, each
from ionspike.circuit.energy import energy
from ionspike.circuit.simulate import Plan, Run
from ionspike.circuit.testbench import Bench
from ionspike.spikes import regular

_SUPPLIES = (0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.62, 1.8, 1.98)  # V; 1.98 is the end of the process
_QUICK = (1.0, 1.2, 1.5, 1.8, 1.98)
_RATE, _COUNT = 50e3, 12  # Hz, pulses
_QUIET = 2e-3  # s without input
_FULL = 0.9  # of the supply: how high a spike must be
_DIMS = ("supply",)


def _supplies(study: Study) -> tuple[float, ...]:
    return _QUICK if study.quick else _SUPPLIES


def _plan(study: Study) -> list[Plan]:
    driven = [
        study.plan(
            Bench(neuron=study.neuron, pulses=tuple(regular(_RATE, _COUNT)), supply=supply), (_COUNT + 1) / _RATE
        )
        for supply in _supplies(study)
    ]
    silent = [study.plan(study.silent(supply=supply, max_step=_QUIET / 50), _QUIET) for supply in _supplies(study)]
    return driven + silent


def _read(study: Study, results: Sequence[Result]) -> Variables:
    supplies = np.array(_supplies(study))
    driven, silent = results[: len(supplies)], results[len(supplies) :]
    works = np.array([_works(a) and _quiet(b) for a, b in zip(driven, silent, strict=True)])
    low, high = working_range(supplies, works, study.setting.process.supply)
    return {
        "supply": (_DIMS, supplies, {"units": "V"}),
        "supply_works": (_DIMS, works, {"long_name": "full spikes under input, and none without"}),
        "width_at_supply": (_DIMS, each(driven, width), {"units": "s"}),
        "energy_at_supply": (_DIMS, each(driven, _energy), {"units": "J", "long_name": "per output spike, core"}),
        "supply_lowest": (
            (),
            low,
            {"units": "V", "long_name": "lowest supply of the grid in one piece with the nominal"},
        ),
        "supply_highest": ((), high, {"units": "V", "long_name": "highest supply of the grid in one piece with it"}),
    }


def working_range(supplies: np.ndarray, works: np.ndarray, nominal: float) -> tuple[float, float]:
    """The piece of the grid around ``nominal`` (V) in which the neuron works; not numbers if it does not work there."""
    middle = int(np.argmin(np.abs(supplies - nominal)))
    if not works[middle]:
        return np.nan, np.nan
    low = high = middle
    while low > 0 and works[low - 1]:
        low -= 1
    while high + 1 < len(supplies) and works[high + 1]:
        high += 1
    return float(supplies[low]), float(supplies[high])


def _works(result: Result) -> bool:
    if not isinstance(result, Run) or len(result.reset_ends) < 2:
        return False
    spike = result["v(spk)"]
    return bool(spike.max() >= _FULL * result.bench.supply and spike[-1] < result.bench.supply / 2)


def _quiet(result: Result) -> bool:
    return isinstance(result, Run) and not len(result.spike_times)


def _energy(run: Run) -> float:
    return energy(run).core if len(run.reset_ends) > 1 else np.nan


SUBJECT = Subject("supply", _plan, _read)
