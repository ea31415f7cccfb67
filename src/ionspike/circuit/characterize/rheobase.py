"""Rheobase: the smallest constant current at which the neuron keeps firing, by bisection in logarithms."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ionspike.circuit.characterize.input_current import LONGEST, SWING, current_plan, rate_of
from ionspike.circuit.characterize.subject import Found, Result, Search, Study, Variables
from ionspike.circuit.simulate import simulate_plans
from ionspike.spice.engine import Failure

if TYPE_CHECKING:
    import xarray as xr

_WAIT = 6.0  # times membrane x SWING over the current: some twenty times what a membrane without leak takes


def find_rheobase(study: Study, data: xr.Dataset, workers: int | None = None) -> Found:
    """The rheobase (A), with the largest current below it that does not do, from where the sweep of currents in ``data`` begins to fire.

    A neuron that fires without any current has none. A run that fails ends the search: the two then lie further apart.
    """
    currents, fires = data.input_current.values, data.rate_at_current.values > 0
    if not fires.any():
        return _variables(math.nan, math.nan, math.nan), []
    alone = _run(study, 0.0, workers)
    if isinstance(alone, Failure):
        return _variables(math.nan, math.nan, math.nan), [f"without current: {alone.message}"]
    if (own := rate_of(alone)) != 0:
        return _variables(own, math.nan, math.nan), []
    first = int(fires.argmax())
    high = float(currents[first])
    low = float(currents[first - 1]) if first else high / 100
    for _ in range(3 if study.quick else 5):
        middle = math.sqrt(low * high)
        run = _run(study, middle, workers)
        if isinstance(run, Failure):
            return _variables(own, high, low), [f"{middle:.3g} A: {run.message}"]
        low, high = (low, middle) if rate_of(run) > 0 else (middle, high)
    return _variables(own, high, low), []


def _run(study: Study, current: float, workers: int | None) -> Result:
    return simulate_plans([current_plan(study, current, _WAIT)], workers)[0]


def _variables(own: float, high: float, low: float) -> Variables:
    told = (
        f"smallest constant current that gives a second spike within {_WAIT:g} x membrane x {SWING:g} V over it, "
        f"at most {LONGEST:g} s; no number where the neuron fires without any"
    )
    return {
        "rate_alone": ((), own, {"units": "Hz", "long_name": f"output rate without any input, in {LONGEST:g} s"}),
        "rheobase": ((), high, {"units": "A", "long_name": told}),
        "rheobase_silent": ((), low, {"units": "A", "long_name": "largest current that was seen not to do so"}),
    }


SEARCH = Search("rheobase", find_rheobase)
