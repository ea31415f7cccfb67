"""The device card that a fit stands for, with the origin of every value."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from ionspike.device.aging import Aging
from ionspike.device.ecram import Ecram, Gate, Origin, Population, Weight
from ionspike.device.fitting.parameters import DOSE
from ionspike.device.fitting.problem import TraceProblem

Array = NDArray[np.float64]

_LEAST_REST = 1e-6  # of the swing: the conductance at rest of a card where an instrument's zero hides it
_UNTOLD = "a record of one level of pulses does not tell it"


def fitted_card(problem: TraceProblem, values: Mapping[str, float], amplitudes: Array, name: str) -> Ecram:
    """The device at these values (SI) and amplitudes (S, the conductance at rest last)."""
    gate = Gate(
        V_T=values["gate.V_T"],
        V_0=values["gate.V_0"],
        J_lim=values["gate.J_lim"],
        polarity=1.0 if problem.times.height > 0 else -1.0,
        V_rest=problem.rest,
    )
    populations = []
    for k in range(problem.shape.populations):
        row = problem.state_row(values, k)
        populations.append(
            Population(tau=row[2], g=float(amplitudes[k]), a=row[1], V_d=row[3], c=row[4], d=row[5], s=row[6])
        )
    weight = Weight(G_min=max(float(amplitudes[-1]), _LEAST_REST * problem.swing))
    device = Ecram(name, gate, tuple(populations), weight, aging=_aging(problem, values))
    return replace(device, origins=MappingProxyType(_origins(problem, device, amplitudes)))


def with_intervals(device: Ecram, ends: Mapping[str, tuple[float, float]]) -> Ecram:
    """The device with these intervals (SI, by name) among the origins of its fitted values; those that are open are left out."""
    origins = dict(device.origins)
    for name, (low, high) in ends.items():
        low = max(low, 0.0) if name == "weight.G_min" else low  # an instrument's zero may be below that of the channel
        fitted = name in origins and origins[name].source == "fitted"
        if fitted and math.isfinite(low) and math.isfinite(high) and low <= origins[name].value <= high:
            origins[name] = replace(origins[name], interval=(low, high))
    return replace(device, origins=MappingProxyType(origins))


def _aging(problem: TraceProblem, values: Mapping[str, float]) -> Aging:
    numbers = {p: values.get(f"aging.{p}", 0.0) for p in problem.shape.drift}
    if not numbers:
        return Aging()
    fatigue = DOSE if problem.shape.recovering else 0.0
    return Aging(wear_per_pulse=DOSE, fatigue_per_pulse=fatigue, **{"wear_on_g": 0.0, "fatigue_on_g": 0.0, **numbers})


def _origins(problem: TraceProblem, device: Ecram, amplitudes: Array) -> dict[str, Origin]:
    """Fitted where the record tells, assumed where one level of pulses cannot."""
    told = "fitted to " + ", ".join(Path(trace.record.source).name for trace in problem.traces)
    moved = set(problem.names)
    made = {}

    def add(name: str, value: float, why: str = told) -> None:
        if name in problem.fixed:
            made[name] = Origin(value, "assumed", "kept at this value in the fit")
        else:
            made[name] = Origin(value, "fitted", why)

    add("gate.J_lim", device.gate.J_lim, f"{told}; the insertion rate at the recorded level of pulses")
    for name in ("V_T", "V_0"):
        value = getattr(device.gate, name)
        if f"gate.{name}" in moved:
            add(f"gate.{name}", value)
        else:
            made[f"gate.{name}"] = Origin(value, "assumed", _UNTOLD)
    for k, population in enumerate(device.populations, 1):
        for name in ("tau", "g", "a", "V_d", "s", "c", "d"):
            full, value = f"population{k}.{name}", getattr(population, name)
            if full in moved or full in problem.fixed or name == "g":
                add(full, value)
    add("weight.G_min", device.weight.G_min, told if amplitudes[-1] > 0 else f"{told}; below what the record resolves")
    for name in problem.shape.drift:
        add(f"aging.{name}", getattr(device.aging, name), f"{told}; per {DOSE:g} of dose a pulse")
    return {name: origin for name, origin in made.items() if math.isfinite(origin.value)}
