"""Energy of one design against rate, pulses a spike, and the stage that waits: ``python -m benchmarks.spike_energy [--part NAME] [--json FILE]``.

The design is a delay-feedback LIF with two ECRAMs (:mod:`benchmarks.spike_energy_design`). Totals are all rails, drivers and ions, with a
bias cell shared by 64. Parts:

* ``line``: 100 Hz, 1, 10, 50 kHz of output at 13 input pulses a spike, facilitation with its control and ohm a spike in the same runs;
  energy again at a tenth of the tolerance.
* ``stages``: where a spike's energy goes, transistor by transistor, from the netlist's own sizes to the design's.
* ``map``: against pulses a spike and input rate, for the keeper stage and the two that do not pay for waiting.
* ``wait``: what each stage draws while a membrane waits, and how long it keeps one that is left alone.
* ``corners``: the three stages at tt, ss, ff and 27, 85 C.
* ``everywhere``: whether the design fires, and keeps silent without input, in five corners at three temperatures and supplies.
* ``mismatch``: ten chips with the foundry's mismatch at 27 and 85 C, without input: whether they fire by themselves.
* ``pareto``: a grid of membrane, read rail, pulse width and keeper, and which points no other beats; ``--figure FILE`` draws it.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.spike_energy_design import (
    FED,
    MEMBRANE,
    PULSES,
    RAIL,
    STAGES,
    WIDTH,
    bare,
    fired,
    neuron,
    paired,
    plan,
    read,
    results,
    silent,
)
from benchmarks.spike_energy_figure import draw, front
from benchmarks.spike_stages import stages
from ionspike import files
from ionspike.circuit.characterize.membrane import LONGEST, START, fall_time
from ionspike.circuit.energy import block_energy
from ionspike.circuit.neurons import Neuron
from ionspike.circuit.resistance_step import read_step
from ionspike.circuit.simulate import Plan, Run, Setting, simulate, simulate_each, simulate_plans
from ionspike.errors import RunError
from ionspike.spice import Ngspice, find_process
from ionspike.spice.engine import Accuracy, Failure, Limits

LINE = (100.0, 1e3, 10e3, 50e3)  # Hz of the output
INPUTS = (1.3e3, 13e3, 50e3, 650e3)  # Hz of the input, of the map
POINTS = tuple(product(("tt", "ss", "ff", "sf", "fs"), (-40.0, 27.0, 85.0), (1.62, 1.8, 1.98)))
CHIPS = 10
LIMIT = 120.0  # s of wall time a run
_HELD = 10e-3  # s
_STILL = 0.1  # s without input
_MIDDLE = 0.15  # V, about where the membrane is on its way: the rail above it drives the pulses
_AIMED = 0.04  # how near to 13 pulses the width of the input pulse is searched


def line(setting: Setting) -> list[dict[str, Any]]:
    """The design, and the same with other membranes, at four output rates."""
    return [{"membrane": m} | row for m in (MEMBRANE, 1e-12, 0.2e-12) for row in _line(setting, m)]


def _line(setting: Setting, membrane: float) -> list[dict[str, Any]]:
    """One membrane at four output rates; the width of the input pulse is searched for 13 pulses a spike."""
    fine = replace(setting, accuracy=Accuracy(reltol=1e-5))
    cell, rows = neuron(membrane=membrane), []
    for rate in LINE:
        made, run, row = _searched(cell, rate, fine)
        tight = read(simulate_plans([replace(made, setting=fine.tighter())], workers=1)[0])
        off = simulate_one(replace(made, bench=made.bench.control()))
        grown = run.waveforms.at("v(xsynapse.gch)", run.input_times[:2] - 5e-9)
        own = read_step(run)
        rows.append(
            row
            | {
                "input_width": run.bench.width,
                "control": paired(off),
                "synapse_step": float(1e6 / grown[0] - 1e6 / grown[1]),
                "own_step": own.spice,
                "own_step_law": own.law,
                "tight": tight,
                "change": tight["total"] / row["total"] - 1 if fired(tight) else None,
            }
        )
    return rows


def _searched(cell: Neuron, rate: float, setting: Setting) -> tuple[Plan, Run, dict[str, Any]]:
    """The run at ``rate`` (Hz) of output whose input pulses are as wide as 13 of them a spike ask for."""
    width = WIDTH
    for _ in range(8):
        made = plan(cell, PULSES * rate, 4.5, setting, width=width)
        run = simulate_one(made)
        row = read(run)
        if fired(row) and abs(row["inputs"] / PULSES - 1) <= _AIMED:
            return made, run, row
        width *= (row["inputs"] / PULSES) ** 0.8 if fired(row) else 1.3
    raise RunError(f"no width of the input pulse gives {PULSES} pulses a spike at {rate:g} Hz of output")


def simulate_one(made: Plan) -> Run:
    """One planned run."""
    return simulate(made.bench, made.stop, made.setting)


def energy_map(setting: Setting) -> list[dict[str, Any]]:
    """The three stages against pulses a spike (a narrower channel) and rate of the input."""
    points = list(product(STAGES, (4, 13, 25, 50), INPUTS))
    plans = [plan(neuron(STAGES[s], pulses=n), rate, max(3.2 * n / PULSES, 2), setting) for s, n, rate in points]
    return [
        {"stage": s, "aimed": n, "input_rate": rate, "found": row}
        for (s, n, rate), row in zip(points, results(plans), strict=True)
    ]


def waiting(setting: Setting) -> list[dict[str, Any]]:
    """Power (W) of threshold and delay stage under a membrane held at a level, how long it keeps half of 0.1 V;
    of the feedback stage, which never waits, the interval at which it fires by itself."""
    rows: list[dict[str, Any]] = []
    for label, (keeper, top) in product(("keeper", "input-gated"), ((0.01e-9, 0.18), (0.05e-9, 0.25))):
        cell = bare(STAGES[label], keeper=keeper)
        levels = [level for level in (0.0, 0.1, 0.15, 0.18, 0.2, 0.225, 0.25) if level <= top]
        benches = [(silent(cell, hold=level, max_step=1e-4), _HELD) for level in levels]
        held = simulate_each(benches, setting, workers=1)
        rows.append(
            {
                "stage": label,
                "keeper": keeper,
                "held": dict(zip(levels, (_power(run) for run in held), strict=True)),
                "retention": retention(cell, setting),
            }
        )
    for keeper in (0.01e-9, 0.05e-9):
        fires = simulate(silent(bare(FED, keeper=keeper), max_step=1e-4), 0.1, setting).spike_times
        rows.append(
            {"stage": "feedback", "keeper": keeper, "interval": float(np.diff(fires)[-1]) if len(fires) > 1 else None}
        )
    return rows


def retention(cell: Neuron, setting: Setting) -> float:
    """Time (s) in which a membrane that is left alone falls to half of :data:`START`."""
    return fall_time(simulate(silent(cell, start=START, max_step=1e-2), LONGEST, setting), 0.5)


def _power(run: Run | Failure) -> float | None:
    """Power (W) of threshold and delay stage in the second half of a run that holds the membrane; nothing if it fires there."""
    if not isinstance(run, Run) or len(run.spike_times):
        return None
    blocks = block_energy(run, _HELD / 2, _HELD)
    return (blocks["threshold"] + blocks["delay"]) / (_HELD / 2)


def corners(setting: Setting) -> list[dict[str, Any]]:
    """The three stages at the lowest input rate, where they wait longest, with channels for 13 pulses a spike."""
    where = (("tt", 27.0), ("ss", 27.0), ("ff", 27.0), ("tt", 85.0), ("ff", 85.0))
    points = list(product(STAGES, where, (0.01e-9, 0.05e-9)))
    plans = [
        plan(neuron(STAGES[s], keeper=k), INPUTS[0], 3.5, replace(setting, corner=c).at(t)) for s, (c, t), k in points
    ]
    return [
        {"stage": s, "corner": c, "temperature": t, "keeper": k, "found": row}
        for (s, (c, t), k), row in zip(points, results(plans), strict=True)
    ]


def everywhere(setting: Setting) -> list[dict[str, Any]]:
    """The design at 1 kHz of output, about, and without input, at every corner, temperature and supply. A point that has not fired twice
    in the pulses for three and a half spikes gets five times as many."""
    there = [replace(setting, corner=c).at(t) for c, t, _ in POINTS]
    rows: list[dict[str, Any]] = []
    for (corner, temperature, supply), where in zip(POINTS, there, strict=True):
        still = Plan(silent(bare(), supply=supply), _STILL, where)
        driven = [plan(neuron(), PULSES * 1e3, spikes, where, supply=supply) for spikes in (3.5, 17.5)]
        run, quiet = simulate_plans([driven[0], still], workers=1)
        row = read(run)
        if not fired(row):
            run = simulate_plans(driven[1:], workers=1)[0]
            row = read(run)
        own = {"own_step": read_step(run).spice} if isinstance(run, Run) and fired(row) else {}
        rows.append(
            {"corner": corner, "temperature": temperature, "supply": supply, "found": row | own}
            | {"without_input": len(quiet.spike_times) if isinstance(quiet, Run) else quiet.message}
        )
    return rows


def mismatch(setting: Setting) -> list[dict[str, Any]]:
    """Spikes of ten chips of the design (section tt_mm, one seed a chip) without input, at two temperatures."""
    points = list(product((27.0, 85.0), range(1, CHIPS + 1)))
    plans = [Plan(silent(bare()), _STILL, replace(setting, corner="tt_mm", seed=seed).at(t)) for t, seed in points]
    return [
        {"temperature": t, "seed": seed}
        | {"without_input": len(run.spike_times) if isinstance(run, Run) else run.message}
        for (t, seed), run in zip(points, simulate_plans(plans, workers=1), strict=True)
    ]


def pareto(setting: Setting) -> list[dict[str, Any]]:
    """Membrane, read rail, pulse width (how many ions a pulse inserts) and keeper, at 100 Hz and 10 kHz of output."""
    membranes, keepers = (0.2e-12, 0.5e-12, 1e-12), (0.01e-9, 0.05e-9)
    kept = {(m, k): retention(bare(membrane=m, keeper=k), setting) for m, k in product(membranes, keepers)}
    points = list(product(membranes, keepers, (0.35, 0.45), (4.5e-9, 9e-9, 18e-9), (1.3e3, 130e3)))
    plans = [
        plan(
            neuron(membrane=m, keeper=k, pulses=PULSES * (width / WIDTH) * (rail - _MIDDLE) / (RAIL - _MIDDLE)),
            rate,
            4.5,
            setting,
            width=width,
            read_rail=rail,
        )
        for m, k, rail, width, rate in points
    ]
    rows = [
        {
            "membrane": m,
            "keeper": k,
            "rail": rail,
            "pulse": width,
            "input_rate": rate,
            "retention": kept[m, k],
            "facilitation": row["paired"] - 1,
        }
        | row
        for (m, k, rail, width, rate), row in zip(points, results(plans), strict=True)
        if fired(row)
    ]
    best = front(rows)
    return [row | {"best": k in best} for k, row in enumerate(rows)]


PARTS = {
    "line": line,
    "stages": stages,
    "map": energy_map,
    "wait": waiting,
    "corners": corners,
    "everywhere": everywhere,
    "mismatch": mismatch,
    "pareto": pareto,
}


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", action="append", choices=list(PARTS))
    parser.add_argument("--json", type=Path)
    parser.add_argument("--figure", type=Path)
    options = parser.parse_args()
    setting = Setting(Ngspice.find(), find_process("sky130"), limits=Limits(seconds=LIMIT))
    found: dict[str, Any] = {}
    for name in options.part or PARTS:
        found[name] = PARTS[name](setting)
        print(name)
        for row in found[name]:
            print("   ", json.dumps(row, default=str), flush=True)
        if options.json:  # after each part: what is measured is kept
            files.write_text(options.json, json.dumps(found, indent=1) + "\n")
    if options.figure and "pareto" in found:
        files.write_bytes(options.figure, draw(found["pareto"]))


if __name__ == "__main__":
    main()
