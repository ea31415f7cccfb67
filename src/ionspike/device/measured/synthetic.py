"""Synthetic pulse records: traces that the device law made, for where no measured one is at hand. They are called synthetic wherever
they appear."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ionspike.device.arrays import propagate
from ionspike.device.ecram import Ecram
from ionspike.device.measured.records import PulseRecord, infer_gate

Array = NDArray[np.float64]


def synthetic_record(
    ecram: Ecram,
    period: float,
    width: float,
    cycles: int,
    sampling: float,
    level: float = 1.0,
    noise: float = 1e-3,
    fatigue: float = 0.0,
    seed: int = 1,
    gate_recorded: bool = True,
) -> PulseRecord:
    """A train of gate pulses, sampled evenly, with white noise.

    Args:
        ecram: the device, from rest.
        period, width: of the pulses (s); the first begins after half a gap.
        sampling: time between samples (s).
        level: gate voltage of a pulse (V).
        noise: standard deviation over the swing.
        fatigue: relative loss of amplitude per cycle.
        gate_recorded: ``False`` leaves the gate to be inferred.
    """
    start = 0.5 * (period - width) + 0.31 * sampling  # edges fall between samples, as in an instrument
    time = np.arange(round((cycles * period) / sampling), dtype=float) * float(sampling)
    on = start + period * np.arange(cycles)
    edges = np.sort(np.concatenate([on, on + width]))
    moments = np.concatenate([time, edges])
    order = np.argsort(moments, kind="stable")
    bias = level * (
        np.searchsorted(edges, moments[order], "left") % 2
    )  # an edge is reached under the level that it ends
    states = propagate(ecram, np.diff(moments[order], prepend=0.0), bias)
    sampled = np.empty((len(moments), states.shape[1]))
    sampled[order] = states
    conductance = np.asarray(ecram.conductance(sampled[: len(time)]), float)
    rest = conductance[0]
    cycle = np.maximum(np.searchsorted(on, time, "right") - 1, 0)
    conductance = rest + (conductance - rest) * np.exp(-fatigue * cycle)
    swing = float(np.ptp(conductance))
    conductance = conductance + np.random.default_rng(seed).normal(0, noise * swing, len(time))
    pulsed = (np.searchsorted(on, time, "right") - np.searchsorted(on + width, time, "right")) > 0
    record = PulseRecord(time, np.where(pulsed, level, 0.0), conductance, "a synthetic record", data="synthetic")
    return record if gate_recorded else infer_gate(record, level)
