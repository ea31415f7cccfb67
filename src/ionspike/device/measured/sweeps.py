"""Transfer and output curves: channel current against gate or drain voltage, with what the file says of the device."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ionspike import plotting
from ionspike.device.measured.columns import Table, read_table
from ionspike.device.measured.headings import kind_of
from ionspike.device.measured.records import si_columns
from ionspike.errors import InputError
from ionspike.units import quantity, show

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

_LEAST_ROWS = 3
_SIZE = re.compile(r"(width|length)\s*[/(]\s*([munpµ]?m)\)?", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class SweepRecord:
    """A static curve: ``voltage`` (V) of the electrode that was ``swept`` ("gate": a transfer curve, "drain": an output curve) and
    ``current`` (A) through the channel; ``held`` (V) is the other electrode's voltage, ``width`` and ``length`` (m) the channel's,
    each None where the file does not say."""

    voltage: Array
    current: Array
    swept: str
    held: float | None
    source: str
    gate_current: Array | None = None
    width: float | None = None
    length: float | None = None
    data: str = "measured"
    notes: tuple[str, ...] = ()

    @property
    def branches(self) -> list[slice]:
        """Stretches in which the voltage goes one way: there and back."""
        way = np.sign(np.diff(self.voltage))
        for k in range(1, len(way)):  # a voltage that is held goes the way it went
            way[k] = way[k] or way[k - 1]
        turns = [0, *(np.flatnonzero(way[1:] * way[:-1] < 0) + 1), len(self.voltage) - 1]
        return [slice(int(a), int(b) + 1) for a, b in pairwise(turns)]

    @property
    def _name(self) -> str:
        return "transfer curve" if self.swept == "gate" else "output curve"

    def __repr__(self) -> str:
        other = "V_DS" if self.swept == "gate" else "V_G"
        held = "not given" if self.held is None else show(self.held, "V")
        size = "".join(
            f", {name} {show(value, 'm')}"
            for name, value in (("W", self.width), ("L", self.length))
            if value is not None
        )
        lines = [
            f"SweepRecord: {self._name} of {len(self.voltage)} points in {len(self.branches)} branches, {other} {held}{size}",
            f"  from {show(float(self.voltage.min()), 'V', 3)} to {show(float(self.voltage.max()), 'V', 3)}, "
            f"|I_D| up to {show(float(np.abs(self.current).max()), 'A', 3)}",
            f"  {self.data}, from {self.source}",
        ]
        return "\n".join(lines + [f"  {note}" for note in self.notes])

    def plot(self) -> Figure:
        """Current against voltage, a line a branch; a transfer curve on a logarithmic axis."""
        with plotting.look():
            figure, axes = plotting.figure(1, 1, width=4.6, height=3.0)
            for k, branch in enumerate(self.branches):
                current = np.abs(self.current[branch]) if self.swept == "gate" else self.current[branch]
                axes.plot(
                    self.voltage[branch], 1e6 * current, marker=plotting.MARKERS[k % 6], ms=3, label=f"branch {k + 1}"
                )
            axes.set(xlabel="V_G (V)" if self.swept == "gate" else "V_DS (V)", title=f"{self._name} ({self.data})")
            axes.set_ylabel("|I_D| (µA)" if self.swept == "gate" else "I_D (µA)")
            if self.swept == "gate":
                axes.set_yscale("log")
            axes.legend()
        return figure

    def _repr_png_(self) -> bytes:
        return plotting.png(self.plot())


def read_sweep(
    path: str | Path,
    units: Mapping[str, str] | None = None,
    held: float | str | None = None,
    columns: Mapping[str, str] | None = None,
    data: str = "measured",
) -> SweepRecord:
    """Read a transfer or an output curve.

    Args:
        path: a text file of columns: V_G or V_DS, and I_D.
        units: units of columns whose headings have none, by heading.
        held: voltage (V) of the electrode that was not swept, where no line of the file gives it.
        columns: headings with names of their own, by kind (gate, drain, current, gate_current).
        data: measured, apparently measured or synthetic.

    Raises:
        InputError: as :func:`ionspike.device.measured.records.read_pulses`.
    """
    return sweep_of(read_table(path, columns), units, held, data)


def sweep_of(
    table: Table, units: Mapping[str, str] | None = None, held: float | str | None = None, data: str = "measured"
) -> SweepRecord:
    """The curve in a table that is already read; see :func:`read_sweep`."""
    kinds = ("gate", "drain", "current", "gate_current")
    places = {kind: k for kind in kinds if (k := table.column(kind)) is not None}
    if "current" not in places or not {"gate", "drain"} & set(places):
        told = ", ".join(heading.text for heading in table.headings[:12])
        raise InputError(
            f"{table.path}: no curve; headings are {told}; expected 'V_G (V)' or 'V_DS (V)', and 'I_D (A)'"
        )
    found = si_columns(table, places, units or {}, _LEAST_ROWS)
    # where both voltages stand in columns, the one that moves at more of the rows was swept
    moves = {kind: np.count_nonzero(np.diff(found[kind])) for kind in ("gate", "drain") if kind in found}
    swept = max(moves, key=lambda kind: moves[kind])
    other = "drain" if swept == "gate" else "gate"
    voltage, notes = _held(table, found, other, held)
    sizes = {match[1].lower(): quantity(f"{value} {match[2]}", "m") for match, value in _sizes(table)}
    return SweepRecord(
        voltage=found[swept],
        current=found["current"],
        swept=swept,
        held=voltage,
        source=str(table.path),
        gate_current=found.get("gate_current"),
        width=sizes.get("width"),
        length=sizes.get("length"),
        data=data,
        notes=notes,
    )


def _held(
    table: Table, found: Mapping[str, Array], other: str, told: float | str | None
) -> tuple[float | None, tuple[str, ...]]:
    if other in found:
        values = np.unique(found[other])
        if len(values) > 1:
            raise InputError(f"{table.path}: both V_G and V_DS change; expected a file a curve, or held=")
        return float(values[0]), ()
    if told is not None:
        voltage = quantity(told, "V", "held")
        return voltage, (f"{other} held at {voltage:g} V as told",)
    for name, value in table.notes.items():
        if kind_of(name) == other:
            bare = value.replace(".", "", 1).lstrip("+-").isdigit()
            # instruments that write V_G = -0.5 mean volts
            voltage = quantity(float(value) if bare else value, "V", f"{table.path}: {name}")
            return voltage, (f"{other} held at {voltage:g} V from the line {name!r} of the file",)
    return None, ()


def _sizes(table: Table) -> list[tuple[re.Match[str], str]]:
    pairs = [(_SIZE.fullmatch(name), value) for name, value in table.notes.items()]
    return [(match, value) for match, value in pairs if match is not None]
