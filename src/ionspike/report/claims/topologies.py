"""The mechanism is not tied to one neuron: facilitation and excitability in an Axon-Hillock neuron, with the same law and bench."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import xarray as xr

from ionspike import plotting
from ionspike.circuit.energy import energy
from ionspike.circuit.excitability import Drive, change, intervals, unevenness
from ionspike.circuit.facilitation import Facilitation, facilitation
from ionspike.circuit.neurons import Neuron
from ionspike.circuit.simulate import simulate, simulate_all
from ionspike.circuit.testbench import Bench
from ionspike.device import Ecram
from ionspike.report.claim import Check, Claim, Context, Control, Outcome, Picture, circuit_conditions
from ionspike.report.claims.trimmed import spike_width
from ionspike.spikes import regular
from ionspike.units import show

_SHARES = (0.2, 2.0, 10.0)  # of 1/tau
_RAIL = 0.7  # V: its threshold is near 0.65 V
_DRIVE = Drive(period=2e-6, first=530)
_NARROW = {"width": 1.75e-9, "switch": 1.0, "read_rail": _RAIL}
_SCALE = 0.15


def axon_hillock() -> Neuron:
    """The Axon-Hillock neuron of this claim: a spike of about 120 ns."""
    return Neuron("axon-hillock", membrane=1e-12, delay_bias=20e-9, keeper_bias=30e-9, sizes={"cfb": 1e-13})


def measure(context: Context) -> Outcome:
    """Both effects with their controls."""
    neuron = axon_hillock()
    width = _spike_width(context, neuron)
    card = slower(context.reference, spike_width(context) / width)
    rates = [share / card.populations[0].tau for share in (_SHARES[::2] if context.quick else _SHARES)]
    # the width of its spike, ended by a weak reset, jitters with the simulator's steps: a tenth of the tolerance
    live, off = (
        facilitation(neuron.with_(synapse=d), neuron, rates, context.fine, workers=context.workers, read_rail=_RAIL)
        for d in (card, card.without_volatile())
    )
    excited = neuron.with_(input=card.scaled(_SCALE))
    benches = [_DRIVE.bench(n, **_NARROW) for n in (excited, excited.without_volatile())]
    driven, quiet = simulate_all(benches, context.spice, context.workers)
    trains = [intervals(run, _DRIVE)[0] for run in (driven, quiet)]
    checks = (
        Check("axon-hillock-gain-high", float(live[-1].gains[-1]), "", 1.2, None, "predicted"),
        Check("axon-hillock-gain-low", float(live[0].gains[-1]), "", 0.98, 1.02, "predicted"),
        Check("axon-hillock-gain-law", 100 * _law_error(live), "%", None, 3.0, "independent"),
        Check("axon-hillock-interval", -100 * change(trains[0]), "%", 10.0, None, "predicted"),
    )
    control = (
        Control("axon-hillock-charge-off", 100 * max(np.abs(f.gains - 1).max() for f in off), "%", None, 1.0),
        Control("axon-hillock-interval-off", 100 * unevenness(trains[1]), "%", None, 1.0),
    )
    spent = energy(driven)
    notes = (
        f"The Axon-Hillock spike is {show(width, 's')} wide, so the card's flux is scaled by {spike_width(context) / width:.3f}: a "
        f"spike inserts as many ions as one of the delay-feedback neuron does. Energy {spent.core * 1e12:.2f} pJ per output spike at "
        f"{show(spent.rate, 'Hz')} with {spent.inputs:.0f} input pulses each (bias left out), and {_fast(context, neuron) * 1e12:.2f} "
        "pJ at 400 kHz input: its first inverter waits near its threshold, its second sees the slow edge.",
    )
    data = {"trains": _dataset(live, off, trains)}
    return Outcome(checks, control, circuit_conditions(context), _pictures(live, off, trains), notes, datasets=data)


def slower(card: Ecram, factor: float) -> Ecram:
    """The same device with its flux scaled, for spikes of another width."""
    return replace(card, name=f"{card.name}-slow", gate=replace(card.gate, J_lim=card.gate.J_lim * factor))


def _fast_bench(neuron: Neuron) -> tuple[Bench, float]:
    return Bench(neuron=neuron, pulses=tuple(regular(400e3, 24)), width=5e-9, switch=1.0, read_rail=_RAIL), 62e-6


def _run_fast(context: Context, neuron: Neuron):
    return context.shared("axon-hillock", lambda: simulate(*_fast_bench(neuron), context.spice))


def _spike_width(context: Context, neuron: Neuron) -> float:
    return float(_run_fast(context, neuron).widths[0])


def _fast(context: Context, neuron: Neuron) -> float:
    return energy(_run_fast(context, neuron)).core


def _law_error(items: list[Facilitation]) -> float:
    return max(float(np.abs(item.law_gains / item.gains - 1).max()) for item in items)


def _dataset(live: list[Facilitation], off: list[Facilitation], trains: list[np.ndarray]) -> xr.Dataset:
    return xr.Dataset(
        {
            "charge": (("rate", "spike"), np.array([f.passed for f in live]), {"units": "C"}),
            "charge_off": (("rate", "spike"), np.array([f.passed for f in off]), {"units": "C"}),
            "interval": ("k", trains[0], {"units": "s"}),
            "interval_off": ("k_off", trains[1], {"units": "s"}),
        },
        {"rate": ("rate", [f.rate for f in live], {"units": "Hz"})},
    )


def _pictures(live: list[Facilitation], off: list[Facilitation], trains: list[np.ndarray]) -> tuple[Picture, ...]:
    made, axes = plotting.figure(1, 2, width=8.2, height=3.0)
    spikes = np.arange(1, len(live[0].passed) + 1)
    for k, item in enumerate(live):
        axes[0].plot(spikes, item.gains, marker=plotting.MARKERS[k], label=show(item.rate, "Hz"))
    axes[0].plot(spikes, off[-1].gains, "+", color="0.45", label="volatile off, highest rate")
    axes[0].set(xlabel="spike of the train", ylabel="charge, over the first spike", title="Facilitation")
    for values, label, marker in zip(trains, ("live", "volatile off"), ("o", "+"), strict=True):
        axes[1].plot(np.arange(1, len(values) + 1), values * 1e6, marker=marker, label=label)
    axes[1].set(xlabel="interval", ylabel="interval (us)", title="Excitability, input path")
    plotting.from_zero(axes[1])
    for axis in axes:
        axis.legend()
    return (Picture("topologies", "Both forms of short-term plasticity in an Axon-Hillock neuron.", made),)


CLAIM = Claim(
    id="topologies",
    statement="Facilitation and input-path excitability appear in an Axon-Hillock neuron as well, with the same device law.",
    paper="The same mechanism in several neuron topologies.",
    measure=measure,
)
