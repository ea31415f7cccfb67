"""What a measurement's configuration file says of the device: channel width, length and thickness, and the biases of its sweeps.

The files are sections of ``Name (unit) : value`` lines, as in ``Width (um) : 400``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from ionspike.device.measured.textfile import read_lines
from ionspike.errors import InputError
from ionspike.units import quantity, show

_SECTION = re.compile(r"\[([^\[\]]{1,60})\]")
_LINE = re.compile(
    r"([^\W\d][^():=\[\]]{0,60}?)\s{0,9}(?:[(\[]([^()\[\]]{1,12})[)\]])?\s{0,9}(\d{0,3})\s{0,9}[:=]\s{0,9}(\S.{0,100})"
)
_KINDS = ("m", "s", "V", "A")


@dataclass(frozen=True)
class DeviceGeometry:
    """``width``, ``length`` and ``thickness`` (m; None where the file does not say), and ``settings``: every other number of the file
    in SI, by ``section.name``."""

    width: float
    length: float
    thickness: float | None
    source: str
    settings: dict[str, float] = field(default_factory=dict)

    def __repr__(self) -> str:
        thick = "" if self.thickness is None else f", thickness {show(self.thickness, 'm')}"
        lines = [f"DeviceGeometry: width {show(self.width, 'm')}, length {show(self.length, 'm')}{thick}"]
        lines += [f"  {name}: {value:g}" for name, value in self.settings.items()]
        return "\n".join([*lines, f"  from {self.source}"])


def reads_as_geometry(lines: list[str]) -> bool:
    """Whether the first line is the head of a section, as in ``[Dimensions]``."""
    first = next((line.strip() for line in lines if line.strip()), "")
    return bool(_SECTION.fullmatch(first))


def read_geometry(path: str | Path) -> DeviceGeometry:
    """Read a configuration file.

    Raises:
        InputError: no such file, no width or length, a number without its unit or with another, text where a number belongs; names
            file and row.
    """
    return geometry_of(read_lines(path), Path(path))


def geometry_of(lines: list[str], path: Path) -> DeviceGeometry:
    """The geometry in lines that are already read; see :func:`read_geometry`."""
    settings: dict[str, float] = {}
    section = ""
    for row, line in enumerate(lines, 1):
        text = line.strip()
        head = _SECTION.fullmatch(text)
        if head:
            section = head[1].strip().lower()
        elif text:
            match = _LINE.fullmatch(text)
            if match is None:
                raise InputError(f"{path} row {row} is {text[:60]!r}; expected a line such as 'Width (um) : 400'")
            name = " ".join(f"{match[1]} {match[3]}".lower().split())
            settings[f"{section}.{name}"] = _number(match[4].strip(), match[2], f"{path} row {row}, {match[1]!r}")
    sizes = {name: settings.pop(f"dimensions.{name}", None) for name in ("width", "length", "thickness")}
    width, length = sizes["width"], sizes["length"]
    if width is None or length is None:
        missing = "width" if width is None else "length"
        raise InputError(
            f"{path} has no {missing} under [Dimensions]; expected a line such as '{missing.title()} (um) : 400'"
        )
    return DeviceGeometry(width, length, sizes["thickness"], str(path), settings)


def _number(text: str, unit: str | None, where: str) -> float:
    if any(where.lower().endswith(f"'{size}'") for size in ("width", "length", "thickness")) and unit is None:
        raise InputError(f"{where} has no unit; expected one such as 'um' in brackets")
    if unit is None:
        return quantity(text, "", where)
    for kind in _KINDS:
        try:
            factor = quantity(f"1 {unit.replace('µ', 'u')}", kind)
        except InputError:
            continue
        return factor * quantity(text, "", where)
    raise InputError(f"{where} is in {unit!r}; expected a unit of length, time, voltage or current")
