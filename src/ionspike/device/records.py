"""Measured pulse responses: time, gate voltage and channel conductance, read from the text files that instruments write.

A column is named with its unit in brackets, as in ``Time (ms)``, ``V_G (V)``, ``I_DS (A)``; a file without units needs them stated.
Every defect is reported with its row and column and what was expected there.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ionspike.errors import InputError
from ionspike.units import quantity

Array = NDArray[np.float64]

_NAMES = {
    "time": {"time", "t"},
    "gate": {"v_g", "vg", "v_gs", "vgs", "gate"},
    "drain": {"v_d", "vd", "v_ds", "vds"},
    "current": {"i_d", "id", "i_ds", "ids"},
    "conductance": {"g", "conductance"},
    "resistance": {"r", "resistance"},
}
_UNITS = {"time": "s", "gate": "V", "drain": "V", "current": "A", "conductance": "S", "resistance": "ohm"}
_HEADING = re.compile(r"^\s*(?P<name>[^()\[\]]+?)\s*(?:[(\[]\s*(?P<unit>[^)\]]*)\s*[)\]])?\s*$")
_MAX_BYTES = 500_000_000
_LEAST_SAMPLES = 10


@dataclass(frozen=True)
class PulseRecord:
    """One trace: ``time`` (s, ascending), ``gate`` (V) and ``conductance`` (S) at every sample.

    ``inferred_gate``: the gate was not recorded and stands for what the channel showed; ``source`` says where the trace is from.
    """

    time: Array
    gate: Array
    conductance: Array
    source: str
    inferred_gate: bool = False
    data: str = "measured"

    @property
    def swing(self) -> float:
        """The range of the conductance (S), its outermost thousandths left out."""
        low, high = np.quantile(self.conductance, [0.001, 0.999])
        return float(high - low)

    def with_gate(self, levels: tuple[float, float], on_edges: Array, off_edges: Array) -> PulseRecord:
        """The same record under a two-level gate: ``levels`` (V) off and on, edges (s)."""
        on = np.searchsorted(on_edges, self.time, "right") > np.searchsorted(off_edges, self.time, "right")
        return replace(self, gate=np.where(on, levels[1], levels[0]), inferred_gate=True)


def read_pulses(
    path: str | Path, units: Mapping[str, str] | None = None, drain: float | str | None = None
) -> PulseRecord:
    """Read a pulse response.

    Args:
        path: a text file of columns, separated by comma, semicolon, tab or spaces; one line of headings; a last line of notes may follow.
        units: units of columns whose headings have none, by heading.
        drain: drain voltage (V) where the file holds a current and neither a column nor a last line ``V_DS = ...`` gives it.

    Raises:
        InputError: no such file, no heading, a unit that is missing or does not fit, text or NaN among the numbers, time that does
            not ascend, too few rows; names file, row and column.
    """
    path = Path(path)
    lines = _lines(path)
    separator = next((s for s in ("\t", ";", ",") if s in lines[0]), None)
    headings = [h.strip() for h in lines[0].split(separator)]
    places = _places(headings, units or {}, path)
    table, notes = _table(lines[1:], separator, headings, places, path)
    columns = {kind: table[:, k] * scale for k, (kind, (_, scale)) in enumerate(places.items())}
    _check_time(columns["time"], path, headings[places["time"][0]])
    conductance = _conductance(columns, notes, drain, path)
    gate = columns.get("gate")
    if gate is not None:
        return PulseRecord(columns["time"], gate, conductance, str(path))
    return infer_gate(PulseRecord(columns["time"], np.zeros(len(table)), conductance, str(path)))


def infer_gate(record: PulseRecord, level: float = 1.0) -> PulseRecord:
    """The record under the two-level gate that its half-swing crossings tell; ``level`` (V) of the pulses is assumed.

    Raises:
        InputError: the conductance does not switch between two levels.
    """
    on, off = half_swing_crossings(record)
    if len(on) < 2 or len(off) < 2:
        raise InputError(f"{record.source} has no gate column, and its conductance shows no pulses to infer one from")
    return record.with_gate((0.0, level), on, off)


def half_swing_crossings(record: PulseRecord) -> tuple[Array, Array]:
    """Times (s) at which the conductance rises and falls through the middle of its swing."""
    low, high = np.quantile(record.conductance, [0.02, 0.98])
    above = record.conductance > 0.5 * (low + high)
    k = np.flatnonzero(above[1:] != above[:-1])
    share = (0.5 * (low + high) - record.conductance[k]) / (record.conductance[k + 1] - record.conductance[k])
    times = record.time[k] + share * (record.time[k + 1] - record.time[k])
    return times[~above[k]], times[above[k]]


def _lines(path: Path) -> list[str]:
    if not path.is_file():
        raise InputError(f"there is no file {path}; expected a text file of columns with a heading each")
    if path.stat().st_size > _MAX_BYTES:
        raise InputError(f"{path} has {path.stat().st_size} bytes; expected at most {_MAX_BYTES}")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read as text: {error}") from error
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        raise InputError(f"{path} is empty; expected a line of headings and rows of numbers")
    if len(lines) < _LEAST_SAMPLES + 1:
        raise InputError(f"{path} has {len(lines) - 1} rows of numbers; expected at least {_LEAST_SAMPLES}")
    return lines


def _places(headings: list[str], units: Mapping[str, str], path: Path) -> dict[str, tuple[int, float]]:
    """Column and factor to SI of every kind that the headings name."""
    found: dict[str, tuple[int, float]] = {}
    for k, heading in enumerate(headings):
        match = _HEADING.match(heading)
        name = match["name"].strip().lower() if match else heading.lower()
        kind = next((kind for kind, names in _NAMES.items() if name in names), None)
        if kind is None or kind in found:
            continue
        unit = (match["unit"] if match and match["unit"] is not None else None) or units.get(heading)
        if not unit:
            raise InputError(
                f"{path}: column {heading!r} has no unit; expected one such as '{heading} ({_UNITS[kind]})'"
            )
        try:
            found[kind] = (k, quantity(f"1 {unit}", _UNITS[kind], f"the unit of column {heading!r}"))
        except InputError as error:
            raise InputError(f"{path}: {error}") from error
    if "time" not in found:
        raise InputError(
            f"{path}: no column is the time; headings are {', '.join(headings)}; expected one such as 'Time (s)'"
        )
    if not {"current", "conductance", "resistance"} & set(found):
        raise InputError(
            f"{path}: no column is a current, conductance or resistance; headings are {', '.join(headings)}"
        )
    return found


def _table(
    rows: list[str], separator: str | None, headings: list[str], places: dict[str, tuple[int, float]], path: Path
) -> tuple[Array, str]:
    """The numbers of the wanted columns, and a last line that is none of them."""
    columns = [column for column, _ in places.values()]
    notes = ""
    if not _is_row(rows[-1], separator, columns):
        # a line of notes is fewer words than columns, or does not begin with a number; a row cut short begins with one
        words = rows[-1].split(separator)
        if _number(words[0]) is None or len(words) == 1:
            notes = rows.pop()
    table = np.empty((len(rows), len(columns)))
    for i, row in enumerate(rows):
        words = row.split(separator)
        for j, column in enumerate(columns):
            where = f"{path} row {i + 2}, column {headings[column]!r}"
            if column >= len(words):
                raise InputError(
                    f"{where}: the row ends after {len(words)} of {len(headings)} columns; expected a number"
                )
            value = _number(words[column])
            if value is None:
                raise InputError(f"{where} is {words[column].strip()[:40]!r}; expected a number")
            if not math.isfinite(value):
                raise InputError(f"{where} is {words[column].strip()}; expected a finite number")
            table[i, j] = value
    return table, notes


def _is_row(row: str, separator: str | None, columns: list[int]) -> bool:
    words = row.split(separator)
    return max(columns) < len(words) and all(_number(words[c]) is not None for c in columns)


def _number(word: str) -> float | None:
    try:
        return float(word)
    except ValueError:
        return None


def _check_time(time: Array, path: Path, heading: str) -> None:
    wrong = np.flatnonzero(np.diff(time) <= 0)
    if len(wrong):
        row = int(wrong[0]) + 3
        kind = "repeats" if time[wrong[0] + 1] == time[wrong[0]] else "goes back"
        raise InputError(f"{path} row {row}, column {heading!r}: time {kind}; expected it to ascend")


def _conductance(columns: Mapping[str, Array], notes: str, drain: float | str | None, path: Path) -> Array:
    if "conductance" in columns:
        return columns["conductance"]
    if "resistance" in columns:
        wrong = np.flatnonzero(columns["resistance"] <= 0)
        if len(wrong):
            raise InputError(
                f"{path} row {int(wrong[0]) + 2}: a resistance of {columns['resistance'][wrong[0]]:g} ohm; expected above 0"
            )
        return 1 / columns["resistance"]
    if "drain" in columns:
        return columns["current"] / columns["drain"]
    noted = re.search(r"V_?DS?\s*=\s*([-+0-9.eE]+)", notes, re.IGNORECASE)
    if drain is None and noted is None:
        raise InputError(
            f"{path} holds a current but no drain voltage; expected a column such as 'V_DS (V)', or drain="
        )
    voltage = quantity(drain, "V", "drain") if drain is not None else float(noted[1]) if noted else 0.0
    if voltage == 0:
        raise InputError(f"{path}: the drain voltage is 0 V; expected another, to read a conductance from a current")
    return columns["current"] / voltage
