"""How a device ages: fatigue, which recovers, and wear, which does not.

Each is a dose D that grows with pulses, with the charge of the ions that pulses move and with time, and that multiplies the increments
of conductance (g), the insertion rates (a) and the release times (tau) by ``exp(-on D)``: a loss of D where it is small. Fatigue leaves
with the time constant ``recovery``, ``dD/dt = per_second - D/recovery``, between pulses.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ionspike.device.parameters import POSITIVE, Section, parameter

if TYPE_CHECKING:
    from ionspike.device.ecram import Ecram


@dataclass(frozen=True)
class Dose:
    """How far a device has aged: ``fatigue`` and ``wear``, both 0 when new."""

    fatigue: float = 0.0
    wear: float = 0.0


@dataclass(frozen=True)
class Aging(Section):
    """Doses per pulse, per coulomb (a plain number, 1/C) and per second (1/s), and what they act on: ``on_g`` 1 takes a share D of
    every g, ``on_a`` of every a, ``on_tau`` of every tau (negative: grows). ``recovery`` (s) is the time in which fatigue leaves."""

    fatigue_per_pulse: float = parameter("", 0.0, low=0.0)
    fatigue_per_coulomb: float = parameter("", 0.0, low=0.0)
    fatigue_per_second: float = parameter("s^-1", 0.0, low=0.0)
    fatigue_on_g: float = parameter("", 1.0)
    fatigue_on_a: float = parameter("", 0.0)
    fatigue_on_tau: float = parameter("", 0.0)
    recovery: float = parameter("s", math.inf, low=POSITIVE, infinite=True)
    wear_per_pulse: float = parameter("", 0.0, low=0.0)
    wear_per_coulomb: float = parameter("", 0.0, low=0.0)
    wear_per_second: float = parameter("s^-1", 0.0, low=0.0)
    wear_on_g: float = parameter("", 1.0)
    wear_on_a: float = parameter("", 0.0)
    wear_on_tau: float = parameter("", 0.0)

    def after(self, dose: Dose, pulses: float = 0.0, charge: float = 0.0, seconds: float = 0.0) -> Dose:
        """``dose`` after ``pulses`` that moved ``charge`` (C), and then ``seconds`` (s)."""
        fatigue = dose.fatigue + self.fatigue_per_pulse * pulses + self.fatigue_per_coulomb * charge
        wear = (
            dose.wear + self.wear_per_pulse * pulses + self.wear_per_coulomb * charge + self.wear_per_second * seconds
        )
        gone = -math.expm1(-seconds / self.recovery)
        grown = self.fatigue_per_second * (seconds if math.isinf(self.recovery) else self.recovery * gone)
        return Dose(fatigue * (1 - gone) + grown, wear)

    def factors(self, dose: Dose) -> tuple[float, float, float]:
        """What ``dose`` multiplies g, a and tau by."""
        return (
            math.exp(-self.fatigue_on_g * dose.fatigue - self.wear_on_g * dose.wear),
            math.exp(-self.fatigue_on_a * dose.fatigue - self.wear_on_a * dose.wear),
            math.exp(-self.fatigue_on_tau * dose.fatigue - self.wear_on_tau * dose.wear),
        )


def aged(ecram: Ecram, dose: Dose) -> Ecram:
    """``ecram`` as it is after ``dose``: g of every population, a and tau of every state multiplied."""
    on_g, on_a, on_tau = ecram.aging.factors(dose)
    populations = (replace(p, g=p.g * on_g, a=p.a * on_a, tau=p.tau * on_tau) for p in ecram.populations)
    weight = replace(ecram.weight, a=ecram.weight.a * on_a, tau=ecram.weight.tau * on_tau)
    return replace(ecram, populations=tuple(populations), weight=weight)
