"""Several neurons in one netlist."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ionspike.circuit.axon import AXON_GATE
from ionspike.circuit.neuron_net import Input, NeuronNet, simulate_net, trains_by_target
from ionspike.circuit.neurons import Neuron
from ionspike.circuit.simulate import Setting, simulate
from ionspike.circuit.testbench import Bench
from ionspike.device import Ecram
from ionspike.errors import InputError
from ionspike.spikes import regular

PULSES = tuple(regular(50e3, 14))
STOP = 0.35e-3


@pytest.fixture(scope="module")
def bench(reference: Ecram) -> Bench:
    return Bench(neuron=Neuron(synapse=reference.scaled(0.33)), load=2e-15)


@pytest.mark.spice
def test_a_spike_moves_the_synapse_that_it_reaches_and_no_other(bench: Bench, setting: Setting):
    run = simulate_net(NeuronNet(bench, 2, (Input(PULSES),), ((0, 1),)), STOP, setting)
    assert [len(train) for train in run.trains] == [len(PULSES), len(run.spikes[0])]
    assert len(run.spikes[0]) >= 2 and len(run.spikes[1]) == 0
    first = run.spikes[0][0]
    before, after = np.array(run.states(first - 0.1e-6))[:, 0], np.array(run.states(first + 0.1e-6))[:, 0]
    assert before[0] > 0.01 and before[1] == pytest.approx(0.0, abs=1e-3)
    assert after[1] > before[1] + 0.01  # the spike is the pulse of the second neuron's synapse
    assert [[n for n, _ in synapses] for synapses in trains_by_target(run)] == [[0], [1]]
    assert all(value > 0 for value in run.energy().values())
    # behind its axon a spike is the pulse and nothing else: while the output rises, 0.5 V of it, the target stays where it is
    mem = [run.waveforms.at("v(mem1)", first + t) for t in (-20e-6, -20e-9, 60e-9)]
    assert abs(mem[1] - mem[0]) < 0.002 * (mem[2] - mem[1])


@pytest.mark.spice
def test_a_neuron_in_a_net_is_the_neuron_on_its_bench(bench: Bench, setting: Setting):
    alone = simulate(bench.with_(pulses=PULSES), STOP, setting)
    whole = simulate_net(NeuronNet(bench, 1, (Input(PULSES),)), STOP, setting)
    # the same elements in another order: time points differ, spikes by less than a hundredth of their width
    np.testing.assert_allclose(whole.spikes[0], alone.spike_times, atol=0.1e-9)
    np.testing.assert_allclose(whole.states(STOP)[0], alone.states("synapse")[-1, :1], atol=1e-4)
    # with an axon and a silent synapse it is that of a bench with the axon's gate as its load and an idle synapse; without the gate spikes come
    # 1 us earlier
    joined = simulate_net(NeuronNet(bench, 2, (Input(PULSES), Input(())), ((0, 1),)), STOP, setting)
    loaded = simulate(bench.with_(pulses=PULSES, load=bench.load + AXON_GATE, idle=1), STOP, setting)
    np.testing.assert_allclose(joined.spikes[0], loaded.spike_times, atol=0.1e-6)


@pytest.mark.spice
def test_a_silent_synapse_to_ground_leaks_as_the_bench_that_has_one_idle_there(bench: Bench, setting: Setting):
    stop = 20e-3
    whole = simulate_net(NeuronNet(bench, 1, (Input(()), Input((), rail=0.0))), stop, setting)
    lifted = float(whole.waveforms.at("v(mem0)", stop))
    grounded, fed = (
        float(simulate(bench.with_(idle=1, idle_to_ground=n), stop, setting)["v(mem)"][-1]) for n in (1, 0)
    )
    assert lifted > 1e-3
    assert grounded == pytest.approx(lifted, rel=0.01)  # 2 mV at reltol 1e-4
    assert fed > 1.2 * lifted  # the control: from the rail it feeds the membrane, too


@pytest.mark.spice
def test_narrow_silent_synapses_give_back_after_a_reset_as_on_the_bench_that_has_their_ecrams_idle(
    reference: Ecram, setting: Setting
):
    # 925 kohm behind 5 fF follow in 5 ns, the reset is over in less
    bench, narrow = Bench(Neuron(membrane=1e-12, synapse=reference.scaled(0.33))), reference.scaled(0.013, "narrow")
    pulses = tuple(regular(200e3, 6))
    whole = simulate_net(NeuronNet(bench, 1, (Input(pulses), *[Input((), device=narrow)] * 3)), 35e-6, setting)
    with_theirs, with_own = (
        simulate(bench.with_(pulses=pulses, idle=idle), 35e-6, setting) for idle in ((narrow,) * 3, 3)
    )
    left = float(whole.waveforms.at("v(mem0)", whole.spikes[0][0] + 0.3e-6))
    here, own = (float(run.waveforms.at("v(mem)", run.spike_times[0] + 0.3e-6)) for run in (with_theirs, with_own))
    assert here == pytest.approx(left, abs=0.1e-3)  # a spike is 8.95 to 9.05 ns wide, and so leaves 0.1 mV more or less
    assert left - own > 1e-3  # the control


@pytest.mark.spice
def test_a_chip_in_a_net_is_that_chip_on_its_bench(bench: Bench, setting: Setting):
    chip = replace(setting, corner="tt_mm", seed=3)
    alone = simulate(bench.with_(pulses=PULSES), STOP, chip)
    whole = simulate_net(NeuronNet(bench, 1, (Input(PULSES),)), STOP, chip)
    np.testing.assert_allclose(whole.spikes[0], alone.spike_times, atol=1e-9)
    nominal = simulate(bench.with_(pulses=PULSES), STOP, setting)
    assert (
        abs(nominal.spike_times[0] - alone.spike_times[0]) > 0.1e-6
    )  # the control: without mismatch it comes at another time


@pytest.mark.spice
def test_a_synapse_to_ground_draws_the_membrane_down_and_one_to_the_rail_lifts_it(
    bench: Bench, reference: Ecram, setting: Setting
):
    inhibit = Input(tuple(t + 5e-6 for t in PULSES[:3]), device=reference.scaled(0.1, "weak"), rail=0.0)
    run = simulate_net(NeuronNet(bench, 1, (Input(PULSES[:3]), inhibit)), 70e-6, setting)
    steps = [
        [float(run.waveforms.at("v(mem0)", t + 1e-6) - run.waveforms.at("v(mem0)", t - 1e-8)) for t in train]
        for train in run.inputs
    ]
    assert min(steps[0]) > 0.02 and max(steps[1][1:]) < -0.002
    assert sum(value for name, value in run.energy().items() if name == "i(vrd1)") == 0.0


def test_a_net_that_does_not_fit_is_refused(bench: Bench):
    with pytest.raises(InputError, match=r"joins neurons that are not there"):
        NeuronNet(bench, 1, (Input(PULSES),), ((0, 1),))
    with pytest.raises(InputError, match=r"an input ends at neuron 1; expected numbers from 0 to 0"):
        NeuronNet(bench, 1, (Input(PULSES, 1),))
    with pytest.raises(InputError, match="2 of 1 idle synapses read from ground; expected 0 to 1"):
        bench.with_(idle=1, idle_to_ground=2)
    with pytest.raises(InputError, match="3 of 2 idle synapses read from ground; expected 0 to 2"):
        bench.with_(idle=(Ecram.load("reference"),) * 2, idle_to_ground=3)
    with pytest.raises(InputError, match="needs an ECRAM at 'synapse'"):
        NeuronNet(bench.with_(neuron=Neuron()), 1, (Input(PULSES),))
