"""Held-out errors on the measured records, each law beside the others:
``python -m benchmarks.measured_records [--data DIR] [--json FILE] [--only fast slow ramps summary] [--starts N]``.

fast      163 cycles at 1 kHz sampling: every other cycle fitted, edges from a clock fitted to those, the others predicted
slow      ten cycles: 1 to 7 fitted, 8 to 10 predicted
ramps     79 ramps: every other pair fitted, the others predicted, each from its measured first value
summary   the printed numbers of Zhu et al., Nat. Commun. 5, 3158 (2014), 10.1038/ncomms4158 (digitised)
"""

from __future__ import annotations

import argparse
import json
import math
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from ionspike.device.fitting import Fit, RampShape, Shape, Target, fit, fit_ramps, fit_summary
from ionspike.device.fitting.simpler_laws import simpler_laws
from ionspike.device.fitting.summary import response
from ionspike.device.measured.ramps import read_ramps
from ionspike.device.measured.records import PulseRecord, half_swing_crossings, read_pulses

AROUND_ON, AROUND_OFF = (-2e-3, 30e-3), (-3e-3, 10e-3)  # s about an edge
FITTED_CYCLES = 7
FAST_LAWS = (
    Shape(cooperative=False),
    Shape(),
    Shape(insertion=True),
    Shape(insertion=True, held=False, recovering=True),
    Shape(2, insertion=True, held=False, recovering=True),
)
SLOW_LAWS = (
    Shape(cooperative=False),
    Shape(cooperative=False, aging=True),
    Shape(cooperative=False, insertion=True, aging=True),
    Shape(2, cooperative=False, aging=True),
    Shape(2, cooperative=False, insertion=True, aging=True),
)
RAMP_LAWS = (RampShape(False), RampShape(), RampShape(True, (1,)), RampShape(True, (-1,)), RampShape(True, (1, -1)))


@dataclass(frozen=True)
class Row:
    """One law on one record; errors in % of the swing (ramps: of the range)."""

    record: str
    law: str
    parameters: int
    fitted: float
    held_out: float
    part: float | None
    worst: float
    agreeing: str
    seconds: float
    note: str = ""


def fast_record(data: Path) -> PulseRecord:
    """The 1 kHz record; its drain voltage is not known and only shares of its swing are used."""
    return read_pulses(data / "autotau-oect/transient.csv", units={"Time": "s", "Id": "A"}, drain=-1.0)


def slow_record(data: Path) -> PulseRecord:
    """The ten slow cycles."""
    return read_pulses(data / "oect_processing/03_400um_-0.8V_cycles.txt")


def alternate(record: PulseRecord) -> tuple[np.ndarray, np.ndarray]:
    """Every other cycle, and samples near an edge: windows of the score, by the record's own crossings."""
    on, off = half_swing_crossings(record)
    period = float(np.median(np.diff(on)))
    cycle = np.floor((record.time - on[0]) / period + 0.25).astype(int)
    near = np.zeros(len(record.time), bool)
    for edges, (before, after) in ((on, AROUND_ON), (off, AROUND_OFF)):
        nearest = edges[np.clip(np.round((record.time - edges[0]) / period).astype(int), 0, len(edges) - 1)]
        near |= (record.time > nearest + before) & (record.time < nearest + after)
    return cycle % 2 == 1, near


def later_cycles(record: PulseRecord) -> np.ndarray:
    """Samples from the rise of cycle 8 on."""
    on = record.gate != record.gate[0]
    rises = record.time[1:][np.diff(on.astype(int)) > 0]
    return record.time >= rises[FITTED_CYCLES]


def scored(record: PulseRecord, model: np.ndarray, mask: np.ndarray) -> tuple[float, float]:
    """rms and largest error over ``mask``, % of the swing."""
    error = 100 * (model - record.conductance)[mask] / record.swing
    return float(np.sqrt(np.mean(error**2))), float(np.abs(error).max())


def row(name: str, made: Fit, held: np.ndarray, near: np.ndarray | None, seconds: float, note: str = "") -> Row:
    """One fit."""
    rms, worst = scored(made.record, made.model, held)
    part = None if near is None else scored(made.record, made.model, held & near)[0]
    agreeing = f"{made.agreeing}/{made.starts}"
    return Row(
        name, str(made.shape), len(made.problem.names), 100 * made.error, rms, part, worst, agreeing, seconds, note
    )


def simple_rows(name: str, made: Fit, held: np.ndarray, near: np.ndarray | None) -> list[Row]:
    """The simpler laws, with the edges of ``made``."""
    rows = []
    begin = time.process_time()
    for law in simpler_laws(made):
        rms, worst = scored(made.record, law.model, held)
        part = None if near is None else scored(made.record, law.model, held & near)[0]
        spent = time.process_time() - begin
        rows.append(Row(name, law.name, law.parameters, 100 * law.error, rms, part, worst, "", spent))
        begin = time.process_time()
    return rows


def pulses(name: str, record: PulseRecord, laws, held, near, starts: int, clock: bool, choose: bool) -> list[Row]:
    """Every law on a record, the simpler ones, and the one that forward prediction chooses."""
    rows: list[Row] = []
    made = None
    for shape in laws:
        begin = time.process_time()
        made = fit(record, shape=shape, fitted=~held, starts=starts, clock=clock)
        rows.append(row(name, made, held, near, time.process_time() - begin))
        show(rows[-1])
    assert made is not None
    for simple in simple_rows(name, made, held, near):
        rows.append(simple)
        show(simple)
    if choose:
        begin = time.process_time()
        made = fit(record, fitted=~held, starts=starts, clock=clock)
        rows.append(row(name, made, held, near, time.process_time() - begin, made.why))
        show(rows[-1])
    return rows


def ramps(data: Path, starts: int) -> list[Row]:
    """Every ramp law, and the one that forward prediction chooses."""
    record = read_ramps(data / "cross-sim/set.csv", data / "cross-sim/reset.csv", unit="A", read_voltage=0.1)
    held = (np.arange(len(record.ramps)) // 2) % 2 == 1
    rows = []
    for shape in (*RAMP_LAWS, None):
        begin = time.process_time()
        made = fit_ramps(record, shape=shape, fitted=~held, starts=starts)
        low, high = record.range
        worst = max(float(np.abs(m - r).max()) for m, r, h in zip(made.model, record.ramps, held, strict=True) if h) / (
            high - low
        )
        sides = f"up {100 * made.residual(held, 1):.2f}, down {100 * made.residual(held, -1):.2f}"
        note = f"{sides}; {made.why}" if shape is None else sides
        agreeing, spent = f"{made.agreeing}/{made.starts}", time.process_time() - begin
        error, ahead = 100 * made.error, 100 * made.residual(held)
        count = len(made.shape.names)
        rows.append(Row("ramps", str(made.shape), count, error, ahead, None, 100 * worst, agreeing, spent, note))
        show(rows[-1])
    return rows


def summary(starts: int) -> list[dict]:
    """Zhu 2014: one cooperative population, then sums of exponentials; the width ratio, then with it as a target."""
    targets = (
        Target("paired", 1.8, time=0.03),
        Target("gain", 1.0, number=10, rate=1.0),
        Target("gain", 6.6, number=10, rate=50.0),
        Target("tail", math.exp(-1), time=0.025),
        Target("tail", 0.0, time=0.5),
    )
    wide = Target("width", 2.2, time=2.0)
    out = []
    for label, own, populations, cooperative in (
        ("one population, c and s", targets, 1, True),
        ("one exponential", targets, 1, False),
        ("sum of two exponentials", targets, 2, False),
        ("sum of three exponentials", targets, 3, False),
        ("one population, c and s, width ratio too", (*targets, wide), 1, True),
    ):
        made = fit_summary(own, width=0.01, populations=populations, cooperative=cooperative, starts=starts)
        first = made.device.populations[0]
        values = {str(t): r for t, r in zip(own, made.reached, strict=True)}
        values[str(wide)] = response(made.device, wide, 0.01)
        out.append(
            {"law": label, "reached": values, "met": made.met, "c": first.c, "s": first.s, "tau": first.tau,
             "agreeing": f"{made.agreeing}/{made.starts}"}
        )  # fmt: skip
        told = ", ".join(f"{key} {value:.3g}" for key, value in values.items())
        print(
            f"summary  {label}: {told}; c {first.c:.3g}, s {first.s:.3g}; met {sum(made.met)} of {len(own)}", flush=True
        )
    return out


def show(line: Row) -> None:
    """One line of the table."""
    part = "" if line.part is None else f"{line.part:6.3f}"
    print(
        f"{line.record:<6} {line.law:<62} {line.parameters:>3} {line.fitted:7.3f} {line.held_out:8.3f} {part:>6} {line.worst:6.2f} "
        f"{line.agreeing:>6} {line.seconds:6.1f} s  {line.note}".rstrip(),
        flush=True,
    )


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("IONSPIKE_DATA", ".")))
    parser.add_argument("--json", type=Path)
    parser.add_argument("--only", nargs="+", choices=("fast", "slow", "ramps", "summary"), default=None)
    parser.add_argument("--starts", type=int, default=20)
    parser.add_argument("--choose", action="store_true", help="let forward prediction choose a law as well")
    options = parser.parse_args()
    wanted = options.only or ("fast", "slow", "ramps", "summary")
    print(
        f"{'':<6} {'law':<62} {'p':>3} {'fitted':>7} {'held out':>8} {'edges':>6} {'worst':>6} {'agree':>6} processor time"
    )
    rows: list[Row] = []
    if "ramps" in wanted:
        rows += ramps(options.data, min(options.starts, 4))
    if "fast" in wanted:
        record = fast_record(options.data)
        held, near = alternate(record)
        rows += pulses("fast", record, FAST_LAWS, held, near, options.starts, True, options.choose)
    if "slow" in wanted:
        record = slow_record(options.data)
        rows += pulses("slow", record, SLOW_LAWS, later_cycles(record), None, options.starts, False, options.choose)
    numbers = summary(min(options.starts, 6)) if "summary" in wanted else []
    if options.json:
        options.json.write_text(json.dumps({"records": [asdict(r) for r in rows], "summary": numbers}, indent=1) + "\n")


if __name__ == "__main__":
    main()
