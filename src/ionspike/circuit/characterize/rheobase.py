"""Rheobase: the smallest constant current that makes the neuron fire, by bisection in logarithms."""

from __future__ import annotations

import math

import numpy as np

from ionspike.circuit.characterize.input_current import LONGEST, SWING, current_plan
from ionspike.circuit.characterize.subject import Study, Variables
from ionspike.circuit.simulate import Plan, Run, simulate_plans

_WAIT = 6.0  # times membrane x SWING over the current: some twenty times what a membrane without leak takes


def find_rheobase(study: Study, currents: np.ndarray, rates: np.ndarray, workers: int | None = None) -> Variables:
    """The rheobase (A), with the largest silent current below it, from a sweep of ``currents`` (A) and their ``rates`` (Hz)."""
    fires = rates > 0
    if not fires.any():
        return _variables(math.nan, math.nan)
    high = float(currents[np.argmax(fires)])
    low = float(currents[np.argmax(fires) - 1]) if np.argmax(fires) else high / 100
    for _ in range(3 if study.quick else 5):
        middle = math.sqrt(low * high)
        (run,) = simulate_plans([_until_it_fires(study, middle)], workers)
        if isinstance(run, Run) and len(run.spike_times):
            high = middle
        else:
            low = middle
    return _variables(high, low)


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
