"""A constant current into the membrane: output rate against it, the threshold when it is slow, the highest rate there is."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ionspike.circuit.characterize.subject import Result, Study, Subject, Variables, each
from ionspike.circuit.simulate import Plan, Run

LONGEST = 20.0  # s that a neuron may take to its first spike: a slower one is silent
_CURRENTS = (1e-13, 1e-12, 1e-11, 1e-10, 1e-9, 1e-8, 1e-7, 1e-6, 3e-6, 1e-5, 3e-5)
_QUICK = (1e-12, 1e-10, 1e-8, 1e-6, 1e-5)
SWING = 0.9  # V, more than any membrane needs
_SPIKES = 3.3  # of a membrane that swings so far; a lower threshold gives more
_SHORTEST = 0.3e-6  # s
# V that a membrane may creep in one step: a longer one crosses the point where the threshold stage tips, and an implicit rule then stays
# at the equilibrium that is unstable there, without a message; at 3e-5 V rates differ by less than 0.03 % from those at this
_CREEP = 1e-4
_STEP_AT_LEAST, _STEP_AT_MOST = 1e-6, 1e-3  # s; the latter as for a membrane that its own leakage of 0.2 pA moves
_DIMS = ("input_current",)


def currents(study: Study) -> tuple[float, ...]:
    """The currents (A) of the sweep."""
    return _QUICK if study.quick else _CURRENTS


def current_plan(study: Study, current: float, spikes: float = _SPIKES) -> Plan:
    """A run long enough for some spikes at ``current`` (A, none is 0), at most :data:`LONGEST`."""
    capacitance = float(study.neuron.membrane) or 2e-12
    per_volt = capacitance / current if current else math.inf  # s
    stop = min(max(spikes * SWING * per_volt, _SHORTEST), LONGEST)
    step = min(stop / 200, max(_CREEP * per_volt, _STEP_AT_LEAST), _STEP_AT_MOST)
    return study.plan(study.silent(current=current, max_step=step), stop)


def rate_of(run: Run) -> float:
    """Mean rate (Hz) of complete spikes; 0 without any, not a number of a single one."""
    times = run.spike_times[: len(run.spike_ends)]
    if len(times) > 1:
        return (len(times) - 1) / (times[-1] - times[0])
    return np.nan if len(times) else 0.0


def _plan(study: Study) -> list[Plan]:
    return [current_plan(study, current) for current in currents(study)]


def _read(study: Study, results: Sequence[Result]) -> Variables:
    rates = each(results, rate_of)
    slow = each(results, lambda run: _level(run))
    firing = np.isfinite(slow)
    return {
        "input_current": (
            _DIMS,
            list(currents(study)),
            {"units": "A", "long_name": "constant current into the membrane"},
        ),
        "rate_at_current": (_DIMS, rates, {"units": "Hz", "long_name": "output rate"}),
        "threshold_at_current": (_DIMS, slow, {"units": "V", "long_name": "membrane 1 ns before the first spike"}),
        "threshold_slow": (
            (),
            float(slow[firing][0]) if firing.any() else np.nan,
            {"units": "V", "long_name": "threshold at the smallest current of the sweep that fires"},
        ),
        "maximum_rate": ((), _highest(rates), {"units": "Hz", "long_name": "highest output rate of the sweep"}),
    }


def _level(run: Run) -> float:
    if not len(run.spike_times):
        return np.nan
    return float(run.waveforms.at("v(mem)", run.spike_times[0] - 1e-9))


def _highest(rates: np.ndarray) -> float:
    found = rates[np.isfinite(rates)]
    return float(found.max()) if found.size else np.nan


SUBJECT = Subject("input current", _plan, _read)
