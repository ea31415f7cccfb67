"""Cells with several synapses on one membrane, on SPICE runs that no calibration has seen: ``python -m benchmarks.several_synapses [--json FILE]``.

Two reference cards, three synapses of different width, or two whose pulses overlap and one more, or three and one that reads from ground. One
row a card, mix, width and input rate: as ``benchmarks.cells``, which has one synapse. Running free is the engine's.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ionspike import files
from ionspike.circuit.neuron_net import Input, NetRun, NeuronNet, simulate_nets
from ionspike.circuit.neurons import Neuron
from ionspike.circuit.simulate import Setting
from ionspike.circuit.testbench import Bench
from ionspike.device import Ecram
from ionspike.network import Cell, CellSynapse, Network, Recorded, calibrate
from ionspike.network.compare import counts_of_trains
from ionspike.network.held_membrane import Held, measure_held
from ionspike.network.synapse_fit import calibrate_synapse
from ionspike.spice import Limits, Ngspice, find_process
from ionspike.spikes import poisson

Array = NDArray[np.float64]

RATES = (100.0, 1e3, 3e3, 10e3, 30e3)  # Hz of all excitatory pulses together
WIDTHS = (0.7, 0.3, 0.13, 0.06)  # of the widest channel, against the reference card's
SHARES = (1.0, 0.6, 0.35)  # of that width: the synapses of one membrane
MIXES = ("different", "overlapping", "inhibited")
SEEDS = (11, 12, 13)
OFFSETS = (
    0.25,
    0.5,
    0.72,
)  # of a pulse, between overlapping ones: their edges must not coincide, or ngspice loses them
OUTPUTS = 12  # spikes that a run is made long enough for
LEAST, MOST = 100, 600  # pulses a run
RARE = 300.0  # Hz below which a membrane leaks too much for weak synapses: the widest only


@dataclass(frozen=True)
class Membrane:
    """A card's neuron and its calibrations: one cell a synapse, the first with the soma of all, the last with the synapse to ground."""

    bench: Bench
    cells: tuple[Cell, ...]


def card(name: str) -> tuple[Ecram, Neuron, float]:
    """The two cards of the first study: A, 60 kohm and 2 % a pulse of 19.6 ns on 1 pF; B, the library's reference, 12 kohm and 10 % a
    pulse of 9 ns on 2 pF. With them neuron and pulse width (s)."""
    reference = Ecram.load("reference")
    if name == "B":
        return reference, Neuron(), 9e-9
    slow = replace(reference.scaled(0.2), gate=replace(reference.scaled(0.2).gate, J_lim=1.05e6))
    return slow, Neuron(membrane=1e-12), 19.6e-9


def membrane(
    name: str, width: float, setting: Setting, held: Held | None, workers: int | None
) -> tuple[Membrane, Held]:
    """Calibrate the synapses of a membrane whose widest channel is ``width`` of the card's."""
    device, neuron, pulse = card(name)
    devices = [device.scaled(width * share, f"s{k}") for k, share in enumerate(SHARES)]
    bench = Bench(neuron.with_(synapse=devices[0]), width=pulse, idle=len(SHARES))
    held = held or measure_held(bench, setting, workers)
    few = width >= 0.2
    first = calibrate(bench, setting, held, workers, counts=(160, 100) if few else (400, 300))
    others = [
        calibrate_synapse(first, bench.with_(neuron=neuron.with_(synapse=d)), setting, workers) for d in devices[1:]
    ]
    down = device.scaled(width * SHARES[1], "ground")
    ground = bench.with_(neuron=neuron.with_(synapse=down), read_rail=0.0)
    return Membrane(bench, (first, *others, calibrate_synapse(first, ground, setting, workers))), held


def trains(mix: str, rate: float, count: int, seed: int, width: float) -> list[Array]:
    """Pulses (s) of each synapse, ``count`` at ``rate`` (Hz) in all excitatory ones together; the last one is that to ground."""
    if mix == "overlapping":
        first, third = poisson(rate / 2.5, int(count / 2.5), 10 * seed), poisson(rate / 5, count // 5, 10 * seed + 2)
        rng = np.random.default_rng(seed)
        return [
            first,
            first + width * rng.choice(OFFSETS, len(first)) * rng.choice([-1, 1], len(first)),
            third,
            np.empty(0),
        ]
    found = [poisson(rate / 3, count // 3, 10 * seed + k) for k in range(3)]
    return [*found, poisson(rate / 4, count // 4, 10 * seed + 3) if mix == "inhibited" else np.empty(0)]


def net_of(given: Membrane, pulses: list[Array]) -> tuple[NeuronNet, float]:
    """One neuron with all of its synapses, and the end of its run (s)."""
    inputs = tuple(
        Input(tuple(train), device=cell.device, rail=cell.synapse.read_rail)
        for train, cell in zip(pulses, given.cells, strict=True)
    )
    last = max(float(train[-1]) for train in pulses if len(train))
    return NeuronNet(given.bench.with_(idle=0), 1, inputs), last + 30e-6


def free_run(cells: list[Cell], run: NetRun) -> tuple[int, float]:
    """Spikes and energy (J) of the engine under the pulses of ``run``."""
    net = Network(seed=0)
    net.add_population("neuron", cells[0], 1)
    for k, (cell, train) in enumerate(zip(cells, run.inputs, strict=True)):
        if len(train) == 0:
            continue
        net.add_input(f"pulses{k}", Recorded(train, np.zeros(len(train), np.int64)), 1)
        net.connect(f"pulses{k}", "neuron", CellSynapse(cell), delay=0.0)
    result = net.run(run.stop)
    return len(result.spikes("neuron")), sum(result.energies["neuron"].values())


def figures(given: Membrane, runs: list[NetRun]) -> dict[str, Any]:
    """What the cells make of the runs of one condition, pooled; shares and errors in %."""
    cells, frozen = list(given.cells), [cell.without_plasticity() for cell in given.cells]
    found, plain = (
        np.array(
            [pair for run in runs for pair in counts_of_trains(each, run.trains, run.spikes[0], run.stop)]
        ).reshape(-1, 2)
        for each in (cells, frozen)
    )
    spikes = sum(len(run.spikes[0]) for run in runs)
    counts = np.bincount(found[:, 0]) if len(found) else np.array([0])
    free = [free_run(cells, run) for run in runs]
    spent = [sum(value for rail, value in run.energy().items() if rail != "i(vdb)") for run in runs]
    total = max(len(found), 1)
    return {
        "runs": len(runs),
        "intervals": len(found),
        "inputs": sum(sum(map(len, run.inputs)) for run in runs) / max(spikes, 1),
        "same": _share(found),
        "near": _share(found, 1),
        "near_2_percent": _share(found, 1, 0.02),
        "frozen": _share(plain),
        "constant": 100 * float(counts.max()) / total,
        "rate_error": 100 * (sum(n for n, _ in free) / max(spikes, 1) - 1),
        "energy_errors": [100 * (by / of - 1) for (_, by), of in zip(free, spent, strict=True)],
    }


def _share(found: NDArray[np.int64], within: int = 0, of_count: float = 0.0) -> float:
    good = (found[:, 1] >= 0) & (np.abs(found[:, 1] - found[:, 0]) <= np.maximum(within, of_count * found[:, 0]))
    return 100 * float(good.sum()) / max(len(found), 1)


def measure(
    name: str, width: float, mixes: Sequence[str], rates: Sequence[float], seeds: Sequence[int], given: Membrane, setting: Setting,
    workers: int | None,
) -> list[dict[str, Any]]:  # fmt: skip
    """One row a mix and rate."""
    # a pulse through the mean synapse lifts by about this share of the way to the threshold
    share = float(np.mean(SHARES)) * (
        1
        - np.exp(
            -given.bench.width
            * float(given.cells[0].device.conductance(given.cells[0].device.at_rest()))
            / given.cells[0].soma.capacitance
        )
    )
    count = int(np.clip(OUTPUTS / share, LEAST, MOST))
    rows = []
    for mix in mixes:
        for rate in rates:
            if rate < RARE and width < max(WIDTHS):
                continue
            wanted = [
                net_of(given, trains(mix, rate, LEAST if rate < RARE else count, seed, given.bench.width))
                for seed in seeds
            ]
            row = {"card": name, "width": width, "mix": mix, "rate": rate}
            rows.append(row | figures(given, simulate_nets(wanted, setting, workers)))
            print(_line(rows[-1]), flush=True)
    return rows


def _line(row: dict[str, Any]) -> str:
    worst = max(row["energy_errors"], key=abs)
    return (
        f"{row['card']:5}{row['width']:6.2f}  {row['mix']:12}{row['rate']:8g}{row['inputs']:7.1f}{row['intervals']:6d}{row['same']:8.1f}"
        f"{row['near']:8.1f}{row['near_2_percent']:8.1f}{row['frozen']:8.1f}{row['constant']:8.1f}{row['rate_error']:+8.1f}{worst:+8.1f}"
    )


def main() -> None:
    """Measure, print a table, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--card", action="append", choices=("A", "B"))
    parser.add_argument("--width", action="append", type=float)
    parser.add_argument("--mix", action="append", choices=MIXES)
    parser.add_argument("--rate", action="append", type=float, help="of all excitatory pulses (Hz)")
    parser.add_argument("--seed", action="append", type=int)
    parser.add_argument("--workers", type=int)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    setting = Setting(Ngspice.find(), find_process("sky130"), limits=Limits(seconds=3000))
    print(
        f"{'card':5}{'width':>6}  {'mix':12}{'rate Hz':>8}{'inputs':>7}{'int.':>6}{'same %':>8}{'+-1 %':>8}{'or 2 %':>8}{'frozen':>8}"
        f"{'const.':>8}{'rate %':>8}{'energy':>8}"
    )
    rows = []
    for name in chosen.card or ("A", "B"):
        held = None
        for width in chosen.width or WIDTHS:
            given, held = membrane(name, width, setting, held, chosen.workers)
            mixes, rates, seeds = chosen.mix or list(MIXES), chosen.rate or list(RATES), chosen.seed or list(SEEDS)
            rows += measure(name, width, mixes, rates, seeds, given, setting, chosen.workers)
            if chosen.json:
                files.write_text(chosen.json, json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
