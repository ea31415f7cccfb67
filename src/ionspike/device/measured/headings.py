"""What a column is, from its heading: ``Time (ms)``, ``V_G [V]``, ``I_D/uA``, ``R_kohm`` or ``Gate voltage``.

A heading is a name and a unit. The names that are known stand in one table; a unit may stand in brackets, after a slash, a comma, an
underscore or a space, or in a row of units below the headings.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from ionspike.errors import InputError
from ionspike.units import quantity

_NAMES = {
    "time": {"time", "t", "timestamp", "elapsed", "elapsedtime", "timestamps"},
    "gate": {"vg", "vgs", "gate", "vgate", "gatevoltage", "gatebias", "gatesourcevoltage"},
    "drain": {"vd", "vds", "drain", "vdrain", "drainvoltage", "drainbias", "drainsourcevoltage"},
    "current": {"id", "ids", "idrain", "draincurrent", "channelcurrent", "i", "current"},
    "gate_current": {"ig", "igs", "igate", "gatecurrent"},
    "conductance": {"g", "gds", "gd", "conductance", "channelconductance"},
    "resistance": {"r", "rds", "rd", "resistance", "channelresistance"},
    "pulse": {"pulse", "pulses", "pulsenumber", "pulseno", "pulseindex", "n"},
    "sign": {"sign", "direction", "polarity"},
}
UNITS = {
    "time": "s",
    "gate": "V",
    "drain": "V",
    "current": "A",
    "gate_current": "A",
    "conductance": "S",
    "resistance": "ohm",
}
_KINDS = {name: kind for kind, names in _NAMES.items() for name in names}
_RAMP = re.compile(r"(rmp|ramp|set|reset|up|down|ltp|ltd|potentiation|depression)[ _-]?\d*", re.IGNORECASE)
_BRACKETS = re.compile(r"([^()\[\]]{1,60}?)\s*[(\[]([^()\[\]]{0,20})[)\]]")
_DIVIDED = re.compile(r"(.{1,60}?)\s*[/,]\s*([^/,]{1,20})|(.{1,60})[_ ]([^_ ]{1,20})")
_LONGEST = 80  # characters of a heading

# spellings of units that instruments use, to the package's own
_SPELLINGS = {
    "sec": "s",
    "secs": "s",
    "second": "s",
    "seconds": "s",
    "msec": "ms",
    "usec": "us",
    "volt": "V",
    "volts": "V",
}
_SPELLINGS |= {"amp": "A", "amps": "A", "ampere": "A", "amperes": "A", "siemens": "S", "mho": "S"}


@dataclass(frozen=True)
class Heading:
    """A heading as ``text`` in the file, what ``kind`` of column it names (None: not one that is known) and its ``unit``, if any."""

    text: str
    kind: str | None
    unit: str | None


@lru_cache(4096)
def parse_heading(text: str) -> Heading:
    """Take a heading apart; see the module for the forms."""
    text = text.strip().strip("\"'").strip()
    if not text or len(text) > _LONGEST:
        return Heading(text[:_LONGEST], None, None)
    in_brackets = _BRACKETS.fullmatch(text)
    if in_brackets:
        return _named(text, in_brackets[1], in_brackets[2].strip() or None)
    if _kind(text) is not None:  # before an underscore is taken to part name and unit: V_G is no voltage in gauss
        return _named(text, text, None)
    divided = _DIVIDED.fullmatch(text)
    if divided:
        name, unit = (divided[1], divided[2]) if divided[1] else (divided[3], divided[4])
        if _kind(name) is not None and _reads_as_unit(unit):
            return _named(text, name, unit)
    return Heading(text, None, None)


def with_units_of(headings: tuple[Heading, ...], words: list[str]) -> tuple[Heading, ...] | None:
    """The headings with the units of a row below them, or None where that row does not hold units."""
    units = [word.strip().strip("()[]").strip() for word in words]
    known = [unit for unit in units if unit]
    if not known or len(units) > len(headings) or not all(_reads_as_unit(unit) for unit in known):
        return None
    padded = units + [""] * (len(headings) - len(units))
    return tuple(replace(h, unit=h.unit or unit or None) for h, unit in zip(headings, padded, strict=True))


def scale(heading: Heading, units: Mapping[str, str], where: str) -> float:
    """The factor from the column's unit to SI; ``units`` names units by heading where the file has none.

    Raises:
        InputError: no unit, or one that does not fit the kind of column.
    """
    wanted = UNITS[heading.kind or ""]
    unit = heading.unit or units.get(heading.text)
    if not unit:
        raise InputError(
            f"{where}: column {heading.text!r} has no unit; expected one such as '{heading.text} ({wanted})', "
            f"or units={{{heading.text!r}: {wanted!r}}}"
        )
    try:
        return quantity(f"1 {_spelled(unit)}", wanted, f"the unit of column {heading.text!r}")
    except InputError as error:
        raise InputError(f"{where}: {error}") from error


def kind_of(name: str) -> str | None:
    """The kind of column that ``name`` stands for, such as ``"drain"`` for ``V_DS``."""
    return parse_heading(name).kind


def _named(text: str, name: str, unit: str | None) -> Heading:
    kind = _kind(name)
    if name.strip() == "T" and (unit is None or not unit.endswith("s")):
        kind = None  # a temperature
    return Heading(text, kind, unit)


def _kind(name: str) -> str | None:
    plain = _KINDS.get(re.sub(r"[\s_\-${}]", "", name).lower())
    return plain or ("ramp" if _RAMP.fullmatch(name.strip()) else None)


def _spelled(unit: str) -> str:
    unit = unit.strip().replace("µ", "u").replace("μ", "u").replace("Ω", "ohm").replace("Ω", "ohm")
    return _SPELLINGS.get(unit.lower(), unit)


def _reads_as_unit(unit: str) -> bool:
    for wanted in set(UNITS.values()):
        try:
            quantity(f"1 {_spelled(unit)}", wanted)
        except InputError:
            continue
        return bool(unit.strip()) and not unit.strip()[0].isdigit()
    return False
