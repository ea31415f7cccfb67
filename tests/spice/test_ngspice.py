"""ngspice as a separate program: what it gets, what is checked, and how its failures are told."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ionspike.circuit.neurons import Neuron
from ionspike.circuit.simulate import Setting
from ionspike.circuit.simulate import job as job_of
from ionspike.circuit.testbench import Bench
from ionspike.errors import InputError, RunError
from ionspike.spice import Accuracy, Job, Limits, Ngspice, PulseCheck, Transient, compose, run_all
from ionspike.spikes import regular

pytestmark = pytest.mark.spice
RC = "v1 in 0 pulse(0 1 1u 1n 1n 1u 10u)\nr1 in out 1k\nc1 out 0 1n\n"


@pytest.fixture
def job(setting: Setting) -> Job:
    return Job(RC, Transient(5e-6, 1e-8), ("v(in)", "v(out)"), setting.process)


def test_an_rc_circuit_charges_as_the_textbook_says(setting: Setting, job: Job):
    done = setting.engine.run(job)
    # the edge of 1 ns delays it by half of that
    expected = 1 - np.exp(-(1.8e-6 - 1.0005e-6) / 1e-6)
    assert done.at("v(out)", 1.8e-6) == pytest.approx(expected, abs=2e-4)


def test_results_come_in_order_and_do_not_depend_on_the_workers(setting: Setting, job: Job):
    jobs = [replace(job, netlist=RC.replace("1k", f"{k}k")) for k in (1, 2, 3)]
    one, two = (run_all(setting.engine, jobs, workers=n) for n in (1, 2))
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a["v(out)"], b["v(out)"])
    assert one[0].at("v(out)", 2e-6) > one[2].at("v(out)", 2e-6)


def test_nobodys_spiceinit_changes_a_result(
    setting: Setting, job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / ".spiceinit").write_text("set temp=150\nquit\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert setting.engine.run(job).time[-1] == pytest.approx(5e-6)
    assert sorted(p.name for p in tmp_path.iterdir()) == [".spiceinit"]


def test_lost_pulses_fail_the_run(setting: Setting, job: Job):
    with pytest.raises(RunError, match="1 of 2 input pulses"):
        setting.engine.run(replace(job, pulses=(PulseCheck("v(in)", 0.5, 2),)))


def test_pulses_that_ngspice_loses_are_found_again_with_shorter_steps(setting: Setting):
    # ngspice 44 leaves out five of these at any step above some ten nanoseconds, without a word; 39 finds all of them
    train = "v1 in 0 pulse(0 1 1u 1n 1n 3n 10u)\nr1 in 0 1k\n"
    coarse = Job(train, Transient(1e-3, 1.25e-6), ("v(in)",), setting.process, pulses=(PulseCheck("v(in)", 0.5, 100),))
    assert len(setting.engine.run(coarse).rises("v(in)", 0.5)) == 100


def test_a_vector_that_must_be_positive_is_checked(setting: Setting, job: Job):
    with pytest.raises(RunError, match="wild solution"):
        setting.engine.run(replace(job, netlist="v1 in 0 -1\nr1 in out 1\nr2 out 0 1\n", positive=("v(out)",)))


def test_a_circuit_that_does_not_converge_is_told_with_the_end_of_the_log(setting: Setting, job: Job):
    with pytest.raises(RunError, match=r"ladder|no waveforms"):
        setting.engine.run(replace(job, netlist="v1 in 0 1\nb1 0 out i = exp(40*v(out))\nc1 out 0 1p\n"))


def _program(tmp_path: Path, body: str) -> Ngspice:
    path = tmp_path / "ngspice"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IEXEC)
    return Ngspice(str(path))


def test_a_program_that_hangs_is_stopped_at_its_time_limit(tmp_path: Path, job: Job):
    started = time.monotonic()
    with pytest.raises(RunError, match=r"stopped after 0\.3 s"):
        _program(tmp_path, "sleep 60").run(replace(job, limits=Limits(seconds=0.3)))
    assert time.monotonic() - started < 5


def test_a_program_that_is_killed_is_told(tmp_path: Path, job: Job):
    with pytest.raises(RunError, match=r"no waveforms|signal"):
        _program(tmp_path, "kill -9 $$").run(job)


def test_a_program_that_writes_without_end_is_stopped(tmp_path: Path, job: Job):
    with pytest.raises(RunError, match=r"output|no waveforms|signal|no binary"):
        _program(tmp_path, "yes > out.raw").run(replace(job, limits=Limits(seconds=20, output=2**20)))


def test_a_missing_program_is_told_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(RunError, match="install ngspice"):
        Ngspice.find()


def test_no_folder_is_left_behind(setting: Setting, job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    setting.engine.run(job)
    with pytest.raises(RunError):
        _program(tmp_path, "exit 3").run(job)
    left = [p.relative_to(tmp_path).parts for p in tmp_path.rglob("*")]
    assert sorted(len(parts) for parts in left) == [1, 1, 2], (
        left
    )  # the program, the folder of this process and its lock


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"save": ("all",)}, "cannot be saved"),
        ({"corner": "xx"}, "no corner"),
        ({"transient": Transient(1e-6, 1e-3)}, "0 < step"),
        ({"accuracy": Accuracy(method="euler")}, "method"),
        ({"accuracy": Accuracy(reltol=float("nan"))}, "reltol"),
        ({"accuracy": Accuracy(gmin=1e-12)}, "leaks more"),
        ({"accuracy": Accuracy(temperature=float("inf"))}, "temperature"),
        ({"save": ("v(out)\n.control",)}, "cannot be saved"),
    ],
)
def test_a_job_that_makes_no_sense_is_refused(job: Job, change: dict, told: str):
    with pytest.raises(InputError, match=told):
        compose(replace(job, **change))


def test_a_run_costs_little_more_than_the_same_netlist_by_hand(setting: Setting, tmp_path: Path):
    work = job_of(Bench(neuron=Neuron(), pulses=tuple(regular(10e3, 20))), 2e-3, setting)
    (tmp_path / "deck.cir").write_text(compose(work))
    (tmp_path / "spinit").write_text("set num_threads=1\nset ng_nomodcheck\n")
    command = [shutil.which("ngspice") or "ngspice", "-n", "-b", "-r", "out.raw", "deck.cir"]
    environment = {**os.environ, "SPICE_SCRIPTS": str(tmp_path)}
    started = time.perf_counter()
    subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=True)
    by_hand = time.perf_counter() - started
    own = []
    for _ in range(5):
        started = time.process_time()
        setting.engine.run(work)
        own.append(time.process_time() - started)
    # processor time of the package's own process: what it adds to ngspice, whatever else the machine is doing; the end of a run is
    # noticed within 5 ms
    assert min(own) + 5e-3 < max(0.05 * by_hand, 0.05)


def test_a_run_that_fails_at_its_first_point_is_told_with_the_end_of_the_log(setting: Setting, job: Job):
    # in corner ss the model of this transistor has no valid parameters at such a length
    long = "vd g 0 0.9\nxn g g 0 0 sky130_fd_pr__nfet_01v8 w=0.42 l=20 ad=0.1 as=0.1 pd=1 ps=1\n"
    with pytest.raises(RunError, match=r"exit status 1.*[Tt]imestep too small"):
        setting.engine.run(replace(job, netlist=long, save=("v(g)",), corner="ss"))
