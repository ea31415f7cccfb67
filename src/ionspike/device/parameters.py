"""What an :class:`~ionspike.device.ecram.Ecram` is made of: the sections of a card, each a frozen dataclass in SI that checks itself."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from ionspike.errors import InputError
from ionspike.units import quantity

BOLTZMANN_EV = 8.617333262e-5  # eV/K, CODATA 2018 (10.1103/RevModPhys.93.025010)
POSITIVE = 1e-300


def parameter(
    unit: str,
    default: float | None = None,
    *,
    low: float | None = None,
    high: float | None = None,
    infinite: bool = False,
) -> Any:
    """A float field in SI that carries its unit and its range; strings with units are accepted at construction."""
    metadata = {"unit": unit, "low": low, "high": high, "infinite": infinite}
    return field(metadata=metadata) if default is None else field(default=default, metadata=metadata)


@dataclass(frozen=True)
class Section:
    """Converts and checks the fields of one section of a card."""

    def __post_init__(self) -> None:
        for item in fields(self):
            if "unit" not in item.metadata:
                continue
            where = f"{type(self).__name__.lower()}.{item.name}"
            value = quantity(getattr(self, item.name), item.metadata["unit"], where)
            low, high = item.metadata["low"], item.metadata["high"]
            if (low is not None and value < low) or (high is not None and value > high):
                limits = f"{'-inf' if low is None else f'{low:g}'} to {'inf' if high is None else f'{high:g}'}"
                raise InputError(f"{where} is {value:g}; expected {limits} {item.metadata['unit']}".rstrip())
            if math.isinf(value) and not item.metadata["infinite"]:
                raise InputError(f"{where} is {value}; expected a finite number {item.metadata['unit']}".rstrip())
            object.__setattr__(self, item.name, value)


@dataclass(frozen=True)
class Gate(Section):
    """How the gate drives ions: threshold ``V_T`` (V), slope ``V_0`` (V), plateau ``J_lim`` (1/s), resting bias ``V_rest`` (V),
    gate capacitance ``C_g`` (F), gate leak ``R_g`` (ohm), ``polarity`` 1 or -1, ``drive`` "gate" or "channel" (two-terminal)."""

    V_T: float = parameter("V")
    V_0: float = parameter("V", low=1e-6)
    J_lim: float = parameter("s^-1", low=POSITIVE)
    V_rest: float = parameter("V", 0.0)
    C_g: float = parameter("F", 0.0, low=0.0)
    R_g: float = parameter("ohm", math.inf, low=POSITIVE, infinite=True)
    polarity: float = parameter("", 1.0)
    drive: Literal["gate", "channel"] = "gate"

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_polarity("gate", self.polarity)
        if self.drive not in ("gate", "channel"):
            raise InputError(f"gate.drive is {self.drive!r}; expected 'gate' or 'channel'")


@dataclass(frozen=True)
class Population(Section):
    """A volatile ion population: insertion ``a`` (relative to J_lim), release time ``tau`` (s), conductance ``g`` (S) at y = 1,
    ion charge ``q`` (C) at y = 1, release bias ``V_d`` (V, infinite: the bias does not hold ions in), cooperativity ``c, d, s``."""

    tau: float = parameter("s", low=POSITIVE, infinite=True)
    g: float = parameter("S")
    a: float = parameter("", 1.0, low=0.0)
    q: float = parameter("C", 0.0, low=0.0)
    V_d: float = parameter("V", math.inf, low=1e-6, infinite=True)
    c: float = parameter("", 0.0, low=0.0)
    d: float = parameter("", 0.0, low=0.0)
    s: float = parameter("", 0.0, low=0.0, high=1.0 - 1e-9)
    polarity: float = parameter("", 1.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_polarity("population", self.polarity)


@dataclass(frozen=True)
class Weight(Section):
    """The long-term weight ``w`` in [0, 1] between ``G_min`` and ``G_max`` (S), moved by the same law with a far smaller ``a``
    and a ``tau`` (s) of hours or none; ``G_off`` (S) is where the channel turns off (0 stands for 1e-4 G_min)."""

    G_min: float = parameter("S", low=POSITIVE)
    G_max: float = parameter("S", 0.0, low=0.0)
    G_off: float = parameter("S", 0.0, low=0.0)
    w: float = parameter("", 0.0, low=0.0, high=1.0)
    a: float = parameter("", 0.0, low=0.0)
    tau: float = parameter("s", math.inf, low=POSITIVE, infinite=True)
    q: float = parameter("C", 0.0, low=0.0)
    V_d: float = parameter("V", math.inf, low=1e-6, infinite=True)
    c: float = parameter("", 0.0, low=0.0)
    d: float = parameter("", 0.0, low=0.0)
    s: float = parameter("", 0.0, low=0.0, high=1.0 - 1e-9)
    polarity: float = parameter("", 1.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_polarity("weight", self.polarity)
        if self.G_max == 0.0:
            object.__setattr__(self, "G_max", self.G_min)
        if self.G_max < self.G_min:
            raise InputError(
                f"weight.G_max is {self.G_max:g} S, below G_min = {self.G_min:g} S; expected at least G_min"
            )
        if self.G_off == 0.0:
            object.__setattr__(self, "G_off", 1e-4 * self.G_min)


@dataclass(frozen=True)
class Temperature(Section):
    """Reference temperature ``T_ref`` (K) and activation energies (eV) of the exchange rate k0 and of every tau."""

    T_ref: float = parameter("K", 300.15, low=1.0)
    E_k0: float = parameter("eV", 0.0)
    E_tau: float = parameter("eV", 0.0)


@dataclass(frozen=True)
class Origin:
    """Where a value comes from: ``source`` is assumed, measured, published, fitted or derived; ``why`` gives reason or reference,
    ``doi`` where it was published, ``interval`` the 95 % interval of a fit (in the value's unit)."""

    value: float
    source: str
    why: str = ""
    doi: str = ""
    interval: tuple[float, float] | None = None


def _check_polarity(section: str, polarity: float) -> None:
    if polarity not in (1.0, -1.0):
        raise InputError(f"{section}.polarity is {polarity:g}; expected 1 or -1")
