"""A device in words and in a picture."""

from __future__ import annotations

import math
from dataclasses import fields
from typing import TYPE_CHECKING

import numpy as np

from ionspike.device.trains import Train
from ionspike.units import show

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ionspike.device.ecram import Ecram
    from ionspike.device.parameters import Section

_LEVEL, _SHARE = (
    1.8,
    0.3,
)  # volt above the resting bias, and share of the first population that the reference pulse fills


def describe(ecram: Ecram) -> str:
    """Every value of ``ecram`` that is not its default, with units, a section a line."""
    lines = [f"ECRAM {ecram.name}: R = {show(1 / float(ecram.conductance(ecram.at_rest())), 'ohm')} at rest"]
    lines.append(f"  gate: {_values(ecram.gate)}, drive {ecram.gate.drive}")
    lines += [f"  population {k}: {_values(p)}" for k, p in enumerate(ecram.populations, 1)]
    lines += [f"  weight: {_values(ecram.weight)}", f"  temperature: {_values(ecram.temperature)}"]
    if ecram.spread.pairs or ecram.spread.pulse or ecram.spread.read:
        named = ", ".join(f"{name} {100 * sd:.3g} %" for name, sd in ecram.spread.pairs)
        own = f"pulse {100 * ecram.spread.pulse:.3g} %, read {100 * ecram.spread.read:.3g} %"
        lines.append(f"  spread: {named}{', ' if named else ''}{own}")
    aging = _values(ecram.aging)
    return "\n".join([*lines, f"  aging: {aging}"] if aging else lines)


def _values(section: Section) -> str:
    shown = []
    for item in fields(section):
        value = getattr(section, item.name)
        needed = item.name in ("V_T", "V_0", "J_lim", "tau", "g", "a", "G_min", "G_max", "w", "T_ref")
        if "unit" in item.metadata and (value != item.default or needed) and not math.isinf(value):
            unit = item.metadata["unit"]
            shown.append(f"{item.name} {show(value, unit) if unit else f'{value:g}'}")
    return ", ".join(shown)


def reference_pulse(ecram: Ecram) -> Train:
    """A pulse 1.8 V above rest that fills 0.3 of the first population if nothing leaves meanwhile, at most a second long."""
    gate, first = ecram.gate, ecram.populations[0]
    v = gate.polarity * first.polarity * _LEVEL + gate.V_rest
    eta = ecram.overpotential(0.0, v, 0.0) if gate.drive == "channel" else ecram.overpotential(v)
    rate = first.a * float(ecram.fluxes(first.polarity * eta)[0])
    return Train(ecram, min(-math.log1p(-_SHARE) / rate, 1.0) if rate > 0 else 1.0, v)


def portrait(ecram: Ecram) -> Figure:
    """G against time after the end of a reference pulse, and the fluxes J+ and J- against overpotential."""
    from ionspike.plotting import figure, look

    train = reference_pulse(ecram)
    taus = [state.tau for state in ecram.populations if math.isfinite(state.tau)] or [1.0]
    time = np.concatenate([[0.0], np.geomspace(1e-3 * min(taus), 10 * max(taus), 240)])
    after = train.after(1, 1 / (2 * train.width))
    states = [ecram.advance(after, 0.0, duration=float(t)) for t in time]
    with look():
        made, (left, right) = figure(columns=2, width=7.2, height=2.8)
        left.semilogx(time[1:], 1e6 * ecram.conductance(np.array(states))[1:], label="after the pulse")
        left.axhline(1e6 * float(ecram.conductance(train.rest())), color="#8a8a8a", linestyle=":", label="at rest")
        left.set(xlabel="time after the pulse (s)", ylabel="G (uS)", title=ecram.name)
        left.legend(title=f"{show(train.v_gate, 'V', 3)}, {show(train.width, 's', 3)}")
        span = abs(ecram.gate.V_T) + 8 * ecram.gate.V_0
        eta = np.linspace(-span, span, 401)
        for flux, label in zip(ecram.fluxes(eta), ("J+ (insertion)", "J- (removal)"), strict=True):
            right.semilogy(eta, flux, label=label)
        right.set(xlabel="overpotential (V)", ylabel="ion flux (1/s)", title="Butler-Volmer, limited")
        right.set_ylim(bottom=float(ecram.fluxes(span)[0]) * 1e-9)
        right.legend()
    return made
