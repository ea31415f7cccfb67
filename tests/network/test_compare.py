"""Intervals of a run, found again by a cell."""

from __future__ import annotations

import numpy as np
from benchmarks.in_common import in_common

from ionspike.network import Cell, run_free
from ionspike.network.compare import counts_of_trains, intervals_between
from ionspike.spikes import poisson


def test_several_synapses_with_all_pulses_at_one_are_one_synapse():
    cell = Cell.load("high-pass")
    pulses = np.array(poisson(800.0, 300, 3))
    stop = float(pulses[-1]) + 0.01
    spikes = run_free(cell, pulses, stop).spikes
    assert len(spikes) > 5
    one = [(i.given, i.found) for i in intervals_between(cell, pulses, spikes, stop)]
    several = counts_of_trains([cell] * 3, [np.empty(0), pulses, np.empty(0)], spikes, stop)
    assert several == one
    # a cell that follows its own spikes finds all of them
    assert all(given == found for given, found in one)


def test_pulses_dealt_out_to_two_synapses_facilitate_less():
    cell = Cell.load("high-pass")
    pulses = np.array(poisson(800.0, 300, 3))
    stop = float(pulses[-1]) + 0.01
    spikes = run_free(cell, pulses, stop).spikes
    dealt = counts_of_trains([cell] * 2, [pulses[::2], pulses[1::2]], spikes, stop)
    assert sum(found != given for given, found in dealt) > len(dealt) / 4


def test_two_runs_are_compared_from_the_pulses_on_which_both_spiked():
    pulses = np.arange(1.0, 21.0)
    run, other = ((pulses, np.array(spikes) + 0.5) for spikes in ([3, 7, 11, 15, 19], [3, 7, 12, 15]))
    # from pulse 3 both go on to 7, from 7 to 11 and 12; 11 is the one's alone; from 15 the other finds none
    assert in_common(run, other).tolist() == [[4, 4], [4, 5], [4, -1]]
