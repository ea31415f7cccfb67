"""The six topologies on real transistors: each fires, ends its spike and waits at picowatts; a user's netlist does the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ionspike.circuit.energy import energy
from ionspike.circuit.neurons import Neuron
from ionspike.circuit.simulate import Setting, simulate
from ionspike.circuit.testbench import Bench
from ionspike.circuit.topologies import TOPOLOGIES
from ionspike.spikes import regular

pytestmark = pytest.mark.spice

# spike widths (s) in the bench each topology is sized for, as docs/circuit.md tells them
_WIDTHS = {
    "delay-feedback-lif": 9.0e-9,
    "axon-hillock": 121e-9,
    "schmitt-trigger-lif": 120e-9,
    "dpi": 5.5e-9,
    "comparator-lif": 9.0e-9,
    "morris-lecar": 10e-9,
}


def _run(topology: str, setting: Setting):
    bench = Bench(Neuron(topology), pulses=tuple(regular(50e3, 16)))
    return simulate(bench, 0.33e-3, setting)


@pytest.mark.parametrize("name", list(TOPOLOGIES))
def test_every_topology_fires_regularly_with_little_energy(name: str, setting: Setting):
    run = _run(name, setting)
    assert len(run.spike_times) >= 3
    np.testing.assert_allclose(run.widths[1:], _WIDTHS[name], rtol=0.2)
    intervals = np.diff(run.spike_times)[1:]
    assert intervals.max() < 1.1 * intervals.min()
    assert 0 < energy(run).core < (2.5e-12 if name == "axon-hillock" else 1.2e-12)


def test_a_users_netlist_runs_like_the_one_it_copies(tmp_path: Path, setting: Setting):
    own = tmp_path / "my.spice"
    own.write_text(TOPOLOGIES["delay-feedback-lif"].netlist.replace("delay_feedback_lif", "my_neuron"))
    mine, theirs = _run(str(own), setting), _run("delay-feedback-lif", setting)
    np.testing.assert_allclose(mine.spike_times, theirs.spike_times, rtol=1e-3)
    np.testing.assert_allclose(mine.widths, theirs.widths, rtol=0.01)


def test_a_reference_four_times_as_long_gives_the_same_spike_with_a_third_of_the_bias_current(setting: Setting):
    neurons = (Neuron(), Neuron(bias_cell="long-bias-cell", delay_bias=0.42e-9))
    ordinary, long = (simulate(Bench(n, pulses=tuple(regular(200e3, 12))), 64e-6, setting) for n in neurons)
    assert long.widths[0] == pytest.approx(ordinary.widths[0], rel=0.1)
    powers = [run.waveforms.integral(run["i(vdb)"], 0.0, 64e-6) for run in (ordinary, long)]
    assert 0 < powers[1] / powers[0] < 0.34
