"""One spike of the neuron drops the resistance of its ECRAM by about 1.5 kohm, as the law says it does."""

from __future__ import annotations

import numpy as np
import xarray as xr

from ionspike import plotting
from ionspike.circuit.resistance_step import PAPER_STEP, Step, read_step, step_bench
from ionspike.circuit.simulate import simulate_all
from ionspike.report.claim import Check, Claim, Context, Control, Outcome, Picture, circuit_conditions
from ionspike.report.claims.trimmed import trim
from ionspike.units import show

_WINDOW = 64e-6  # s, a first spike and its reset within it
_OFF_LIMIT = 5.0  # ohm: the long-term weight moves a little, the volatile part not at all
_SECOND_WEIGHT = 0.1


def measure(context: Context) -> Outcome:
    """Trim at this width, predict the others."""
    done = trim(context)
    neuron, card = done.neuron, context.reference
    bias = float(neuron.delay_bias)
    variants = {
        "trimmed": neuron,
        "half": neuron.with_(delay_bias=2 * bias),
        "twice": neuron.with_(delay_bias=bias / 2),
        "four": neuron.with_(delay_bias=bias / 4),
        "weight": neuron.with_(input=card.with_weight(_SECOND_WEIGHT)),
        "off": neuron.without_volatile(),
    }
    runs = simulate_all([(step_bench(n), _WINDOW) for n in variants.values()], context.spice, context.workers)
    steps = {name: read_step(run) for name, run in zip(variants, runs, strict=True)}
    first = steps["trimmed"]
    checks = [
        Check("step", first.spice, "ohm", 0.95 * PAPER_STEP, 1.05 * PAPER_STEP, "calibrated"),
        Check("step-law", _disagreement(first), "%", None, 0.5, "independent"),
    ]
    for name in ("half", "twice", "four", "weight"):
        checks.append(Check(f"step-law-{name}", _disagreement(steps[name]), "%", None, 2.0, "predicted"))
    control = Control("step-off", steps["off"].spice, "ohm", -_OFF_LIMIT, _OFF_LIMIT)
    trials = ", ".join(f"{show(b, 'A')}: {show(s, 'ohm')}" for b, s in done.trials)
    notes = (
        f"Delay bias {'trimmed to' if done.reached else 'could not be trimmed and keeps'} {show(bias, 'A')} ({trials}); the "
        f"spike is {show(first.width, 's')} wide at half height. Half, twice and four times the width come from the delay "
        f"bias alone; the second weight is w = {_SECOND_WEIGHT}.",
    )
    return Outcome(
        tuple(checks), (control,), circuit_conditions(context), _pictures(steps), notes, datasets=_datasets(steps)
    )


def _disagreement(step: Step) -> float:
    """Law against SPICE, in % of the step; of an ohm where there is none."""
    return 100 * abs(step.law - step.spice) / max(abs(step.spice), 1.0)


def _datasets(steps: dict[str, Step]) -> dict[str, xr.Dataset]:
    names = list(steps)
    table = xr.Dataset(
        {
            "width": ("case", [steps[n].width for n in names], {"units": "s"}),
            "spice": ("case", [steps[n].spice for n in names], {"units": "ohm"}),
            "law": ("case", [steps[n].law for n in names], {"units": "ohm"}),
        },
        {"case": names},
    )
    time, values = _close_up(steps["trimmed"])
    spike = xr.Dataset({name: ("time", v) for name, v in values.items()}, {"time": ("time", time, {"units": "s"})})
    return {"steps": table, "spike": spike}


def _close_up(step: Step) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The waveforms around one spike, on their own time points."""
    run = step.run
    rise = float(run.spike_times[0])
    shown = (run.time > rise - 10e-9) & (run.time < step.stop + 12e-9)
    names = {"spike": "v(spk)", "reset": "v(rst)", "membrane": "v(mem)"}
    values = {name: run[vector][shown] for name, vector in names.items()}
    values["resistance"] = 1 / run.conductance("input")[shown]
    return run.time[shown] - rise, values


def _pictures(steps: dict[str, Step]) -> tuple[Picture, ...]:
    made, axes = plotting.figure(1, 3, width=9.0, height=2.9)
    time, values = _close_up(steps["trimmed"])
    for name in ("spike", "membrane", "reset"):
        axes[0].plot(time * 1e9, values[name], label=name)
    axes[0].set(xlabel="time (ns)", ylabel="voltage (V)", title="The neuron's own spike")
    axes[1].plot(time * 1e9, values["resistance"] / 1e3, label="volatile part on")
    off_time, off = _close_up(steps["off"])
    axes[1].plot(off_time * 1e9, off["resistance"] / 1e3, label="off (control)")
    axes[1].set(xlabel="time (ns)", ylabel="resistance (kohm)", title="What it does to the ECRAM")
    shown = [n for n in ("half", "trimmed", "twice", "four", "weight") if n in steps]
    axes[2].plot([steps[n].spice for n in shown], "o", label="ngspice")
    axes[2].plot([steps[n].law for n in shown], "x", markersize=8, color="black", label="law, recorded voltages")
    axes[2].axhline(PAPER_STEP, color="0.5", linewidth=1, linestyle=":", label="the paper's 1.5 kohm")
    axes[2].set_xticks(
        range(len(shown)), ["half\nwidth", "as\ntrimmed", "twice", "four\ntimes", "second\nweight"], fontsize=8
    )
    axes[2].set(ylabel="step per spike (ohm)", title="Step against width and weight")
    plotting.from_zero(axes[2])
    for axis in axes:
        axis.legend()
    caption = "One spike from rest: waveforms, resistance of the ECRAM in the input path, and the step in ngspice and by the law."
    return (Picture("resistance-step", caption, made),)


CLAIM = Claim(
    id="resistance-step",
    statement="One spike that the neuron itself made drops the channel resistance by 1.5 kohm, and the device law predicts it.",
    paper="Transient conductance modulation of 1.5 kohm per spike.",
    measure=measure,
)
