"""Several neurons in one netlist."""

from __future__ import annotations

import numpy as np
import pytest

from ionspike.circuit.neuron_net import NeuronNet, simulate_net, trains_by_target
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
    run = simulate_net(NeuronNet(bench, (PULSES, ()), ((0, 1),)), STOP, setting)
    assert [len(train) for train in run.inputs] == [len(PULSES), 0]
    assert len(run.spikes[0]) >= 2 and len(run.spikes[1]) == 0
    first = run.spikes[0][0]
    before, after = run.states(first - 0.1e-6)[:, 0], run.states(first + 0.1e-6)[:, 0]
    assert before[0] > 0.01 and before[1] == pytest.approx(0.0, abs=1e-3)
    assert after[1] > before[1] + 0.01  # the spike is the pulse of the second neuron's synapse
    assert [len(t) for t in trains_by_target(run)[1]] == [len(run.spikes[0])]
    assert all(value > 0 for value in run.energy().values())


@pytest.mark.spice
def test_a_neuron_in_a_net_of_one_is_the_neuron_on_its_bench(bench: Bench, setting: Setting):
    whole = simulate_net(NeuronNet(bench, (PULSES,), ()), STOP, setting)
    alone = simulate(bench.with_(pulses=PULSES), STOP, setting)
    # the same elements in another order: time points differ, spikes by less than a hundredth of their width
    np.testing.assert_allclose(whole.spikes[0], alone.spike_times, atol=0.1e-9)
    np.testing.assert_allclose(whole.states(STOP)[0], alone.states("synapse")[-1, :1], atol=1e-4)


def test_a_net_that_does_not_fit_is_refused(bench: Bench):
    with pytest.raises(InputError, match=r"joins neurons that are not there"):
        NeuronNet(bench, (PULSES,), ((0, 1),))
    with pytest.raises(InputError, match="needs an ECRAM at 'synapse'"):
        NeuronNet(bench.with_(neuron=Neuron()), (PULSES,), ())
