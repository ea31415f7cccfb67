"""The ideal neuron: a leaky integrate-and-fire membrane (Lapicque 1907; Abbott, Brain Research Bulletin 50:303, 1999,
10.1016/S0361-9230(99)00161-6), in closed form between events. The measured one is :class:`~ionspike.network.cell.Cell`."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from ionspike.errors import InputError
from ionspike.units import quantity


@dataclass(frozen=True)
class LIF:
    """``tau dV/dt = rest + drive - V``; at ``V >= threshold`` a spike, then ``reset`` for the ``refractory`` time, during which what
    arrives is lost.

    Quantities are numbers in SI or strings with units.

    Args:
        tau: membrane time constant (s).
        threshold, reset, rest: voltages (V).
        refractory: time (s).
        drive: steady input current times membrane resistance (V).
        capacitance: of the membrane (F); needed where a channel synapse reads it.

    Raises:
        InputError: a value that is no number, a time below 0, a reset at or above the threshold.
    """

    tau: float
    threshold: float
    reset: float = 0.0
    rest: float = 0.0
    refractory: float = 0.0
    drive: float = 0.0
    capacitance: float = math.nan

    def __post_init__(self) -> None:
        units = {"tau": "s", "refractory": "s", "capacitance": "F"}
        for item in fields(self):
            value = getattr(self, item.name)
            if not (item.name == "capacitance" and isinstance(value, float) and math.isnan(value)):
                value = quantity(value, units.get(item.name, "V"), f"LIF.{item.name}")
                if math.isinf(value):
                    raise InputError(f"LIF.{item.name} is {value:g}; expected a finite value")
            object.__setattr__(self, item.name, value)
        if self.tau <= 0:
            raise InputError(f"LIF.tau is {self.tau:g} s; expected above 0")
        if self.refractory < 0:
            raise InputError(f"LIF.refractory is {self.refractory:g} s; expected 0 or more")
        if not self.reset < self.threshold or not self.rest < self.threshold:
            raise InputError(
                f"LIF.reset is {self.reset:g} V and LIF.rest {self.rest:g} V; expected both below the threshold, {self.threshold:g} V"
            )
        if self.capacitance <= 0:
            raise InputError(f"LIF.capacitance is {self.capacitance:g} F; expected above 0")
