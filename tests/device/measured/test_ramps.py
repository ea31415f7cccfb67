"""Ramps: conductance against pulse number, one column a ramp or one column of reads with a sign."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ionspike.device.measured.ramps import read_ramps
from ionspike.errors import InputError


def _write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


UP = "rmp1,rmp2\n1,2\n2,3\n3,\n"
DOWN = "rmp1,rmp2,rmp3\n5,3,4\n2,2,3\n1,,2\n"


def test_two_files_become_alternating_ramps_in_the_order_that_fits(tmp_path: Path):
    # down 5 2 1, up 1 2 3, down 3 2, up 2 3, down 4 3 2: each begins where the one before ended
    up, down = _write(tmp_path / "set.csv", UP), _write(tmp_path / "reset.csv", DOWN)
    record = read_ramps(up, down, unit="uA", read_voltage="0.1 V")
    assert record.directions == (-1, 1, -1, 1, -1)
    assert [list(np.round(1e5 * r, 9)) for r in record.ramps] == [[5, 2, 1], [1, 2, 3], [3, 2], [2, 3], [4, 3, 2]]
    assert any("the first goes down" in note for note in record.notes) and "0.1 V as told" in repr(record)


def test_headings_that_name_the_direction_are_believed(tmp_path: Path):
    record = read_ramps(_write(tmp_path / "both.csv", "set1 (uS),reset1 (uS)\n2,2\n1,3\n"))
    assert record.directions == (1, -1)


def test_one_column_with_a_sign_is_parted_into_ramps(tmp_path: Path):
    text = "pulse\tG (uS)\tsign\n0\t1\t0\n1\t2\t1\n2\t3\t1\n3\t2\t-1\n4\t1.5\t-1\n5\t2\t1\n"
    record = read_ramps(_write(tmp_path / "signed.txt", text))
    assert record.directions == (1, -1, 1)
    assert [list(np.round(1e6 * r, 9)) for r in record.ramps] == [[1, 2, 3], [3, 2, 1.5], [1.5, 2]]
    assert np.round(1e6 * record.steps(1)[1], 9).tolist() == [1, 1, 0.5]


@settings(max_examples=25, deadline=None)
@given(
    ramps=st.lists(st.lists(st.integers(1, 999), min_size=2, max_size=12), min_size=1, max_size=6),
    separator=st.sampled_from(["\t", ";", ","]),
)
def test_ramps_of_any_lengths_read_back_the_same(tmp_path_factory, ramps, separator):
    path = tmp_path_factory.mktemp("ramps") / "ramps.csv"
    rows = [[str(r[k]) if k < len(r) else "" for r in ramps] for k in range(max(map(len, ramps)))]
    head = [f"ramp{k}_nS" if k % 2 else f"ramp{k} (nS)" for k in range(len(ramps))]
    # a single column has no separator; a row of it is never empty, as its ramp ends where the file does
    path.write_text("\n".join(separator.join(row) for row in [head, *rows]))
    record = read_ramps(path)
    assert [np.round(1e9 * r).astype(int).tolist() for r in record.ramps] == ramps


@pytest.mark.parametrize(
    ("text", "options", "told"),
    [
        (UP, {}, "column 'rmp1' has no unit; .*unit="),
        (UP, {"unit": "A"}, "no read voltage; .*read_voltage="),
        (UP, {"unit": "A", "read_voltage": 0}, "read voltage is 0 V"),
        (UP, {"unit": "V"}, "expected A, S or ohm"),
        ("rmp1,rmp2\n1,2\n,3\n3,4\n", {"unit": "S"}, "row 3, column 'rmp1' is empty"),
        ("rmp1,rmp2\n1,2\nx,3\n3,4\n", {"unit": "S"}, "row 3, column 'rmp1' is 'x'"),
        ("rmp1,rmp2\n1,2\n2,\n", {"unit": "S"}, "column 'rmp2' has 1 numbers"),
        ("pulse,G (S)\n1,2\n2,3\n", {}, "no ramps; .*'sign'"),
        ("pulse,G (S),sign\n1,2,1\n2,3,2\n", {}, "row 3, column 'sign' is 2; expected 1, -1"),
        ("pulse,G (S),sign\n1,2,0\n2,3,0\n", {}, "no pulse has a sign"),
    ],
)
def test_a_defect_is_named(tmp_path: Path, text: str, options: dict, told: str):
    with pytest.raises(InputError, match=told):
        read_ramps(_write(tmp_path / "ramps.csv", text), **options)


def test_files_in_the_wrong_order_or_of_other_numbers_of_ramps_are_refused(tmp_path: Path):
    up, down = _write(tmp_path / "set.csv", UP), _write(tmp_path / "reset.csv", DOWN)
    with pytest.raises(InputError, match="expected ramps up first"):
        read_ramps(down, up, unit="S")
    with pytest.raises(InputError, match=r"has 2 ramps, .*four.csv 4; expected as many"):
        read_ramps(up, _write(tmp_path / "four.csv", "rmp1,rmp2,rmp3,rmp4\n5,3,4,4\n2,2,3,3\n"), unit="S")


def test_the_measured_ramps_load_with_one_call(data: Path):
    folder = data / "cross-sim"
    record = read_ramps(folder / "set.csv", folder / "reset.csv", unit="A", read_voltage=0.1)
    assert record.directions.count(1) == 39 and record.directions.count(-1) == 40 and record.reads == 13_417
    jumps = [abs(b[0] - a[-1]) for a, b in zip(record.ramps[:-1], record.ramps[1:], strict=True)]
    assert np.mean(jumps) < 2e-6  # S, below a step: the order is the one that was run
    assert record._repr_png_().startswith(b"\x89PNG")
