"""The six neurons beside each other, each in the bench it is sized for: ``python -m benchmarks.neurons [--json FILE]``.

Transistors, spike width, threshold (membrane voltage when the spike starts), idle power, and energy per output spike at three input
rates: all rails but the bias cell's (core), with a bias cell of its own, and with one shared by 64.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from ionspike import files
from ionspike.circuit.energy import IDLE, SHARE, energy, idle_power_of
from ionspike.circuit.neurons import Neuron
from ionspike.circuit.simulate import Setting, simulate_all
from ionspike.circuit.testbench import Bench
from ionspike.circuit.topologies import TOPOLOGIES
from ionspike.spice import Ngspice, find_process
from ionspike.spikes import regular

RATES = (1e3, 10e3, 100e3)  # Hz of the input
_PULSES = 40


def measure(setting: Setting) -> list[dict[str, Any]]:
    """One row a neuron; J, s, V, W, Hz."""
    benches = [
        (Bench(neuron=Neuron(name), pulses=tuple(regular(rate, _PULSES))), (_PULSES + 1) / rate)
        for name in TOPOLOGIES
        for rate in RATES
    ]
    silent = [(Bench(neuron=Neuron(name)), IDLE) for name in TOPOLOGIES]
    runs = simulate_all(benches + silent, setting)
    rows = []
    for k, name in enumerate(TOPOLOGIES):
        driven = runs[k * len(RATES) : (k + 1) * len(RATES)]
        fast = driven[-1]
        idle, bias = idle_power_of(runs[len(benches) + k])
        spent = [energy(run) for run in driven]
        rows.append(
            {
                "topology": name,
                "transistors": len(TOPOLOGIES[name].circuit.transistors),
                "width": float(fast.widths[1]),
                "threshold": [float(run.waveforms.at("v(mem)", run.spike_times[1] - 1e-9)) for run in driven],
                "idle": idle,
                "bias": bias,
                "rates": [e.rate for e in spent],
                "inputs": [e.inputs for e in spent],
                "core": [e.core for e in spent],
                "total": [e.total() for e in spent],
                "shared": [e.total(SHARE) for e in spent],
            }
        )
    return rows


def main() -> None:
    """Measure, print a table, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows = measure(Setting(Ngspice.find(), find_process("sky130")))
    for row in rows:
        print(
            f"{row['topology']:20} {row['transistors']:3d} transistors, spike {row['width'] * 1e9:.1f} ns, idle "
            f"{row['idle'] * 1e12:.3g} pW, bias {row['bias'] * 1e9:.3g} nW"
        )
        for rate, out, inputs, core, total, shared, level in zip(
            RATES, *(row[k] for k in ("rates", "inputs", "core", "total", "shared", "threshold")), strict=True
        ):
            print(
                f"    input {rate:8.0f} Hz, output {out:8.0f} Hz ({inputs:.1f} inputs), threshold {level:.3f} V: core "
                f"{core * 1e12:6.3f}, shared {shared * 1e12:6.3f}, own bias {total * 1e12:7.3f} pJ"
            )
    if options.json:
        files.write_text(options.json, json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
