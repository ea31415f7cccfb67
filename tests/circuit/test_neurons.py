"""Neurons and benches: what they take, and what they refuse with a sentence."""

from __future__ import annotations

import pytest

from ionspike.circuit.neurons import DelayFeedbackLIF, Neuron
from ionspike.circuit.testbench import Bench
from ionspike.circuit.topologies import TOPOLOGIES, netlist
from ionspike.device import Ecram
from ionspike.errors import InputError
from ionspike.spice import check_netlist


def test_quantities_may_be_strings_with_units():
    assert DelayFeedbackLIF(membrane="2 pF", delay_bias="1.56 nA") == Neuron(membrane=2e-12, delay_bias=1.56e-9)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Neuron("integrate"), "no topology 'integrate'"),
        (lambda: Neuron(membrane="2 pA"), "membrane"),  # type: ignore[arg-type]
        (lambda: Neuron(delay_bias=1.0), "delay_bias"),
        (lambda: Neuron(sizes={"wfoo": 1.0}), "no size 'wfoo'"),
        (lambda: Neuron(sizes={"wreset": 1e6}), "wreset"),
        (lambda: Neuron("axon-hillock", delay=Ecram.load("reference")), "no delay path"),
        (lambda: Bench(Neuron(), pulses=(1e-6, 1.001e-6)), "overlap"),
        (lambda: Bench(Neuron(), width=1e-10), "shorter than its edge"),
        (lambda: Bench(Neuron(), edge=1e-10), "loses pulses"),
    ],
)
def test_what_does_not_fit_is_named(make, told: str):
    with pytest.raises(InputError, match=told):
        make()


def test_two_devices_of_one_name_are_refused(reference: Ecram):
    bench = Bench(Neuron(synapse=reference, input=reference.with_weight(0.9)))
    with pytest.raises(InputError, match="two different devices"):
        bench.netlist({})


@pytest.mark.parametrize("name", list(TOPOLOGIES))
def test_every_netlist_has_the_ports_and_passes_the_allow_list(name: str):
    text = TOPOLOGIES[name].netlist
    check_netlist(text)
    head = next(line for line in text.splitlines() if line.startswith(".subckt"))
    assert head.split()[2:13] == ["mem", "spk", "rst", "vth", "vdl", "bp", "bn", "bd", "bl", "da", "db"]


def test_transistors_are_drawn_with_junctions():
    assert "ad={w*0.29}" in netlist("transistors")
