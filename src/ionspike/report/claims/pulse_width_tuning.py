"""One mirrored current sets how long a spike lasts, over decades."""

from __future__ import annotations

import numpy as np
import xarray as xr

from ionspike import plotting
from ionspike.circuit.simulate import simulate_all
from ionspike.circuit.testbench import Bench
from ionspike.report.claim import Check, Claim, Context, Outcome, Picture, circuit_conditions
from ionspike.report.claims.trimmed import trimmed

_LOW, _HIGH = 1e-12, 1e-7  # A
_PULSES = (2e-6, 4e-6, 6e-6, 8e-6)
_WINDOW = 0.3e-3  # s


def measure(context: Context) -> Outcome:
    """The first spike's width at every bias."""
    biases = np.geomspace(_LOW, _HIGH, 6 if context.quick else 11)
    neuron = trimmed(context)
    benches = [(Bench(neuron=neuron.with_(delay_bias=float(b)), pulses=_PULSES), _WINDOW) for b in biases]
    widths = np.array([run.widths[0] for run in simulate_all(benches, context.spice, context.workers)])
    ratios = widths[:-1] / widths[1:]
    checks = (
        Check("width-decades", float(np.log10(widths[0] / widths[-1])), "", 3.0, None, "predicted"),
        Check("smallest-ratio", float(ratios.min()), "", 1.001, None, "predicted"),
    )
    made, axis = plotting.figure(width=5.2, height=3.0)
    axis.loglog(biases, widths, marker="o", label="delay-feedback LIF")
    axis.set(xlabel="reference current of the delay (A)", ylabel="spike width (s)")
    axis.legend()
    notes = (
        "smallest-ratio is the smallest ratio of neighbouring widths: above 1 means monotone. The reference current enters through a "
        "mirror of the bias cell; ends of the range are the leakage of the delay stage and the speed of its inverters.",
    )
    data = xr.Dataset({"width": ("bias", widths, {"units": "s"})}, {"bias": ("bias", biases, {"units": "A"})})
    caption = "Width of the neuron's spike against the reference current of its delay."
    pictures = (Picture("pulse-width-tuning", caption, made),)
    return Outcome(checks, (), circuit_conditions(context), pictures, notes, datasets={"widths": data})


CLAIM = Claim(
    id="pulse-width-tuning",
    statement="The delay bias, a mirrored current, moves the spike width monotonically over at least three decades.",
    paper="A delay-feedback neuron with tunable pulse width.",
    measure=measure,
)
