"""Short-term and long-term state live in one device: wide spikes write the weight, narrow ones leave it and act on top of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import xarray as xr

from ionspike import plotting
from ionspike.circuit.neurons import Neuron
from ionspike.circuit.simulate import Run, simulate_all
from ionspike.circuit.testbench import Bench
from ionspike.device import Ecram
from ionspike.report.claim import Check, Claim, Context, Control, Outcome, Picture, circuit_conditions
from ionspike.report.claims.trimmed import trimmed
from ionspike.spikes import regular
from ionspike.units import show

_WRITE_BIAS = 1e-12  # A, a spike of some microseconds
_WRITE_RATE = 50e3  # Hz of input pulses
_WRITTEN = (6, 24)  # writing spikes, about: half as many input pulses again
_TRAIN, _TRAIN_RATE = 10, 1e3
_FIRING_WIDTH = 60e-9  # s: every input pulse fires the neuron once
_RESTS = 12  # of tau: what is left of the volatile part is below 1e-5


def measure(context: Context) -> Outcome:
    """Write two weights, then run the same short-term train on each."""
    neuron, card = trimmed(context), context.reference
    rest = _RESTS * max(p.tau for p in card.populations)
    fixed = replace(card, name="fixed", weight=replace(card.weight, a=0.0))
    writes = [_writing(neuron, card, count, rest) for count in _WRITTEN] + [_writing(neuron, fixed, _WRITTEN[-1], rest)]
    runs = simulate_all(writes, context.spice, context.workers)
    span = max(card.weight.G_max - card.weight.G_min, 1e-12)
    written = [float(run.conductance("input")[-1] - run.conductance("input")[0]) / span for run in runs]
    weights = [float(np.clip(card.weight.w + share, 0, 1)) for share in written[:2]]
    trains = [_train(neuron, card.with_weight(w)) for w in weights]
    short = simulate_all(trains, context.spice, context.workers)
    gained = [_gained(run) for run in short]
    moved = max(abs(float(np.subtract(*run.states("input")[[-1, 0], -1]))) for run in short)
    resting = [float(run.conductance("input")[0]) for run in short]
    checks = (
        Check("same-change", 100 * abs(gained[0] - gained[1]) / max(*map(abs, gained), 1e-9), "%", None, 3.0),
        Check("short-term-change", 100 * min(g / r for g, r in zip(gained, resting, strict=True)), "%", 10.0, None),
        Check("weight-moved", 100 * moved, "%", None, 0.1),
        Check("weights-apart", 100 * (written[1] - written[0]), "%", 5.0, None),
    )
    control = (Control("write-off", 100 * abs(written[2]), "%", None, 0.1),)
    counts = [len(run.spike_times) for run in runs]
    notes = (
        f"Writing: spikes of {show(float(runs[0].widths[0]), 's')} (delay bias {show(_WRITE_BIAS, 'A')}); {counts[0]} and {counts[1]} of "
        f"them move the weight from {card.weight.w:.3f} to {weights[0]:.3f} and {weights[1]:.3f}, read as conductance after a rest of "
        f"{_RESTS} tau. Short-term: {len(short[0].spike_times)} spikes of {show(float(short[0].widths[0]), 's')} at "
        f"{show(_TRAIN_RATE, 'Hz')}, starting from each written weight. same-change: difference of the conductance gained; "
        "short-term-change: the gain over the resting conductance; weights in % of their range.",
    )
    data = {"states": _dataset(written, weights, gained)}
    return Outcome(
        checks, control, circuit_conditions(context), _pictures(runs, short, weights, rest), notes, datasets=data
    )


def _writing(neuron: Neuron, card: Ecram, spikes: int, rest: float) -> tuple[Bench, float]:
    pulses = tuple(regular(_WRITE_RATE, spikes))
    fired = neuron.with_(delay_bias=_WRITE_BIAS, input=card)
    # long edges in front of the driver allow long steps in the rest
    bench = Bench(neuron=fired, pulses=pulses, width=_FIRING_WIDTH, edge=10e-9, max_step=1e-4)
    return bench, pulses[-1] + rest


def _train(neuron: Neuron, card: Ecram) -> tuple[Bench, float]:
    pulses = tuple(regular(_TRAIN_RATE, _TRAIN))
    return Bench(neuron=neuron.with_(input=card), pulses=pulses, width=_FIRING_WIDTH), pulses[-1] + 1e-6


def _gained(run: Run) -> float:
    """Conductance (S) gained from before the first spike to the end of the run, just after the last."""
    g = run.conductance("input")
    return float(g[-1] - g[0])


def _dataset(written: list[float], weights: list[float], gained: list[float]) -> xr.Dataset:
    return xr.Dataset(
        {
            "written": ("arm", written, {"units": "1"}),
            "weight": ("arm", [*weights, np.nan], {"units": "1"}),
            "gained": ("arm", [*gained, np.nan], {"units": "S"}),
        },
        {"arm": ["few", "many", "a = 0"]},
    )


def _pictures(runs: list[Run], short: list[Run], weights: list[float], rest: float) -> tuple[Picture, ...]:
    made, axes = plotting.figure(1, 2, width=8.4, height=3.0)
    names = (f"{len(runs[0].spike_times)} spikes", f"{len(runs[1].spike_times)} spikes", "weight held (a = 0)")
    for run, name, style in zip(runs, names, ("-", "--", ":"), strict=True):
        axes[0].plot(run.time * 1e3, run.conductance("input") * 1e6, style, label=name)
    axes[0].set(
        xlabel="time (ms)",
        ylabel="conductance (uS)",
        title="Microsecond spikes write the weight",
        xlim=(None, 0.6e3 * rest),
    )
    for run, w, style in zip(short, weights, ("-", "--"), strict=True):
        g = run.conductance("input")
        axes[1].plot(run.time * 1e3, (g - g[0]) * 1e6, style, label=f"w = {w:.2f}")
    axes[1].set(xlabel="time (ms)", ylabel="conductance gained (uS)", title="Nanosecond spikes act on top of it")
    for axis in axes:
        axis.legend()
    caption = "Long-term weight and short-term state in one device: written by wide spikes, read through the same train of narrow ones."
    return (Picture("coexistence", caption, made),)


CLAIM = Claim(
    id="coexistence",
    statement="Spikes write a long-term weight, and the same short-term change rides on either of two weights without moving them.",
    paper="Short-term and long-term state coexist in one device.",
    measure=measure,
)
