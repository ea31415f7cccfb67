"""The supplies at which the neuron works with its biases as they are: it fires full spikes under input, and none without."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ionspike.circuit.characterize.delay_bias import width
from ionspike.circuit.characterize.subject import Found, Result, Search, Study, Subject, Variables, each
from ionspike.circuit.energy import energy
from ionspike.circuit.simulate import Plan, Run
from ionspike.circuit.testbench import Bench
from ionspike.circuit.working import fault, noises
from ionspike.spice.engine import Failure
from ionspike.spikes import regular

if TYPE_CHECKING:
    import xarray as xr

_SUPPLIES = (0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.62, 1.8, 1.98)  # V; 1.98 is the end of the process
_QUICK = (1.0, 1.2, 1.5, 1.8, 1.98)
_RATE, _COUNT = 50e3, 12  # Hz, pulses
_DIMS = ("supply",)


def _supplies(study: Study) -> tuple[float, ...]:
    return _QUICK if study.quick else _SUPPLIES


def _plan(study: Study) -> list[Plan]:
    return [
        study.plan(
            Bench(neuron=study.neuron, pulses=tuple(regular(_RATE, _COUNT)), supply=supply), (_COUNT + 1) / _RATE
        )
        for supply in _supplies(study)
    ]


def _read(study: Study, results: Sequence[Result]) -> Variables:
    faults = [r.message if isinstance(r, Failure) else fault(r) for r in results]
    return {
        "supply": (_DIMS, np.array(_supplies(study)), {"units": "V"}),
        "supply_fault": (_DIMS, faults, {"long_name": "why the neuron does not work there; nothing where it does"}),
        "width_at_supply": (_DIMS, each(results, width), {"units": "s"}),
        "energy_at_supply": (_DIMS, each(results, _energy), {"units": "J", "long_name": "per output spike, core"}),
    }


def _find(study: Study, data: xr.Dataset, workers: int | None) -> Found:
    """Whether the neuron is silent without input at each supply at which it fires under it."""
    supplies, faults = data.supply.values, [str(told) for told in data.supply_fault.values]
    fire = [k for k, told in enumerate(faults) if not told]
    points = [(study.neuron, float(supplies[k]), study.setting) for k in fire]
    heard = noises(points, workers)
    for k, noise in zip(fire, heard, strict=True):
        faults[k] = noise.message if isinstance(noise, Failure) else noise
    works = np.array([not told for told in faults])
    low, high = working_range(supplies, works, study.setting.process.supply)
    found: Variables = {
        "supply_fault": (_DIMS, faults, data.supply_fault.attrs),
        "supply_works": (_DIMS, works, {"long_name": "full spikes under input, and none without"}),
        "supply_lowest": (
            (),
            low,
            {"units": "V", "long_name": "lowest supply of the grid in one piece with the nominal"},
        ),
        "supply_highest": ((), high, {"units": "V", "long_name": "highest supply of the grid in one piece with it"}),
    }
    return found, [
        f"{supplies[k]:g} V: {n.message}" for k, n in zip(fire, heard, strict=True) if isinstance(n, Failure)
    ]


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


def _energy(run: Run) -> float:
    return energy(run).core if len(run.reset_ends) > 1 else np.nan


SUBJECT = Subject("supply", _plan, _read)
SILENCE = Search("silence", _find)
