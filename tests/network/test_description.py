"""Nets that do not fit together are refused with a sentence that says where; files say what Python says."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse

from ionspike.errors import InputError
from ionspike.network import (
    LIF,
    AllToAll,
    Cell,
    CellSynapse,
    DeviceSynapse,
    FixedInDegree,
    InhomogeneousPoisson,
    LogNormal,
    Matrix,
    ModulatedPoisson,
    Network,
    Normal,
    OneToOne,
    Pairs,
    PairwiseProbability,
    Poisson,
    Record,
    Recorded,
    Regular,
    TsodyksMarkram,
    Uniform,
)
from ionspike.network import memory as memory_module
from ionspike.network.connectivity import pairs
from ionspike.network.elementary import VECTOR
from ionspike.network.memory import bytes_per_synapse
from ionspike.network.placing import pairs_of, weights
from ionspike.network.toml_file import load


def small() -> Network:
    """Two neurons, one input, nothing joined."""
    net = Network()
    net.add_population("n", LIF(tau=10e-3, threshold=10e-3), 2)
    net.add_input("in", Poisson(10.0), 2)
    return net


@pytest.mark.parametrize(
    ("build", "told"),
    [
        (lambda net: net.connect("nobody", "n", weight=1e-3), "no input or population 'nobody'"),
        (lambda net: net.connect("in", "nobody", weight=1e-3), "no population 'nobody'"),
        (lambda net: net.connect("in", "n"), "weight of 'in-n' is missing"),
        (lambda net: net.add_input("n", [0.0]), "two inputs or populations called 'n'"),
        (lambda net: net.add_population("m", LIF(tau=1e-3, threshold=1e-3), 0), "size of 'm' is 0"),
        (lambda net: net.connect("in", "n", CellSynapse(), weight=1e-3), "CellSynapse"),
        (lambda net: net.connect("in", "n", DeviceSynapse("reference", rail=0.6)), "without capacitance"),
        (lambda net: net.connect("in", "n", weight=1e-3, connectivity=FixedInDegree), "expected one of AllToAll"),
        (lambda net: net.add_input("x", Recorded([0.0], [3]), 2), "speaks of 4"),
    ],
)
def test_parts_that_do_not_fit_are_refused_when_they_are_added(build, told: str):
    with pytest.raises(InputError, match=told):
        build(small())


@pytest.mark.parametrize(
    ("build", "told"),
    [
        (lambda net: None, "unconnected"),
        (lambda net: net.connect("n", "n", weight=1e-3), "input 'in' is unconnected"),
        (
            lambda net: (net.connect("in", "n", weight=1e-3), net.connect("n", "n", weight=1e-3, delay=0.0)),
            "delay of projection 'n-n' is 0 s",
        ),
        (lambda net: net.connect("in", "n", weight=1e-3, delay=-1e-3), "delay of projection 'in-n' is -0.001 s"),
        (lambda net: net.connect("in", "n", weight=math.nan), "weight of projection 'in-n' is not a number"),
        (
            lambda net: net.connect("in", "n", weight=[1e-3, math.nan], connectivity=OneToOne()),
            r"\[1\] is not a finite number",
        ),
        (lambda net: net.connect("in", "n", weight=[1e-3]), "shape"),
        (lambda net: net.connect("in", "n", weight=1e-3, connectivity=Pairs([0, 5], [0, 1])), r"source\[1\]"),
        (
            lambda net: net.connect("in", "n", weight=1e-3, connectivity=FixedInDegree(3, repeated=False)),
            "only 2 sources",
        ),
        (lambda net: net.connect("in", "n", weight=1e-3, connectivity=PairwiseProbability(1.5)), "expected 0 to 1"),
        (lambda net: net.connect("in", "n", TsodyksMarkram(1.5, 0.1), weight=1e-3), "U of projection"),
        (lambda net: net.connect("in", "n", weight=Uniform(2e-3, 1e-3)), "expected low to high"),
        (lambda net: net.connect("in", "n", connectivity=Matrix(scipy.sparse.eye(3))), r"expected \(2, 2\)"),
    ],
)
def test_nets_that_do_not_fit_together_are_refused_when_they_start(build, told: str):
    net = small()
    build(net)
    with pytest.raises(InputError, match=told):
        net.start()


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: LIF(tau=math.nan, threshold=1e-3), "LIF.tau"),
        (lambda: LIF(tau=1e-3, threshold=1e-3, reset=2e-3), "below the threshold"),
        (lambda: LIF(tau=1e-3, threshold=1e-3, refractory=-1e-3), "LIF.refractory"),
        (lambda: Recorded([0.2, 0.1]), r"times\[1\] is 0.1 s"),
        (lambda: Recorded([math.nan]), "not a number"),
        (lambda: Poisson(-1.0), "Poisson.rate"),
        (lambda: ModulatedPoisson(10.0, 2.0, 1.0), "depth"),
        (lambda: InhomogeneousPoisson([0.0, 1.0], [1.0, 2.0]), "one edge more"),
        (lambda: Regular(0.0), "rate above 0"),
        (lambda: TsodyksMarkram(0.1, 0.1, 0.1, devices="own"), "two states"),
        (lambda: DeviceSynapse("reference", dose=2.0), 'expected devices = "own"'),
        (lambda: Network(seed=-1), "seed"),
        (lambda: Record(times=[1.0, 0.5]), "ascending"),
    ],
)
def test_parameters_out_of_range_are_refused(make, told: str):
    with pytest.raises(InputError, match=told):
        make()


def test_a_net_larger_than_the_memory_is_refused_before_it_is_built(monkeypatch: pytest.MonkeyPatch):
    net = small()
    net.add_population("many", LIF(tau=10e-3, threshold=10e-3), 100_000)
    net.connect("in", "n", weight=1e-3)
    net.connect("many", "many", weight=1e-3, connectivity=AllToAll())
    monkeypatch.setattr(memory_module, "available", lambda: 2**34)
    with pytest.raises(InputError, match=r"needs about .* GiB and 16 GiB are free"):
        net.start()


def test_a_synapse_takes_the_bytes_it_is_said_to():
    net = small()
    net.connect("n", "n", TsodyksMarkram(0.2, 0.1, devices="own"), weight=1e-3, delay=Uniform(1e-3, 2e-3), name="own")
    net.connect(
        "n", "n", DeviceSynapse("reference", devices="own", gain=LogNormal(1.0, 0.1)), weight=1e-3, name="device"
    )
    net.connect("n", "n", TsodyksMarkram(0.2, 0.1), weight=1e-3, delay=Uniform(1e-3, 2e-3), name="shared")
    net.connect("in", "n", weight=1e-3)
    assert bytes_per_synapse(net, net.projections["own"], "single") == 24
    assert bytes_per_synapse(net, net.projections["device"], "single") == 24
    assert bytes_per_synapse(net, net.projections["shared"], "single") == 12
    memory = net.start().memory
    kept = memory["records"].nbytes - VECTOR * memory.real.itemsize  # room behind the last is taken off
    inputs = 4 * bytes_per_synapse(net, net.projections["in-n"], "single")
    assert kept == 2 * 24 + 2 * 24 + 2 * 12 + inputs


def test_connectivity_follows_its_rule():
    net = Network(seed=5)
    net.add_population("n", LIF(tau=10e-3, threshold=10e-3), 50)
    matrix = scipy.sparse.random_array((50, 50), density=0.1, rng=np.random.default_rng(1), format="csr")
    rules = {
        "all": AllToAll(),
        "fixed": FixedInDegree(7, repeated=False),
        "pairs": PairwiseProbability(0.2),
        "matrix": Matrix(matrix),
    }
    for name, rule in rules.items():
        net.connect("n", "n", weight=None if name == "matrix" else 1e-3, connectivity=rule, name=name)
    source, target = pairs_of(net, net.projections["all"])
    assert len(source) == 50 * 49 and not (source == target).any()
    source, target = pairs_of(net, net.projections["fixed"])
    assert (np.bincount(target) == 7).all() and not (source == target).any()
    assert len(set(zip(source.tolist(), target.tolist(), strict=True))) == len(source)
    source, target = pairs_of(net, net.projections["pairs"])
    assert len(source) == pytest.approx(0.2 * 2450, abs=4 * math.sqrt(0.16 * 2450))
    source, target = pairs_of(net, net.projections["matrix"])
    np.testing.assert_array_equal(weights(net, net.projections["matrix"], len(source)), matrix[source, target])


NET = """
seed = 2
duration = "50 ms"
[[input]]
name = "drive"
kind = "poisson"
size = 20
rate = "1 kHz"
[[population]]
name = "n"
kind = "lif"
size = 20
tau = "20 ms"
threshold = "15 mV"
refractory = "2 ms"
[[projection]]
source = "drive"
target = "n"
weight = "1 mV"
connectivity = { rule = "one-to-one" }
[[projection]]
source = "n"
target = "n"
weight = { normal = ["0.5 mV", "0.1 mV"] }
delay = { uniform = ["1 ms", "3 ms"] }
synapse = { kind = "tsodyks-markram", U = 0.2, tau_facilitation = "300 ms" }
connectivity = { rule = "fixed-in-degree", count = 5 }
[record]
membranes = { n = [0] }
times = [0.02]
"""


def test_a_file_describes_the_net_that_python_describes(tmp_path: Path):
    (tmp_path / "net.toml").write_text(NET)
    plan = load(tmp_path / "net.toml")
    net = Network(2)
    net.add_input("drive", Poisson("1 kHz"), 20)
    net.add_population("n", LIF(tau=20e-3, threshold=15e-3, refractory=2e-3), 20)
    net.connect("drive", "n", weight=1e-3, connectivity=OneToOne())
    net.connect(
        "n",
        "n",
        TsodyksMarkram(0.2, 0.3),
        weight=Normal(0.5e-3, 0.1e-3),
        delay=Uniform(1e-3, 3e-3),
        connectivity=FixedInDegree(5),
    )
    found, expected = plan.network.run(plan.duration), net.run(0.05)
    assert len(expected.spikes("n")) > 10
    np.testing.assert_array_equal(found.spikes("n"), expected.spikes("n"))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('rate = "1 kHz"', 'rates = "1 kHz"', "unknown key 'rates' in input\\[0\\]"),
        ('kind = "poisson"', 'kind = "poison"', "input\\[0\\].kind is 'poison'"),
        ('tau = "20 ms"', "", "population\\[0\\].tau is missing"),
        ("seed = 2", "sead = 2", "unknown key 'sead'"),
        ('duration = "50 ms"', "", "no 'duration'"),
        ("count = 5", "many = 5", "unknown key 'many' in projection\\[1\\].connectivity"),
        ('"0.5 mV", "0.1 mV"', '"0.5 mV"', "normal is"),
        ("[record]", "[record", "not a TOML file"),
        ("times = [0.02]", "time = [0.02]", "unknown key 'time' in record"),
    ],
)
def test_a_file_that_is_wrong_says_where(tmp_path: Path, old: str, new: str, told: str):
    (tmp_path / "net.toml").write_text(NET.replace(old, new, 1))
    with pytest.raises(InputError, match=told):
        load(tmp_path / "net.toml")


def test_a_cell_in_a_file_is_a_library_cell_or_a_file(tmp_path: Path):
    text = 'duration = "10 ms"\n[[input]]\nname = "in"\nkind = "regular"\nrate = "1 kHz"\n'
    text += (
        '[[population]]\nname = "c"\nkind = "cell"\ncell = "own.toml"\n[[projection]]\nsource = "in"\ntarget = "c"\n'
    )
    Cell.load("high-pass").save(tmp_path / "own.toml")
    (tmp_path / "net.toml").write_text(text)
    assert load(tmp_path / "net.toml").network.populations["c"].neuron == Cell.load("high-pass")


def test_fixed_in_degree_joins_each_neuron_to_others_only():
    source, target = pairs(FixedInDegree(3, repeated=False), 20, 20, True, "the net", np.random.default_rng(1))
    joined = list(zip(source.tolist(), target.tolist(), strict=True))
    assert all(sender != receiver for sender, receiver in joined) and len(set(joined)) == 60
    assert np.bincount(target).tolist() == [3] * 20
    assert np.bincount(source, minlength=20).sum() == 60
