"""Poisson inputs: intervals, choices and thinned rates have the distributions they are meant to have, whatever draws them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from ionspike.network import (
    LIF,
    InhomogeneousPoisson,
    ModulatedPoisson,
    Network,
    OneToOne,
    Poisson,
    Record,
    Static,
    TsodyksMarkram,
)
from ionspike.network.inputs import Input

LAG = 1e-3  # s


def trains(given: Input, size: int, duration: float, drawn_by_target: bool) -> tuple[np.ndarray, np.ndarray]:
    """Times (s) and neurons of the spikes of an input, as they make neurons fire that fire at every arrival."""
    net = Network(seed=5)
    net.add_input("in", given, size)
    net.add_population("n", LIF(tau=10e-3, threshold=15e-3, refractory=0.0), size)
    net.connect("in", "n", Static(), weight=1.0, delay=LAG, connectivity=OneToOne())
    record = Record() if drawn_by_target else Record(spikes=["in"])
    found = net.run(duration, record=record)
    name = "n" if drawn_by_target else "in"
    return found.spikes(name), found.neurons(name)


def test_intervals_are_exponential_and_neurons_alike():
    times, neurons = trains(Poisson("100 Hz"), 1000, 2.0, True)
    assert stats.kstest(np.diff(times), "expon", args=(0, 1e-5)).pvalue > 1e-3
    assert stats.chisquare(np.bincount(neurons, minlength=1000)).pvalue > 1e-3
    one = times[neurons == neurons[0]]
    assert stats.kstest(np.diff(one), "expon", args=(0, 1e-2)).pvalue > 1e-3


def test_neurons_of_different_rates_have_theirs():
    rates = np.geomspace(1.0, 1000.0, 300)
    _, neurons = trains(Poisson(rates), 300, 5.0, True)
    counts = np.bincount(neurons, minlength=300)
    z = (counts - 5.0 * rates) / np.sqrt(5.0 * rates)
    assert stats.chi2.sf((z**2).sum(), 300) > 1e-3


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (ModulatedPoisson("200 Hz", frequency="5 Hz", depth=0.8), lambda t: 200 * (t - 0.8 * (np.cos(10 * np.pi * t) - 1) / (10 * np.pi))),
        (InhomogeneousPoisson([0.0, 0.1, 0.3, 0.5], [100.0, 0.0, 400.0]), lambda t: np.interp(t, [0, 0.1, 0.3, 0.5], [0, 10, 10, 90])),
    ],
)  # fmt: skip
def test_a_changing_rate_is_followed(given: Input, expected: object):
    times, _ = trains(given, 400, 1.0 + LAG, True)
    times = times - LAG
    scaled = 400 * np.asarray(expected(times))  # type: ignore[operator]
    # in the time of the integrated rate every Poisson process has rate one
    assert stats.kstest(np.diff(scaled), "expon").pvalue > 1e-3
    assert len(times) == pytest.approx(400 * float(expected(1.0)), abs=4 * np.sqrt(400 * 250))  # type: ignore[operator]


@pytest.mark.parametrize("given", [Poisson("150 Hz"), ModulatedPoisson("150 Hz", frequency="8 Hz", depth=0.5)])
def test_an_input_has_the_same_spikes_whether_its_targets_or_a_list_draws_them(given: Input):
    # 3,000 neurons are three chunks; a recorded input is drawn ahead of the windows, an unrecorded one by the blocks of its targets
    mine, listed = trains(given, 3000, 0.2, True), trains(given, 3000, 0.2, False)
    before = listed[0] + LAG < 0.2
    np.testing.assert_array_equal(mine[1], listed[1][before])
    np.testing.assert_array_equal(mine[0], listed[0][before] + LAG)


def test_a_spike_does_not_depend_on_what_its_synapse_is():
    """The batch that one projection has drawn is no other than that of a device's projection."""
    net = Network(seed=5)
    net.add_input("in", Poisson("150 Hz"), 50)
    net.add_population("n", LIF(tau=10e-3, threshold=15e-3, refractory=0.0), 50)
    net.connect("in", "n", TsodyksMarkram(0.5, 0.01, devices="own"), weight=1.0, delay=LAG, connectivity=OneToOne())
    assert np.array_equal(net.run(0.2).spikes("n"), trains(Poisson("150 Hz"), 50, 0.2, True)[0])
