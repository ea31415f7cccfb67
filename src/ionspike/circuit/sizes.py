"""Sizes a netlist leaves open, with unit, range and what each sets; those that several topologies share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Size:
    """A parameter of a netlist: unit (``um`` for drawn sizes), range, and what it sets."""

    unit: str
    low: float
    high: float
    about: str


W, L = ("um", 0.42, 50.0), ("um", 0.15, 20.0)
DELAY: Mapping[str, Size] = MappingProxyType(
    {
        "wreset": Size(*W, "width of the membrane's reset transistor"),
        "lrestore": Size(*L, "length of the transistor that restores n1: how long the reset lasts"),
        "wdelay": Size(*W, "width of the delay mirror"),
        "ldelay": Size(*L, "length of the delay mirror"),
    }
)
STAGES: Mapping[str, Size] = MappingProxyType(
    {
        **DELAY,
        "wfire": Size(*W, "width of the pfet that raises the spike"),
        "lfire": Size(*L, "length of the pfet that raises the spike"),
        "wend": Size(*W, "width of the transistor that ends the spike"),
        "lclear": Size(*L, "length of the transistor that ends the reset"),
        "lrearm": Size(*L, "length of the pfet that rearms the delay"),
        "lrise": Size(*L, "length of the pfet that raises the reset"),
        "winvert": Size(*W, "width of the pfet of the inverter behind the reset"),
        "linvert": Size(*L, "length of the pfet of the inverter behind the reset"),
    }
)
