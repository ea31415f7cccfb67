"""Cells on SPICE runs that no calibration has seen: ``python -m benchmarks.cells [--neuron NAME ...] [--placement PLACE] [--json FILE]``.

One row a neuron, width of the synapse and input rate: the next spike on the same input pulse and within one, beside the cell without
short-term plasticity, the best constant count and chance; rate and energy running free. With ``--placement`` the neuron has a second
ECRAM there, and the control has only that one frozen; with one in the delay path a further row a rate is of a neuron that its spikes drive.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.spike_widths import driven
from ionspike import files
from ionspike.circuit.neurons import Neuron
from ionspike.circuit.simulate import Run, Setting, simulate_all
from ionspike.circuit.testbench import Bench
from ionspike.circuit.topologies import TOPOLOGIES
from ionspike.device import Ecram
from ionspike.network.calibration import COUNTS, calibrate
from ionspike.network.cell import Cell
from ionspike.network.compare import Interval, intervals_from_resets, run_free
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
) -> list[dict[str, Any]]:
    """One row a width of the channel and input rate; a row of regular input at the middle of them."""
    held, rows = None, []
    for width in widths:
        bench = bench_of(name, width, placement)
        held = held or measure_held(bench, setting, workers)
        cell = calibrate(bench, setting, held, workers)
        trains = {f"{rate:g} Hz": [poisson(rate, _PULSES, seed) for seed in seeds] for rate in rates}
        middle = float(np.exp(np.mean(np.log(rates))))
        trains[f"regular, {middle:.4g} Hz"] = [regular(middle, _PULSES)]
        wanted = [(bench.with_(pulses=tuple(t)), float(2 * t[-1] - t[-2])) for kind in trains.values() for t in kind]
        runs = iter(simulate_all(wanted, setting, workers))
        for kind, each in trains.items():
            row = {
                "neuron": name,
                "width": width,
                "placement": placement,
                "input": kind,
                "calibrated_with": sum(COUNTS),
            }
            rows.append(row | figures(cell, [next(runs) for _ in each]))
            print(_line(rows[-1]), flush=True)
        if placement == "delay":
            rows += driven(bench, held, rates, seeds, _PULSES, setting, workers)
    return rows


def figures(cell: Cell, runs: list[Run]) -> dict[str, Any]:
    """What a cell makes of the runs of one condition, pooled; shares in %, errors in %."""
    plain = cell.without_plasticity() if cell.placed is None else cell.without_excitability()
    found = [part for run in runs for part in intervals_from_resets(cell, run)]
    frozen = [part for run in runs for part in intervals_from_resets(plain, run)]
    spikes = sum(len(run.spike_times) for run in runs)
    counts = np.bincount([part.given for part in found]) if found else np.array([0])
    free = [run_free(cell, run.input_times, float(run.time[-1])) for run in runs]
    still = [run_free(plain, run.input_times, float(run.time[-1])) for run in runs]
    total = max(len(found), 1)
    return {
        "intervals": len(found),
        "inputs": sum(len(run.input_times) for run in runs) / max(spikes, 1),
        "same": _share(found, 0),
        "near": _share(found, 1),
        "frozen": _share(frozen, 0),
        "constant": 100 * float(counts.max()) / total,
        "chance": 100 * float((counts / total) @ (counts / total)),
        "spikes": spikes,
        "rate_error": 100 * (sum(len(f.spikes) for f in free) / max(spikes, 1) - 1),
        "rate_error_frozen": 100 * (sum(len(f.spikes) for f in still) / max(spikes, 1) - 1),
        "energy_errors": [100 * f.energy_error(cell, run) for f, run in zip(free, runs, strict=True)],
    }


def _share(parts: list[Interval], within: int) -> float:
    return 100 * sum(part.hits(within) for part in parts) / max(len(parts), 1)


def _line(row: dict[str, Any]) -> str:
    worst = max(row["energy_errors"], key=abs)
    return (
        f"{row['neuron']:20}{row['width']:6.2f}  {row['input']:18}{row['inputs']:7.1f}{row['intervals']:6d}{row['same']:8.1f}"
        f"{row['near']:8.1f}{row['frozen']:8.1f}{row['constant']:8.1f}{row['chance']:8.1f}{row['rate_error']:+8.1f}"
        f"{row['rate_error_frozen']:+8.1f}{worst:+8.1f}"
    )


def main() -> None:
    """Measure, print a table, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--neuron", action="append", choices=list(TOPOLOGIES))
    parser.add_argument("--width", action="append", type=float)
    parser.add_argument("--rate", action="append", type=float, help="of the input (Hz)")
    parser.add_argument("--seed", action="append", type=int)
    parser.add_argument("--placement", choices=PLACES, help="of a second ECRAM, gated by the neuron's own spikes")
    parser.add_argument("--workers", type=int, help="runs at a time; all processors if left out")
    parser.add_argument(
        "--reltol", type=float, default=Accuracy().reltol, help="of ngspice, for calibration and test alike"
    )
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    setting = Setting(Ngspice.find(), find_process("sky130"), accuracy=Accuracy(reltol=options.reltol))
    print(
        f"{'neuron':20}{'width':>6}  {'input':18}{'inputs':>7}{'int.':>6}{'same %':>8}{'+-1 %':>8}{'frozen':>8}{'const.':>8}"
        f"{'chance':>8}{'rate %':>8}{'frozen':>8}{'energy':>8}"
    )
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
        )
    if options.json:
        files.write_text(options.json, json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
