"""The design whose energy a spike costs ``python -m benchmarks.spike_energy`` measures: neuron, bench, and what a run says of it.

A delay-feedback LIF with two ECRAMs of the reference card: a narrow channel as ``synapse``, gated and read by the input pulse
(facilitation), and the full one as ``input``, gated by the neuron's own spike (1.6 kohm a spike). Where the energy of the reference
neuron's sizes goes, transistor by transistor, is ``--part stages``; what the sizes here do about it:

* ``wfire, lfire, wend, winvert, linvert, lclear, lrearm``: junctions and gates on the output, n1 and the reset, and the current that p2
  wastes while the spike ends.
* ``lfire, lrise``: the narrow pfet that leaks least, in the two places where one is off at rest.
* ``lrestore, wreset``: a shorter gate behind d3 and a shorter reset, with a reset transistor that grows with the membrane.
* keeper 0.01 nA: what a membrane that waits costs at most. Below that leakage at 85 C takes its place.
* the long bias cell: the delay reference burns it, and four times the length asks for a fourth of the current.
* ``DRIVER``: the drain of the driver's pfet is charged with every input pulse. Its gate area is that of the default, 0.21 um2.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from ionspike.circuit.energy import SHARE, energy
from ionspike.circuit.facilitation import passed
from ionspike.circuit.neurons import Neuron
from ionspike.circuit.simulate import Plan, Run, Setting, simulate_plans
from ionspike.circuit.testbench import Bench
from ionspike.device import Ecram
from ionspike.spice.engine import Failure
from ionspike.spikes import regular

KEEPER, GATED = "delay-feedback-lif", "input-gated-lif"
FED = str(Path(__file__).parent / "netlists" / "feedback-limited-lif.spice")
STAGES = {"keeper": KEEPER, "input-gated": GATED, "feedback": FED}
MEMBRANE, KEEPER_BIAS, DELAY_BIAS = 0.5e-12, 0.01e-9, 0.45e-9
RAIL, WIDTH = 0.45, 9e-9
SIZES: Mapping[str, float] = MappingProxyType(
    {
        "wfire": 0.42,
        "lfire": 0.5,
        "wend": 0.42,
        "lclear": 0.18,
        "lrearm": 0.18,
        "lrise": 0.5,
        "winvert": 0.42,
        "linvert": 0.18,
        "lrestore": 1.0,
    }
)
RESET = 3e12  # um of reset transistor per farad of membrane
DRIVER: Mapping[str, float] = MappingProxyType({"driver_width": 0.42, "driver_length": 0.5, "switch": 0.42})
SCALE = (
    0.034e12  # channel width of the synapse over the card's, per farad of membrane: 13 pulses of 9 ns a spike at 1 kHz
)
PULSES = 13


def neuron(
    stage: str = KEEPER, membrane: float = MEMBRANE, keeper: float = KEEPER_BIAS, pulses: float = PULSES
) -> Neuron:
    """The design, or one of its relatives with a channel sized for another membrane or number of pulses a spike."""
    card = Ecram.load("reference")
    return Neuron(
        stage,
        membrane,
        DELAY_BIAS,
        keeper_bias=keeper,
        synapse=card.scaled(SCALE * membrane * PULSES / pulses, name="synapse"),
        input=card,
        sizes={**SIZES, "wreset": max(RESET * membrane, 0.42)},
        bias_cell="long-bias-cell",
    )


def bare(stage: str = KEEPER, **changes: float) -> Neuron:
    """The neuron without its ECRAMs, which carry no current between pulses."""
    return neuron(stage, **changes).with_(synapse=None, input=None)


def bench(cell: Neuron, pulses: tuple[float, ...] = (), **changes: Any) -> Bench:
    """The design's bench around a neuron."""
    return Bench(neuron=cell, pulses=pulses, **{"width": WIDTH, "read_rail": RAIL, **DRIVER, **changes})


def silent(cell: Neuron, **changes: Any) -> Bench:
    """A bench without input, with the long steps that it may take."""
    return bench(cell, **{"width": 2e-6, "edge": 1e-6, "max_step": 1e-3, **changes})


def plan(cell: Neuron, rate: float, spikes: float, setting: Setting, **changes: Any) -> Plan:
    """Regular input at ``rate`` (Hz) that lasts for some ``spikes`` of 13 pulses."""
    count = round(spikes * PULSES)
    return Plan(bench(cell, tuple(regular(rate, count)), **changes), (count + 1) / rate, setting)


def read(run: Run | Failure) -> dict[str, Any]:
    """What a run spent a spike (J), at which rate (Hz) and pulses a spike, and the floor C Vth Vread; of a run that fired less than
    twice how many ``spikes`` it has, of one that failed why (``failed``: past its time limit, or the simulator's last words)."""
    if isinstance(run, Failure):
        return {"failed": run.message}
    if len(run.reset_ends) < 2:
        return {"spikes": len(run.spike_times)}
    spent = energy(run)
    cell = run.bench.neuron
    peaks = run.waveforms.at("v(mem)", run.spike_times[1:] - 1e-9)
    rests = run.waveforms.at("v(mem)", run.reset_ends[: len(peaks)])
    threshold = float(np.mean(peaks - rests[: len(peaks)]))
    floor = float(cell.membrane) * threshold * run.bench.read_rail
    total = spent.total(SHARE)
    return {
        "rate": spent.rate,
        "inputs": spent.inputs,
        "core": spent.core,
        "total": total,
        "blocks": {name: value / spent.spikes for name, value in spent.blocks.items()},
        "threshold": threshold,
        "floor": floor,
        "over_floor": total / floor,
        "width": float(np.mean(run.widths)),
        "paired": paired(run),
    }


def fired(row: dict[str, Any]) -> bool:
    """Whether a row of :func:`read` has an energy."""
    return "total" in row


def paired(run: Run) -> float:
    """Paired pulses: the membrane's second step over its first."""
    first, second = passed(run)[:2]
    return float(second / first)


def results(plans: list[Plan]) -> list[dict[str, Any]]:
    """What each run spent, or why not."""
    return [read(run) for run in simulate_plans(plans, workers=1)]
