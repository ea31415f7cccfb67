"""Rheobase: the smallest constant current that makes the neuron fire, by bisection in logarithms."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ionspike.circuit.characterize.input_current import LONGEST, SWING, current_plan
from ionspike.circuit.characterize.subject import Found, Search, Study, Variables
from ionspike.circuit.simulate import Plan, simulate_plans
from ionspike.spice.engine import Failure

if TYPE_CHECKING:
    import xarray as xr

_WAIT = 6.0  # times membrane x SWING over the current: some twenty times what a membrane without leak takes


def find_rheobase(study: Study, data: xr.Dataset, workers: int | None = None) -> Found:
    """The rheobase (A), with the largest silent current below it, from where the sweep of currents in ``data`` begins to fire.

    A run that fails ends the search: the two then lie further apart.
    """
    currents, fires = data.input_current.values, np.isfinite(data.threshold_at_current.values)
    if not fires.any():
        return _variables(math.nan, math.nan), []
    first = int(np.argmax(fires))
    high = float(currents[first])
    low = float(currents[first - 1]) if first else high / 100
    for _ in range(3 if study.quick else 5):
        middle = math.sqrt(low * high)
        (run,) = simulate_plans([_until_it_fires(study, middle)], workers)
        if isinstance(run, Failure):
            return _variables(high, low), [f"{middle:.3g} A: {run.message}"]
        low, high = (low, middle) if len(run.spike_times) else (middle, high)
    return _variables(high, low), []


def _until_it_fires(study: Study, current: float) -> Plan:
    return current_plan(study, current, _WAIT)


def _variables(high: float, low: float) -> Variables:
    told = (
        f"smallest constant current that fires within {_WAIT:g} x membrane x {SWING:g} V over it, at most {LONGEST:g} s"
    )
    return {
        "rheobase": ((), high, {"units": "A", "long_name": told}),
        "rheobase_silent": ((), low, {"units": "A", "long_name": "largest current that was seen not to fire"}),
    }


SEARCH = Search("rheobase", find_rheobase)
