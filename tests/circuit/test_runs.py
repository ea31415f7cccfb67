"""Neurons on real transistors: spikes, the resistance step, energy, and the hand-over back to the law."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ionspike.circuit.energy import energy, idle_power
from ionspike.circuit.neurons import Neuron
from ionspike.circuit.resistance_step import measure_step, read_step, trim_delay
from ionspike.circuit.simulate import Setting, simulate, simulate_all
from ionspike.circuit.testbench import HELD_BEFORE, Bench
from ionspike.device import Ecram
from ionspike.errors import RunError
from ionspike.spikes import regular

pytestmark = pytest.mark.spice


def test_one_spike_makes_the_papers_step_and_the_law_agrees(setting: Setting, reference: Ecram):
    done = trim_delay(Neuron(input=reference), setting)
    step = measure_step(done.neuron, setting)
    assert done.reached
    assert step.spice == pytest.approx(1500, rel=0.05)
    assert step.law == pytest.approx(step.spice, rel=0.005)


def test_the_law_of_a_step_is_that_of_the_benchs_temperature(setting: Setting, reference: Ecram):
    step = measure_step(Neuron(input=reference), setting.at(85.0))
    assert step.law == pytest.approx(step.spice, rel=0.005)
    cold = replace(step.run, setting=setting)  # the control: the same waveforms, judged by the law at 27 C
    assert read_step(cold).law > 1.5 * step.law


def test_a_trim_that_cannot_reach_its_aim_keeps_its_start(setting: Setting, reference: Ecram):
    neuron = Neuron(input=reference.without_volatile())
    done = trim_delay(neuron, setting)
    assert not done.reached and done.neuron == neuron


def test_energy_closes_and_does_not_hang_on_the_tolerance(setting: Setting, reference: Ecram):
    bench = Bench(Neuron(synapse=reference), pulses=tuple(regular(2e3, 16)))
    coarse, fine = (
        simulate(bench, 8e-3, setting),
        simulate(bench, 8e-3, replace(setting, accuracy=setting.accuracy.tighter())),
    )
    a, b = energy(coarse), energy(fine)
    assert a.core == pytest.approx(b.core, rel=5e-3)
    assert a.core < 1e-12
    # the sources' own sum over the same window: Kirchhoff, so a check of the bookkeeping only
    start, stop = coarse.reset_ends[[0, -1]]
    wf = coarse.waveforms
    total = -sum(
        v * wf.integral(wf[f"i({s})"], start, stop)
        for s, v in (("vdd", 1.8), ("vdr", 1.8), ("vrd", 0.45), ("vdb", 1.8))
    )
    assert sum(a.blocks.values()) == pytest.approx(total, rel=1e-6)


def test_a_silent_neuron_idles_at_picowatts(setting: Setting):
    idle, bias = idle_power(Bench(Neuron()), setting)
    assert 0 < idle < 50e-12 < bias < 20e-9


def test_a_wider_delay_widens_the_spike(setting: Setting):
    pulses = (2e-6, 4e-6, 6e-6, 8e-6)
    benches = [(Bench(Neuron(delay_bias=b), pulses=pulses), 60e-6) for b in (1e-10, 1e-9, 1e-8)]
    widths = [run.widths[0] for run in simulate_all(benches, setting)]
    assert widths[0] > 3 * widths[1] > 9 * widths[2]


def test_no_gate_line_is_kicked_at_the_start(setting: Setting):
    run = simulate(Bench(Neuron(), pulses=(2e-6,)), 20e-6, setting)
    drop = 1.8 - run["v(xn.n1)"]
    assert abs(drop[0]) < 1e-3 and np.abs(drop[run.time < 1e-6]).max() < 1e-3


def test_an_energy_needs_two_spikes(setting: Setting):
    with pytest.raises(RunError, match="at least two"):
        energy(simulate(Bench(Neuron(), pulses=(2e-6,)), 20e-6, setting))


def test_axon_hillock_fires_and_resets(setting: Setting):
    neuron = Neuron("axon-hillock", membrane=1e-12, delay_bias=20e-9, keeper_bias=30e-9, sizes={"cfb": 1e-13})
    bench = Bench(neuron, pulses=tuple(regular(400e3, 12)), width=5e-9, switch=1.0, read_rail=0.7)
    run = simulate(bench, 31e-6, setting)
    assert len(run.spike_times) >= 2
    np.testing.assert_allclose(run.widths, 120e-9, rtol=0.1)


def test_a_held_membrane_is_stepped_after_its_inner_nodes_have_come_to_rest(setting: Setting):
    run = simulate(Bench(Neuron(), hold=0.2, hold_from=0.1), HELD_BEFORE + 10e-6, setting)
    around = HELD_BEFORE + np.array([-0.5e-3, -1e-9, 2e-9, 9e-6])
    np.testing.assert_allclose(run.waveforms.at("v(mem)", around), [0.1, 0.1, 0.2, 0.2], atol=1e-6)
