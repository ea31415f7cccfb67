"""Quantities: ``"1.5 kohm"`` and ``1500.0`` are the same wherever a quantity is taken. Inside, everything is SI."""

from __future__ import annotations

import math
import re
from typing import Any

from quantiphy import QuantiPhyError, Quantity

from ionspike.errors import InputError

_UNITS = {"V", "A", "s", "S", "F", "C", "ohm", "K", "eV", "s^-1", "Hz", "J", "W", "m", ""}
# a plain number before anything else: a parser of prefixes takes "1,5 V" for 15 V and "1_0 V" for 10 V
_BEGINS_WITH_NUMBER = re.compile(r"[+-]?(inf|nan|(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?)(?![\d.,_])", re.ASCII)
_ALIASES = {"Ω": "ohm", "Ohm": "ohm", "Ohms": "ohm", "ohms": "ohm"}


def quantity(value: Any, unit: str, name: str = "value") -> float:
    """Return ``value`` in SI as a float: a number as it is, a string such as ``"10 ms"`` parsed and its unit checked.

    Args:
        value: a number in SI or a string with an SI prefix and ``unit``.
        unit: the unit expected, e.g. ``"s"``; ``""`` for a plain number.
        name: what the value is, for the message.

    Raises:
        InputError: not a number, or another unit (``min``, ``h``, ``degC``, ``1/s`` are refused).
    """
    if unit not in _UNITS:
        raise ValueError(f"unknown unit {unit!r}")
    wanted = f"a number in {unit}, such as 1.5 or '1.5 k{unit}'" if unit else "a plain number"
    if isinstance(value, bool) or value is None:
        raise InputError(f"{name} is {value!r}; expected {wanted}")
    if isinstance(value, str):
        bare = value.strip()
        if not _BEGINS_WITH_NUMBER.match(bare) or not (unit or _is_number(bare)):
            raise InputError(f"{name} is {value!r}; expected {wanted}")
        if unit and bare.endswith(unit) and _is_number(bare[: -len(unit)]):
            # before a parser of prefixes, to which "300 K" is 300 thousand and "5 m" five thousandths
            return _checked(float(bare[: -len(unit)]), name, wanted)
        number, found = _parse(value, name, wanted)
        if found != unit and found:
            raise InputError(f"{name} is {value!r}, in {found!r}; expected {wanted}")
        if not found and unit and not _is_number(value):
            raise InputError(f"{name} is {value!r}, without its unit; expected {wanted}")
        return number
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise InputError(f"{name} is {value!r}; expected {wanted}") from None
    return _checked(number, name, wanted)


def show(value: float, unit: str, digits: int = 4) -> str:
    """Write a quantity for a reader: ``show(1500.0, "ohm")`` is ``"1.5 kohm"``."""
    if not math.isfinite(value):
        return f"{value} {unit}".strip()
    if unit == "s^-1":
        return f"{value:.{digits}g} {unit}"
    return Quantity(value, unit).render(prec=digits - 1, strip_zeros=True)


def _checked(number: float, name: str, wanted: str) -> float:
    if math.isnan(number):
        raise InputError(f"{name} is not a number; expected {wanted}")
    return number


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _parse(text: str, name: str, wanted: str) -> tuple[float, str]:
    if _is_number(text):
        number, found = float(text), ""
    elif text.rstrip().endswith("s^-1"):  # quantiphy reads "k s^-1" wrongly: only a plain number stands before s^-1
        bare = text.rstrip()[: -len("s^-1")].strip()
        if not _is_number(bare):
            raise InputError(f"{name} is {text!r}; expected a plain number before s^-1, such as '1.275e7 s^-1'")
        number, found = float(bare), "s^-1"
    else:
        try:
            parsed = Quantity(text)
        except QuantiPhyError:
            raise InputError(f"{name} is {text!r}; expected {wanted}") from None
        number, found = float(parsed), _ALIASES.get(parsed.units, parsed.units)
    return _checked(number, name, wanted), found
