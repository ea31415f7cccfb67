"""A calibrated cell says where it no longer holds."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from ionspike.network import Cell, Network, OneToOne, Poisson, run_free
from ionspike.network.validity import OutsideValidity, _told
from ionspike.spikes import poisson


@pytest.fixture(autouse=True)
def nothing_told() -> None:
    _told.clear()


@pytest.fixture
def cell() -> Cell:
    return Cell.load("band-pass")


def _net(cell: Cell, rate: float) -> Network:
    net = Network(seed=1)
    net.add_population("neurons", cell, 4)
    net.add_input("pulses", Poisson(rate), 4)
    net.connect("pulses", "neurons", connectivity=OneToOne())
    return net


def test_a_rate_that_no_calibration_met_is_told_once_with_the_range(cell: Cell):
    with pytest.warns(OutsideValidity, match=r"input at .* kHz a neuron; it was calibrated at 30 Hz to 200 Hz"):
        _net(cell, 5e3).run(0.05)
    with warnings.catch_warnings():
        warnings.simplefilter("error", OutsideValidity)
        _net(cell, 6e3).run(0.05)


def test_a_rate_within_the_range_is_not_told(cell: Cell):
    with warnings.catch_warnings():
        warnings.simplefilter("error", OutsideValidity)
        _net(cell, 100.0).run(1.0)


def test_running_free_tells_as_a_net_does(cell: Cell):
    with pytest.warns(OutsideValidity, match="outside its range of validity"):
        run_free(cell, np.array(poisson(5e3, 200, 1)), 0.05)
