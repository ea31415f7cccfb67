"""The time constant of a synapse on transistors, two ways: what a pair of pulses passes, and a capacitor's own voltage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ionspike.circuit.decay import Decay, fit_decay
from ionspike.circuit.facilitation import passed
from ionspike.circuit.simulate import Run, Setting, simulate_all
from ionspike.circuit.testbench import Bench
from ionspike.errors import InputError


@dataclass(frozen=True)
class PairedPulses:
    """``growth``: what the second of two pulses passes over the first, less one, at each of ``intervals`` (s); ``decay``: the
    exponential through them, which ends at zero."""

    intervals: NDArray[np.float64]
    growth: NDArray[np.float64]
    decay: Decay


def paired_pulses(
    bench: Bench, intervals: Sequence[float], setting: Setting, workers: int | None = None
) -> PairedPulses:
    """Two pulses at each interval (s) into ``bench``, which holds its membrane; its own pulses are not used.

    A capacitor's clock runs from the start of a run, so its first pulse falls midway between two ticks; with intervals of whole
    ticks, so does the second.
    """
    if bench.hold is None:
        raise InputError("the bench leaves its membrane free; expected one that holds it, so that charge can be told")
    first = 1e-6 if bench.capacitor is None else bench.capacitor.period
    gaps = np.asarray(intervals, float)
    benches = [(bench.with_(pulses=(first, first + gap)), first + gap + max(0.02 * gap, 1e-6)) for gap in gaps.tolist()]
    runs = simulate_all(benches, setting, workers)
    growth = np.array([float(np.divide(*passed(run)[::-1])) - 1 for run in runs])
    return PairedPulses(gaps, growth, fit_decay(gaps, growth, level=0.0))


def own_decay(run: Run) -> Decay:
    """The state of a capacitor synapse from its last pulse to the end of the run, sampled midway between ticks."""
    synapse = run.bench.capacitor
    if synapse is None:
        raise InputError("the run has no capacitor synapse; expected a bench with one")
    last = run.input_ends[-1] if len(run.input_ends) else 0.0
    from_tick, to_tick = int(last / synapse.period) + 1, int(float(run.time[-1]) / synapse.period)
    times = np.arange(from_tick, to_tick + 1) * synapse.period
    return fit_decay(times, run.waveforms.at("v(x)", times))
