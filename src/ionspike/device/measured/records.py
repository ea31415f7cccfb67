"""Measured pulse responses: time, gate voltage and channel conductance, read from the text files that instruments write.

A column is named with its unit, as in ``Time (ms)``, ``V_G [V]``, ``I_DS/uA``; a file without units needs them stated. Every defect is
reported with its row and column and what was expected there; what was told or assumed about the file is kept in the record's ``notes``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ionspike import plotting
from ionspike.device.measured.columns import Table, numbers, read_table
from ionspike.device.measured.headings import UNITS, kind_of, scale
from ionspike.errors import InputError
from ionspike.units import quantity, show

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

_LEAST_SAMPLES = 10
_FAR, _SOMEWHAT, _OFTEN = (
    3.0,
    1.5,
    0.02,
)  # factors between sampling intervals, and the share of them that makes another rate
_CHANNEL = ("conductance", "resistance", "current")


@dataclass(frozen=True, eq=False)
class PulseRecord:
    """One trace: ``time`` (s, ascending), ``gate`` (V) and ``conductance`` (S) at every sample.

    ``inferred_gate``: the gate was not recorded and stands for what the channel showed; ``source`` says where the trace is from,
    ``data`` whether it is measured, apparently measured or synthetic. ``gate_current`` (A) and ``drain`` (V, one number where it was
    held) as far as they are known; ``notes``: what was told, assumed or left out when the file was read.
    """

    time: Array
    gate: Array
    conductance: Array
    source: str
    inferred_gate: bool = False
    data: str = "measured"
    gate_current: Array | None = None
    drain: Array | float | None = None
    notes: tuple[str, ...] = ()

    @property
    def swing(self) -> float:
        """The range of the conductance (S), its outermost thousandths left out."""
        low, high = np.quantile(self.conductance, [0.001, 0.999])
        return float(high - low)

    @property
    def duration(self) -> float:
        """From the first sample to the last (s)."""
        return float(self.time[-1] - self.time[0])

    @property
    def levels(self) -> Array:
        """The levels (V) between which the gate steps, ascending; readings within a fiftieth of its range are one level."""
        values = np.unique(self.gate)
        apart = np.flatnonzero(np.diff(values) > 0.02 * np.ptp(values))
        return np.array([group.mean() for group in np.split(values, apart + 1)])

    @property
    def mixed_rates(self) -> bool:
        """Whether the sampling interval changes: by a factor above three anywhere, or above 1.5 at more than 2 % of the samples."""
        return len(_off_rate(self.time)) > 0

    def with_gate(self, levels: tuple[float, float], on_edges: Array, off_edges: Array) -> PulseRecord:
        """The same record under a two-level gate: ``levels`` (V) off and on, edges (s)."""
        on = np.searchsorted(on_edges, self.time, "right") > np.searchsorted(off_edges, self.time, "right")
        return replace(self, gate=np.where(on, levels[1], levels[0]), inferred_gate=True)

    def __repr__(self) -> str:
        levels = self.levels
        told = ", ".join(show(float(v), "V", 3) for v in levels[:6]) + (
            f" and {len(levels) - 6} more" if levels[6:].size else ""
        )
        interval = show(float(np.median(np.diff(self.time))), "s", 3)
        lines = [
            f"PulseRecord: {len(self.time):,} samples over {show(self.duration, 's')}, "
            + (f"mixed rates, mostly every {interval}" if self.mixed_rates else f"one every {interval}"),
            f"  gate {'inferred from the edges' if self.inferred_gate else 'recorded'}: {told}",
            f"  G from {show(float(self.conductance.min()), 'S', 3)} to {show(float(self.conductance.max()), 'S', 3)}"
            + ("" if self.gate_current is None else "; gate current recorded"),
            f"  {self.data}, from {self.source}",
        ]
        return "\n".join(lines + [f"  {note}" for note in self.notes])

    def plot(self) -> Figure:
        """Conductance and gate against time: the whole trace, and its second and third pulse."""
        edges = self.time[1:][np.diff(np.abs(self.gate) > 0.5 * np.abs(self.levels).max(), prepend=False)[1:]]
        closer = slice(*np.searchsorted(self.time, edges[[2, 6]])) if len(edges) > 10 else slice(None)
        with plotting.look():
            figure, axes = plotting.figure(2, 2, height=3.6, sharex="col", sharey="row", height_ratios=[3, 1])
            for column, part in enumerate((slice(None), closer)):
                axes[0, column].plot(self.time[part], 1e6 * self.conductance[part], lw=0.9)
                axes[1, column].step(self.time[part], self.gate[part], where="post", lw=0.9, color=plotting.COLOURS[1])
                axes[1, column].set_xlabel("time (s)")
            axes[0, 0].set(ylabel="G (µS)", title=f"{Path(self.source).name} ({self.data})")
            axes[0, 1].set_title("closer")
            axes[1, 0].set_ylabel("inferred\nV_G (V)" if self.inferred_gate else "V_G (V)")
        return figure

    def _repr_png_(self) -> bytes:
        return plotting.png(self.plot())


def read_pulses(
    path: str | Path,
    units: Mapping[str, str] | None = None,
    drain: float | str | None = None,
    levels: tuple[float | str, float | str] = (0.0, 1.0),
    columns: Mapping[str, str] | None = None,
    mixed_rates: bool = False,
    data: str = "measured",
) -> PulseRecord:
    """Read a pulse response.

    Args:
        path: a text file of columns, separated by comma, semicolon, tab or spaces, with a line of headings; lines of comments or
            notes may stand above them and below the rows, and a row of units between.
        units: units of columns whose headings have none, by heading.
        drain: drain voltage (V) where the file holds a current and neither a column nor a line ``V_DS = ...`` gives it.
        levels: gate voltages (V) off and on that are taken where the gate was not recorded and is inferred.
        columns: headings with names of their own, by kind (time, gate, drain, current, gate_current, conductance, resistance).
        mixed_rates: accept a sampling interval that changes; the record then says so.
        data: measured, apparently measured or synthetic.

    Raises:
        InputError: no such file, not a text file, no heading, a unit that is missing or does not fit, text or NaN among the numbers,
            time that does not ascend, mixed rates, too few rows; names file, row and column.
    """
    return pulses_of(read_table(path, columns), units, drain, levels, mixed_rates, data)


def pulses_of(
    table: Table,
    units: Mapping[str, str] | None = None,
    drain: float | str | None = None,
    levels: tuple[float | str, float | str] = (0.0, 1.0),
    mixed_rates: bool = False,
    data: str = "measured",
) -> PulseRecord:
    """The pulse response in a table that is already read; see :func:`read_pulses`."""
    low, high = (quantity(level, "V", "a gate level") for level in levels)
    found = si_columns(table, _wanted(table), units or {}, _LEAST_SAMPLES)
    _check_time(table, found["time"], mixed_rates)
    conductance, voltage, notes = conductance_of(table, found, drain)
    record = PulseRecord(
        time=found["time"],
        gate=found.get("gate", np.zeros(len(conductance))),
        conductance=conductance,
        source=str(table.path),
        data=data,
        gate_current=found.get("gate_current"),
        drain=voltage,
        notes=(*notes, *(f"left out, as no row: {line[:60]!r}" for line in table.left_out)),
    )
    if "gate" in found:
        return record
    return infer_gate(record, high, low)


def infer_gate(record: PulseRecord, level: float = 1.0, rest: float = 0.0) -> PulseRecord:
    """The record under the two-level gate that its half-swing crossings tell; ``level`` and ``rest`` (V) are assumed.

    Raises:
        InputError: the conductance does not switch between two levels.
    """
    on, off = half_swing_crossings(record)
    if len(on) < 2 or len(off) < 2:
        raise InputError(f"{record.source} has no gate column, and its conductance shows no pulses to infer one from")
    note = (
        f"the gate was not recorded: {len(on)} rising edges at half swing, levels of {rest:g} and {level:g} V assumed"
    )
    return replace(record.with_gate((rest, level), on, off), notes=(*record.notes, note))


def half_swing_crossings(record: PulseRecord) -> tuple[Array, Array]:
    """Times (s) at which the conductance rises and falls through the middle of its swing."""
    low, high = np.quantile(record.conductance, [0.02, 0.98])
    above = record.conductance > 0.5 * (low + high)
    k = np.flatnonzero(above[1:] != above[:-1])
    share = (0.5 * (low + high) - record.conductance[k]) / (record.conductance[k + 1] - record.conductance[k])
    times = record.time[k] + share * (record.time[k + 1] - record.time[k])
    return times[~above[k]], times[above[k]]


def si_columns(table: Table, places: Mapping[str, int], units: Mapping[str, str], least: int) -> dict[str, Array]:
    """Columns of a table in SI, by kind.

    Raises:
        InputError: a unit that is missing, does not fit or is given for no column; a defect among the numbers.
    """
    known = {heading.text for heading in table.headings}
    for name in units:
        if name not in known:
            raise InputError(f"{table.path} has no column {name!r} to take units for; headings are {', '.join(known)}")
    factors = {
        kind: scale(table.headings[k], units, str(table.path)) if kind in UNITS else 1.0 for kind, k in places.items()
    }
    found = numbers(table, list(places.values()), least)
    return {kind: found[:, j] * factors[kind] for j, kind in enumerate(places)}


def conductance_of(
    table: Table, found: Mapping[str, Array], drain: float | str | None
) -> tuple[Array, Array | float | None, tuple[str, ...]]:
    """Conductance (S) of a table's columns, the drain voltage (V) as far as it is known, and what the reader should know of it.

    Raises:
        InputError: a resistance that is not positive, a current without a drain voltage or with one of 0 V.
    """
    column = found.get("drain")
    voltage, note = (column, ()) if column is not None else _drain(table, drain)
    if "conductance" in found:
        return found["conductance"], voltage, note
    if "resistance" in found:
        wrong = np.flatnonzero(found["resistance"] <= 0)
        if len(wrong):
            where = table.place(int(wrong[0]), _place(table, "resistance"))
            raise InputError(f"{where}: a resistance of {found['resistance'][wrong[0]]:g} ohm; expected above 0")
        return 1 / found["resistance"], voltage, note
    if voltage is None:
        raise InputError(
            f"{table.path} holds a current but no drain voltage; expected a column such as 'V_DS (V)', "
            "a line such as 'V_DS = -0.6', or drain="
        )
    wrong = np.flatnonzero(np.asarray(voltage) == 0)
    if len(wrong):
        where = str(table.path) if column is None else table.place(int(wrong[0]), _place(table, "drain"))
        raise InputError(f"{where}: the drain voltage is 0 V; expected another, to read a conductance from a current")
    return found["current"] / voltage, voltage, note


def _drain(table: Table, drain: float | str | None) -> tuple[float | None, tuple[str, ...]]:
    """The held drain voltage and how it is known: told, or from a line of the file."""
    if drain is not None:
        told = quantity(drain, "V", "drain")
        return told, (f"drain voltage {told:g} V as told",)
    for name, value in table.notes.items():
        if kind_of(name) == "drain":
            # instruments that write V_DS = -0.6 mean volts
            number = quantity(float(value) if _plain(value) else value, "V", f"{table.path}: {name}")
            return number, (f"drain voltage {number:g} V from the line {name!r} of the file",)
    return None, ()


def _plain(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _wanted(table: Table) -> dict[str, int]:
    """The columns of a pulse response, by kind; of a channel's conductance, resistance and current the first that is there."""
    told = ", ".join(heading.text for heading in table.headings[:12])
    places = {kind: k for kind in ("time", "gate", "drain", "gate_current") if (k := table.column(kind)) is not None}
    if "time" not in places:
        raise InputError(f"{table.path}: no column is the time; headings are {told}; expected one such as 'Time (s)'")
    channel = next((kind for kind in _CHANNEL if table.column(kind) is not None), None)
    if channel is None:
        raise InputError(
            f"{table.path}: no column is a current, conductance or resistance; headings are {told}; "
            "expected one such as 'I_D (A)', 'G (S)' or 'R (ohm)'"
        )
    return {**places, channel: _place(table, channel)}


def _place(table: Table, kind: str) -> int:
    place = table.column(kind)
    assert place is not None
    return place


def _check_time(table: Table, time: Array, mixed_rates: bool) -> None:
    column = _place(table, "time")
    wrong = np.flatnonzero(np.diff(time) <= 0)
    if len(wrong):
        row = int(wrong[0]) + 1
        kind = "repeats" if time[row] == time[row - 1] else "goes back"
        raise InputError(f"{table.place(row, column)}: time {kind}; expected it to ascend")
    off = _off_rate(time)
    if len(off) and not mixed_rates:
        row = int(off[0]) + 1
        raise InputError(
            f"{table.place(row, column)}: mixed rates: {show(float(time[row] - time[row - 1]), 's', 3)} after the row above, where "
            f"the others are mostly {show(float(np.median(np.diff(time))), 's', 3)} apart; expected one rate, or mixed_rates=True"
        )


def _off_rate(time: Array) -> NDArray[np.intp]:
    """Intervals of another rate: far from the common one, or many of them somewhat off it; a sample late or lost is neither."""
    interval = np.diff(time)
    common = np.partition(interval, (len(interval) - 1) // 2)[(len(interval) - 1) // 2]
    ratio = np.maximum(interval / common, common / interval)
    off = np.flatnonzero(ratio > _SOMEWHAT)
    return off if len(off) > max(2, _OFTEN * len(interval)) else np.flatnonzero(ratio > _FAR)
