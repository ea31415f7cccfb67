"""A device that the neuron's own spikes gate, from SPICE: ions and input pulses of a run that nothing was fitted to."""

from __future__ import annotations

import numpy as np
import pytest

from ionspike.circuit.neurons import Neuron
from ionspike.circuit.simulate import Run, Setting, simulate_all
from ionspike.circuit.testbench import Bench
from ionspike.device import Ecram
from ionspike.network.placed import Placed
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
    synapse, _, _ = fit_synapse(runs[:1], reference.scaled(0.8), 1e-12)
    _own_spikes_are_met(runs[1], placed)
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


@pytest.mark.spice
def test_a_leak_ecram_moves_by_its_law_and_lets_out_what_a_pulse_brings(reference: Ecram, setting: Setting):
    own, device = reference.scaled(0.12, "own"), reference.scaled(0.4)
    runs = _runs(Bench(Neuron(synapse=device, leak=own)), setting)
    placed = fit_placed(runs[:1], "leak", own)
    synapse, _, opening = fit_synapse(runs[:1], device, 2e-12)
    assert 0.9 < opening < 1.1
    _own_spikes_are_met(runs[1], placed)
    seen = pulses_of(runs[1], 2e-12)
    g = device.conductance(0.5 * (seen.x_before + seen.x_after))
    injected = synapse.charge + synapse.charge_1 * seen.before + synapse.charge_2 * seen.before**2

    def step(leak: np.ndarray) -> np.ndarray:
        passed, lost = (synapse.width * f * c / (1 + f * c * synapse.series) for f, c in ((1.0, g), (opening, leak)))
        aim = synapse.read_rail * passed / (passed + lost)
        return (aim - seen.before) * -np.expm1(-(passed + lost) / 2e-12) + injected / 2e-12

    true = seen.after - seen.before
    assert seen.leak[-1] > 1.3 * seen.leak[0]
    assert np.abs(step(seen.leak) - true).max() < 0.01 * true.max()
    # the control: a channel that stays as it was at the start
    assert np.abs(step(np.full_like(seen.leak, seen.leak[0])) - true)[-1] > 0.08 * true[-1]


@pytest.mark.spice
def test_a_delay_ecram_moves_by_its_law_and_sets_the_width_of_the_spike(reference: Ecram, setting: Setting):
    own = reference.scaled(0.2, "own")
    runs = _runs(Bench(Neuron(membrane=1e-12, synapse=reference.scaled(0.4), delay=own)), setting)
    placed = fit_placed(runs[:1], "delay", own)
    true, states = runs[1].widths, runs[1].states("delay")
    starts = runs[1].spike_times[: len(true)] - 2e-9
    before = np.stack([np.interp(starts, runs[1].time, s) for s in states.T], -1)
    law = np.polynomial.polynomial.polyval(1 / own.conductance(before), placed.widths)
    # 14.1 ns from rest, 12.1 after a few spikes; reltol 1e-4 leaves 0.2 % of a width
    assert np.ptp(true) > 1e-9
    assert np.abs(law - true).max() < 0.12e-9
    after = np.stack([np.interp(runs[1].reset_ends[: len(true)] + SETTLED, runs[1].time, s) for s in states.T], -1)
    longer = (law - placed.mean_width)[:, None]
    found = states_after(own, before, np.full(len(true), 1.8 - placed.ion_shift), placed.ion_time + longer)
    np.testing.assert_allclose(found[:, 0], after[:, 0], atol=1.5e-3)


def _own_spikes_are_met(run: Run, placed: Placed) -> None:
    ends = run.reset_ends
    starts = run.spike_times[: len(ends)] - 2e-9
    x0, x1 = (
        np.stack([np.interp(t, run.time, s) for s in run.states(placed.placement).T], -1)
        for t in (starts, ends + SETTLED)
    )
    bias = run.bench.supply - run.waveforms.at("v(mem)", starts) - placed.ion_shift
    found = states_after(placed.device, x0, bias, placed.ion_time)
    assert len(ends) >= 3 and (x1 - x0)[0, 0] > 0.05
    np.testing.assert_allclose(found[:, 0], x1[:, 0], atol=1e-3)
