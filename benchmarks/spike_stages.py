"""Where the energy of one spike goes, transistor by transistor: the part ``stages`` of ``python -m benchmarks.spike_energy``.

Every pfet of the neuron's netlist gets a supply with an ammeter of its own; what it draws over a spike is the charge of the node it pulls
up, and what flows through it to ground. From the netlist's own sizes to the design's, one group of changes after the other.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.spike_energy_design import (
    DRIVER,
    KEEPER,
    PULSES,
    RESET,
    SIZES,
    bench,
    neuron,
    read,
    silent,
)
from ionspike.circuit.energy import SHARE
from ionspike.circuit.neurons import Neuron
from ionspike.circuit.simulate import Plan, Run, Setting, job
from ionspike.circuit.testbench import Bench
from ionspike.circuit.topologies import find_topology
from ionspike.spice.batch import run_one
from ionspike.spikes import regular

NODES = {"spk": ("xp2",), "n1": ("xkp", "xpr"), "d1": ("xd1p",), "rst": ("xp3",), "d3": ("xd3p",)}  # what pulls it up
RATE = 1e3  # Hz of the output, about
_IDLE = 50e-3  # s
_OLD: Mapping[str, float] = {"wdelay": 5.0, "wreset": 3.0}
_OUTPUT = {key: SIZES[key] for key in ("wfire", "lfire", "wend", "lrise")}


def steps() -> list[tuple[str, Neuron, Bench]]:
    """The design before any change, and after each group of them."""
    design = neuron()
    small = {**SIZES, "wreset": RESET * float(design.membrane)}
    plain = dict(DRIVER, driver_width=0.84, driver_length=0.25)
    before = {"bias_cell": "bias-cell", "delay_bias": 1.12e-9}
    made = [
        ("sizes of the netlist, wdelay 5, wreset 3", {**before, "sizes": _OLD}, plain),
        ("output and p3", {**before, "sizes": {**_OLD, **_OUTPUT}}, plain),
        ("other gates, shorter reset", {**before, "sizes": {"wdelay": 5.0, **small}}, plain),
        ("driver", {**before, "sizes": {"wdelay": 5.0, **small}}, DRIVER),
        ("delay mirror and bias cell: the design", {}, DRIVER),
    ]
    return [(name, design.with_(**changes), bench(design, **driver)) for name, changes, driver in made]


def metered(text: str) -> tuple[str, tuple[str, ...]]:
    """A neuron's netlist with an ammeter in the supply of every pfet, and the pfets' names."""
    lines, names = [], []
    for line in text.splitlines():
        words = line.split()
        if len(words) > 5 and words[5] == "pf":
            names.append(words[0])
            lines.append(f"va{words[0]} {words[3]} s{words[0]} 0")
            words[3] = words[4] = f"s{words[0]}"  # source and well
            line = " ".join(words)
        lines.append(line.replace("delay_feedback_lif", "metered_lif"))
    return "\n".join(lines) + "\n", tuple(names)


def stages(setting: Setting) -> list[dict[str, Any]]:
    """Energy (J) a spike by the node that a pfet pulls up, a pulse's at the driver, and what each pfet draws at rest (W)."""
    text, names = metered(find_topology(KEEPER).netlist)
    with tempfile.TemporaryDirectory(prefix="ionspike-") as folder:
        path = Path(folder) / "metered.spice"
        path.write_text(text)
        return [_row(name, cell, made, str(path), names, setting) for name, cell, made in steps()]


def _row(name: str, cell: Neuron, made: Bench, path: str, names: tuple[str, ...], setting: Setting) -> dict[str, Any]:
    cell = cell.with_(topology=path)
    count = 3 * PULSES
    driven = made.with_(neuron=cell, pulses=tuple(regular(PULSES * RATE, count)))
    run = _run(Plan(driven, (count + 1) / (PULSES * RATE), setting), names)
    still = _run(Plan(silent(cell.with_(synapse=None, input=None)), _IDLE, setting), names)
    told = read(run)
    ends = run.reset_ends
    drawn = {pfet: _energy(run, pfet, ends[0], ends[-1]) / (len(ends) - 1) for pfet in names}
    return {
        "step": name,
        "nodes": {node: sum(drawn[pfet] for pfet in pfets) for node, pfets in NODES.items()},
        "pulse": told["blocks"]["driver"] / told["inputs"],
        "bias": told["blocks"]["bias"] / SHARE * told["rate"] / RATE,
        "rest": {pfet: _energy(still, pfet, _IDLE / 2, _IDLE) / (_IDLE / 2) for pfet in names},
        **{key: told[key] for key in ("inputs", "rate", "width", "total")},
    }


def _run(plan: Plan, names: tuple[str, ...]) -> Run:
    made = job(plan.bench, plan.stop, plan.setting)
    made = replace(made, save=(*made.save, *(f"i(v.xn.va{pfet})" for pfet in names)))
    return Run(plan.bench, plan.setting, run_one(plan.setting.engine, made))


def _energy(run: Run, pfet: str, start: float, stop: float) -> float:
    return run.bench.supply * run.waveforms.integral(run[f"i(v.xn.va{pfet})"], start, stop)
