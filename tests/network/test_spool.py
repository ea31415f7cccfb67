"""Spikes that go to disk as they come are the spikes that a run keeps in memory."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner

from ionspike.cli.commands import app
from ionspike.errors import InputError
from ionspike.network import LIF, Network, OneToOne, Poisson, Record
from ionspike.network.simulation import Simulation


def _net() -> Network:
    net = Network(seed=3)
    net.add_population("neurons", LIF(tau="20 ms", threshold="15 mV", refractory="2 ms"), 30)
    net.add_input("drive", Poisson("1 kHz"), 30)
    net.connect("drive", "neurons", weight="1 mV", delay="1 ms", connectivity=OneToOne())
    return net


def test_a_spooled_run_in_parts_is_the_run_in_memory(tmp_path: Path):
    record = Record(spikes=["neurons", "drive"])
    whole = Simulation(_net(), record=record).run(0.3)
    parts = Simulation(_net(), record=record)
    # the first part ends inside a window, whose later spikes are held back
    spooled = [parts.run(0.1003, spool=tmp_path / "a"), parts.run(0.3 - 0.1003, spool=tmp_path / "b")]
    assert isinstance(spooled[0].spikes("neurons"), np.memmap)
    np.testing.assert_array_equal(np.concatenate([p.spikes("neurons") for p in spooled]), whole.spikes("neurons"))
    np.testing.assert_array_equal(np.concatenate([p.neurons("neurons") for p in spooled]), whole.neurons("neurons"))
    assert len(whole.spikes("neurons")) > 100 and (np.diff(whole.spikes("drive")) >= 0).all()


def test_a_folder_with_spikes_of_another_run_is_refused(tmp_path: Path):
    _net().start().run(0.05, spool=tmp_path)
    with pytest.raises(InputError, match=r"neurons\.time is there already"):
        _net().start().run(0.05, spool=tmp_path)


FILE = """
seed = 3
duration = "50 ms"

[[input]]
name = "drive"
kind = "poisson"
rate = "1 kHz"
size = 30

[[population]]
name = "neurons"
kind = "lif"
size = 30
tau = "20 ms"
threshold = "15 mV"
refractory = "2 ms"

[[projection]]
source = "drive"
target = "neurons"
weight = "1 mV"
delay = "1 ms"
connectivity = { rule = "one-to-one" }
"""


def test_the_command_runs_a_file_and_carries_on(tmp_path: Path):
    (tmp_path / "net.toml").write_text(FILE)
    out = tmp_path / "out"
    run = CliRunner().invoke(app, ["network", "run", str(tmp_path / "net.toml"), "--out", str(out), "--json"])
    assert run.exit_code == 0, run.output
    told = json.loads(run.output)
    assert told["complete"] and told["rates"]["neurons"] > 0
    dataset = xr.open_zarr(out / "network.zarr", consolidated=False)
    whole = _net().run(0.05)
    np.testing.assert_array_equal(dataset["neurons_time"], whole.spikes("neurons"))
    assert sorted(p.name for p in out.iterdir()) == ["checkpoint.npz", "network.zarr"]
    again = CliRunner().invoke(
        app,
        ["network", "run", str(tmp_path / "net.toml"), "--resume", str(out / "checkpoint.npz"), "--json"],
    )
    assert json.loads(again.output)["start"] == pytest.approx(0.05)
