"""Energy per output spike from 100 Hz to 50 kHz: all rails, drivers and ions, with and without the bias branch's share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from ionspike import plotting
from ionspike.circuit.energy import BLOCKS, SHARE, Energy, energy, idle_power
from ionspike.circuit.neurons import Neuron
from ionspike.circuit.simulate import Run, simulate_all
from ionspike.circuit.testbench import Bench
from ionspike.report.claim import Check, Claim, Context, Outcome, Picture, circuit_conditions
from ionspike.report.claims.trimmed import spike_width, trimmed
from ionspike.spikes import regular

_RATES = {"100Hz": 100.0, "1kHz": 1e3, "10kHz": 10e3, "50kHz": 50e3}  # wanted output rates, Hz
_PAPER = 2e-12  # J per spike, arXiv:2605.11243
_ALLOWED = {"100Hz": 2e-12}  # J in total; the issue asks for 10 pJ with 2 as the goal
_NEAR = 0.15  # an output rate this far off its aim is tried once more


@dataclass(frozen=True)
class Point:
    """Energy at one rate, the same at a tenth of the tolerance, and the synapse's first step (ohm)."""

    run: Run
    found: Energy
    tighter: Energy
    idle: float  # W
    step: float

    @property
    def dynamic(self) -> float:
        """J per output spike above idle."""
        return self.found.dynamic(self.idle)

    @property
    def change(self) -> float:
        """Largest relative change of dynamic and total at a tenth of the tolerance."""
        pairs = (
            (self.tighter.dynamic(self.idle), self.dynamic),
            (self.tighter.total(SHARE), self.found.total(SHARE)),
        )
        return max(abs(a / b - 1) for a, b in pairs)


def measure(context: Context) -> Outcome:
    """Regular input at rates chosen for the wanted output rates."""
    neuron = trimmed(context).with_(synapse=context.reference)
    width = spike_width(context)
    idle, bias = idle_power(Bench(neuron=neuron, width=width), context.spice)
    points = _measure_points(context, neuron, width, idle)
    checks = []
    for name, point in points.items():
        total = point.found.total(SHARE)
        checks.append(Check(f"dynamic-{name}", point.dynamic, "J", None, 1e-12, "predicted"))
        checks.append(Check(f"total-shared-{name}", total, "J", None, _ALLOWED.get(name, _PAPER), "predicted"))
        checks.append(Check(f"rate-{name}", point.found.rate, "Hz", 0.6 * _RATES[name], 1.5 * _RATES[name]))
    checks.append(
        Check("tolerance", 100 * max(p.change for p in points.values()), "%", None, 0.5, "independent"),
    )
    own = ", ".join(f"{1e12 * p.found.total():.2f} pJ at {p.found.rate:.3g} Hz" for p in points.values())
    inputs = ", ".join(f"{p.found.inputs:.2f}" for p in points.values())
    steps = [p.step for p in points.values()]
    notes = (
        f"Windows run from one end of reset to another. Dynamic: idle power ({idle * 1e12:.2g} pW, silent input, reset membrane) "
        f"taken off, bias left out. Total: everything, with a bias cell of {bias * 1e9:.2g} nW shared by {SHARE} neurons. With a "
        f"bias cell of its own: {own}. Input pulses ({width * 1e9:.2f} ns, as wide as the neuron's own spike) per output spike: "
        f"{inputs}. Resistance step of the synapse over the first pulse of each run: {min(steps):.0f} to {max(steps):.0f} ohm. "
        "The paper gives 2 pJ per spike without saying what it counts.",
        "tolerance: largest change of dynamic or total energy when the simulator's relative tolerance is a tenth.",
    )
    data = {"rates": _dataset(points, idle, bias)}
    return Outcome(tuple(checks), (), circuit_conditions(context), _pictures(points), notes, datasets=data)


def _measure_points(context: Context, neuron: Neuron, width: float, idle: float) -> dict[str, Point]:
    spikes = 4 if context.quick else 8
    rates = {name: 2.05 * aim for name, aim in _RATES.items()}
    found: dict[str, Run] = {}
    for _ in range(2):
        wrong = [n for n, aim in _RATES.items() if n not in found or abs(_rate(found[n]) / aim - 1) > _NEAR]
        benches = [_bench(neuron, width, rates[name], spikes) for name in wrong]
        found |= dict(zip(wrong, simulate_all(benches, context.spice, context.workers), strict=True))
        for name in wrong:
            rates[name] *= _RATES[name] / _rate(found[name])
    again = simulate_all([(run.bench, run.time[-1]) for run in found.values()], context.fine, context.workers)
    return {
        name: Point(run, energy(run), energy(checked), idle, _first_step(run))
        for (name, run), checked in zip(found.items(), again, strict=True)
    }


def _bench(neuron: Neuron, width: float, rate: float, spikes: int) -> tuple[Bench, float]:
    count = 4 * (spikes + 1)
    return Bench(neuron=neuron, pulses=tuple(regular(rate, count)), width=width), count / rate


def _rate(run: Run) -> float:
    ends = run.reset_ends
    return (len(ends) - 1) / (ends[-1] - ends[0]) if len(ends) > 1 else 1 / run.time[-1]


def _first_step(run: Run) -> float:
    around = [run.input_times[0] - 5e-9, run.input_ends[0] + 10e-9]
    before, after = 1 / np.interp(around, run.time, run.conductance("synapse"))
    return float(before - after)


def _dataset(points: dict[str, Point], idle: float, bias: float) -> xr.Dataset:
    def column(values: list[float], unit: str) -> tuple[str, list[float], dict[str, str]]:
        return ("aim", values, {"units": unit})

    items = list(points.values())
    made = {
        "rate": column([p.found.rate for p in items], "Hz"),
        "inputs": column([p.found.inputs for p in items], "1"),
        "dynamic": column([p.dynamic for p in items], "J"),
        "total_shared": column([p.found.total(SHARE) for p in items], "J"),
        "total_own": column([p.found.total() for p in items], "J"),
    }
    for block in BLOCKS:
        made[block] = column([p.found.blocks[block] / p.found.spikes for p in items], "J")
    return xr.Dataset(made, {"aim": list(points)}, {"idle_power_W": idle, "bias_power_W": bias, "shared_by": SHARE})


def _pictures(points: dict[str, Point]) -> tuple[Picture, ...]:
    made, axes = plotting.figure(1, 2, width=8.4, height=3.1)
    rates = [p.found.rate for p in points.values()]
    series = {
        "dynamic": [p.dynamic for p in points.values()],
        f"total, bias shared by {SHARE}": [p.found.total(SHARE) for p in points.values()],
        "total, bias of its own": [p.found.total() for p in points.values()],
    }
    for (name, values), marker in zip(series.items(), plotting.MARKERS, strict=False):
        axes[0].loglog(rates, np.array(values) * 1e12, marker=marker, label=name)
    axes[0].axhline(_PAPER * 1e12, color="0.4", linewidth=1, linestyle=":", label="the paper's 2 pJ")
    axes[0].set(xlabel="output rate (Hz)", ylabel="energy per output spike (pJ)")
    axes[0].legend()
    bottom = np.zeros(len(points))
    for k, block in enumerate(b for b in BLOCKS if b != "bias"):
        values = np.array([p.found.blocks[block] / p.found.spikes for p in points.values()]) * 1e12
        hatch = ("", "//", "..", "xx")[k]
        axes[1].bar(
            list(points), values, bottom=bottom, label=block, hatch=hatch, color=plotting.COLOURS[k], edgecolor="white"
        )
        bottom += values
    axes[1].set(xlabel="output rate, about", ylabel="energy per output spike (pJ)", ylim=(0, 1.35 * bottom.max()))
    axes[1].legend(ncols=2)
    caption = (
        "Energy per output spike against rate, and by block (bias cell left out); ions are drawn through the gates."
    )
    return (Picture("energy-per-spike", caption, made),)


CLAIM = Claim(
    id="energy-per-spike",
    statement="A spike costs at most 1 pJ above idle and 2 pJ in total, from 100 Hz to 50 kHz.",
    paper="About 2 pJ per spike, from circuit simulation.",
    measure=measure,
)
