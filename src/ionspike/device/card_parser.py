"""A parsed TOML card to an :class:`Ecram`: every key, unit and origin checked, every defect named by its key.

An origin is ``source``: assumed (with ``why``), measured, published (with ``doi``, or ``why`` where there is none), fitted (with its 95 %
``interval`` as far as the fit gives one) or derived. ``why`` gives the reason or reference in words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import MISSING, fields
from types import MappingProxyType
from typing import Any

from ionspike.device.aging import Aging
from ionspike.device.ecram import Ecram
from ionspike.device.parameters import Gate, Origin, Population, Temperature, Weight
from ionspike.device.spread import Spread
from ionspike.errors import InputError
from ionspike.units import quantity

SCHEMA = 1
SOURCES = ("assumed", "measured", "published", "fitted", "derived")
SECTIONS = {"gate": Gate, "weight": Weight, "temperature": Temperature, "aging": Aging}
OPTIONAL = ("temperature", "aging")
KEYS = frozenset({"value", "source", "why", "interval", "doi"})
DOI = r"10\.[0-9]{4,9}/[!-~]+"
_TOP = {"schema", "name", "about", *SECTIONS, "population", "spread"}


def parse_card(tree: Mapping[str, Any]) -> Ecram:
    """Build the device from a parsed card; see :func:`load_card` for what it refuses."""
    unknown = sorted(set(tree) - _TOP)
    if unknown:
        raise InputError(f"unknown key {unknown[0]!r}; expected one of {', '.join(sorted(_TOP))}")
    if tree.get("schema") != SCHEMA:
        raise InputError(f"schema is {tree.get('schema')!r}; expected schema = {SCHEMA}")
    if not isinstance(tree.get("name"), str):
        raise InputError(f'name is {tree.get("name")!r}; expected a text such as name = "my-ecram"')
    populations = tree.get("population")
    if not isinstance(populations, list) or not populations:
        raise InputError("there is no [[population]]; expected one to four")
    origins: dict[str, Origin] = {}
    sections = {
        name: _section(kind, tree.get(name), name, origins)
        for name, kind in SECTIONS.items()
        if name in tree or name not in OPTIONAL
    }
    if "spread" in tree:
        sections["spread"] = _spread(tree["spread"], origins)
    parsed = [_section(Population, table, f"population{k}", origins) for k, table in enumerate(populations, 1)]
    return Ecram(
        name=tree["name"],
        populations=tuple(parsed),
        origins=MappingProxyType(origins),
        about=_text(tree, "about", "the card"),
        **sections,
    )


def without_source(ecram: Ecram) -> list[str]:
    """Parameters of a card that are assumed without a reason."""
    return [name for name, origin in ecram.origins.items() if origin.source == "assumed" and not origin.why]


def _section(kind: type, table: Any, where: str, origins: dict[str, Origin]) -> Any:
    if not isinstance(table, Mapping):
        raise InputError(f"there is no [{where}]; expected a table of parameters")
    known = {item.name: item for item in fields(kind)}
    unknown = sorted(set(table) - set(known))
    if unknown:
        raise InputError(f"unknown key {where}.{unknown[0]}; expected one of {', '.join(known)}")
    values: dict[str, Any] = {}
    for name, item in known.items():
        if name not in table:
            if item.default is MISSING:
                raise InputError(f"{where}.{name} is missing; expected {_example(item.metadata['unit'])}")
            continue
        entry = table[name] if isinstance(table[name], Mapping) else {"value": table[name]}
        values[name], origin = _entry(entry, f"{where}.{name}", item.metadata.get("unit"))
        if origin is not None:
            origins[f"{where}.{name}"] = origin
    return kind(**values)


def _spread(table: Any, origins: dict[str, Origin]) -> Spread:
    if not isinstance(table, Mapping) or not isinstance(table.get("device", {}), Mapping):
        raise InputError('[spread] is no table; expected such as device = { "population1.tau" = 0.1 }')
    # every relative deviation is an entry of its own, as the parameters are; a correlation matrix is bare rows of numbers
    rows = table.get("correlation")
    entries = {**table.get("device", {}), **{k: v for k, v in table.items() if k not in ("device", "correlation")}}
    if rows is not None and not isinstance(rows, list):
        entries["correlation"] = rows
    values: dict[str, Any] = {}
    for name, given in entries.items():
        entry = given if isinstance(given, Mapping) else {"value": given}
        values[name], origin = _entry(entry, f"spread.{name}", "")
        if origin is not None:
            origins[f"spread.{name}"] = origin
    own = {name: values.pop(name) for name in ("correlation", "pulse", "read") if name in values}
    unknown = sorted(set(values) - set(table.get("device", {})))
    if unknown:
        raise InputError(f"unknown key spread.{unknown[0]}; expected one of device, correlation, pulse, read")
    if isinstance(rows, list):
        own["correlation"] = rows
    return Spread(device=values, **own)


def _entry(entry: Mapping[str, Any], where: str, unit: str | None) -> tuple[Any, Origin | None]:
    """A value in SI and its origin."""
    extra = sorted(set(entry) - KEYS)
    if extra or "value" not in entry:
        raise InputError(f"{where} has {extra[0] if extra else 'no value'!r}; expected {{ value, source, why }}")
    if unit is None:
        return entry["value"], None
    number = quantity(entry["value"], unit, where)
    source = entry.get("source", "assumed")
    if source not in SOURCES:
        raise InputError(f"{where}.source is {source!r}; expected one of {', '.join(SOURCES)}")
    origin = Origin(
        number, source, _text(entry, "why", where), _doi(entry, where), _interval(entry, where, unit, number)
    )
    if source == "published" and not (origin.doi or origin.why):
        raise InputError(f'{where} is published, but not said where; expected doi = "10...", or why with the reference')
    return number, origin


def _text(entry: Mapping[str, Any], key: str, where: str) -> str:
    text = entry.get(key, "")
    if not isinstance(text, str):
        raise InputError(f"{key} of {where} is {text!r}; expected a text")
    return text


def _doi(entry: Mapping[str, Any], where: str) -> str:
    doi = _text(entry, "doi", where)
    if doi and not re.fullmatch(DOI, doi):
        raise InputError(f"{where}.doi is {doi!r}; expected one such as 10.1038/ncomms4158")
    return doi


def _interval(entry: Mapping[str, Any], where: str, unit: str, value: float) -> tuple[float, float] | None:
    given = entry.get("interval")
    if given is None:
        return None
    if not isinstance(given, list) or len(given) != 2:
        raise InputError(f"{where}.interval is {given!r}; expected [low, high]")
    low, high = (quantity(limit, unit, f"{where}.interval") for limit in given)
    if not low <= value <= high:
        raise InputError(
            f"{where}.interval goes from {low:g} to {high:g}; expected one that holds the value, {value:g}"
        )
    return low, high


def _example(unit: str) -> str:
    return f'a value such as "1 {unit}"' if unit else "a plain number"
