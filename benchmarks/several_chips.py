"""What noise and mismatch make of the next spike: ``python -m benchmarks.several_chips [--card B] [--width 0.216] [--chips 4] [--json FILE]``.

The membranes and runs of ``benchmarks.several_synapses``. Noise moves the membrane against the threshold of an interval by a normal number:
kT/C of the membrane (what the pulses bring makes up for what they let fade), and the noise of the threshold stage, which
``ionspike.circuit.jitter`` measures as a time and its slope makes a voltage. The cell says how often the pulse of the next spike stays the
same. Mismatch is the foundry's (section ``tt_mm``): the nominal cell on the runs of each chip, then with its threshold moved by one
number, found on every other interval of that chip.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.constants import Boltzmann, zero_Celsius
from scipy.stats import norm

from benchmarks.in_common import in_common
from benchmarks.several_bars import share
from benchmarks.several_synapses import (
    MIXES,
    RATES,
    SEEDS,
    Membrane,
    card,
    choosing_parser,
    found_by,
    membrane,
    nets_of,
    seen,
    soma_of,
)
from ionspike import files
from ionspike.circuit.jitter import Jitter, spike_jitter
from ionspike.circuit.neuron_net import NetRun, NeuronNet, simulate_nets
from ionspike.circuit.simulate import Setting
from ionspike.network import Cell
from ionspike.spice import Limits, Ngspice, find_process

Array = NDArray[np.float64]

CURRENT = 1e-8  # A of the ramp on which the stage's noise is measured
DRAWS = norm.ppf((np.arange(16) + 0.5) / 16)  # a normal number by its quantiles
SHIFTS = np.arange(-120, 121) * 0.5e-3  # V in which a chip's threshold is looked for


def shifted(cells: Sequence[Cell], by: float) -> list[Cell]:
    """The cells of one membrane with their threshold ``by`` (V) higher."""
    first = cells[0]
    return [replace(first, soma=replace(first.soma, threshold=first.soma.threshold + by)), *cells[1:]]


def offsets(found: Jitter, capacitance: float, kelvin: float) -> dict[str, float]:
    """Standard deviations (V) of the membrane against the threshold, by cause."""
    thermal, stage = math.sqrt(Boltzmann * kelvin / capacitance), found.stage * found.slope
    return {"kT/C": thermal, "stage": stage, "both": math.hypot(thermal, stage)}


def under_noise(cells: Sequence[Cell], runs: list[NetRun], deviation: float) -> dict[str, float]:
    """How many next spikes stay on the noiseless cell's pulse, within one of it, within one or 2 % of the interval, and how many are on
    that of the noiseless run, in %."""
    quiet = found_by(cells, runs)
    noisy = [found_by(shifted(cells, deviation * float(z)), runs) for z in DRAWS]
    beside = np.concatenate([np.stack([quiet[:, 1], each[:, 1]], axis=-1) for each in noisy])
    return {
        "same": share(beside),
        "near": share(beside, 1),
        "near_2_percent": share(beside, 1, 0.02),
        "as_spice": share(np.concatenate(noisy)),
    }


def of_chip(given: Membrane, nominal: list[NetRun], runs: list[NetRun]) -> dict[str, Any]:
    """What the nominal chip and its cell say of another chip's spikes, in %."""
    beside = np.concatenate([in_common(seen(run), seen(other)) for run, other in zip(runs, nominal, strict=True)])
    by_shift = [found_by(shifted(given.cells, float(by)), runs) for by in SHIFTS]
    chosen, moved = [], []
    for part in (0, 1):  # every second interval with the threshold that is best on the others
        others = np.array([share(each[1 - part :: 2]) for each in by_shift])
        best = np.flatnonzero(others == others.max())
        chosen.append(int(best[len(best) // 2]))
        moved.append(by_shift[chosen[-1]][part::2])
    plain = found_by(given.cells, runs)
    return {
        "spikes": sum(len(run.spikes[0]) for run in runs),
        "spikes_nominal": sum(len(run.spikes[0]) for run in nominal),
        "intervals": len(plain),
        "as_nominal": share(beside),
        "near_nominal": share(beside, 1),
        "cell": share(plain),
        "cell_near": share(plain, 1),
        "shifted": share(np.concatenate(moved)),
        "shifted_near": share(np.concatenate(moved), 1),
        "shift": float(np.mean(SHIFTS[chosen])),
    }


def measure(name: str, options: argparse.Namespace, setting: Setting) -> dict[str, Any]:
    """Noise at each width of one card, and chips at the second of them."""
    _, neuron, _ = card(name)
    found = spike_jitter(neuron, setting, CURRENT, intervals=3)  # its prediction alone is used
    moved = offsets(found, float(neuron.membrane), setting.accuracy.temperature + zero_Celsius)
    print(f"card {name}: " + ", ".join(f"{cause} {1e6 * value:.0f} uV" for cause, value in moved.items()))
    soma, noise, drawn = soma_of(name, setting, options.workers), [], []
    widths, seeds = options.width or list(RATES[name]), options.seed or SEEDS
    for width in widths:
        given = membrane(name, width, soma, setting, options.workers)
        wanted = [
            one
            for mix in options.mix or MIXES
            for one in nets_of(given, mix, RATES[name][width][MIXES.index(mix)], seeds)
        ]
        runs = simulate_nets(wanted, setting, options.workers)
        row = {"width": width, "inputs": _inputs(runs), "same": share(found_by(given.cells, runs))}
        row |= {cause: under_noise(given.cells, runs, value) for cause, value in moved.items()}
        noise.append(row)
        print(_noise_line(row, list(moved)), flush=True)
        if width == widths[min(1, len(widths) - 1)]:
            few = slice(len(seeds))  # of the first mix
            drawn = _chips(given, wanted[few], runs[few], options, setting)
    return {"card": name, "offsets": moved, "noise": noise, "chips": drawn}


def _inputs(runs: list[NetRun]) -> float:
    return sum(sum(map(len, run.inputs)) for run in runs) / sum(len(run.spikes[0]) for run in runs)


def _chips(
    given: Membrane,
    wanted: list[tuple[NeuronNet, float]],
    nominal: list[NetRun],
    options: argparse.Namespace,
    setting: Setting,
) -> list[dict[str, Any]]:
    drawn = []
    for seed in range(1, options.chips + 1):
        made = simulate_nets(wanted, replace(setting, corner="tt_mm", seed=seed), options.workers)
        drawn.append({"chip": seed} | of_chip(given, nominal, made))
        print(_chip_line(drawn[-1]), flush=True)
    return drawn


def _noise_line(row: dict[str, Any], causes: list[str]) -> str:
    told = "; ".join(
        f"{c}: {row[c]['same']:.1f} % same, {row[c]['near']:.1f} % within one, {row[c]['near_2_percent']:.1f} % or 2 %, {row[c]['as_spice']:.1f} % as ngspice"
        for c in causes
    )
    return f"  width {row['width']:g}, {row['inputs']:.1f} pulses a spike, cell {row['same']:.1f} %; {told}"


def _chip_line(row: dict[str, Any]) -> str:
    return (
        f"  chip {row['chip']}: {row['spikes']} spikes for {row['spikes_nominal']}; as the nominal chip "
        f"{row['as_nominal']:.1f} % (within one {row['near_nominal']:.1f}), as the nominal cell {row['cell']:.1f} % ({row['cell_near']:.1f}), with its "
        f"threshold {1e3 * row['shift']:+.1f} mV {row['shifted']:.1f} % ({row['shifted_near']:.1f}) of {row['intervals']}"
    )


def main() -> None:
    """Measure, print, write the figures."""
    parser = choosing_parser(__doc__)
    parser.add_argument("--chips", type=int, default=4)
    options = parser.parse_args()
    setting = Setting(Ngspice.find(), find_process("sky130"), limits=Limits(seconds=3000))
    found = [measure(name, options, setting) for name in options.card or sorted(RATES)]
    if options.json:
        files.write_text(options.json, json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
