"""The device law meets measured transients that it was not fitted to, and a simpler law does not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ionspike import plotting
from ionspike.device.ecram import Ecram, Gate, Population, Weight
from ionspike.device.fitting import Fit, Shape, fit
from ionspike.device.measured.records import PulseRecord, half_swing_crossings, read_pulses
from ionspike.device.measured.synthetic import synthetic_record
from ionspike.errors import InputError
from ionspike.report.claim import Check, Claim, Conditions, Context, Control, Data, Outcome, Picture

_FAST = "autotau-oect/transient.csv"
_SLOW = "oect_processing/03_400um_-0.8V_cycles.txt"
_LAW_FAST, _LAW_SLOW = Shape(), Shape(insertion=True, aging=True)
_PLAIN_FAST, _PLAIN_SLOW = Shape(cooperative=False), Shape(cooperative=False, aging=True)
_AROUND_ON, _AROUND_OFF = (-2e-3, 30e-3), (-3e-3, 10e-3)  # s about an edge
_FITTED_CYCLES = 7

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Records:
    """The two records and what they are."""

    fast: PulseRecord
    slow: PulseRecord
    data: Data


def measure(context: Context) -> Outcome:
    """Held-out cycles of the fast record, cycles to come of the slow one."""
    records = _records(context)
    starts = 2 if context.quick else 4
    fast, slow = records.fast, records.slow
    even, transient = _held_out(fast)
    later = _later(slow)
    fits = {
        "fast": fit(fast, shape=_LAW_FAST, fitted=~even, starts=starts, clock=True),
        "fast-plain": fit(fast, shape=_PLAIN_FAST, fitted=~even, starts=starts, clock=True),
        "slow": fit(slow, shape=_LAW_SLOW, fitted=~later, starts=starts),
        "slow-plain": fit(slow, shape=_PLAIN_SLOW, fitted=~later, starts=starts),
    }
    errors = {
        "held-out": (100 * fits["fast"].residual(even), 100 * fits["fast-plain"].residual(even)),
        "transients": (
            100 * fits["fast"].residual(even & transient),
            100 * fits["fast-plain"].residual(even & transient),
        ),
        "cycles-8-10": (100 * fits["slow"].residual(later), 100 * fits["slow-plain"].residual(later)),
    }
    limits = {"held-out": 0.5, "transients": 1.0, "cycles-8-10": 2.0}
    checks = tuple(Check(name, errors[name][0], "%", None, limits[name], "independent") for name in errors)
    control = tuple(Control(f"{name}-exponential", plain, "%", 2 * law, None) for name, (law, plain) in errors.items())
    return Outcome(
        checks,
        control,
        Conditions(engine="law", version="least squares", temperature="not recorded"),
        _pictures(fits, even, later),
        _notes(records, fits, errors),
        data=records.data,
        datasets={
            "fast": _dataset(fits["fast"], fits["fast-plain"], even),
            "slow": _dataset(fits["slow"], fits["slow-plain"], later),
        },
    )


def _records(context: Context) -> Records:
    if context.data is None:
        return _synthetic(context.quick)
    for name in (_FAST, _SLOW):
        if not (context.data / name).is_file():
            raise InputError(f"there is no record {context.data / name}; expected the folder of measured records")
    # the fast record's drain voltage is not known: its conductance stands for the current, and only shares of its swing are used
    fast = read_pulses(context.data / _FAST, units={"Time": "s", "Id": "A"}, drain=-1.0)
    return Records(fast, read_pulses(context.data / _SLOW), "apparently measured")


def _synthetic(quick: bool) -> Records:
    """Traces of the law with the rates that fits to such records gave, and white noise."""
    gate = Gate(V_T=0.4, V_0=0.05, J_lim=180.0)
    quick_device = Ecram("fast", gate, (Population(tau=1e-3, g=6.3e-3, V_d=0.2, s=0.967),), Weight(G_min=1e-6))
    slow_gate = Gate(V_T=0.4, V_0=0.04, J_lim=0.0136)
    slow_device = Ecram(
        "slow", slow_gate, (Population(tau=0.29, g=1.6e-3, V_d=0.1, s=0.05, c=22.0),), Weight(G_min=1e-9)
    )
    fast = synthetic_record(quick_device, 0.2, 0.1, 40 if quick else 80, 1e-3, gate_recorded=False)
    slow = synthetic_record(slow_device, 60.0, 40.0, 10, 0.345, level=0.8, fatigue=0.006, seed=2)
    return Records(fast, slow, "synthetic")


def _held_out(record: PulseRecord) -> tuple[Mask, Mask]:
    """Every other cycle, and samples near an edge, by the half-swing crossings of the record."""
    on, off = half_swing_crossings(record)
    period = float(np.median(np.diff(on)))
    cycle = np.floor((record.time - on[0]) / period + 0.25).astype(int)
    near = np.zeros(len(record.time), bool)
    for edges, (before, after) in ((on, _AROUND_ON), (off, _AROUND_OFF)):
        nearest = edges[np.clip(np.round((record.time - edges[0]) / period).astype(int), 0, len(edges) - 1)]
        near |= (record.time > nearest + before) & (record.time < nearest + after)
    return cycle % 2 == 1, near


def _later(record: PulseRecord) -> Mask:
    """Samples from the rise of cycle 8 on."""
    on = record.gate != record.gate[0]
    rises = record.time[1:][np.diff(on.astype(int)) > 0]
    return record.time >= rises[_FITTED_CYCLES]


def _notes(records: Records, fits: dict[str, Fit], errors: dict[str, tuple[float, float]]) -> tuple[str, ...]:
    kind = (
        "Synthetic records, made by the law itself"
        if records.data == "synthetic"
        else "Records of ion-gated transistors"
    )
    fast, slow = fits["fast"], fits["slow"]
    population, slow_one = fast.device.populations[0], slow.device.populations[0]
    lines = [
        f"{kind}: {len(fast.on_edges)} cycles at 1 kHz sampling, every other one held out, edges from a clock of three fitted numbers; "
        f"{len(slow.on_edges)} slow cycles, fitted on the first {_FITTED_CYCLES}. Errors: rms over the swing. No public record of an "
        "ECRAM over time was found.",
        f"Fast record, one population: insertion {fast.device.gate.J_lim:.0f} 1/s, tau {population.tau * 1e3:.2f} ms, s = {population.s:.3f} "
        f"(ions that leave ease the way for the rest); {fast.agreeing} of {fast.starts} starts agree. Slow record: insertion "
        f"{slow.device.gate.J_lim:.3g} 1/s, tau {slow_one.tau:.2f} s, c = {slow_one.c:.1f}, s = {slow_one.s:.2f}; aging per cycle "
        f"{100 * slow.aging[0]:+.2f} % of amplitude, {100 * slow.aging[1]:+.2f} % of insertion rate; {slow.agreeing} of {slow.starts} agree.",
        "Control: one exponential with its own rise and fall (and the same aging), fitted and held out the same way, has at least "
        "twice the error: " + ", ".join(f"{name} {plain:.2f} %" for name, (_, plain) in errors.items()) + ".",
    ]
    if records.data != "synthetic":
        lines.append(
            "Sources: Durian-leader/autotau at 195115d4 (MIT), whose documentation leaves open whether the trace is measured; "
            "rajgiriUW/OECT_processing at 3ede7b1d (MIT), measured. The gate of the fast record was not recorded and is inferred."
        )
    return tuple(lines)


def _dataset(law: Fit, plain: Fit, held: Mask) -> xr.Dataset:
    record = law.record
    return xr.Dataset(
        {
            "conductance": ("time", record.conductance, {"units": "S"}),
            "law": ("time", law.model, {"units": "S"}),
            "exponential": ("time", plain.model, {"units": "S"}),
            "held_out": ("time", held),
        },
        {"time": ("time", record.time, {"units": "s"})},
        {"source": record.data},
    )


def _pictures(fits: dict[str, Fit], even: Mask, later: Mask) -> tuple[Picture, ...]:
    made, axes = plotting.figure(1, 3, width=9.8, height=3.0)
    fast = fits["fast"]
    k = len(fast.on_edges) // 2 | 1
    for axis, edge, span, title in (
        (axes[0], fast.on_edges[k], (-3e-3, 30e-3), "Held-out rise"),
        (axes[1], fast.off_edges[k], (-2e-3, 11e-3), "Held-out fall"),
    ):
        shown = (fast.record.time > edge + span[0]) & (fast.record.time < edge + span[1])
        _draw(axis, (fast.record.time[shown] - edge) * 1e3, fits, "fast", shown)
        axis.set(xlabel="time after the edge (ms)", ylabel="conductance over swing", title=title)
    slow = fits["slow"]
    start = slow.record.time[later][0]
    shown = slow.record.time > start - 62
    _draw(axes[2], slow.record.time[shown], fits, "slow", shown)
    axes[2].axvline(start, color="0.5", linewidth=0.8)
    axes[2].set(xlabel="time (s); prediction right of the line", title="Cycles to come")
    axes[0].legend()
    kind = fits["fast"].record.data
    caption = "Transients that were not fitted, the device law, and one exponential with its own rise and fall"
    return (
        Picture("compact-model", f"{caption} ({'synthetic' if kind == 'synthetic' else 'measured'} records).", made),
    )


def _draw(axis, x: np.ndarray, fits: dict[str, Fit], name: str, shown: Mask) -> None:
    law, plain = fits[name], fits[f"{name}-plain"]
    swing = law.record.swing
    axis.plot(x, law.record.conductance[shown] / swing, ".", color="0.55", label="record")
    axis.plot(x, law.model[shown] / swing, "-", color=plotting.COLOURS[0], label="law")
    axis.plot(x, plain.model[shown] / swing, "--", color=plotting.COLOURS[1], label="exponential")


CLAIM = Claim(
    id="compact-model",
    statement="The device law, fitted to some cycles of a pulse response, predicts the others, and a plain exponential does not.",
    paper="A compact behavioural model from measured devices.",
    measure=measure,
    needs_transistors=False,
)
