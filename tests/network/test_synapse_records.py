"""Synapses in memory: what one spike finds in a block lies side by side, column by column."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ionspike.network import LIF, DeviceSynapse, FixedInDegree, LogNormal, Network, OneToOne, Poisson
from ionspike.network import arrays as a
from ionspike.network.placing import placed
from ionspike.network.records import column_of, put_column, records_of, value_at


@given(st.lists(st.integers(0, 5), min_size=1, max_size=8))
@settings(max_examples=30, deadline=None)  # the first one compiles
def test_a_row_has_its_targets_then_its_weights(lengths: list[int]):
    rows = np.cumsum([0, *lengths])
    targets, weights = np.arange(rows[-1], dtype=np.uint32), np.arange(rows[-1]) + 0.5
    made = records_of(rows, [lambda: targets, lambda: weights], np.dtype(np.float32))
    expected = [
        part
        for low, high in itertools.pairwise(rows)
        for part in (targets[low:high], weights[low:high].astype(np.float32).view(np.uint32))
    ]
    np.testing.assert_array_equal(made.view(np.uint32), np.concatenate(expected) if expected else [])


@pytest.mark.parametrize("precision", ["single", "double"])
@pytest.mark.parametrize("name", ["drive-n", "n-n"])
def test_what_is_written_to_a_column_is_read_from_it_and_no_other_changes(precision: str, name: str):
    net = Network(seed=3)
    net.add_input("drive", Poisson(100.0), 40)
    net.add_population("n", LIF(tau=10e-3, threshold=10e-3), 40)
    own = DeviceSynapse("reference", devices="own", dose=LogNormal(1.0, 0.1))
    net.connect("drive", "n", own, weight=1e-3, connectivity=OneToOne())
    net.connect("n", "n", own, weight=1e-3, delay=1e-3, connectivity=FixedInDegree(7))
    memory, p = net.start(precision=precision).memory, list(net.projections).index(name)
    others = [a.R_WEIGHT, a.R_DOSE, a.R_RATE]
    before = [column_of(memory, p, c) for c in others]
    wanted = np.random.default_rng(0).random(len(before[0])).astype(memory.real)
    put_column(memory, p, a.R_STATE, wanted)
    np.testing.assert_array_equal(column_of(memory, p, a.R_STATE), wanted)
    assert [value_at(memory, p, a.R_STATE, k) for k in range(len(wanted))] == wanted.tolist()
    for c, values in zip(others, before, strict=True):
        np.testing.assert_array_equal(column_of(memory, p, c), values)


def test_records_hold_the_targets_of_the_net():
    net = Network(seed=3)
    net.add_input("drive", Poisson(100.0), 30)
    net.add_population("n", LIF(tau=10e-3, threshold=10e-3), 50)
    net.connect("drive", "n", weight=1e-3, connectivity=FixedInDegree(4))
    simulation = net.start()
    _, target, _, places = placed(net, net.projections["drive-n"], simulation.memory.real)
    found = column_of(simulation.memory, 0, a.R_TARGET).view(np.uint32)
    np.testing.assert_array_equal(found, target[places] + simulation.layout.first["n"])
