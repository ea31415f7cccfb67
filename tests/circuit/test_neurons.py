"""Neurons and benches: what they take, and what they refuse with a sentence."""

from __future__ import annotations

from pathlib import Path

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
        (lambda: Neuron(bias_cell="short"), "no bias cell 'short'"),
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


_OWN = TOPOLOGIES["delay-feedback-lif"].netlist.replace("delay_feedback_lif", "my_neuron")


def _file(tmp_path: Path, text: str) -> str:
    path = tmp_path / "my.spice"
    path.write_text(text)
    return str(path)


def test_a_users_netlist_is_a_topology_by_its_path(tmp_path: Path):
    neuron = Neuron(_file(tmp_path, _OWN), sizes={"wreset": 5.0})
    assert neuron.membrane == 2e-12 and neuron.kind.has_reset and neuron.kind.placements[-1] == "delay"
    assert "my_neuron cmem=2e-12 wreset=5.0" in Bench(neuron).netlist({})


def _without(word: str) -> str:
    return "\n".join(line for line in _OWN.splitlines() if word not in line)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (_OWN.replace("mem spk rst vth", "mem spk rst vdd"), "my.spice line [0-9]+: .subckt my_neuron has the ports"),
        (_OWN.replace("my_neuron", "driver"), "my.spice line [0-9]+: .subckt driver is a name of the bench"),
        (_OWN.replace("my_neuron", "ecram_mine"), "is a name of the bench"),
        (_OWN.replace("vth vth pf w={wfire}", "vth vth pmos w={wfire}"), "my.spice line [0-9]+ calls 'pmos'"),
        (_OWN + ".control\n", "my.spice line [0-9]+ uses .control, which is not allowed"),
        (_OWN + 'x1 a b "c"\n', "my.spice line [0-9]+ holds the character"),
        (_OWN + "rstray mem 0 1k\n", "my.spice line [0-9]+ is outside a .subckt"),
        (_without(".ends"), "has no .ends"),
        (_OWN + _OWN.replace("my_neuron", "another"), "second .subckt with the ports of a neuron"),
        ("* nothing\n", "no .subckt"),
    ],
)
def test_a_users_netlist_that_does_not_fit_is_told_with_file_and_line(tmp_path: Path, text: str, told: str):
    with pytest.raises(InputError, match=told) as caught:
        Neuron(_file(tmp_path, text))
    assert "my.spice" in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "told"), [("none.spice", "cannot be read"), ("/", "no plain file"), ("/dev/zero", "no plain file")]
)
def test_a_users_netlist_that_is_not_there_is_told(name: str, told: str):
    with pytest.raises(InputError, match=told):
        Neuron(name)


def test_two_topologies_of_one_name_do_not_share_a_bench(tmp_path: Path):
    own = Neuron(_file(tmp_path, TOPOLOGIES["delay-feedback-lif"].netlist + "* mine\n"))
    with pytest.raises(InputError, match=r"both define \.subckt delay_feedback_lif"):
        Bench(Neuron(), presynaptic=own).netlist({})


def test_biases_and_bench_are_those_the_topology_is_sized_for_unless_given():
    assert Neuron("axon-hillock").keeper_bias == 30e-9
    assert Neuron("axon-hillock", keeper_bias="1 nA").keeper_bias == 1e-9  # type: ignore[arg-type]
    assert Bench(Neuron("axon-hillock")).read_rail == 0.7
    assert Bench(Neuron("axon-hillock"), read_rail=0.6).read_rail == 0.6


def test_a_bench_holds_the_bias_cell_and_the_driver_it_is_asked_for():
    text = Bench(Neuron(bias_cell="long-bias-cell"), driver_width=0.42, driver_length=0.5).netlist({})
    assert "vdb long_bias_cell ikeep" in text and ".subckt bias_cell" not in text
    assert "vdr driver wp=0.42 lp=0.5" in text


def test_a_netlist_is_read_with_its_transistors_and_inner_nodes():
    circuit = TOPOLOGIES["delay-feedback-lif"].circuit
    assert set(circuit.inner) == {"n1", "d1", "d3", "dn"}
    assert len(circuit.transistors) == 17
    assert dict(circuit.parameters)["cmem"] == pytest.approx(2e-12)
