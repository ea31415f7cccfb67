"""Conductance against pulse number: ramps of equal gate pulses, up and down, read after each pulse.

Two layouts are read: one column a ramp (a file of ramps up, one of ramps down, or both in one), and one column of reads beside a column
that gives the sign of each pulse.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ionspike import plotting
from ionspike.device.measured.columns import Table, numbers, read_table
from ionspike.errors import InputError
from ionspike.units import quantity, show

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

_UP = re.compile(r"(set|up|ltp|potentiation)[ _-]?\d*", re.IGNORECASE)
_DOWN = re.compile(r"(reset|down|ltd|depression)[ _-]?\d*", re.IGNORECASE)
_READ_VOLTAGE = re.compile(r"(read[ _]?voltage|v_?read)", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class RampRecord:
    """Ramps in the order in which they were run: ``ramps`` hold the conductance (S) read after each pulse, the first value before the
    first step of the ramp; ``directions`` are 1 for pulses up, -1 for pulses down; ``read_voltage`` (V) where currents were read."""

    ramps: tuple[Array, ...]
    directions: tuple[int, ...]
    source: str
    read_voltage: float | None = None
    data: str = "measured"
    notes: tuple[str, ...] = ()

    @property
    def reads(self) -> int:
        """Number of reads in all ramps."""
        return sum(len(ramp) for ramp in self.ramps)

    @property
    def range(self) -> tuple[float, float]:
        """Lowest and highest conductance (S)."""
        return min(float(r.min()) for r in self.ramps), max(float(r.max()) for r in self.ramps)

    def steps(self, direction: int) -> tuple[Array, Array]:
        """Conductance (S) before each pulse of a direction (1 or -1), and its change (S)."""
        chosen = [ramp for ramp, own in zip(self.ramps, self.directions, strict=True) if own == direction]
        if not chosen:
            return np.zeros(0), np.zeros(0)
        return np.concatenate([r[:-1] for r in chosen]), np.concatenate([np.diff(r) for r in chosen])

    def __repr__(self) -> str:
        low, high = self.range
        lines = [
            f"RampRecord: {self.directions.count(1)} ramps up, {self.directions.count(-1)} down, {self.reads:,} reads",
            f"  G from {show(low, 'S')} to {show(high, 'S')}",
        ]
        for name, direction in (("up", 1), ("down", -1)):
            change = self.steps(direction)[1]
            if len(change):
                lines.append(
                    f"  step {name}: {show(float(change.mean()), 'S', 3)} +- {show(float(change.std()), 'S', 3)}"
                )
        lines.append(f"  {self.data}, from {self.source}")
        return "\n".join(lines + [f"  {note}" for note in self.notes])

    def plot(self) -> Figure:
        """Every ramp against its pulse number, and the steps against the conductance before them."""
        with plotting.look():
            figure, (left, right) = plotting.figure(1, 2, height=3.0)
            for ramp, direction in zip(self.ramps, self.directions, strict=True):
                left.plot(
                    1e6 * ramp,
                    color=plotting.COLOURS[0 if direction > 0 else 1],
                    ls="-" if direction > 0 else "--",
                    lw=0.4,
                )
            left.set(xlabel="pulse of the ramp", ylabel="G (µS)", title=f"{len(self.ramps)} ramps ({self.data})")
            for name, direction in (("up", 1), ("down", -1)):
                before, change = self.steps(direction)
                marker, colour = (".", plotting.COLOURS[0]) if direction > 0 else ("x", plotting.COLOURS[1])
                right.plot(
                    1e6 * before,
                    1e6 * change,
                    marker,
                    ms=2,
                    ls="",
                    color=colour,
                    label=f"pulse {name}",
                    rasterized=True,
                )
            right.set(xlabel="G before the pulse (µS)", ylabel="change of G (µS)", title="steps")
            right.legend(markerscale=3)
        return figure

    def _repr_png_(self) -> bytes:
        return plotting.png(self.plot())


def read_ramps(
    path: str | Path,
    down: str | Path | None = None,
    unit: str | None = None,
    read_voltage: float | str | None = None,
    data: str = "measured",
) -> RampRecord:
    """Read ramps of conductance against pulse number.

    Args:
        path: a text file, one column a ramp, or a column of reads beside one of signs; with ``down``, the ramps up.
        down: the file of the ramps down, where they have one of their own; both become one record of alternating ramps, in the order
            in which each begins where the one before ended.
        unit: of the columns (A, S, ohm, with a prefix) where their headings have none.
        read_voltage: voltage (V) of the reads where the columns are currents and no line ``read voltage = ...`` gives it.
        data: measured, apparently measured or synthetic.

    Raises:
        InputError: no ramps, no unit, a current without its read voltage, text or a gap among the numbers; names file, row and column.
    """
    first = ramps_of(read_table(path), unit, read_voltage, data)
    if down is None:
        return first
    return _alternating(first, ramps_of(read_table(down), unit, read_voltage, data))


def ramps_of(
    table: Table, unit: str | None = None, read_voltage: float | str | None = None, data: str = "measured"
) -> RampRecord:
    """The ramps in a table that is already read; see :func:`read_ramps`."""
    columns = table.columns("ramp")
    signed = table.column("sign")
    if columns:
        factor, inverse, voltage = _to_siemens(table, columns[0], unit, read_voltage)
        found = numbers(table, columns, 2, gaps=True)
        ramps = [_without_gaps(table, found[:, j], column) for j, column in enumerate(columns)]
        directions = [_direction(table.headings[k].text, ramp) for k, ramp in zip(columns, ramps, strict=True)]
    elif signed is not None:
        read = next((k for kind in ("conductance", "current", "resistance") for k in table.columns(kind)), None)
        if read is None:
            raise InputError(
                f"{table.path}: no column of reads beside the signs; expected one such as 'G (S)' or 'I (A)'"
            )
        factor, inverse, voltage = _to_siemens(table, read, unit, read_voltage)
        found = numbers(table, [read, signed], 2)
        ramps, directions = _runs(table, found[:, 0], found[:, 1], signed)
    else:
        told = ", ".join(heading.text for heading in table.headings[:12])
        raise InputError(
            f"{table.path}: no ramps; headings are {told}; expected a column a ramp ('ramp1', 'ramp2'), or a column 'sign' beside 'G (S)'"
        )
    scaled = tuple(factor / ramp if inverse else factor * ramp for ramp in ramps)
    notes = () if voltage is None else (f"read voltage {voltage:g} V{' as told' if read_voltage is not None else ''}",)
    return RampRecord(scaled, tuple(directions), str(table.path), voltage, data, notes)


def _to_siemens(
    table: Table, column: int, unit: str | None, read_voltage: float | str | None
) -> tuple[float, bool, float | None]:
    """Factor to siemens, whether the column is a resistance, and the read voltage that was used."""
    heading = table.headings[column]
    given = heading.unit or unit
    if not given:
        raise InputError(
            f"{table.path}: column {heading.text!r} has no unit; expected one such as '{heading.text} (A)', "
            "or unit='A', 'S' or 'ohm'"
        )
    for wanted in ("S", "ohm", "A"):
        try:
            factor = quantity(f"1 {given}", wanted)
        except InputError:
            continue
        if wanted != "A":
            return (1 / factor if wanted == "ohm" else factor), wanted == "ohm", None
        voltage = _read_voltage(table, read_voltage)
        return factor / voltage, False, voltage
    raise InputError(f"{table.path}: the unit of column {heading.text!r} is {given!r}; expected A, S or ohm")


def _read_voltage(table: Table, told: float | str | None) -> float:
    if told is None:
        told = next((value for name, value in table.notes.items() if _READ_VOLTAGE.fullmatch(name)), None)
    if told is None:
        raise InputError(
            f"{table.path} holds currents but no read voltage; expected a line such as 'read voltage = 0.1 V', or read_voltage="
        )
    voltage = quantity(told, "V", "read_voltage")
    if voltage == 0:
        raise InputError(
            f"{table.path}: the read voltage is 0 V; expected another, to read a conductance from a current"
        )
    return voltage


def _without_gaps(table: Table, ramp: Array, column: int) -> Array:
    """A column up to its last number; cells may be empty below it only."""
    filled = np.flatnonzero(~np.isnan(ramp))
    if len(filled) < 2:
        raise InputError(
            f"{table.path}: column {table.headings[column].text!r} has {len(filled)} numbers; expected a ramp"
        )
    empty = np.flatnonzero(np.isnan(ramp[: filled[-1]]))
    if len(empty):
        raise InputError(
            f"{table.place(int(empty[0]), column)} is empty, and the ramp goes on below; expected a number"
        )
    return ramp[: filled[-1] + 1]


def _direction(heading: str, ramp: Array) -> int:
    """What the heading says, otherwise where the ramp goes."""
    if _UP.match(heading):
        return 1
    if _DOWN.match(heading):
        return -1
    return 1 if ramp[-1] > ramp[0] else -1


def _runs(table: Table, reads: Array, signs: Array, column: int) -> tuple[list[Array], list[int]]:
    """Runs of pulses of one sign; each begins with the read before its first pulse, which a sign of 0 marks at the very start."""
    wrong = np.flatnonzero(~np.isin(signs, (-1.0, 0.0, 1.0)))
    if len(wrong):
        raise InputError(
            f"{table.place(int(wrong[0]), column)} is {signs[wrong[0]]:g}; expected 1, -1, or 0 for no pulse"
        )
    starts = np.flatnonzero(np.diff(signs, prepend=np.nan) != 0)
    ramps, directions = [], []
    for begin, end in zip(starts, [*starts[1:], len(signs)], strict=True):
        if signs[begin] == 0:
            continue
        ramps.append(reads[max(begin - 1, 0) : end])
        directions.append(int(signs[begin]))
    if not ramps:
        raise InputError(f"{table.path}: no pulse has a sign; expected 1 for up and -1 for down")
    return ramps, directions


def _alternating(up: RampRecord, down: RampRecord) -> RampRecord:
    """Two files of ramps as one record, in the order that leaves the smaller jumps from ramp to ramp."""
    wrong = next((r for r, sign in ((up, 1), (down, -1)) if set(r.directions) != {sign}), None)
    if wrong is not None:
        raise InputError(
            f"{wrong.source}: ramps of both or of the other direction; expected ramps up first, then ramps down"
        )
    if abs(len(up.ramps) - len(down.ramps)) > 1:
        raise InputError(
            f"{up.source} has {len(up.ramps)} ramps, {down.source} {len(down.ramps)}; expected as many, or one more"
        )
    orders = [_interleaved(up.ramps, down.ramps, 1), _interleaved(down.ramps, up.ramps, -1)]
    best = min((order for order in orders if order is not None), key=_jumps)
    first = "up" if best[1][0] > 0 else "down"
    note = f"ramps alternate, the first goes {first}: the order in which each begins where the one before ended"
    source = f"{up.source} and {Path(down.source).name}"
    return RampRecord(best[0], best[1], source, up.read_voltage, up.data, (*up.notes, note))


_Order = tuple[tuple[Array, ...], tuple[int, ...]]


def _interleaved(first: tuple[Array, ...], second: tuple[Array, ...], sign: int) -> _Order | None:
    if len(first) not in (len(second), len(second) + 1):
        return None
    count = len(first) + len(second)
    ramps = tuple((first, second)[k % 2][k // 2] for k in range(count))
    return ramps, tuple(sign if k % 2 == 0 else -sign for k in range(count))


def _jumps(order: _Order) -> float:
    ramps = order[0]
    return float(np.mean([abs(b[0] - a[-1]) for a, b in pairwise(ramps)]))
