"""One call for any measured file: what it holds is told from its headings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from ionspike.device.measured.catalogue import RecordEntry, RecordFile, known_file
from ionspike.device.measured.columns import Table, read_table
from ionspike.device.measured.geometry import DeviceGeometry, geometry_of, reads_as_geometry
from ionspike.device.measured.ramps import RampRecord, ramps_of, read_ramps
from ionspike.device.measured.records import PulseRecord, pulses_of
from ionspike.device.measured.sweeps import SweepRecord, sweep_of
from ionspike.device.measured.textfile import read_lines
from ionspike.errors import InputError

Measured = PulseRecord | RampRecord | SweepRecord | DeviceGeometry

_PULSES = ("a pulse response", pulses_of, {"units", "drain", "levels", "mixed_rates", "data"})
_RAMPS = ("ramps", ramps_of, {"unit", "read_voltage", "data"})
_SWEEP = ("a transfer or output curve", sweep_of, {"units", "held", "data"})


def read(path: str | Path, down: str | Path | None = None, **told: Any) -> Measured:
    """Read a measured file: a pulse response, ramps against pulse number, a transfer or output curve, or a device's geometry.

    Args:
        path: the file.
        down: with ramps up in ``path``, the file of the ramps down.
        told: what the file does not say, as the reader of its kind takes it (:func:`~ionspike.device.measured.records.read_pulses`,
            :func:`~ionspike.device.measured.ramps.read_ramps`, :func:`~ionspike.device.measured.sweeps.read_sweep`); ``columns`` for any of them. A copy
            of a public record (:func:`~ionspike.device.measured.catalogue.public_records`) is recognised by its content, and what is known of it
            need not be told.

    Raises:
        InputError: what is wrong with the file, by row and column; what is missing, by the argument that tells it.
    """
    path = Path(path)
    public = known_file(path)
    told = {**_known(public), **told}
    if down is not None:
        _check_told(path, "ramps", told, _RAMPS[2])
        return _cited(read_ramps(path, down, **told), public)
    columns = told.pop("columns", None)
    lines = read_lines(path)
    if columns is None and reads_as_geometry(lines):
        return geometry_of(lines, path)
    table = read_table(path, columns)
    name, reader, takes = _reader(table)
    _check_told(path, name, told, takes)
    return _cited(reader(table, **told), public)


def _reader(table: Table) -> tuple[str, Callable[..., Any], set[str]]:
    kinds = {heading.kind for heading in table.headings}
    if "time" in kinds:
        return _PULSES
    if "ramp" in kinds or "sign" in kinds or "pulse" in kinds:
        return _RAMPS
    return _SWEEP if kinds & {"gate", "drain"} else _PULSES


def _known(public: tuple[RecordEntry, RecordFile] | None) -> dict[str, Any]:
    if public is None:
        return {}
    entry, file = public
    return dict(file.told) if file.name.endswith(".cfg") else {"data": entry.data, **file.told}


def _cited(record: Any, public: tuple[RecordEntry, RecordFile] | None) -> Any:
    """The record with a note of the public one that it is."""
    if public is None:
        return record
    entry, file = public
    known = f": {file.why}" if file.why else ""
    note = f"public record {entry.name}, {entry.licence}, cite: {entry.citation}{known}"
    caveat = (entry.caveat,) if entry.caveat else ()
    return replace(record, notes=(*record.notes, note, *caveat))


def _check_told(path: Path, name: str, told: dict[str, Any], takes: set[str]) -> None:
    wrong = sorted(set(told) - takes)
    if wrong:
        raise InputError(
            f"{path} holds {name}, and its reader takes no {wrong[0]}=; expected {', '.join(sorted(takes))}"
        )
