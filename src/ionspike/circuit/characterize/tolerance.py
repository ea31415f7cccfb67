"""Energies that a tenth of the tolerance moves are measured at that tenth, and held against a hundredth, as far as it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ionspike.circuit.characterize.input_rate import (
    ENERGY,
    TOLERATED,
    driven_plan,
    energy_of,
    energy_point,
    energy_variables,
)
from ionspike.circuit.characterize.subject import Found, Search, Study
from ionspike.circuit.simulate import simulate_plans
from ionspike.spice.engine import Failure

if TYPE_CHECKING:
    import xarray as xr

_DEEPEST = 2  # tenths of the study's tolerance that an energy is told at, at most; it is checked at one more


def _find(study: Study, data: xr.Dataset, workers: int | None) -> Found:
    points = [{name: data[name].values[k] for name in ENERGY} for k in range(data.sizes["input_rate"])]
    failed: list[str] = []
    for tenths in range(1, _DEEPEST + 1):
        moved = [k for k, point in enumerate(points) if abs(point["energy_change"]) > TOLERATED]
        rates = data.input_rate.values[moved]
        results = simulate_plans([driven_plan(study, rate, t) for t in (tenths, tenths + 1) for rate in rates], workers)
        for j, k in enumerate(moved):
            pair = results[j], results[len(moved) + j]
            failed += [f"{rates[j]:g} Hz: {r.message}" for r in pair if isinstance(r, Failure)]
            spent, tighter = (energy_of(result) for result in pair)
            if spent is not None and tighter is not None:
                reltol = float(f"{study.setting.accuracy.reltol / 10**tenths:.3g}")
                points[k] = energy_point(spent, tighter, float(data.idle_power), reltol)
    return energy_variables(points), failed


SEARCH = Search("energy at a smaller tolerance", _find)
