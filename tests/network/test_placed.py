"""Cells with an ECRAM that their own spikes gate: the engine against a plain loop on the law, checkpoints, recordings, files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import plain_cells
import pytest

from ionspike.device import Ecram
from ionspike.errors import InputError
from ionspike.network import Cell, Network, Record
from ionspike.network.compare import intervals_between, run_free
from ionspike.network.placed import Placed
from ionspike.network.simulation import Simulation


def placed_cell(placement: str) -> Cell:
    """The high-pass cell of the library with a second ECRAM of about the synapse's width, or in the delay path of a fifth of the reference card's."""
    scale = {"input": 0.08, "leak": 0.03, "delay": 0.2}[placement]
    device = Ecram.load("reference").scaled(scale, f"reference-{placement}")
    # a delay that follows its channel more than one in SKY130 does, so that the synapses it drives show it
    widths = (5e-9, 2e-13, -4e-19) if placement == "delay" else ()
    opening = 1.03 if placement == "leak" else 0.0
    placed = Placed(placement, 8.7e-9, 0.04, device, (0.2, 1 / 3), opening, widths, 12e-9)
    cell = Cell.load("high-pass")
    return replace(cell, synapse=replace(cell.synapse, pulse=12e-9), placed=placed)


@pytest.fixture(params=["input", "leak", "delay"])
def cell(request: pytest.FixtureRequest) -> Cell:
    return placed_cell(request.param)


TIMES = np.cumsum(np.random.default_rng(2).exponential(4e-4, 800))


def chain(cell: Cell, other: Cell) -> tuple[plain_cells.Network, Network]:
    """A train into a cell, that into another, and back: in the plain loop and in the engine."""
    plain, net = plain_cells.Network(), Network()
    for made, add in ((plain, plain.add_neuron), (net, net.add_population)):
        made.add_input("train", TIMES)
        add("a", cell)
        add("b", other)
        for source, target, delay in (("train", "a", 1e-4), ("a", "b", 2e-3), ("b", "a", 1e-3)):
            made.connect(source, target, delay=delay)
    return plain, net


def test_a_net_of_such_cells_fires_as_a_plain_loop_on_the_law(cell: Cell):
    # the second population has no such device: one kernel walks both
    plain, net = chain(cell, replace(cell, placed=None))
    expected, found = plain.run(0.4), net.run(0.4, precision="double")
    assert len(expected.spikes["a"]) > 20 and len(expected.spikes["b"]) > 5
    for name in ("a", "b"):
        # windows cut the integrator's steps elsewhere: a wait moves by a part in ten thousand
        np.testing.assert_allclose(found.spikes(name), expected.spikes[name], atol=2e-7)
        assert found.charge[name] == pytest.approx(expected.charge[name], rel=1e-3)


@pytest.mark.parametrize("placement", ["input", "leak"])
def test_own_spikes_change_the_rate_and_a_frozen_device_does_not(placement: str):
    cell = placed_cell(placement)
    stop = float(TIMES[-1])
    # as if the first spike were the last: the state that the frozen cell keeps is the rested one
    frozen = replace(cell, placed=replace(cell.placed, mean_state=cell.placed.start, moves=False))  # type: ignore[arg-type]
    moving, still = len(run_free(cell, TIMES, stop).spikes), len(run_free(frozen, TIMES, stop).spikes)
    assert abs(moving / still - 1) > 0.05


def test_spikes_that_widen_carry_more_charge_to_the_cells_they_drive():
    delay = placed_cell("delay")
    other = replace(delay, placed=None)
    charge = [chain(cell, other)[1].run(0.2).charge["b"] for cell in (delay, delay.without_excitability())]
    assert charge[0] / charge[1] < 0.95  # ions make the channel conduct, and its spikes shorter
    unknown = replace(other, synapse=replace(other.synapse, pulse=0.0))
    with pytest.raises(InputError, match="the spikes of 'a' change their width"):
        chain(delay, unknown)[1].run(0.01)


def test_a_checkpoint_carries_the_devices_bit_for_bit(cell: Cell, tmp_path: Path):
    _, net = chain(cell, cell)
    whole = net.start()
    first = net.start()
    expected = [whole.run(0.15), whole.run(0.15)][1]
    first.run(0.15)
    carried = Simulation.load(net, first.save(tmp_path / "half.npz"))
    found = carried.run(0.15)
    for name in ("a", "b"):
        assert np.array_equal(found.spikes(name), expected.spikes(name))
    assert np.array_equal(carried.memory["placed_state"], whole.memory["placed_state"])
    with pytest.raises(InputError, match="another net"):
        Simulation.load(chain(cell, cell.without_excitability())[1], tmp_path / "half.npz")


def test_states_are_recorded_where_the_law_leaves_them(cell: Cell):
    plain, net = chain(cell, cell)
    found = net.run(0.2, record=Record(placed={"a": [0]}, times=[0.1, 0.2]))
    plain.run(0.1)
    neuron = plain._neurons["a"]
    assert neuron.placed is not None
    neuron.placed.rest(0.1, neuron.v)
    assert found.placed["a"][0, 0] == pytest.approx(neuron.placed.y[0], rel=1e-4)
    assert found.to_xarray()["a_placed_x"].shape == (2, 1)
    with pytest.raises(InputError, match="population 'b' has no placed ECRAM"):
        chain(cell, replace(cell, placed=None))[1].run(0.01, record=Record(placed={"b": [0]}))


def test_a_cell_finds_its_own_intervals(cell: Cell):
    stop = float(TIMES[-1])
    parts = intervals_between(cell, TIMES, run_free(cell, TIMES, stop).spikes, stop)
    assert len(parts) > 20 and np.mean([part.given == part.found for part in parts]) > 0.97


def test_a_placed_device_is_read_back_as_saved(cell: Cell, tmp_path: Path):
    path = cell.save(tmp_path / "cell.toml")
    assert Cell.load(path) == cell
    text = path.read_text()
    for old, new, told in (
        (f'placement = "{cell.placed.placement}"', 'placement = "dendrite"', "expected one of input, leak, delay"),  # type: ignore[union-attr]
        ("[placed.device]", "[placed.card]", "placed.device"),
        ("ion_shift = 0.04", "", "placed.ion_shift is missing"),
    ):
        path.write_text(text.replace(old, new, 1))
        with pytest.raises(InputError, match=told):
            Cell.load(path)


def test_the_controls_freeze_one_device_or_both(cell: Cell):
    alone, both = cell.without_excitability(), cell.without_plasticity()
    assert alone.plastic and alone.placed is not None and not alone.placed.moves
    assert not both.plastic and both.placed is not None and not both.placed.moves
