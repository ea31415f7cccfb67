"""Device cards: an :class:`Ecram` as a TOML file, one parameter a line, each with where it comes from.

A parameter is ``NAME = { value = "10 ms", source = "assumed", why = "..." }`` or a bare value. Defaults may be left out.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, fields
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ionspike import files
from ionspike.device.aging import Aging
from ionspike.device.ecram import Ecram, Gate, Origin, Population, Temperature, Weight
from ionspike.device.spread import Spread
from ionspike.errors import InputError
from ionspike.units import quantity, show

SCHEMA = 1
SOURCES = ("assumed", "measured", "published", "fitted", "derived")
_PLAIN = {"gate": Gate, "weight": Weight, "temperature": Temperature, "aging": Aging}
_OPTIONAL = ("temperature", "aging")
_TOP = {"schema", "name", "about", *_PLAIN, "population", "spread"}
_MAX_BYTES = 1_000_000


def library() -> dict[str, Path]:
    """The cards that come with the package, by name."""
    folder = resources.files("ionspike.device") / "cards"
    return {
        Path(str(item)).stem: Path(str(item))
        for item in sorted(folder.iterdir(), key=str)
        if str(item).endswith(".toml")
    }


def load_card(card: str | Path) -> Ecram:
    """Read a card from a file or from the library by its name.

    Raises:
        InputError: no such card, not TOML, an unknown or missing key, a unit that does not fit; names file and key.
    """
    known = library()
    path = known.get(str(card), Path(card))
    if not path.is_file():
        raise InputError(f"there is no card {str(card)!r}: expected a TOML file or one of {', '.join(known)}")
    try:
        content = path.read_bytes()
        if len(content) > _MAX_BYTES:
            raise InputError(f"{path} has {len(content)} bytes; a card has at most {_MAX_BYTES}")
        tree = tomllib.loads(content.decode("utf-8"))
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not a TOML file: {error}") from error
    try:
        return parse_card(tree)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


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
        for name, kind in _PLAIN.items()
        if name in tree or name not in _OPTIONAL
    }
    if "spread" in tree:
        sections["spread"] = _spread(tree["spread"], origins)
    parsed = [_section(Population, table, f"population{k}", origins) for k, table in enumerate(populations, 1)]
    return Ecram(name=tree["name"], populations=tuple(parsed), origins=MappingProxyType(origins), **sections)


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
    rows = table.get("correlation", 0.0)
    entries = {**table.get("device", {}), **{k: v for k, v in table.items() if k not in ("device", "correlation")}}
    if not isinstance(rows, list):
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
    extra = sorted(set(entry) - {"value", "source", "why", "interval", "doi"})
    if extra or "value" not in entry:
        raise InputError(f"{where} has {extra[0] if extra else 'no value'!r}; expected {{ value, source, why }}")
    source = entry.get("source", "assumed")
    if source not in SOURCES:
        raise InputError(f"{where}.source is {source!r}; expected one of {', '.join(SOURCES)}")
    if unit is None:
        return entry["value"], None
    number = quantity(entry["value"], unit, where)
    return number, Origin(number, source, str(entry.get("why", entry.get("doi", ""))))


def _example(unit: str) -> str:
    return f'a value such as "1 {unit}"' if unit else "a plain number"


def dump_card(ecram: Ecram) -> str:
    """The card as TOML text. A value that is no longer the one its origin speaks of is marked ``derived``."""
    blocks = [f'schema = {SCHEMA}\nname = "{ecram.name}"\n', _block("[gate]", "gate", ecram.gate, ecram.origins)]
    for k, population in enumerate(ecram.populations, 1):
        blocks.append(_block("[[population]]", f"population{k}", population, ecram.origins))
    blocks.append(_block("[weight]", "weight", ecram.weight, ecram.origins))
    blocks.append(_block("[temperature]", "temperature", ecram.temperature, ecram.origins))
    if ecram.spread != Spread():
        blocks.append(_spread_block(ecram.spread, ecram.origins))
    if ecram.aging != Aging():
        blocks.append(_block("[aging]", "aging", ecram.aging, ecram.origins))
    return "\n".join(blocks)


def save_card(ecram: Ecram, path: str | Path) -> Path:
    """Write the card in one step; an existing file is replaced only by a complete one."""
    return files.write_text(path, dump_card(ecram))


def _block(head: str, where: str, section: Any, origins: Mapping[str, Origin]) -> str:
    lines = [head]
    for item in fields(section):
        value = getattr(section, item.name)
        if "unit" not in item.metadata:
            if value != item.default:
                lines.append(f'{item.name} = "{value}"')
            continue
        if value == item.default or math.isinf(value):
            continue
        lines.append(_line(item.name, value, item.metadata["unit"], origins.get(f"{where}.{item.name}")))
    return "\n".join(lines) + "\n"


def _line(name: str, value: float, unit: str, origin: Origin | None) -> str:
    same = origin is not None and math.isclose(origin.value, value, rel_tol=1e-12, abs_tol=0.0)
    source = origin.source if origin is not None and same else "derived"
    why = f", why = {_quoted(origin.why)}" if origin is not None and same and origin.why else ""
    written = f'"{_exact(value, unit)}"' if unit else repr(value)
    return f'{name} = {{ value = {written}, source = "{source}"{why} }}'


def _spread_block(spread: Spread, origins: Mapping[str, Origin]) -> str:
    lines = ["[spread]"]
    if isinstance(spread.correlation, tuple):
        lines.append(f"correlation = {[list(row) for row in spread.correlation]}")
    single = {"pulse": spread.pulse, "read": spread.read}
    if not isinstance(spread.correlation, tuple):
        single["correlation"] = float(spread.correlation)
    lines += [_line(name, value, "", origins.get(f"spread.{name}")) for name, value in single.items() if value]
    if spread.pairs:
        lines.append("[spread.device]")
        lines += [_line(f'"{name}"', sd, "", origins.get(f"spread.{name}")) for name, sd in spread.pairs]
    return "\n".join(lines) + "\n"


def _exact(value: float, unit: str) -> str:
    """A readable form where it gives the same float back, the full number otherwise."""
    short = show(value, unit, digits=6)
    try:
        if quantity(short, unit) == value:
            return short
    except InputError:
        pass
    return f"{value!r} {unit}"


def _quoted(text: str) -> str:
    import json

    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
