"""Synapses: what an arriving spike does to the membrane, and how that changes with use."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from ionspike.device import Ecram, Gate, Population, Weight
from ionspike.errors import InputError
from ionspike.network.cell import Cell
from ionspike.units import quantity


@dataclass(frozen=True)
class Static:
    """Every arrival the same: the membrane jumps by the weight (V)."""


@dataclass(frozen=True, eq=False)
class TsodyksMarkram:
    """The membrane jumps by ``weight u R`` (V): at a presynaptic spike ``u -> u + U (1 - u)``, then ``R -> R (1 - u)``; in between u goes to
    0 with ``tau_facilitation`` and R to 1 with ``tau_recovery`` (s; 0: at once). Tsodyks, Pawelzik and Markram, Neural Computation 10:821,
    1998, 10.1162/089976698300017502.

    Args:
        U: jump of the utilisation, in (0, 1); one for all, or with ``devices="own"`` an array or a distribution.
        tau_facilitation, tau_recovery: times (s); the first may differ from synapse to synapse like U.
        devices: "shared": all synapses of a neuron have one state, which is exact since they see the same spikes; "own": each its own.
    """

    U: Any
    tau_facilitation: Any = 0.0
    tau_recovery: float | str = 0.0
    devices: Literal["shared", "own"] = "shared"

    def __post_init__(self) -> None:
        _choice(self.devices, "TsodyksMarkram.devices", ("shared", "own"))
        recovery = quantity(self.tau_recovery, "s", "TsodyksMarkram.tau_recovery")
        if not 0 <= recovery < math.inf:
            raise InputError(f"TsodyksMarkram.tau_recovery is {recovery:g} s; expected 0 or more")
        object.__setattr__(self, "tau_recovery", recovery)
        if self.devices == "own" and recovery:
            raise InputError('TsodyksMarkram with tau_recovery above 0 has two states; expected devices = "shared"')

    def card(self, width: float = 1e-9, v_gate: float = 1.8) -> Ecram:
        """The device whose population is this synapse's u, pulse by pulse of ``width`` (s): ``J width = -ln(1 - U)``, ``tau = tau_facilitation``."""
        if self.tau_recovery:
            raise InputError("a device has no resources R; expected tau_recovery = 0")
        jump, tau = quantity(self.U, "", "U"), quantity(self.tau_facilitation, "s", "tau_facilitation")
        gate = Gate(V_T=v_gate / 2, V_0=0.01, J_lim=1.0)  # 0.9 V above threshold of slope 10 mV: the plateau to 1e-39
        return Ecram(
            "tsodyks-markram",
            replace(gate, J_lim=-math.log1p(-jump) / width),
            (Population(tau=tau, g=1e-6),),
            Weight(G_min=1e-6),
        )


@dataclass(frozen=True, eq=False)
class DeviceSynapse:
    """An ECRAM that each presynaptic spike gates with a pulse and reads. The arrival goes by the conductance G averaged over the pulse,
    relative to that of the rested device.

    Without ``rail`` it is a charge: the membrane jumps by ``weight G/G_rest`` (weight in V). With ``rail`` it is a channel to that voltage:
    ``V -> rail + (V - rail) exp(-Q/C)``, ``Q = weight G width`` (weight: relative width of the channel, C: the neuron's capacitance).

    Args:
        card: an :class:`Ecram`, a card file or the name of a library card; or several, which ``which`` (an index a synapse) chooses from.
        width, v_gate: of the gate pulse (s, V).
        v_channel, v_idle: mean voltage (V) of drain and source in a pulse and between pulses.
        devices: "shared": one state a presynaptic neuron, exact since all its synapses see the same pulses; "own": each its own.
        dose, rate, gain: factors on ions per pulse, release rate and conductance per ion of each synapse's own device: numbers, arrays
            or distributions. For cards of one linear population.
        rail: read rail (V) of a channel.
        long_term: the weight state w moves with every pulse, too, instead of keeping its card value.
    """

    card: Any
    which: ArrayLike | None = None
    width: float | str = 10e-9
    v_gate: float | str = 1.8
    v_channel: float | str = 0.0
    v_idle: float | str = 0.0
    devices: Literal["shared", "own"] = "shared"
    dose: Any = 1.0
    rate: Any = 1.0
    gain: Any = 1.0
    rail: float | str | None = None
    long_term: bool = False

    def __post_init__(self) -> None:
        several = isinstance(self.card, Sequence) and not isinstance(self.card, str)
        cards = tuple(_card(c) for c in (self.card if several else (self.card,)))
        if not cards:
            raise InputError("DeviceSynapse.card is empty; expected at least one card")
        object.__setattr__(self, "card", cards)
        for name, unit in (("width", "s"), ("v_gate", "V"), ("v_channel", "V"), ("v_idle", "V")):
            object.__setattr__(self, name, quantity(getattr(self, name), unit, f"DeviceSynapse.{name}"))
        if not 0 < self.width < math.inf:  # type: ignore[operator]
            raise InputError(f"DeviceSynapse.width is {self.width:g} s; expected above 0")
        if self.rail is not None:
            object.__setattr__(self, "rail", quantity(self.rail, "V", "DeviceSynapse.rail"))
        _choice(self.devices, "DeviceSynapse.devices", ("shared", "own"))
        if len(cards) > 1 and (self.devices == "shared" or self.which is None):
            raise InputError(
                'DeviceSynapse has several cards; expected devices = "own" and which = the card of each synapse'
            )
        if self.devices == "shared" and any(f is not None and np.any(np.asarray(f) != 1.0) for f in self._factors):
            raise InputError(
                'DeviceSynapse has shared devices with factors dose, rate or gain; expected devices = "own"'
            )
        if not self.linear and any(np.any(np.asarray(f) != 1.0) for f in self._factors):
            raise InputError(
                "DeviceSynapse.dose, rate and gain hold for cards of one linear population that keep their weight; expected several cards instead"
            )

    @property
    def _factors(self) -> tuple[Any, Any, Any]:
        return self.dose, self.rate, self.gain

    @property
    def linear(self) -> bool:
        """Whether one exponential a pulse and one a rest say it all: one population, not cooperative, a channel that never turns off."""
        cards: list[Ecram] = list(self.card)
        device = cards[0]
        first = device.populations[0]
        if len(cards) > 1 or self.long_term or len(device.populations) > 1:
            return False
        ends = device.conductance(np.array([[x, device.weight.w] for x in (0.0, 1.0)]))
        return bool(
            first.c == first.d == first.s == 0.0
            and ends.min() > 1e3 * device.weight.G_off  # the floor then adds less than 1e-6
        )


@dataclass(frozen=True)
class CellSynapse:
    """The synapse of a calibrated cell, with a device of its own at every synapse; ``cell``: the one it belongs to (the target's)."""

    cell: Cell | None = None


Synapse = Static | TsodyksMarkram | DeviceSynapse | CellSynapse


def _card(card: Any) -> Ecram:
    if isinstance(card, Ecram):
        return card
    if isinstance(card, (str, Path)):
        return Ecram.load(card)
    raise InputError(f"DeviceSynapse.card is a {type(card).__name__}; expected an Ecram, a card file or a library name")


def _choice(value: Any, where: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise InputError(f"{where} is {value!r}; expected {' or '.join(map(repr, choices))}")
