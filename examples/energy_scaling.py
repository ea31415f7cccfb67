"""What a larger network costs: energy from a hundred to a million neurons on four graphs, and where it goes.

    python examples/energy_scaling.py --out DIR [--largest 1e6] [--anchor whole-net.json]

Neurons are the delay-feedback cell with ECRAM synapses and an axon, calibrated on ngspice and SKY130 (tt, 27 C, 1.8 V): membrane, threshold,
read and gate energy come from there. Layout is assumed: neurons on a square grid of PITCH, wires of WIRE farad a metre between them, Manhattan
distance. ``--anchor`` is what ``python -m benchmarks.whole_net --json FILE`` wrote: the same engine against ngspice on a whole net.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ionspike import files, plotting
from ionspike.circuit.axon import AXON_GATE, measure_axon
from ionspike.circuit.energy import IDLE, SHARE, idle_power_of
from ionspike.circuit.neurons import Neuron
from ionspike.circuit.simulate import Setting, simulate
from ionspike.circuit.testbench import Bench
from ionspike.device import Ecram
from ionspike.network import CellSynapse, FixedInDegree, Network, OneToOne, Pairs, Poisson
from ionspike.network.calibration import calibrate
from ionspike.network.cell import Cell
from ionspike.network.connectivity import pairs
from ionspike.network.held_membrane import measure_held
from ionspike.spice import Ngspice, find_process

Index = NDArray[np.int64]

FAN_IN = 10
PITCH = 40e-6  # m, assumed: 2 pF of MIM capacitor at 2 fF/um2 are 1,000 um2, transistors and synapses take the rest of 1,600 um2
LOCAL = 1e-15  # F of wire at each output, in front of the axon
WIRE = 0.2e-9  # F/m, assumed: 0.2 fF/um, what a minimum-width wire over a plane has in processes of this size
OUTSIDE, INSIDE = 0.15, 0.04  # channel width against the reference card's, of input and recurrent synapses
CAUSES = ("static", "waiting", "spikes", "read", "gates", "wires")
SEEDS = 3
RATES = (30.0, 100.0, 300.0, 1e3, 3e3, 1e4)  # Hz
SHOWN = 1000  # neurons, where the causes are of one size


@dataclass(frozen=True)
class Cells:
    """The calibrated cell with its input and its recurrent synapse, and the power (W) of a bias cell."""

    outside: Cell
    inside: Cell
    bias: float


def cells(setting: Setting) -> Cells:
    """Calibrate on a neuron with an axon, and on input pulses as wide as those that the axon passes on."""
    outside, inside = (Ecram.load("reference").scaled(w) for w in (OUTSIDE, INSIDE))
    neuron = Neuron(synapse=inside)
    axon = measure_axon(Bench(neuron, load=LOCAL), FAN_IN, setting, wire=0.0)
    bench = Bench(neuron.with_(synapse=outside), width=axon.source_width, load=LOCAL + AXON_GATE, idle=FAN_IN)
    held = measure_held(bench, setting)
    first = calibrate(bench, setting, held)
    second = calibrate(bench.with_(neuron=neuron), setting, held, counts=(320, 200))
    _, bias = idle_power_of(simulate(bench.with_(pulses=()), IDLE, setting))
    # an axon draws at each spike, and each gate behind it
    sending = replace(first, soma=replace(first.soma, spike_energy=first.soma.spike_energy + axon.energy))
    behind = replace(second, synapse=replace(second.synapse, pulse_energy=axon.gate))
    return Cells(sending, behind, bias)


def grid(size: int) -> NDArray[np.float64]:
    """Places (m) of neurons on a square grid."""
    side = int(np.ceil(np.sqrt(size)))
    return np.stack(np.divmod(np.arange(size), side), axis=-1) * PITCH


def random_graph(size: int, rng: np.random.Generator) -> tuple[Index, Index]:
    """FAN_IN random sources to each neuron."""
    return pairs(FixedInDegree(FAN_IN), size, size, True, "the random graph", rng)


def feed_forward(size: int, rng: np.random.Generator) -> tuple[Index, Index]:
    """Ten layers, each a tenth of the neurons in order; FAN_IN random sources of the layer before."""
    layer = size // 10
    target = np.repeat(np.arange(layer, size), FAN_IN)
    return (target // layer - 1) * layer + rng.integers(0, layer, len(target)), target


def small_world(size: int, rng: np.random.Generator) -> tuple[Index, Index]:
    """The FAN_IN nearest of a ring, a tenth of them rewired at random (Watts and Strogatz 1998, 10.1038/30918); the ring is laid in
    squares along a Hilbert curve, so that near on the ring is near on the chip."""
    target = np.repeat(np.arange(size), FAN_IN)
    away = np.tile([k for k in range(-FAN_IN // 2, FAN_IN // 2 + 1) if k], size)
    source = (target + away) % size
    rewired = rng.random(len(target)) < 0.1
    other = rng.integers(0, size - 1, int(rewired.sum()))
    source[rewired] = other + (other >= target[rewired])
    return source, target


def reservoir(size: int, rng: np.random.Generator) -> tuple[Index, Index]:
    """Sources at a normal distance of two neurons in each direction (after the liquid of Maass, Natschlaeger and Markram 2002,
    10.1162/089976602760407955), on the chip's grid with joined edges."""
    side = int(np.ceil(np.sqrt(size)))
    target = np.repeat(np.arange(size), FAN_IN)
    shift = np.rint(rng.normal(0, 2, (len(target), 2))).astype(np.int64)
    shift[(shift == 0).all(axis=1), 0] = 1
    row, column = np.divmod(target, side)
    return (((row + shift[:, 0]) % side) * side + (column + shift[:, 1]) % side) % size, target


GRAPHS = {"feed-forward": feed_forward, "random": random_graph, "small-world": small_world, "reservoir": reservoir}


def hilbert(size: int) -> NDArray[np.float64]:
    """Places (m) of neurons along a Hilbert curve (bit by bit, after its definition of 1891)."""
    order = int(np.ceil(np.log2(np.sqrt(size)) - 1e-12))
    t, x, y = np.arange(size), np.zeros(size, np.int64), np.zeros(size, np.int64)
    for level in range(order):
        s = 1 << level
        right = (t // 2) & 1
        up = (t ^ right) & 1
        flip = (up == 0) & (right == 1)
        x[flip], y[flip] = s - 1 - x[flip], s - 1 - y[flip]
        turned = up == 0
        x[turned], y[turned] = y[turned], x[turned].copy()
        x, y, t = x + s * right, y + s * up, t // 4
    return np.stack([x, y], axis=-1) * PITCH


def measure(graph: str, size: int, rate: float, seed: int, given: Cells, span: float) -> dict[str, Any]:
    """Powers (W) by cause, output rate (Hz) and synaptic events (1/s) of one net over ``span`` (s), after as long a start."""
    rng = np.random.default_rng([seed, size])
    source, target = GRAPHS[graph](size, rng)
    net = Network(seed=seed)
    net.add_population("neurons", given.outside, size)
    net.add_input("pulses", Poisson(rate), size)
    net.connect("pulses", "neurons", CellSynapse(given.outside), delay=0.0, connectivity=OneToOne())
    net.connect("neurons", "neurons", CellSynapse(given.inside), delay=1e-4, connectivity=Pairs(source, target))
    simulation = net.start()
    simulation.run(span)
    result = simulation.run(span)
    energy, spikes = result.energies["neurons"], result.neurons("neurons")
    place = hilbert(size) if graph == "small-world" else grid(size)
    length = np.abs(place[source] - place[target]).sum(axis=1)
    farads = WIRE * np.bincount(source, length, minlength=size)
    fired = np.bincount(spikes, minlength=size)
    supply = given.outside.soma.supply
    powers = {
        "static": energy["static"] + given.bias / SHARE * size * span,
        "waiting": energy["threshold"],
        "spikes": energy["output"],
        "read": energy["read"],
        "gates": energy["input"],
        "wires": supply**2 * float(fired @ farads),
    }
    return {
        "graph": graph, "neurons": size, "input_rate": rate, "seed": seed, "output_rate": len(spikes) / size / span,
        "events_per_second": result.arrivals / span, "wall": result.wall,
        **{cause: powers[cause] / span for cause in CAUSES},
    }  # fmt: skip


def exponent(rows: list[dict[str, Any]], of: tuple[str, ...] = CAUSES) -> tuple[float, float]:
    """Slope of log power against log neurons, and half its 95 % interval."""
    x = np.log([row["neurons"] for row in rows])
    y = np.log([sum(row[cause] for cause in of) for row in rows])
    fit = stats.linregress(x, y)
    return float(fit.slope), float(stats.t.ppf(0.975, len(x) - 2) * fit.stderr)


def draw(rows: list[dict[str, Any]], sweep: list[dict[str, Any]], anchor: dict[str, Any] | None, path: Path) -> None:
    """Energy an event against neurons, by cause at the largest net, and power against the input's rate."""
    with plotting.look():
        files.write_bytes(path, plotting.png(_figure(rows, sweep, anchor)))


def _figure(rows: list[dict[str, Any]], sweep: list[dict[str, Any]], anchor: dict[str, Any] | None) -> Any:
    made, axes = plotting.figure(1, 3, width=10.4, height=3.4)
    for k, graph in enumerate(GRAPHS):
        own = [row for row in rows if row["graph"] == graph]
        slope, half = exponent(own)
        per_event = [1e12 * sum(r[c] for c in CAUSES) / r["events_per_second"] for r in own]
        axes[0].loglog(
            [r["neurons"] for r in own], per_event, color=plotting.COLOURS[k], marker=plotting.MARKERS[k],
            linestyle="none", label=f"{graph}: N^({slope:.3f} +- {half:.3f})",
        )  # fmt: skip
    if anchor:
        events = anchor["pulses"] + sum(anchor["spikes_spice"]) * (anchor["synapses"] / anchor["neurons"] - 1)
        axes[0].loglog(
            [anchor["neurons"]],
            [1e12 * anchor["energy_spice"] / events],
            "*",
            color="black",
            markersize=11,
            label="ngspice, whole net",
        )
    axes[0].set(xlabel="neurons", ylabel="energy per synaptic event (pJ)", title="All energy; power goes as")
    axes[0].set_ylim(top=300)  # room for the legend
    axes[0].legend()
    bottom = np.zeros(len(GRAPHS))
    for k, cause in enumerate(CAUSES):
        share = np.array(
            [
                np.mean(
                    [
                        1e12 * r[cause] / r["events_per_second"]
                        for r in rows
                        if r["graph"] == g and r["neurons"] == SHOWN
                    ]
                )
                for g in GRAPHS
            ]
        )
        axes[1].bar(
            list(GRAPHS), share, bottom=bottom, label=cause, color=plotting.COLOURS[k], edgecolor="white",
            hatch=("", "//", "..", "xx", "\\\\", "--")[k],
        )  # fmt: skip
        bottom += share
    axes[1].set_axisbelow(True)
    axes[1].set(ylabel="energy per synaptic event (pJ)", title=f"{SHOWN:,} neurons, by cause")
    axes[1].tick_params(axis="x", rotation=25)
    axes[1].legend()
    rates = [row["input_rate"] for row in sweep]
    parts = {"static and waiting": ("static", "waiting"), "dynamic": ("spikes", "read", "gates", "wires")}
    for k, (name, of) in enumerate(parts.items()):
        power = [1e12 * sum(row[c] for c in of) / row["neurons"] for row in sweep]
        axes[2].loglog(rates, power, color=plotting.COLOURS[k], marker=plotting.MARKERS[k], label=name)
    axes[2].set(xlabel="input rate (Hz)", ylabel="power a neuron (pW)", title="Random graph, 1,000 neurons")
    axes[2].legend()
    return made


def crossing(sweep: list[dict[str, Any]]) -> float | None:
    """Input rate (Hz) at which dynamic power passes static and waiting power, by a line in logarithms; None: not in the range."""
    x = np.log([row["input_rate"] for row in sweep])
    gap = [
        np.log(sum(row[c] for c in ("spikes", "read", "gates", "wires")) / (row["static"] + row["waiting"]))
        for row in sweep
    ]
    for k in range(len(x) - 1):
        if gap[k] < 0 <= gap[k + 1]:
            return float(np.exp(x[k] + (x[k + 1] - x[k]) * -gap[k] / (gap[k + 1] - gap[k])))
    return None


def finish(
    nets: list[tuple[str, int, float, int]], path: Path, given: Cells, span: float, pulses: int = 0
) -> list[dict[str, Any]]:
    """:func:`measure` of each (graph, neurons, rate, seed) over ``span`` s or ``pulses`` input pulses a neuron, what is longer; what
    ``path`` holds already is not run again."""
    rows: list[dict[str, Any]] = json.loads(path.read_text()) if path.is_file() else []
    done = {(row["graph"], row["neurons"], row["input_rate"], row["seed"]) for row in rows}
    for graph, size, rate, seed in nets:
        if (graph, size, rate, seed) in done:
            continue
        row = measure(graph, size, rate, seed, given, max(span, pulses / rate))
        rows.append(row)
        files.write_text(path, json.dumps(rows, indent=1))
        total = sum(row[cause] for cause in CAUSES)
        print(
            f"{graph:13} {size:8d}  {row['output_rate']:7.1f} Hz  {total:.3e} W  "
            f"{1e12 * total / row['events_per_second']:.3f} pJ an event  {row['wall']:.1f} s",
            flush=True,
        )
    return [row for row in rows if (row["graph"], row["neurons"], row["input_rate"], row["seed"]) in nets]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--largest", type=float, default=1e6)
    parser.add_argument("--rate", type=float, default=1e3, help="of the Poisson input of each neuron (Hz)")
    parser.add_argument("--span", type=float, default=10e-3, help="biological time that is counted (s)")
    parser.add_argument("--anchor", type=Path)
    chosen = parser.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    given = cells(Setting(Ngspice.find(), find_process("sky130")))
    sizes = [10**k for k in range(2, 7) if 10**k <= chosen.largest]
    nets = [(g, n, chosen.rate, seed) for n in sizes for g in GRAPHS for seed in range(SEEDS if n <= 10_000 else 1)]
    rows = finish(nets, chosen.out / "energy-scaling.json", given, chosen.span)
    other_rates = [("random", 1000, rate, 0) for rate in RATES]
    sweep = finish(other_rates, chosen.out / "energy-rates.json", given, chosen.span, pulses=20)
    for graph in GRAPHS:
        own = [row for row in rows if row["graph"] == graph]
        told = "; ".join(f"{name} {exponent(own, of)[0]:.3f} +- {exponent(own, of)[1]:.3f}" for name, of in (
            ("all", CAUSES), ("without wires", CAUSES[:-1]), ("wires", ("wires",)),
        ))  # fmt: skip
        print(f"{graph:13} power goes as N to the {told}")
    print(f"dynamic passes static and waiting power at an input of {crossing(sweep)} Hz (random graph, 1,000 neurons)")
    anchor = json.loads(chosen.anchor.read_text()) if chosen.anchor else None
    draw(rows, sweep, anchor, chosen.out / "energy-scaling.png")


if __name__ == "__main__":
    main()
