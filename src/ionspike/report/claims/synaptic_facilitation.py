"""Spikes that follow each other within tau pass more charge through the synapse than the first one did."""

from __future__ import annotations

import numpy as np
import xarray as xr

from ionspike import plotting
from ionspike.circuit.facilitation import Facilitation, read_train, train_bench
from ionspike.circuit.simulate import simulate_all
from ionspike.report.claim import Check, Claim, Context, Control, Outcome, Picture, circuit_conditions
from ionspike.report.claims.trimmed import trimmed
from ionspike.units import show

_SHARES = (0.2, 2.0, 10.0)  # of 1/tau
_COUNT = 10
_LEAK = 2e-9  # A, empties the free membrane between spikes, so that every step starts from the same voltage


def measure(context: Context) -> Outcome:
    """Trains of ten at three rates, membrane held and free, volatile part on and off."""
    neuron = trimmed(context)
    card = context.reference
    rates = [share / card.populations[0].tau for share in _SHARES]
    plans, benches = [], []
    for name, device in (("on", card), ("off", card.without_volatile())):
        for kind, hold in (("held", 0.2), ("free", None))[: 1 if context.quick and name == "off" else 2]:
            target = neuron.with_(synapse=device, leak_bias=0.0 if hold is not None else _LEAK)
            plans += [(f"{kind}-{name}", rate) for rate in rates]
            benches += [train_bench(target, neuron, rate, _COUNT, hold) for rate in rates]
    arms: dict[str, list[Facilitation]] = {name: [] for name, _ in plans}
    # all of them at once, so that no core waits for the slowest rate of each
    for (name, rate), run in zip(plans, simulate_all(benches, context.fine, context.workers), strict=True):
        arms[name].append(read_train(run, rate))
    held, free = arms["held-on"], arms["free-on"]
    checks = (
        Check("gain-high", float(held[-1].gains[-1]), "", 1.2, None, "predicted"),
        Check("gain-low", float(held[0].gains[-1]), "", 0.98, 1.02, "predicted"),
        Check("free-gain-high", float(free[-1].gains[-1]), "", 1.2, None, "predicted"),
        Check("free-gain-low", float(free[0].gains[-1]), "", 0.98, 1.02, "predicted"),
        Check("gain-law", 100 * max(_law_error(item) for item in (*held, *free)), "%", None, 3.0, "independent"),
    )
    flat = max(float(np.abs(item.gains - 1).max()) for item in arms["held-off"])
    control = (Control("charge-off", 100 * flat, "%", None, 1.0),)
    tau = show(card.populations[0].tau, "s")
    notes = (
        f"Ten spikes of a second delay-feedback neuron at {', '.join(show(r, 'Hz') for r in rates)} (tau = {tau}). Gains are those "
        f"of the tenth spike over the first. Held: charge into a membrane that the bench holds at 0.2 V. Free: steps of the "
        f"membrane, which a leak of {show(_LEAK, 'A')} empties between spikes. The law integrates G (V_a - V_mem) over the recorded "
        "voltages.",
    )
    return Outcome(checks, control, circuit_conditions(context), _pictures(arms), notes, datasets=_datasets(arms))


def _law_error(item: Facilitation) -> float:
    return float(np.abs(item.law_gains / item.gains - 1).max())


def _datasets(arms: dict[str, list[Facilitation]]) -> dict[str, xr.Dataset]:
    rates = [item.rate for item in arms["held-on"]]
    spikes = np.arange(1, _COUNT + 1)
    variables = {}
    for name, items in arms.items():
        unit = "C" if name.startswith("held") else "V"
        variables[name] = (("rate", "spike"), np.array([item.passed for item in items]), {"units": unit})
        variables[f"{name}-law"] = (("rate", "spike"), np.array([item.law for item in items]), {"units": "C"})
    return {"trains": xr.Dataset(variables, {"rate": ("rate", rates, {"units": "Hz"}), "spike": spikes})}


def _pictures(arms: dict[str, list[Facilitation]]) -> tuple[Picture, ...]:
    made, axes = plotting.figure(1, 2, width=8.4, height=3.0, sharey=True)
    spikes = np.arange(1, _COUNT + 1)
    for axis, kind, title in zip(
        axes, ("held", "free"), ("Charge, membrane held", "Step of the free membrane"), strict=True
    ):
        for k, item in enumerate(arms[f"{kind}-on"]):
            style = {"color": plotting.COLOURS[k], "marker": plotting.MARKERS[k]}
            axis.plot(spikes, item.gains, linestyle="none", label=f"{show(item.rate, 'Hz')}, ngspice", **style)
            axis.plot(spikes, item.law_gains, linestyle=plotting.STYLES[k], color=plotting.COLOURS[k])
        if f"{kind}-off" in arms:
            axis.plot(spikes, arms[f"{kind}-off"][-1].gains, "+", color="0.45", label="volatile off, highest rate")
        axis.set(xlabel="spike of the train", title=title)
        axis.legend()
    axes[0].set_ylabel("passed, over the first spike")
    caption = "Facilitation over ten spikes of a second neuron; lines: the device law under the recorded voltages."
    return (Picture("synaptic-facilitation", caption, made),)


CLAIM = Claim(
    id="synaptic-facilitation",
    statement="Spikes of a second neuron that follow each other within tau pass more charge through the synapse they gate and read.",
    paper="Synaptic facilitation as one of two forms of short-term plasticity.",
    measure=measure,
)
