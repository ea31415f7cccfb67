"""Cells on SPICE runs that no calibration has seen: ``python -m benchmarks.cells [--neuron NAME ...] [--placement PLACE] [--json FILE]``.

One row a neuron, width of the synapse and input rate, the runs of all seeds pooled: the next spike on the same input pulse and within one,
beside ngspice itself at a tenth of the tolerance (``--itself N``: on the first N runs; from pulses on which both spiked), the cell without
short-term plasticity, the best constant count and chance; spikes and energy running free, and what ngspice's tolerance makes of the energy. With ``--placement`` the neuron has a second
ECRAM there, and the control has only that one frozen; with one in the delay path a further row a rate is of a neuron that its spikes drive.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.in_common import Seen, in_common
from benchmarks.several_bars import hits
from benchmarks.spike_widths import driven
from ionspike import files
from ionspike.circuit.neurons import Neuron
from ionspike.circuit.simulate import Run, Setting, simulate_all
from ionspike.circuit.testbench import Bench
from ionspike.circuit.topologies import TOPOLOGIES
from ionspike.device import Ecram
from ionspike.network.calibration import calibrate
from ionspike.network.cell import Cell
from ionspike.network.compare import intervals_from_resets, run_free, spent
from ionspike.network.held_membrane import measure_held
from ionspike.network.placed import PLACES
from ionspike.spice import Accuracy, Ngspice, find_process
from ionspike.spikes import poisson, regular

RATES = (1e3, 3e3, 10e3, 30e3)  # Hz; calibrated at 3 and 30 kHz
WIDTHS = (0.33, 0.15)  # of the channel, against the reference card's
SEEDS = (11, 12, 13)  # the calibration uses 1 and 2
_PULSES = 150


def bench_of(name: str, width: float, placement: str | None) -> Bench:
    """A neuron with a synapse of a width and, it may be, a second ECRAM at ``placement``."""
    card = Ecram.load("reference")
    # a leak must let the synapse win; a delay follows a channel of tens of kohm
    scale = {"input": width, "leak": 0.3 * width, "delay": 0.2}
    placed = {} if placement is None else {placement: card.scaled(scale[placement], f"reference-{placement}")}
    return Bench(neuron=Neuron(name, synapse=card.scaled(width), **placed))


def measure(
    name: str,
    widths: list[float],
    rates: list[float],
    seeds: list[int],
    setting: Setting,
    placement: str | None = None,
    workers: int | None = None,
    itself: int = 0,
) -> list[dict[str, Any]]:
    """One row a width of the channel and input rate; a row of regular input at the middle of them. ``itself``: how many runs of each are
    made once more at a tenth of the tolerance."""
    held, rows = None, []
    for width in widths:
        bench = bench_of(name, width, placement)
        held = held or measure_held(bench, setting, workers)
        cell = calibrate(bench, setting, held, workers)
        trains = {f"{rate:g} Hz": [poisson(rate, _PULSES, seed) for seed in seeds] for rate in rates}
        middle = float(np.exp(np.mean(np.log(rates))))
        trains[f"regular, {middle:.4g} Hz"] = [regular(middle, _PULSES)]
        for kind, each in trains.items():
            wanted = [(bench.with_(pulses=tuple(t)), float(2 * t[-1] - t[-2])) for t in each]
            runs = simulate_all(wanted, setting, workers)
            tight = simulate_all(wanted[:itself], setting.tighter(), workers) if itself else []
            row = {"neuron": name, "width": width, "placement": placement, "input": kind}
            rows.append(row | figures(cell, runs, tight))
            print(_line(rows[-1]), flush=True)
        if placement == "delay":
            rows += driven(bench, held, rates, seeds, _PULSES, setting, workers)
    return rows


def figures(cell: Cell, runs: list[Run], tight: list[Run]) -> dict[str, Any]:
    """What a cell makes of the runs of one condition, pooled: intervals and spikes in numbers, errors in %; ``tight``: the first of the runs at
    a tenth of the tolerance."""
    plain = cell.without_plasticity() if cell.placed is None else cell.without_excitability()
    found = [part for run in runs for part in intervals_from_resets(cell, run)]
    frozen = [part for run in runs for part in intervals_from_resets(plain, run)]
    spikes = sum(len(run.spike_times) for run in runs)
    counts = np.bincount([part.given for part in found]) if found else np.array([0])
    free = [run_free(cell, run.input_times, float(run.time[-1])) for run in runs]
    still = [run_free(plain, run.input_times, float(run.time[-1])) for run in runs]
    pairs = [in_common(_seen(run), _seen(other)) for run, other in zip(runs, tight, strict=False)]
    itself = np.concatenate([np.empty((0, 2), np.int64), *pairs])
    return {
        "intervals": len(found),
        "inputs": sum(len(run.input_times) for run in runs) / max(spikes, 1),
        "same": sum(part.hits() for part in found),
        "near": sum(part.hits(1) for part in found),
        "itself_intervals": len(itself),
        "itself": hits(itself),
        "itself_near": hits(itself, 1),
        "frozen": sum(part.hits() for part in frozen),
        "constant": int(counts.max()),
        "chance": float(counts @ counts) / max(len(found), 1),
        "spikes": spikes,
        "spikes_found": sum(len(f.spikes) for f in free),
        "spikes_frozen": sum(len(f.spikes) for f in still),
        "energy_errors": [100 * f.energy_error(cell, run) for f, run in zip(free, runs, strict=True)],
        "itself_energy": [100 * (spent(other) / spent(run) - 1) for run, other in zip(runs, tight, strict=False)],
    }


def _seen(run: Run) -> Seen:
    return run.input_times, run.spike_times


_HEADER = (
    "| neuron, width | input | pulses a spike | same pulse | within one | ngspice itself | frozen | best constant | chance | spikes | frozen | "
    "energy, % | ngspice itself |\n" + "|---" * 13 + "|"
)


def _line(row: dict[str, Any]) -> str:
    """A row of the table, in Markdown."""
    itself = f"{row['itself']} of {row['itself_intervals']}, {row['itself_near']}" if row["itself_intervals"] else "-"
    off, by_tolerance = (", ".join(f"{e:.1f}" for e in row[name]) or "-" for name in ("energy_errors", "itself_energy"))
    placed = f" {row['placement']}" if row["placement"] else ""
    return (
        f"| {row['neuron']}{placed}, {row['width']:g} | {row['input']} | {row['inputs']:.1f} | {row['same']} of {row['intervals']} | {row['near']} | "
        f"{itself} | {row['frozen']} | {row['constant']} | {row['chance']:.1f} | {row['spikes_found']} of {row['spikes']} | {row['spikes_frozen']} | "
        f"{off} | {by_tolerance} |"
    )


def main() -> None:
    """Measure, print a table, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--neuron", action="append", choices=list(TOPOLOGIES))
    parser.add_argument("--width", action="append", type=float)
    parser.add_argument("--rate", action="append", type=float, help="of the input (Hz)")
    parser.add_argument("--seed", action="append", type=int)
    parser.add_argument("--placement", choices=PLACES, help="of a second ECRAM, gated by the neuron's own spikes")
    parser.add_argument(
        "--itself", type=int, default=0, metavar="N", help="ngspice at a tenth of the tolerance beside it, for N seeds"
    )
    parser.add_argument("--workers", type=int, help="runs at a time; all processors if left out")
    parser.add_argument(
        "--reltol", type=float, default=Accuracy().reltol, help="of ngspice, for calibration and test alike"
    )
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    setting = Setting(Ngspice.find(), find_process("sky130"), accuracy=Accuracy(reltol=options.reltol))
    print(_HEADER)
    rows = []
    for name in options.neuron or TOPOLOGIES:
        rows += measure(
            name,
            options.width or list(WIDTHS),
            options.rate or list(RATES),
            options.seed or list(SEEDS),
            setting,
            options.placement,
            options.workers,
            options.itself,
        )
    if options.json:
        files.write_text(options.json, json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
