"""The card format as a JSON schema (draft 2020-12), made from the sections that a card is parsed into.

The schema checks the form of a card: keys, units, ranges of plain numbers, what an origin must say. What couples two values (``G_max``
at least ``G_min``, an interval that holds its value) and the range of a value with a unit only the parser checks.
"""

from __future__ import annotations

import json
from dataclasses import MISSING, fields
from importlib import resources
from typing import Any, get_args, get_type_hints

from ionspike.device.card_parser import DOI, KEYS, OPTIONAL, SCHEMA, SECTIONS, SOURCES
from ionspike.device.ecram import MAX_POPULATIONS
from ionspike.device.parameters import Population

_NUMBER = r"([0-9]+\.?[0-9]*|\.[0-9]+)"
_PREFIX = "[yzafpnuµμmckKMGTPEZY]?"  # those of SI that a unit takes here


def card_schema() -> dict[str, Any]:
    """The schema of a card."""
    entries: dict[str, Any] = {}
    properties: dict[str, Any] = {
        "schema": {"const": SCHEMA},
        "name": {"type": "string", "pattern": "^[a-z][a-z0-9-]{0,39}$"},
        "about": {"type": "string"},
        **{name: _section(kind, entries) for name, kind in SECTIONS.items()},
        "population": {
            "type": "array",
            "minItems": 1,
            "maxItems": MAX_POPULATIONS,
            "items": _section(Population, entries),
        },
        "spread": _spread(entries),
    }
    required = ["schema", "name", "population", *(name for name in SECTIONS if name not in OPTIONAL)]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "ionspike device card",
        **_table(properties, required),
        "$defs": {**_origin(), **entries},
    }


def schema_text() -> str:
    """The schema as it stands in ``device/cards/schema.json``."""
    return json.dumps(card_schema(), indent=1, ensure_ascii=False) + "\n"


def shipped_schema() -> dict[str, Any]:
    """The schema that comes with the package."""
    return json.loads((resources.files("ionspike.device") / "cards" / "schema.json").read_text("utf-8"))


def _table(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "required": required, "properties": properties}


def _section(kind: type, entries: dict[str, Any]) -> dict[str, Any]:
    hints = get_type_hints(kind)
    properties = {}
    for item in fields(kind):
        if item.name == "polarity":
            properties[item.name] = _entry(entries, "polarity", {"enum": [1, -1]})
        elif "unit" in item.metadata:
            properties[item.name] = _quantity(entries, **item.metadata)
        else:
            choices = {"enum": list(get_args(hints[item.name]))}
            properties[item.name] = {"anyOf": [choices, _table({"value": choices}, ["value"])]}
    return _table(properties, [item.name for item in fields(kind) if item.default is MISSING])


def _origin() -> dict[str, Any]:
    """What every entry says beside its value; a published one has its DOI, or its reference in words."""
    text = {"type": "string"}
    published = {"properties": {"source": {"const": "published"}}, "required": ["source"]}
    named = [{"required": [key], "properties": {key: {"minLength": 1}}} for key in ("doi", "why")]
    properties = {"source": {"enum": list(SOURCES)}, "why": text, "doi": {"type": "string", "pattern": f"^({DOI})?$"}}
    return {"origin": {"properties": properties, "if": published, "then": {"anyOf": named}}}


def _entry(entries: dict[str, Any], name: str, value: dict[str, Any]) -> dict[str, str]:
    """A bare value, or a table of a value and its origin; kept in ``entries``, where the sections refer to it."""
    keys = dict.fromkeys(sorted(KEYS - {"value", "interval"}), True)
    interval = {"type": "array", "minItems": 2, "maxItems": 2, "items": value}
    table = {**_table({"value": value, "interval": interval, **keys}, ["value"]), "allOf": [{"$ref": "#/$defs/origin"}]}
    entries[name] = {"anyOf": [value, table]}
    return {"$ref": f"#/$defs/{name}"}


def _quantity(
    entries: dict[str, Any], unit: str, low: float | None, high: float | None, infinite: bool
) -> dict[str, str]:
    limits = [] if low is None else [f"from {low:g}"]
    limits += [] if high is None else [f"to {high:g}"]
    name = " ".join([unit or "number", *limits, *(["or inf"] if infinite else [])]).replace(" ", "-")
    return _entry(entries, name, _value(unit, low, high, infinite))


def _value(unit: str, low: float | None, high: float | None, infinite: bool) -> dict[str, Any]:
    """A number in SI within its range, or a string with its unit."""
    number: dict[str, Any] = {"type": "number"}
    if low is not None:
        number["minimum"] = low
    if high is not None:
        number["maximum"] = high
    sign = "[+]?" if low is not None and low >= 0 else "[+-]?"
    plain = rf"{sign}{_NUMBER}([eE][+-]?[0-9]+)?"
    if not unit:
        pattern = plain
    elif unit == "s^-1":
        pattern = rf"{plain}( *s\^-1)?"
    else:
        spelled = "(ohm|Ohm|ohms|Ohms|Ω)" if unit == "ohm" else unit
        pattern = f"{plain}( *{spelled})?|{sign}{_NUMBER} *{_PREFIX}{spelled}"
        pattern += f"|inf( *{spelled})?" if infinite else ""
    return {"anyOf": [number, {"type": "string", "pattern": f"^ *({pattern}) *$"}]}


def _spread(entries: dict[str, Any]) -> dict[str, Any]:
    deviation = _quantity(entries, "", 0.0, None, False)
    rows = {"type": "array", "items": {"type": "array", "items": {"type": "number", "minimum": -1, "maximum": 1}}}
    properties = {
        "device": {"type": "object", "additionalProperties": deviation},
        "pulse": deviation,
        "read": deviation,
        "correlation": {"anyOf": [_quantity(entries, "", -1.0, 1.0, False), rows]},
    }
    return _table(properties, [])
