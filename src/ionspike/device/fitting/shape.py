"""Which law is fitted: how many populations, and which of its terms are free."""

from __future__ import annotations

from dataclasses import dataclass

from ionspike.device.ecram import MAX_POPULATIONS
from ionspike.errors import InputError


@dataclass(frozen=True)
class Shape:
    """The form of the law.

    ``populations``: how many volatile states. ``cooperative``: release is (s). ``insertion``: insertion is (c). ``held``: the gate holds
    ions in (V_d). ``removal``: removal under a reversed gate is cooperative (d; needs a record with negative pulses).
    ``aging``: every pulse takes a share of amplitude and insertion rate (wear). ``recovering``: on top, a dose that settles within
    some pulses acts on amplitude, insertion and release (fatigue), and wear acts on release.
    """

    populations: int = 1
    cooperative: bool = True
    insertion: bool = False
    held: bool = True
    aging: bool = False
    recovering: bool = False
    removal: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.populations <= MAX_POPULATIONS:
            raise InputError(f"populations is {self.populations}; expected 1 to {MAX_POPULATIONS}")

    @property
    def terms(self) -> tuple[str, ...]:
        """Names of the terms that every population has beside insertion, release and amplitude."""
        free = (("V_d", self.held), ("s", self.cooperative), ("c", self.insertion), ("d", self.removal))
        return tuple(name for name, chosen in free if chosen)

    @property
    def drift(self) -> tuple[str, ...]:
        """Names of the aging parameters that are free."""
        wear = ("wear_on_g", "wear_on_a") if self.aging or self.recovering else ()
        more = ("wear_on_tau", "fatigue_on_g", "fatigue_on_a", "fatigue_on_tau", "recovery") if self.recovering else ()
        return (*wear, *more)

    @property
    def parameters(self) -> int:
        """Numbers that are fitted, edges of the gate left out: per population a rate in, one out and an amplitude; one conductance
        at rest; what terms and drift add."""
        return self.populations * (3 + len(self.terms)) + 1 + len(self.drift)

    def __str__(self) -> str:
        states = "one population" if self.populations == 1 else f"{self.populations} populations"
        drift = ", wear and fatigue" if self.recovering else ", wear" if self.aging else ""
        return states + (f" with {', '.join(self.terms)}" if self.terms else "") + drift
