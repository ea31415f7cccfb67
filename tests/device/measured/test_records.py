"""Records: instruments' files are read with one call, and a defect is named with row and column."""

from __future__ import annotations

import time as clock
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ionspike.device.measured.records import PulseRecord, read_pulses
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
        (lambda rows: [*rows[:3], "3\t0\t", *rows[4:]], r"row 5, column 'G \(S\)' is ''; expected a number"),
        (lambda rows: [*rows[:3], "3\t0", *rows[4:]], "row 5, .*ends after 2 of 3"),
        (lambda rows: [*rows[:3], "", "x\t0\t1e-6", *rows[4:]], r"row 6, column 'Time \(ms\)' is 'x'"),
        (lambda rows: [*rows[:3], rows[2], *rows[4:]], "row 5, .*repeats"),
        (lambda rows: [*rows[:3], "1\t0\t1e-6", *rows[4:]], "row 5, .*goes back"),
        (lambda rows: [*rows[:-1], "29\t0"], "row 31, .*ends after 2"),
        (lambda rows: [*rows[:-1], "x\t0\t1e-6"], "row 31, .*'x'; expected a number"),
        (lambda rows: [*rows[:3], "3\t0\t1_000", *rows[4:]], "'1_000'; expected a number"),
        (lambda rows: [*rows[:3], "3\t0\t1e999", *rows[4:]], "row 5, .*expected a finite number"),
        (lambda rows: [*rows, "60\t0\t1e-6"], r"row 32, column 'Time \(ms\)': mixed rates: 31 ms .* 1 ms apart"),
        (lambda rows: [*rows, *(f"{29 + 2 * k}\t0\t1e-6" for k in range(1, 5))], "row 32, .*mixed rates: 2 ms"),
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
        ("Time\tV_G (V)\tG (S)", "'Time' has no unit; .*units="),
        ("Time (min)\tV_G (V)\tG (S)", "min"),
        ("Time (ms)\tV_G (A)\tG (S)", "V_G"),
        ("Time (ms)\tV_G (V)\tfoo", "no column is a current"),
        ("Time (ms)\tV_G (V)\tI_D (A)", "no drain voltage; .*drain="),
        ("foo\tV_G (V)\tI_D (A)", "no column is the time"),
        ("foo\tbar\tbaz", "no line of headings"),
    ],
)
def test_headings_without_or_with_wrong_units_are_refused(tmp_path: Path, head: str, told: str):
    with pytest.raises(InputError, match=told):
        read_pulses(_write(tmp_path, ROWS, head))


def test_a_zero_drain_voltage_and_a_resistance_below_zero_are_named_with_their_row(tmp_path: Path):
    rows = [f"{k},{0 if k == 7 else 0.1},{1e-6}" for k in range(20)]
    with pytest.raises(InputError, match=r"row 9, column 'V_D \(V\)': the drain voltage is 0 V"):
        read_pulses(_write(tmp_path, rows, "t (s),V_D (V),I_D (A)"))
    rows = [f"{k},{-5 if k == 7 else 5},0" for k in range(20)]
    with pytest.raises(InputError, match=r"row 9, column 'R \(ohm\)': a resistance of -5 ohm"):
        read_pulses(_write(tmp_path, rows, "t (s),R (ohm),V_G (V)"))


def test_an_empty_a_missing_a_binary_and_a_nameless_file_are_refused(tmp_path: Path):
    (tmp_path / "empty.csv").write_text(" \n\n")
    with pytest.raises(InputError, match="is empty"):
        read_pulses(tmp_path / "empty.csv")
    for path in (tmp_path / "none.csv", tmp_path, "a\0b", "/dev/zero"):
        with pytest.raises(InputError, match="there is no file"):
            read_pulses(path)
    (tmp_path / "image.csv").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0")
    with pytest.raises(InputError, match="binary file"):
        read_pulses(tmp_path / "image.csv")


@pytest.mark.parametrize(
    "line", ["a(" * 400_000, ",".join(["Time (s)"] * 20_000), " " * 900_000 + "x", "x" * 2_000_000]
)
def test_a_hostile_line_is_refused_at_once(tmp_path: Path, line: str):
    (tmp_path / "hostile.csv").write_text(f"{line}\n1,2,3\n")
    start = clock.perf_counter()
    with pytest.raises(InputError, match="hostile"):
        read_pulses(tmp_path / "hostile.csv")
    assert clock.perf_counter() - start < 5  # half a second here; a regular expression that backtracks takes minutes


def test_a_gate_that_was_not_recorded_is_inferred_and_said_so(tmp_path: Path):
    rows = [f"{k};{1e-4 if (k // 10) % 2 else 1e-6}" for k in range(60)]
    record = read_pulses(_write(tmp_path, rows, "t (s);G (S)"))
    assert record.inferred_gate and set(np.unique(record.gate)) == {0.0, 1.0}
    assert "inferred from the edges" in repr(record) and any("not recorded" in note for note in record.notes)
    told = read_pulses(_write(tmp_path, rows, "t (s);G (S)"), levels=("0 V", "-800 mV"))
    assert set(np.unique(told.gate)) == {0.0, -0.8}


def test_mixed_rates_are_accepted_where_asked_for_and_said_so(tmp_path: Path):
    rows = [f"{t},{g},0" for t, g in [*((k, 1) for k in range(20)), *((20 + 10 * k, 2) for k in range(10))]]
    path = _write(tmp_path, rows, "t (s),G (uS),V_G (V)")
    with pytest.raises(InputError, match=r"row 23, .*mixed rates"):
        read_pulses(path)
    record = read_pulses(path, mixed_rates=True)
    assert record.mixed_rates and "mixed rates" in repr(record)


def test_a_stray_last_line_is_left_out_and_said_so(tmp_path: Path):
    record = read_pulses(_write(tmp_path, [*ROWS, "30"]))
    assert len(record.time) == 30 and any("left out" in note for note in record.notes)


def test_current_gate_current_and_drain_voltage_are_kept(tmp_path: Path):
    rows = [f"{k},0,{-2 * k},{0.5 * k},-0.5" for k in range(12)]
    record = read_pulses(_write(tmp_path, rows, "time (s),Vg (V),Ids (uA),Ig (nA),Vds (V)"))
    assert record.conductance[10] == pytest.approx(40e-6) and record.gate_current is not None
    assert record.gate_current[10] == pytest.approx(5e-9) and np.all(record.drain == -0.5)


def test_a_column_with_a_name_of_its_own_is_taken_where_it_is_told(tmp_path: Path):
    path = _write(tmp_path, ROWS, "Time (ms)\tCh2 (V)\tG (S)")
    with pytest.raises(InputError, match="no gate column"):
        read_pulses(path)
    record = read_pulses(path, columns={"gate": "Ch2 (V)"})
    assert not record.inferred_gate and record.gate.min() == -0.8
    with pytest.raises(InputError, match="no column 'Ch3'"):
        read_pulses(path, columns={"gate": "Ch3"})
    with pytest.raises(InputError, match="no column 'Zeit'"):
        read_pulses(path, units={"Zeit": "s"})


# one instrument's way to write the same three columns: (headings, row of units or none)
HEADINGS = {
    "brackets": (["Time (ms)", "V_G (V)", "I_D (uA)"], None),
    "square": (["time [ms]", "Vgs [V]", "Id [µA]"], None),
    "slash": (["t/ms", "V_G/V", "I_DS/uA"], None),
    "underscore": (["time_ms", "V_G_V", "I_D_uA"], None),
    "row": (["Time", "VG", "ID"], ["ms", "V", "uA"]),
    "words": (["Elapsed time (ms)", "Gate voltage (V)", "Drain current (μA)"], None),
}
finite = st.floats(-1e3, 1e3, allow_nan=False).map(lambda v: float(f"{v:.9g}"))


@settings(max_examples=60, deadline=None)
@given(
    data=st.lists(st.tuples(finite, finite), min_size=10, max_size=40),
    style=st.sampled_from(sorted(HEADINGS)),
    separator=st.sampled_from(["\t", ";", ",", " ", "   "]),
    decimal_comma=st.booleans(),
    newline=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
    preamble=st.booleans(),
    footer=st.booleans(),
    form=st.sampled_from(["{!r}", "{:.17E}", "{:+.17g}"]),
)
def test_a_record_written_in_any_dialect_reads_back_the_same(
    tmp_path_factory, data, style, separator, decimal_comma, newline, encoding, preamble, footer, form
):
    heading, units = HEADINGS[style]
    if separator == " " and style == "words":
        separator = "   "  # names of two words cannot stand between single blanks
    if encoding == "cp1252":
        heading = [word.replace("μ", "µ") for word in heading]
    comma = decimal_comma and separator != ","
    cells = [[form.format(float(k)), *(form.format(v) for v in pair)] for k, pair in enumerate(data)]
    lines = [separator.join(word.replace(".", ",") if comma else word for word in row) for row in cells]
    head = [separator.join(heading)] + ([separator.join(units)] if units else [])
    before = (
        ["Keithley export", "Operator: someone", "# V_DS = -0,5 V" if comma else "# V_DS = -0.5 V"] if preamble else []
    )
    after = ["", "V_DS =\t-0,5" if comma else "V_DS =\t-0.5", "Number of averages = 5"] if footer else []
    path = tmp_path_factory.mktemp("dialect") / "record.csv"
    path.write_bytes(newline.join([*before, *head, *lines, *after]).encode(encoding))

    record = read_pulses(path, drain=None if preamble or footer else -0.5)

    assert np.array_equal(record.time, 1e-3 * np.arange(len(data)))
    assert np.array_equal(record.gate, [gate for gate, _ in data])
    assert np.array_equal(record.conductance, np.array([current for _, current in data]) * 1e-6 / -0.5)


def test_levels_of_a_noisy_recorded_gate_are_two():
    time = np.arange(100.0)
    gate = np.where((time // 10) % 2, -0.8, 0.0) + np.random.default_rng(1).normal(0, 1e-3, 100)
    record = PulseRecord(time, gate, gate**2, "made here", data="synthetic")
    assert record.levels == pytest.approx([-0.8, 0.0], abs=2e-3)


def test_a_record_draws_itself(tmp_path: Path):
    record = read_pulses(_write(tmp_path, ROWS))
    assert record._repr_png_().startswith(b"\x89PNG")
    assert "30 samples" in repr(record) and "-800 mV, 0 V" in repr(record)


def test_thirty_thousand_rows_are_read_in_less_than_half_a_second(tmp_path: Path):
    rows = [f"{k}\t0\t{1e-6 * (1 + k % 7)}" for k in range(30_000)]
    path = _write(tmp_path, rows)
    times = []
    for _ in range(3):
        start = clock.perf_counter()
        read_pulses(path)
        times.append(clock.perf_counter() - start)
    assert min(times) < 0.5  # 0.06 s on a free core


def test_measured_records_load_with_one_call(data: Path):
    fast = read_pulses(data / "autotau-oect" / "transient.csv", units={"Time": "s", "Id": "A"}, drain=-1.0)
    slow = read_pulses(data / "oect_processing" / "03_400um_-0.8V_cycles.txt")
    assert fast.inferred_gate and len(fast.time) == 32_610
    assert not slow.inferred_gate and len(slow.time) == 1719
    assert slow.swing == pytest.approx(698.9e-6 / 0.6, rel=0.02)  # peak current over the drain voltage in the last line
    assert slow.gate_current is not None and slow.drain == -0.6
