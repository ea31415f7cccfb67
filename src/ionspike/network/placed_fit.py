"""A placed device from SPICE: what the neuron's own spikes did to its ions in the runs of a calibration."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from ionspike.circuit.simulate import Run
from ionspike.device import Ecram
from ionspike.errors import RunError
from ionspike.network.placed import Placed
from ionspike.network.synapse_fit import AHEAD, SETTLED, states_after

Array = NDArray[np.float64]

_FEWEST = 6  # spikes that a fit wants
_SCALE = 1e-4  # of a state: what a fit may miss


def fit_placed(runs: list[Run], placement: str, device: Ecram) -> Placed:
    """The ions that a spike moves, fitted to every complete spike of the runs.

    Raises:
        RunError: too few of them.
    """
    v, before, after = _spikes(runs, placement)
    if len(v) < _FEWEST:
        raise RunError(f"{len(v)} complete output spikes; an ECRAM at {placement!r} needs at least {_FEWEST}")
    supply, width = runs[0].bench.supply, float(np.mean(np.concatenate([run.widths for run in runs])))

    def residual(q: Array) -> Array:
        # only the volatile part tells: the weight moves by parts in ten thousand
        return ((states_after(device, before, supply - v - q[1], q[0] * width) - after)[:, :-1] / _SCALE).ravel()

    share, shift = least_squares(residual, [0.95, 0.01], bounds=([0.3, -0.3], [1.5, 0.3])).x
    mean = runs[0].states(placement).T @ np.gradient(runs[0].time) / runs[0].time[-1]
    return Placed(placement, float(share) * width, float(shift), device, tuple(float(x) for x in mean))


def _spikes(runs: list[Run], placement: str) -> tuple[Array, Array, Array]:
    """The membrane (V) and the device's states just before every spike, and its states when the reset is over."""
    found: list[tuple[Array, Array, Array]] = []
    for run in runs:
        ends = run.reset_ends
        starts = run.spike_times[: len(ends)] - AHEAD
        states = run.states(placement).T
        y0, y1 = (np.stack([np.interp(t, run.time, s) for s in states], axis=-1) for t in (starts, ends + SETTLED))
        found.append((run.waveforms.at("v(mem)", starts), y0, y1))
    v, before, after = (np.concatenate(column) for column in zip(*found, strict=True))
    return v, before, after
