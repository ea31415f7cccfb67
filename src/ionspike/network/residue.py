"""What a reset leaves on the membrane, from SPICE runs.

It hangs on what is on the membrane: the node between a read switch and its ECRAM follows by their time constant, which for a narrow channel
is longer than the reset, and gives its charge back afterwards.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ionspike.circuit.simulate import Run
from ionspike.network.adaptive_fit import free_again

Array = NDArray[np.float64]

_RESTED = 0.3e-6  # s after a reset: the stage's inner nodes fall back, and pull at the membrane


def fit_residue(runs: list[Run], capacitance: float, follows: bool) -> tuple[float, float, float]:
    """The membrane after a reset, as a line through its voltage at the spike where that ``follows`` the input: level (V), slope; and the dead
    time (s). ``capacitance`` (F) is the membrane's, which a steady current of the bench lifts meanwhile."""
    before, after, dead, free = [], [], [], []
    for run in runs:
        ends = free_again(run)
        spikes = run.spike_times[: len(ends)]
        # a pulse that comes with or right after a reset lifts the membrane again
        free.append(np.searchsorted(run.input_ends, spikes) == np.searchsorted(run.input_times, ends + _RESTED))
        before.append(run.waveforms.at("v(mem)", spikes - 2e-9))
        after.append(run.waveforms.at("v(mem)", ends + _RESTED) - run.bench.current * _RESTED / capacitance)
        dead.append(ends - spikes)
    v, r = np.concatenate(before), np.concatenate(after)
    fine = np.concatenate(free)
    if not follows or np.ptp(v[fine]) < 1e-3:
        return float(r[fine].mean()), 0.0, float(np.concatenate(dead).mean())
    slope, level = np.polyfit(v[fine], r[fine], 1)
    return float(level), float(slope), float(np.concatenate(dead).mean())
