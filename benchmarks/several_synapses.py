"""Cells with several synapses on one membrane, on SPICE runs that no calibration has seen: ``python -m benchmarks.several_synapses [--json FILE]``.

Two reference cards, every membrane with three synapses of different width to the read rail and one to ground. One row a card, width, mix and
input rate, the runs of all seeds pooled: as ``benchmarks.cells``, which has one synapse. Running free is the engine's. Below the rows
the bars of all of them. Runs come from the cache where they were made before, so that a set that was stopped goes on.
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

from benchmarks.in_common import Seen, in_common
from benchmarks.several_bars import print_bars, share
from ionspike import files
from ionspike.circuit.neuron_net import Input, NetRun, NeuronNet, simulate_nets
from ionspike.circuit.neurons import Neuron
from ionspike.circuit.simulate import Setting
from ionspike.circuit.testbench import Bench
from ionspike.device import Ecram
from ionspike.network import Cell, CellSynapse, Network, Recorded, calibrate
from ionspike.network.compare import counts_of_trains
from ionspike.network.synapse_fit import calibrate_synapse
from ionspike.spice import Limits, Ngspice, find_process
from ionspike.spikes import poisson, regular

Array = NDArray[np.float64]

MIXES = ("different", "overlapping", "inhibited", "regular")
# rates (Hz) of all excitatory pulses together, a mix; for each width of the widest channel, against the card's: 8, 13 and 25 pulses an output
# spike, and 4, 11, 17 and 50. The first of a card is the neuron's own calibration. At 100 Hz weak synapses hardly win against the leak.
RATES = {
    "A": {0.5: (30e3, 3e3, 1e3, 10e3), 0.3: (1e3, 30e3, 10e3, 3e3), 0.18: (10e3, 1e3, 3e3, 30e3)},
    "B": {
        0.6: (100.0, 30e3, 3e3, 10e3),
        0.216: (10e3, 1e3, 1e3, 30e3),
        0.1296: (3e3, 10e3, 30e3, 1e3),
        0.0467: (30e3, 10e3, 3e3, 30e3),
    },
}
SHARES = (1.0, 0.6, 0.36)  # of that width: the synapses of one membrane
SEEDS = (11, 12, 13)
OFFSETS = (
    0.25,
    0.5,
    0.72,
)  # of a pulse, between overlapping ones: their edges must not coincide, or ngspice loses them
OUTPUTS = 9  # spikes that a run is made long enough for
LEAST, MOST = 45, 250  # pulses a run
COUNTS = (100, 60)  # calibration pulses of each synapse, at 3 and 30 kHz


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


def soma_of(name: str, setting: Setting, workers: int | None) -> Cell:
    """A card's neuron, calibrated with the first of its widths, and with one of the idle synapses on ground: it leaks there."""
    return calibrate(_bench(name, next(iter(RATES[name]))).with_(idle_to_ground=1), setting, workers=workers)


def membrane(name: str, width: float, soma: Cell, setting: Setting, workers: int | None) -> Membrane:
    """A membrane whose widest channel is ``width`` of the card's, its synapses calibrated on the neuron of ``soma``."""
    first, *others = (_bench(name, width * share) for share in SHARES)
    ground = _bench(name, width * SHARES[1]).with_(read_rail=0.0)
    # what a reset leaves hangs on all of them
    idle = tuple(bench.neuron.synapse for bench in (ground, *others) if bench.neuron.synapse is not None)
    whole = first.with_(idle=idle, idle_to_ground=1)
    cells = (calibrate_synapse(soma, bench, setting, workers, counts=COUNTS) for bench in (whole, *others, ground))
    return Membrane(first, tuple(cells))


def _bench(name: str, width: float) -> Bench:
    device, neuron, pulse = card(name)
    scale = round(width, 4)
    # a synapse of two membranes is one, and calibrated once
    return Bench(neuron.with_(synapse=device.scaled(scale, f"w{round(1e4 * scale)}")), width=pulse, idle=len(SHARES))


def trains(mix: str, rate: float, count: int, seed: int, width: float) -> list[Array]:
    """Pulses (s) of each synapse, ``count`` at ``rate`` (Hz) in all excitatory ones together; the last one is that to ground.

    ``different``: three independent Poisson trains. ``overlapping``: two whose pulses overlap, and a third. ``inhibited``: three and one to
    ground at a quarter of the rate. ``regular``: three of equal interval, their phases drawn.
    """
    none = np.empty(0)
    if mix == "regular":
        phases = (np.arange(3) + np.random.default_rng(seed).uniform(0.1, 0.9, 3)) / rate
        return [*(phase + np.array(regular(rate / 3, count // 3)) for phase in phases), none]
    if mix == "overlapping":
        first, third = poisson(rate / 2.5, int(count / 2.5), 10 * seed), poisson(rate / 5, count // 5, 10 * seed + 2)
        rng = np.random.default_rng(seed)
        second = first + width * rng.choice(OFFSETS, len(first)) * rng.choice([-1, 1], len(first))
        return [first, second, third, none]
    found = [poisson(rate / 3, count // 3, 10 * seed + k) for k in range(3)]
    return [*found, poisson(rate / 4, count // 4, 10 * seed + 3) if mix == "inhibited" else none]


def net_of(given: Membrane, pulses: list[Array]) -> tuple[NeuronNet, float]:
    """One neuron with all of its synapses, and the end of its run (s)."""
    inputs = tuple(
        Input(tuple(train), device=cell.device, rail=cell.synapse.read_rail)
        for train, cell in zip(pulses, given.cells, strict=True)
    )
    last = max(float(train[-1]) for train in pulses if len(train))
    return NeuronNet(given.bench.with_(idle=0), 1, inputs), last + 30e-6


def nets_of(given: Membrane, mix: str, rate: float, seeds: Sequence[int]) -> list[tuple[NeuronNet, float]]:
    """The runs of one condition, each long enough for :data:`OUTPUTS` spikes, within limits."""
    device, soma = given.cells[0].device, given.cells[0].soma
    # a pulse through the mean synapse lifts by about this share of the way to the threshold
    moved = given.bench.width * float(device.conductance(device.at_rest())) / soma.capacitance
    share_of_way = float(np.mean(SHARES)) * (1 - np.exp(-moved))
    count = int(np.clip(OUTPUTS / share_of_way, LEAST, MOST))
    return [net_of(given, trains(mix, rate, count, seed, given.bench.width)) for seed in seeds]


def free_run(cells: Sequence[Cell], run: NetRun) -> tuple[int, float]:
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


def found_by(cells: Sequence[Cell], runs: list[NetRun]) -> NDArray[np.int64]:
    """Pulses from each reset of the runs to their next spike, and to the cell's (-1: none); shape (intervals, 2)."""
    pairs = [pair for run in runs for pair in counts_of_trains(cells, run.trains, run.spikes[0], run.stop)]
    return np.array(pairs, np.int64).reshape(-1, 2)


def seen(run: NetRun) -> Seen:
    """The pulses of all synapses together, and the spikes of the neuron (s)."""
    return np.sort(np.concatenate(run.trains)), run.spikes[0]


def figures(given: Membrane, runs: list[NetRun], tight: list[NetRun]) -> dict[str, Any]:
    """What the cells make of the runs of one condition, pooled; shares and errors in %. ``tight``: the first runs at a tenth of the
    tolerance, for what ngspice makes of itself."""
    frozen = [cell.without_plasticity() for cell in given.cells]
    found, plain = found_by(given.cells, runs), found_by(frozen, runs)
    itself = [in_common(seen(run), seen(other)) for run, other in zip(runs, tight, strict=False)]
    spikes = sum(len(run.spikes[0]) for run in runs)
    counts = np.bincount(found[:, 0]) if len(found) else np.array([0])
    shares = counts / max(len(found), 1)
    free, still = [free_run(given.cells, run) for run in runs], [free_run(frozen, run) for run in runs]
    spent = [sum(value for rail, value in run.energy().items() if rail != "i(vdb)") for run in runs]
    return {
        "runs": len(runs),
        "spikes": spikes,
        "intervals": len(found),
        "inputs": sum(sum(map(len, run.inputs)) for run in runs) / max(spikes, 1),
        "same": share(found),
        "near": share(found, 1),
        "near_2_percent": share(found, 1, 0.02),
        "frozen": share(plain),
        "constant": 100 * float(shares.max()),
        "chance": 100 * float(shares @ shares),
        "itself": share(np.concatenate(itself)) if itself else None,
        "itself_intervals": sum(map(len, itself)),
        "rate_error": 100 * (sum(n for n, _ in free) / max(spikes, 1) - 1),
        "rate_error_frozen": 100 * (sum(n for n, _ in still) / max(spikes, 1) - 1),
        "energy_errors": [100 * (by / of - 1) for (_, by), of in zip(free, spent, strict=True)],
        "missed": [pair for pair in found.tolist() if pair[0] != pair[1]],
    }


def measure(
    name: str, width: float, chosen: argparse.Namespace, given: Membrane, setting: Setting
) -> list[dict[str, Any]]:
    """One row a mix and rate."""
    rows = []
    for mix in chosen.mix or MIXES:
        for rate in chosen.rate or [RATES[name][width][MIXES.index(mix)]]:
            wanted = nets_of(given, mix, rate, chosen.seed or SEEDS)
            runs = simulate_nets(wanted, setting, chosen.workers)
            tight = simulate_nets(wanted[: chosen.itself], setting.tighter(), chosen.workers) if chosen.itself else []
            row = {"card": name, "width": width, "mix": mix, "rate": rate}
            rows.append(row | figures(given, runs, tight))
            print(_line(rows[-1]), flush=True)
    return rows


_HEADER = (
    f"{'card':5}{'width':>6}  {'mix':12}{'rate Hz':>8}{'inputs':>7}{'int.':>6}{'same %':>8}{'+-1 %':>8}{'or 2 %':>8}{'frozen':>8}"
    f"{'const.':>8}{'chance':>8}{'itself':>8}{'rate %':>8}{'frozen':>8}{'energy':>8}"
)


def _line(row: dict[str, Any]) -> str:
    worst = max(row["energy_errors"], key=abs)
    itself = "-" if row["itself"] is None else f"{row['itself']:.1f}"
    return (
        f"{row['card']:5}{row['width']:6.3g}  {row['mix']:12}{row['rate']:8g}{row['inputs']:7.1f}{row['intervals']:6d}{row['same']:8.1f}"
        f"{row['near']:8.1f}{row['near_2_percent']:8.1f}{row['frozen']:8.1f}{row['constant']:8.1f}{row['chance']:8.1f}{itself:>8}"
        f"{row['rate_error']:+8.1f}{row['rate_error_frozen']:+8.1f}{worst:+8.1f}"
    )


def choosing_parser(told: str | None) -> argparse.ArgumentParser:
    """Options that choose among the runs of this study, for a command that tells ``told`` of itself."""
    parser = argparse.ArgumentParser(description=told, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--card", action="append", choices=sorted(RATES))
    parser.add_argument("--width", action="append", type=float, help="of the widest channel, against the card's")
    parser.add_argument("--mix", action="append", choices=MIXES)
    parser.add_argument("--seed", action="append", type=int, help="of the input")
    parser.add_argument("--workers", type=int, help="runs at a time; all processors if left out")
    parser.add_argument("--json", type=Path)
    return parser


def main() -> None:
    """Measure, print a table, write the figures."""
    parser = choosing_parser(__doc__)
    parser.add_argument("--rate", action="append", type=float, help="of all excitatory pulses (Hz)")
    parser.add_argument(
        "--itself", type=int, default=0, metavar="N", help="ngspice at a tenth of the tolerance beside it, for N seeds"
    )
    chosen = parser.parse_args()
    known = {width for name in chosen.card or RATES for width in RATES[name]}
    if not chosen.rate and not known.issuperset(chosen.width or ()):
        parser.error(
            f"a width of its own needs --rate; widths with rates are {', '.join(f'{w:g}' for w in sorted(known))}"
        )
    setting = Setting(Ngspice.find(), find_process("sky130"), limits=Limits(seconds=3000))
    print(_HEADER)
    rows = []
    for name in chosen.card or sorted(RATES):
        soma = soma_of(name, setting, chosen.workers)
        for width in chosen.width or RATES[name]:
            given = membrane(name, width, soma, setting, chosen.workers)
            rows += measure(name, width, chosen, given, setting)
            if chosen.json:
                files.write_text(chosen.json, json.dumps(rows, indent=1) + "\n")
    print_bars(rows)


if __name__ == "__main__":
    main()
