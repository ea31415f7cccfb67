"""Records: instruments' files are read with one call, and a defect is named with row and column."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ionspike.device.records import read_pulses
from ionspike.errors import InputError

ROWS = [f"{k}\t{-0.8 if 10 <= k < 20 else 0}\t{1e-4 if 10 <= k < 20 else 1e-6}" for k in range(30)]
HEAD = "Time (ms)\tV_G (V)\tG (S)"


def _write(tmp_path: Path, rows: list[str], head: str = HEAD) -> Path:
    path = tmp_path / "record.txt"
    path.write_text("\n".join([head, *rows]))
    return path


def test_units_of_the_headings_are_read(tmp_path: Path):
    record = read_pulses(_write(tmp_path, ROWS))
    assert record.time[1] == pytest.approx(1e-3)
    assert record.gate.min() == -0.8 and not record.inferred_gate
    assert record.swing == pytest.approx(1e-4, rel=0.05)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda rows: [*rows[:3], "x\t0\t1e-6", *rows[4:]], r"row 5, column 'Time \(ms\)' is 'x'"),
        (lambda rows: [*rows[:3], "3\t0\tnan", *rows[4:]], r"row 5, column 'G \(S\)' is nan"),
        (lambda rows: [*rows[:3], "3\t0", *rows[4:]], "row 5, .*ends after 2 of 3"),
        (lambda rows: [*rows[:3], rows[2], *rows[4:]], "row 5, .*repeats"),
        (lambda rows: [*rows[:3], "1\t0\t1e-6", *rows[4:]], "row 5, .*goes back"),
        (lambda rows: [*rows[:-1], "29\t0"], "row 31, .*ends after 2"),
        (lambda rows: rows[:5], "5 rows"),
        (lambda rows: [], "0 rows"),
    ],
)
def test_a_defect_is_named_with_row_and_column(tmp_path: Path, change, told: str):
    with pytest.raises(InputError, match=told):
        read_pulses(_write(tmp_path, change(list(ROWS))))


@pytest.mark.parametrize(
    ("head", "told"),
    [
        ("Time\tV_G (V)\tG (S)", "'Time' has no unit"),
        ("Time (min)\tV_G (V)\tG (S)", "min"),
        ("Time (ms)\tV_G (A)\tG (S)", "V_G"),
        ("Time (ms)\tV_G (V)\tfoo", "no column is a current"),
        ("Time (ms)\tV_G (V)\tI_D (A)", "no drain voltage"),
    ],
)
def test_headings_without_or_with_wrong_units_are_refused(tmp_path: Path, head: str, told: str):
    with pytest.raises(InputError, match=told):
        read_pulses(_write(tmp_path, ROWS, head))


def test_an_empty_or_missing_file_is_named(tmp_path: Path):
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(InputError, match="is empty"):
        read_pulses(tmp_path / "empty.csv")
    with pytest.raises(InputError, match="there is no file"):
        read_pulses(tmp_path / "none.csv")


def test_a_gate_that_was_not_recorded_is_inferred_and_said_so(tmp_path: Path):
    rows = [f"{k};{1e-4 if (k // 10) % 2 else 1e-6}" for k in range(60)]
    record = read_pulses(_write(tmp_path, rows, "t (s);G (S)"))
    assert record.inferred_gate and set(np.unique(record.gate)) == {0.0, 1.0}


def test_measured_records_load_with_one_call(data: Path):
    fast = read_pulses(data / "autotau-oect" / "transient.csv", units={"Time": "s", "Id": "A"}, drain=-1.0)
    slow = read_pulses(data / "oect_processing" / "03_400um_-0.8V_cycles.txt")
    assert fast.inferred_gate and len(fast.time) == 32_610
    assert not slow.inferred_gate and len(slow.time) == 1719
    assert slow.swing == pytest.approx(698.9e-6 / 0.6, rel=0.02)  # peak current over the drain voltage in the last line
