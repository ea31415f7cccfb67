"""The numbers that a fit moves: their names as on a card, the scale each is fitted on, where they start and how far they may go."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from ionspike.device.fitting.edges import Clock, Steps
from ionspike.device.fitting.shape import Shape
from ionspike.device.measured.records import PulseRecord
from ionspike.device.uncertainty.problem import Scale
from ionspike.errors import InputError

LARGEST_AMPLITUDE = 3.0  # swings: populations that cancel at a hundred swings are a sign of the wrong law
DOSE = 0.01  # dose of one pulse: aging is told in hundredths a pulse
_V_0, _V_T = 0.052, 0.4  # V, assumed where the record has one level of pulses: it does not tell them
_FIRST_RECOVERY = 5.0  # pulses
_MOST_COOPERATIVE = 200.0


@dataclass(frozen=True)
class Parameter:
    """One fitted number: ``name``, ``scale``, and on that scale its ``start``, its bounds, how far it ``spreads`` among the starts, and
    the ``step`` of a difference quotient."""

    name: str
    scale: Scale
    start: float
    low: float
    high: float
    spread: float = 0.7
    step: float = 1e-6


@dataclass(frozen=True)
class Times:
    """What a record tells at first sight (s): ``width`` of a pulse, ``rise`` and ``fall`` to 1 - 1/e, ``period``; ``height`` (V) of the
    highest pulse over rest."""

    width: float
    rise: float
    fall: float
    period: float
    height: float


def first_look(record: PulseRecord, on: np.ndarray, off: np.ndarray, levels: np.ndarray) -> Times:
    """Time scales of the second pulse, or of the only one."""
    t, g = record.time, record.conductance
    pairs = min(len(on), len(off))
    k = min(1, pairs - 1) if pairs else 0
    gap = float(np.median(np.diff(t)))
    end = off[k] if pairs else t[-1]
    width = float(np.median(off[:pairs] - on[:pairs])) if pairs else float(t[-1] - on[0])
    low, high = np.quantile(g, [0.02, 0.98])
    up = (t > on[k]) & (g > low + 0.63 * (high - low))
    down = (t > end) & (g < low + 0.37 * (high - low))
    rise = max(float(t[up][0] - on[k]) if up.any() else width / 3, gap)
    fall = max(float(t[down][0] - end) if down.any() else width / 3, gap)
    period = float(np.median(np.diff(on))) if len(on) > 1 else 2 * width
    height = float(levels[np.argmax(np.abs(levels - levels[0]))] - levels[0])
    return Times(max(width, gap), rise, fall, period, height)


def assumed_gate(times: Times) -> dict[str, float]:
    """Threshold and slope (V) that one level of pulses does not tell: well below it, so that the plateau is reached."""
    height = abs(times.height)
    return {"gate.V_T": min(_V_T, 0.5 * height), "gate.V_0": min(_V_0, 0.05 * height)}


def law_parameters(shape: Shape, times: Times, levels: int) -> list[Parameter]:
    """The rates, the bias that holds ions in, cooperativity and drift. ``levels``: of the gate, rest included."""
    low, high = math.log(1e-4 * times.width), math.log(1e3 * times.width)
    made = []
    for k in range(1, shape.populations + 1):
        apart = math.log(2.5) * (k - 1)
        rate = float(np.clip(-math.log(times.rise) - apart, -high, -low))
        if k == 1:
            made.append(Parameter("gate.J_lim", Scale("s^-1"), rate, -high, -low))
        else:
            made.append(Parameter(f"population{k}.a", Scale(), -apart, math.log(1e-4), math.log(1e4), 1.0))
        fall = float(np.clip(math.log(times.fall) + apart, low, high))
        made.append(Parameter(f"population{k}.tau", Scale("s"), fall, low, high))
        made += [_term(f"population{k}", name, abs(times.height)) for name in shape.terms]
    if levels > 2:
        made.append(Parameter("gate.V_T", Scale("V", False), 0.5 * abs(times.height), -3.0, 6.0, 0.1))
    if levels > 3:
        made.append(Parameter("gate.V_0", Scale("V"), math.log(0.1 * abs(times.height)), math.log(5e-3), 0.0))
    return made + [_drift(name, times.period) for name in shape.drift]


def _term(population: str, name: str, height: float) -> Parameter:
    if name == "V_d":
        low, high = math.log(0.02 * height), math.log(30 * height)
        return Parameter(f"{population}.V_d", Scale("V"), math.log(0.4 * height), low, high)
    if name == "s":
        return Parameter(f"{population}.s", Scale("", False), 0.6, 0.0, 0.9999, 0.25)
    return Parameter(f"{population}.{name}", Scale("", False), 2.0, 0.0, _MOST_COOPERATIVE, 3.0)


def _drift(name: str, period: float) -> Parameter:
    if name == "recovery":
        start = math.log(_FIRST_RECOVERY * period)
        return Parameter("aging.recovery", Scale("s"), start, start - 4.0, start + 3.0, 0.3)
    # fatigue and recovery are one number each until the first has begun to act: it starts a little off zero
    start = {"fatigue_on_a": -1.0, "fatigue_on_tau": 1.0}.get(name, 0.0)
    return Parameter(f"aging.{name}", Scale("", False), start, -40.0, 40.0, 0.3, 1e-4)


def clock_parameters(clock: Clock, gap: float, suffix: str) -> list[Parameter]:
    """Period, width and start of one record's clock (s); ``gap`` is its sampling interval."""
    reach, scale = 2e-3 * gap, Scale("s", False)
    return [
        Parameter(f"clock{suffix}.start", scale, clock.start, clock.start - 10 * gap, clock.start + 10 * gap, 0, reach),
        Parameter(
            f"clock{suffix}.period",
            scale,
            clock.period,
            clock.period - 2 * gap / clock.count,
            clock.period + 2 * gap / clock.count,
            0,
            reach / clock.count,
        ),
        Parameter(f"clock{suffix}.width", scale, clock.width, 2 * gap, clock.period - 2 * gap, 0, reach),
    ]


def share_parameters(steps: Steps, suffix: str) -> list[Parameter]:
    """Where in the gap between two samples the gate rose and fell: one number each for a whole record."""
    names = [f"edges{suffix}.on_share"] if steps.rising.any() else []
    names += [f"edges{suffix}.off_share"] if (~steps.rising).any() else []
    return [Parameter(name, Scale("", False), 0.5, 0.0, 1.0, 0.15, 1e-4) for name in names]


def bounded(
    parameters: list[Parameter], fixed: Mapping[str, float], bounds: Mapping[str, tuple[float, float]]
) -> list[Parameter]:
    """The parameters that stay free, within the user's ``bounds`` (values in SI).

    Raises:
        InputError: bounds that do not ascend, or are not within what the parameter can be.
    """
    free = []
    for p in parameters:
        if p.name in fixed:
            continue
        if p.name in bounds:
            ends = bounds[p.name]
            if not ends[0] < ends[1] or (p.scale.logarithmic and ends[0] < 0):
                raise InputError(f"bounds of {p.name} are {ends[0]:g} and {ends[1]:g}; expected two that ascend")
            low = p.scale.theta(ends[0]) if ends[0] > 0 or not p.scale.logarithmic else p.low
            high = p.scale.theta(ends[1]) if math.isfinite(ends[1]) else p.high
            p = replace(p, low=low, high=high, start=float(np.clip(p.start, low, high)))
        free.append(p)
    return free
