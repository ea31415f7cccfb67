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
    """The ions that a spike moves, and in a delay path its width, fitted to every complete spike of the runs.

    Raises:
        RunError: too few of them.
    """
    v, before, after, width = _spikes(runs, placement)
    if len(v) < _FEWEST:
        raise RunError(f"{len(v)} complete output spikes; an ECRAM at {placement!r} needs at least {_FEWEST}")
    supply, usual = runs[0].bench.supply, float(width.mean())
    widths, longer = (usual, 0.0, 0.0), np.zeros(len(v))
    if placement == "delay":
        r = 1 / device.conductance(before)
        w2, w1, w0 = (float(c) for c in np.polyfit(r, width, 2))
        widths, longer, v = (w0, w1, w2), w0 + (w1 + w2 * r) * r - usual, np.zeros(len(v))

    def residual(q: Array) -> Array:
        # only the volatile part tells: the weight moves by parts in ten thousand
        found = states_after(device, before, supply - v - q[1], (q[0] * usual + longer)[:, None])
        return ((found - after)[:, :-1] / _SCALE).ravel()

    share, shift = least_squares(residual, [0.95, 0.01], bounds=([0.3, -0.3], [1.5, 0.3])).x
    mean = runs[0].states(placement).T @ np.gradient(runs[0].time) / runs[0].time[-1]
    state = tuple(float(x) for x in mean)
    return Placed(placement, float(share) * usual, float(shift), device, state, widths=widths, mean_width=usual)


def _spikes(runs: list[Run], placement: str) -> tuple[Array, Array, Array, Array]:
    """The membrane (V) and the device's states just before every spike, its states when the reset is over, and the spike's width (s)."""
    found: list[tuple[Array, Array, Array, Array]] = []
    for run in runs:
        ends = run.reset_ends
        count = min(len(ends), len(run.widths))
        starts, stops = run.spike_times[:count] - AHEAD, ends[:count] + SETTLED
        states = run.states(placement).T
        y0, y1 = (np.stack([np.interp(t, run.time, s) for s in states], axis=-1) for t in (starts, stops))
        found.append((run.waveforms.at("v(mem)", starts), y0, y1, run.widths[:count]))
    v, before, after, width = (np.concatenate(column) for column in zip(*found, strict=True))
    return v, before, after, width
