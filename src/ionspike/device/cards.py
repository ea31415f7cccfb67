"""Device cards: an :class:`Ecram` as a TOML file, one parameter a line, each with where it comes from.

A parameter is ``NAME = { value = "10 ms", source = "assumed", why = "..." }``; see :mod:`ionspike.device.card_parser` for what an origin
says. Defaults may be left out. The same format as a JSON schema: ``device/cards/schema.json``.
"""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, replace
from importlib import resources
from pathlib import Path
from typing import Any

from ionspike import files
from ionspike.device.aging import Aging
from ionspike.device.card_parser import SCHEMA, parse_card, without_source
from ionspike.device.ecram import Ecram, Origin
from ionspike.device.spread import Spread
from ionspike.errors import InputError
from ionspike.units import quantity, show

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

    A value without a source, or assumed without a reason, is taken, with a warning that names it.

    Raises:
        InputError: no such card, not TOML, an unknown or missing key, a unit that does not fit, an origin that is incomplete; names
            file and key.
    """
    known = library()
    path = known.get(str(card), Path(card))
    if not path.is_file():
        raise InputError(f"there is no card {str(card)!r}: expected a TOML file or one of {', '.join(known)}")
    tree = files.read_toml(path, _MAX_BYTES, "a card")
    try:
        card_read = parse_card(tree)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    bare = without_source(card_read)
    if bare:
        told = ", ".join(bare[:6]) + (f" and {len(bare) - 6} more" if bare[6:] else "")
        warnings.warn(f"{path}: no reason is given for {told}: taken as assumed", stacklevel=2)
    return card_read


def dump_card(ecram: Ecram) -> str:
    """The card as TOML text. A value that is no longer the one its origin speaks of is marked ``derived``."""
    about = f"about = {_quoted(ecram.about)}\n" if ecram.about else ""
    blocks = [f'schema = {SCHEMA}\nname = "{ecram.name}"\n{about}', _block("[gate]", "gate", ecram.gate, ecram.origins)]
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
        origin = origins.get(f"{where}.{item.name}")
        if math.isinf(value) or (origin is None and _by_default(section, item)):
            continue
        lines.append(_line(item.name, value, item.metadata["unit"], origin))
    return "\n".join(lines) + "\n"


def _by_default(section: Any, item: Field[Any]) -> bool:
    """Whether the section is the same with this value left out."""
    return item.default is not MISSING and replace(section, **{item.name: item.default}) == section


def _line(name: str, value: float, unit: str, origin: Origin | None) -> str:
    written = _written(value, unit)
    if origin is None or not math.isclose(origin.value, value, rel_tol=1e-12, abs_tol=0.0):
        return f'{name} = {{ value = {written}, source = "derived" }}'
    parts = [f"value = {written}", f'source = "{origin.source}"']
    if origin.interval is not None:
        parts.append(f"interval = [{', '.join(_written(limit, unit) for limit in origin.interval)}]")
    parts += [f"{key} = {_quoted(text)}" for key, text in (("doi", origin.doi), ("why", origin.why)) if text]
    return f"{name} = {{ {', '.join(parts)} }}"


def _written(value: float, unit: str) -> str:
    return f'"{_exact(value, unit)}"' if unit else repr(float(value))


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
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
