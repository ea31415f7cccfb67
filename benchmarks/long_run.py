"""300 ms with microsecond spikes: what each option costs and what it does to width, energy and the law's conductance.

    python -m benchmarks.long_run [--json FILE]

Thirty input pulses at 100 Hz; the output spike gates an ECRAM in the input path. The input's edges are 5 ns, so that steps may be
50 us long without losing pulses. Every option is held against a run at reltol 1e-6 with steps of 5 us. Two more circuits stand for
the edges themselves: 1 ns, which allows 10 us.
"""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.sweep import analysis_seconds
from ionspike.circuit.energy import energy
from ionspike.circuit.neurons import Neuron
from ionspike.circuit.resistance_step import law_conductance
from ionspike.circuit.simulate import Run, Setting, simulate
from ionspike.circuit.testbench import Bench
from ionspike.device import Ecram
from ionspike.spice import Accuracy, Ngspice, find_process
from ionspike.spikes import regular

STOP = 0.3  # s
REFERENCE = "reltol 1e-6, 5 us"
CHOSEN = "reltol 1e-4, 50 us"


def bench(edge: float, max_step: float) -> Bench:
    """The circuit, with output spikes of about a microsecond."""
    neuron = Neuron(membrane=5e-12, delay_bias=8e-12, input=Ecram.load("reference"))
    return Bench(neuron, tuple(regular(100.0, 30)), width=10e-9, edge=edge, max_step=max_step)


def cases() -> dict[str, tuple[Bench, Accuracy]]:
    """Circuits and tolerances by name; the reference first."""
    plain = Accuracy()
    return {
        REFERENCE: (bench(5e-9, 5e-6), replace(plain, reltol=1e-6)),
        CHOSEN: (bench(5e-9, 50e-6), plain),
        "reltol 1e-4, 20 us": (bench(5e-9, 20e-6), plain),
        "reltol 1e-4, 10 us": (bench(5e-9, 10e-6), plain),
        "reltol 1e-3, 50 us": (bench(5e-9, 50e-6), replace(plain, reltol=1e-3)),
        "reltol 1e-5, 50 us": (bench(5e-9, 50e-6), replace(plain, reltol=1e-5)),
        "trapezoidal, reltol 1e-4, 50 us": (bench(5e-9, 50e-6), replace(plain, method="trap")),
        "edges of 1 ns, reltol 1e-4, 10 us": (bench(1e-9, 10e-6), plain),
    }


def figures(run: Run) -> dict[str, Any]:
    """What the options are judged by."""
    conductance = run.conductance("input")
    swing = float(conductance.max() - conductance.min())
    return {
        "analysis_s": analysis_seconds(run.waveforms.log),
        "time_points": len(run.time),
        "spikes": len(run.spike_times),
        "width_s": float(np.mean(run.widths)),
        "energy_J": energy(run).core,
        # SPICE's conductance against the exact law under the voltages that SPICE recorded
        "law_error_of_swing": float(np.abs(conductance - law_conductance(run, "input")).max()) / swing,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    os.environ["IONSPIKE_CACHE"] = "off"
    setting = Setting(Ngspice.find(), find_process("sky130"))
    found: dict[str, dict[str, Any]] = {}
    for name, (circuit, accuracy) in cases().items():
        found[name] = figures(simulate(circuit, STOP, replace(setting, accuracy=accuracy)))
        fine = found[REFERENCE]
        row = found[name]
        row["width_off"] = row["width_s"] / fine["width_s"] - 1
        row["energy_off"] = row["energy_J"] / fine["energy_J"] - 1
        print(name, json.dumps(row), flush=True)
    if options.json is not None:
        options.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
