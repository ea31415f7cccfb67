"""A recurrent net of calibrated neurons, simulated whole in ngspice and in the event-driven engine: ``python -m benchmarks.whole_net``.

The cell is calibrated on a neuron of its own, with the gate of its axon as its load, as many synapses on its membrane as in the net, and
input pulses as wide as those that the axon passes on; what the axon and the gates behind it cost is measured on one axon. Then the engine gets what ngspice's switches got as input, and
both run free; beside that, interval by interval, the cell gets ngspice's own spikes, too.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.ticker import MaxNLocator

from ionspike import files, plotting
from ionspike.circuit.axon import AXON_GATE, Axon, measure_axon
from ionspike.circuit.neuron_net import (
    Input,
    NetRun,
    NeuronNet,
    simulate_net,
    trains_by_target,
)
from ionspike.circuit.neurons import Neuron
from ionspike.circuit.simulate import Setting
from ionspike.circuit.testbench import Bench
from ionspike.device import Ecram
from ionspike.network import CellSynapse, FixedInDegree, Network, OneToOne, Pairs, Record, Recorded
from ionspike.network.calibration import calibrate
from ionspike.network.cell import Cell
from ionspike.network.compare import counts_of_trains
from ionspike.network.connectivity import pairs
from ionspike.spice import Limits, Ngspice, find_process
from ionspike.spikes import poisson

LOCAL = 1e-15  # F of wire at each output, in front of the axon
DELAY = 20e-9  # s; in the circuit the spike is at the switch after 0.2 ns, the engine needs an order


@dataclass(frozen=True)
class Comparison:
    """Both engines on one net. Energies in J; ``same``, ``near``: share of intervals whose next spike fell on the same pulse, and within
    one; ``states``: synaptic states at the end, largest and rms difference. ``no_stp``: the cell without short-term plasticity."""

    neurons: int
    synapses: int
    pulses: int
    spikes_spice: list[int]
    spikes_engine: list[int]
    spikes_no_stp: list[int]
    rate_error: float
    rate_error_no_stp: float
    energy_spice: float
    energy_engine: float
    energy_error: float
    energy_error_no_stp: float
    same: float
    near: float
    same_no_stp: float
    intervals: int
    state_rms: float
    state_largest: float
    state_rms_no_recurrence: float
    seconds_spice: float
    seconds_engine: float


def make_net(bench: Bench, size: int, count: int, pulses: int, rate: float, seed: int) -> NeuronNet:
    """``size`` neurons, each with ``count`` others and a Poisson train of ``pulses`` at ``rate`` (Hz) as its inputs."""
    inputs = tuple(Input(tuple(poisson(rate, pulses, 100 * seed + k)), k) for k in range(size))
    rule = FixedInDegree(count, repeated=False)
    source, target = pairs(rule, size, size, True, "the net", np.random.default_rng(seed))
    return NeuronNet(bench, size, inputs, tuple(zip(source.tolist(), target.tolist(), strict=True)))


def with_axon(cell: Cell, axon: Axon) -> Cell:
    """The cell with what its axon draws at each spike."""
    return replace(cell, soma=replace(cell.soma, spike_energy=cell.soma.spike_energy + axon.energy))


def engine_net(net: NeuronNet, run: NetRun, cell: Cell, axon: Axon, recurrent: bool = True) -> Network:
    """The same net for the engine, its input pulses those that ngspice's switches saw."""
    made = Network(seed=0)
    made.add_population("neurons", with_axon(cell, axon), net.size)
    times = np.concatenate(run.inputs)
    neurons = np.repeat([one.target for one in net.inputs], [len(train) for train in run.inputs])
    order = np.argsort(times, kind="stable")
    made.add_input("pulses", Recorded(times[order], neurons[order]), net.size)
    made.connect("pulses", "neurons", CellSynapse(cell), delay=0.0, connectivity=OneToOne(), name="inputs")
    if net.pairs and recurrent:
        sender, target = np.array(net.pairs).T
        behind = replace(cell, synapse=replace(cell.synapse, pulse_energy=axon.gate))
        made.connect(
            "neurons", "neurons", CellSynapse(behind), delay=DELAY, connectivity=Pairs(sender, target), name="pairs"
        )
    return made


def compare(net: NeuronNet, run: NetRun, cell: Cell, axon: Axon, stop: float, seconds: float) -> Comparison:
    """Counts, energy, states and intervals of both engines."""
    frozen = cell.without_plasticity()
    begun = time.perf_counter()
    whole, ends = _run_engine(engine_net(net, run, cell, axon), len(net.pairs), net.size, stop)
    took = time.perf_counter() - begun
    plain, _ = _run_engine(engine_net(net, run, frozen, axon), len(net.pairs), net.size, stop)
    _, alone = _run_engine(engine_net(net, run, cell, axon, recurrent=False), 0, net.size, stop)
    spice = [len(train) for train in run.spikes]
    # the bias cell is shared and no part of a cell
    spent = sum(value for rail, value in run.energy().items() if rail != "i(vdb)")
    by_engine, by_plain = (sum(result.energies["neurons"].values()) for result in (whole, plain))
    states = np.array(run.states(stop))[:, 0]
    error = ends - states
    gap, gap_plain = _gaps(cell, run, stop), _gaps(frozen, run, stop)
    counts, counts_plain = (
        np.bincount(result.neurons("neurons"), minlength=net.size).tolist() for result in (whole, plain)
    )
    return Comparison(
        net.size, len(net.synapses), int(sum(len(t) for t in run.inputs)), spice, counts, counts_plain,
        sum(counts) / sum(spice) - 1, sum(counts_plain) / sum(spice) - 1,
        spent, by_engine, by_engine / spent - 1, by_plain / spent - 1,
        float(np.mean(gap == 0)), float(np.mean(gap <= 1)), float(np.mean(gap_plain == 0)), len(gap),
        float(np.sqrt(np.mean(error**2))), float(np.abs(error).max()),
        float(np.sqrt(np.mean((alone - states[: len(alone)]) ** 2))), seconds, took,
    )  # fmt: skip


def _run_engine(net: Network, pairs: int, size: int, stop: float) -> tuple[Any, np.ndarray]:
    record = Record(
        synapses={"inputs": np.arange(size), **({"pairs": np.arange(pairs)} if pairs else {})},
        times=[stop * (1 - 1e-9)],
    )
    result = net.run(stop, record=record)
    return result, np.concatenate([result.synapses[name][-1] for name in record.synapses])


def _gaps(cell: Cell, run: NetRun, stop: float) -> np.ndarray:
    """Pulses between the next spike of ngspice and of the cell, for every interval; infinite where the cell found none."""
    found: list[tuple[int, int]] = []
    for own, synapses in zip(run.spikes, trains_by_target(run), strict=True):
        trains = [train for _, train in synapses]
        found += counts_of_trains([cell] * len(trains), trains, own, stop)
    return np.array([abs(a - b) if b >= 0 else np.inf for a, b in found])


def _figure(run: NetRun, net: NeuronNet, cell: Cell, axon: Axon, stop: float, path: Path) -> None:
    result, _ = _run_engine(engine_net(net, run, cell, axon), len(net.pairs), net.size, stop)
    made, axes = plotting.figure(1, 1, width=7.2, height=3.4)
    ax = np.ravel(axes)[0]
    for k, train in enumerate(run.spikes):
        ax.plot(
            1e3 * train, np.full(len(train), k), "|", color="black", markersize=9, label="ngspice" if k == 0 else None
        )
    ax.plot(
        1e3 * result.spikes("neurons"), result.neurons("neurons"), "o", markersize=4, markerfacecolor="none",
        color=plotting.COLOURS[1], label="engine",
    )  # fmt: skip
    ax.set(
        xlabel="time (ms)",
        ylabel="neuron",
        title=f"{net.size} neurons, {len(net.synapses)} ECRAM synapses, running free",
    )
    made.legend(loc="outside lower center", ncols=2)
    ax.yaxis.set_major_locator(MaxNLocator(integer=True))
    files.write_bytes(path, plotting.png(made))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--neurons", type=int, default=20)
    parser.add_argument("--in-degree", type=int, default=3)
    parser.add_argument("--pulses", type=int, default=30)
    parser.add_argument("--rate", type=float, default=3e3)
    parser.add_argument("--weight", type=float, default=0.15, help="channel width against the reference card's")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, help="of the calibration")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--figure", type=Path)
    chosen = parser.parse_args()
    setting = Setting(Ngspice.find(), find_process("sky130"), limits=Limits(seconds=6000))
    device = Ecram.load("reference").scaled(chosen.weight)
    bench = Bench(neuron=Neuron(synapse=device), load=LOCAL)
    axon = measure_axon(bench, chosen.in_degree, setting)
    bench = bench.with_(width=axon.source_width)
    print(
        f"axon: {1e9 * axon.width:.2f} ns, {1e15 * axon.energy:.1f} fJ and {1e15 * axon.gate:.1f} fJ a gate", flush=True
    )
    cell = calibrate(bench.with_(load=LOCAL + AXON_GATE, idle=chosen.in_degree), setting, workers=chosen.workers)
    print("cell calibrated", flush=True)
    net = make_net(bench, chosen.neurons, chosen.in_degree, chosen.pulses, chosen.rate, chosen.seed)
    stop = max(one.pulses[-1] for one in net.inputs) + 1 / chosen.rate
    begun = time.perf_counter()
    run = simulate_net(net, stop, setting)
    found = compare(net, run, cell, axon, stop, time.perf_counter() - begun)
    for key, value in asdict(found).items():
        print(f"{key:24} {value}")
    if chosen.json:
        chosen.json.write_text(json.dumps(asdict(found), indent=1))
    if chosen.figure:
        _figure(run, net, cell, axon, stop, chosen.figure)


if __name__ == "__main__":
    main()
