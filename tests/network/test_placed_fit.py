"""A device that the neuron's own spikes gate, from SPICE: ions and input pulses of a run that nothing was fitted to."""

from __future__ import annotations

import numpy as np
import pytest

from ionspike.circuit.neurons import Neuron
from ionspike.circuit.simulate import Run, Setting, simulate_all
from ionspike.circuit.testbench import Bench
from ionspike.device import Ecram
from ionspike.network.placed_fit import fit_placed
from ionspike.network.synapse_fit import SETTLED, fit_synapse, pulses_of, states_after
from ionspike.spikes import poisson

_RATE = 30e3  # Hz


def _runs(bench: Bench, setting: Setting) -> list[Run]:
    """A run to fit and one to be met, each with a spike in five pulses."""
    trains = [poisson(_RATE, count, seed) for count, seed in ((44, 1), (20, 7))]
    return simulate_all([(bench.with_(pulses=tuple(t)), float(t[-1] + 1 / _RATE)) for t in trains], setting)


@pytest.mark.spice
def test_an_input_ecram_moves_by_its_law_and_stands_behind_the_synapse(reference: Ecram, setting: Setting):
    own = reference.scaled(0.33, "own")
    runs = _runs(Bench(Neuron(membrane=1e-12, synapse=reference.scaled(0.8), input=own)), setting)
    placed = fit_placed(runs[:1], "input", own)
    synapse, _ = fit_synapse(runs[:1], reference.scaled(0.8), 1e-12)
    _own_spikes_are_met(runs[1], placed.ion_time, placed.ion_shift, own)
    seen = pulses_of(runs[1], 1e-12)
    device, rail = reference.scaled(0.8), synapse.read_rail
    # the last pulse's charge by its mean conductance: the channel behind it has fallen from 36 to below 30 kohm
    g = device.conductance(0.5 * (seen.x_before + seen.x_after))
    injected = synapse.charge + synapse.charge_1 * seen.before + synapse.charge_2 * seen.before**2

    def step(behind: np.ndarray) -> np.ndarray:
        charge = synapse.width * g / (1 + g * (synapse.series + behind))
        return (rail - seen.before) * -np.expm1(-charge / 1e-12) + injected / 1e-12

    true = seen.after - seen.before
    assert seen.behind[0] > 35e3 and seen.behind[-1] < 30e3
    assert np.abs(step(seen.behind) - true).max() < 0.01 * true.max()
    # the control: a channel that stays as it was at the start
    assert np.abs(step(np.full_like(seen.behind, seen.behind[0])) - true)[-1] > 0.05 * true.max()


def _own_spikes_are_met(run: Run, ion_time: float, ion_shift: float, own: Ecram) -> None:
    ends = run.reset_ends
    starts = run.spike_times[: len(ends)] - 2e-9
    x0, x1 = (
        np.stack([np.interp(t, run.time, s) for s in run.states("input").T], -1) for t in (starts, ends + SETTLED)
    )
    bias = run.bench.supply - run.waveforms.at("v(mem)", starts) - ion_shift
    found = states_after(own, x0, bias, ion_time)
    assert len(ends) >= 3 and (x1 - x0)[0, 0] > 0.05
    np.testing.assert_allclose(found[:, 0], x1[:, 0], atol=1e-3)
