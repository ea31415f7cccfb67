"""A threshold stage that looks only after an input pulse: it fires as the keeper stage does, and costs next to nothing while it waits."""

from __future__ import annotations

import pytest

from ionspike.circuit.energy import block_energy
from ionspike.circuit.neuron_net import Input, NeuronNet
from ionspike.circuit.neurons import Neuron
from ionspike.circuit.simulate import Setting, simulate
from ionspike.circuit.testbench import Bench
from ionspike.circuit.topologies import VARIANTS, find_topology
from ionspike.device import Ecram
from ionspike.errors import InputError
from ionspike.spice import check_netlist
from ionspike.spikes import regular

KEEPER, GATED = "delay-feedback-lif", "input-gated-lif"


def _waiting_power(topology: str, setting: Setting) -> float:
    """Power (W) of threshold and delay stage under a membrane held just below where the keeper stage fires (0.26 V)."""
    bench = Bench(Neuron(topology), hold=0.25, width=2e-6, edge=1e-6, max_step=1e-4)
    run = simulate(bench, 10e-3, setting)
    assert not len(run.spike_times)
    blocks = block_energy(run, 5e-3, 10e-3)
    return (blocks["threshold"] + blocks["delay"]) / 5e-3


@pytest.mark.spice
def test_a_membrane_that_waits_costs_the_gated_stage_less_than_half_of_what_it_costs_the_keeper_stage(setting: Setting):
    assert 0 < _waiting_power(GATED, setting) < 0.5 * _waiting_power(KEEPER, setting)


@pytest.mark.spice
def test_the_gated_stage_fires_under_pulses_and_without_them_keeps_still(setting: Setting):
    driven = simulate(Bench(Neuron(GATED), pulses=tuple(regular(10e3, 20))), 2.1e-3, setting)
    assert len(driven.reset_ends) >= 4
    # each spike follows a pulse before the next one comes: the window is what lets it
    assert all(any(0 < spike - pulse < 1e-4 for pulse in driven.input_times) for spike in driven.spike_times)


def test_the_netlist_takes_the_input_pulse_behind_the_ports_of_every_neuron():
    check_netlist(VARIANTS[GATED].netlist)
    assert find_topology(GATED).watches_input
    assert not find_topology(KEEPER).watches_input
    calls = [line for line in Bench(Neuron(GATED)).netlist({}).splitlines() if line.startswith("xn ")]
    assert calls[-1].split()[12:14] == ["pre", "input_gated_lif"]


def test_a_net_refuses_a_neuron_that_watches_one_input(reference: Ecram):
    with pytest.raises(InputError, match="watches its input pulse"):
        NeuronNet(Bench(Neuron(GATED, synapse=reference)), 1, (Input((1e-6,)),))
