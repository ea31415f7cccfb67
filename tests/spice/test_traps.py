"""Traps of ngspice turned into checks, and the ladder that a run climbs when it does not converge."""

from __future__ import annotations

import stat
import struct
from dataclasses import replace
from pathlib import Path

import pytest

from ionspike.circuit.simulate import Setting
from ionspike.errors import RunError
from ionspike.spice import Accuracy, EnergyCheck, Failure, Job, Ngspice, Transient, Waveforms, compose, run_all
from ionspike.spice.engine import RunFailed
from ionspike.spice.ladder import LADDER

pytestmark = pytest.mark.spice
PLAIN = Job("v1 a 0 1\nr1 a 0 1k\n", Transient(1e-6, 1e-7), ("v(a)",))
ASKED = Accuracy()


@pytest.fixture
def engine() -> Ngspice:
    try:
        return Ngspice.find()
    except RunError as error:
        pytest.skip(str(error))


def raw_file(path: Path, stop: float) -> None:
    """A raw file of two time points."""
    head = "Title: x\nNo. Variables: 2\nNo. Points: 2\nVariables:\n\t0\ttime\ttime\n\t1\tv(a)\tvoltage\nBinary:\n"
    path.write_bytes(head.encode() + struct.pack("4d", 0.0, 1.0, stop, 1.0))


def stubborn(folder: Path, needs: str) -> Ngspice:
    """A simulator that ends half-way unless its deck holds ``needs``."""
    raw_file(folder / "half.raw", PLAIN.transient.stop / 2)
    raw_file(folder / "whole.raw", PLAIN.transient.stop)
    program = folder / "ngspice"
    program.write_text(
        "#!/bin/sh\n"
        f"if grep -q -- '{needs}' deck.cir; then cp {folder}/whole.raw out.raw; echo 'fine'\n"
        f"else cp {folder}/half.raw out.raw; echo 'doAnalyses: TRAN:  Timestep too small'; fi\n"
    )
    program.chmod(program.stat().st_mode | stat.S_IEXEC)
    return Ngspice(str(program))


@pytest.mark.parametrize(
    ("needs", "named"),
    [
        ("0 1e-07 uic", "as asked"),
        ("0 2e-08 uic", "max step / 5"),
        ("gmin=1e-15", "gmin 1e-15"),
        ("reltol=1e-05", "reltol / 10"),
        ("method=trap", "other integration rule, gmin 1e-15"),
        ("itl4=500", "reltol / 10, gmin 1e-15, max step / 25, itl4 500"),
    ],
)
def test_a_run_that_does_not_converge_climbs_the_ladder_and_says_on_which_step_it_finished(
    tmp_path: Path, needs: str, named: str
):
    done = stubborn(tmp_path, needs).run(PLAIN)
    assert (done.attempts[-1].options, done.attempts[-1].outcome) == (named, "finished")
    assert all("Timestep too small" in attempt.outcome for attempt in done.attempts[:-1])


def test_a_run_that_finishes_on_no_step_is_a_recorded_failure_with_the_end_of_the_log(tmp_path: Path):
    program = stubborn(tmp_path, "never")
    with pytest.raises(
        RunFailed, match=r"any of the 6 steps of the ladder: stopped at 5e-07 s of 1e-06 s.*Timestep too small"
    ):
        program.run(PLAIN)
    (failure,) = run_all(program, [PLAIN])
    assert isinstance(failure, Failure) and len(failure.attempts) == len(LADDER)
    assert "Timestep too small" in failure.message


def test_no_step_of_the_ladder_repeats_another():
    decks = {compose(rung.change(PLAIN)) for rung in LADDER}
    assert len(decks) == len({rung.name for rung in LADDER}) == len(LADDER)


def test_a_circuit_that_gives_its_sources_energy_is_a_wild_solution(engine: Ngspice):
    check = EnergyCheck((("i(v1)", 1.0),), stored=1e-12)
    takes = replace(PLAIN, save=("v(a)", "i(v1)"), energy=check)
    assert isinstance(engine.run(takes), Waveforms)
    gives = replace(takes, netlist="v1 a 0 1\nr1 a 0 1k\ni1 0 a 3m\n")  # 2 mA into 1 V for 1 us
    with pytest.raises(RunError, match=r"gave its sources (2|1\.999\d*)e-09 J.*wild solution"):
        engine.run(gives)
    assert isinstance(engine.run(replace(gives, energy=replace(check, stored=3e-9))), Waveforms)


def test_no_deck_has_the_simulators_own_gmin():
    for accuracy in (ASKED, ASKED.tighter(), *(rung.change(PLAIN).accuracy for rung in LADDER)):
        deck = compose(replace(PLAIN, accuracy=accuracy))
        value = float(deck.split("gmin=")[1].split()[0])
        assert value <= 1e-15  # ngspice's own is 1e-12, four times the leak of a membrane's transistors


def test_a_time_has_more_than_six_digits(engine: Ngspice):
    # a nanosecond at 10 ms is the eighth digit: a shell variable of ngspice would have lost it
    edge = 10e-3 + 1.2345e-9
    done = engine.run(
        replace(
            PLAIN, netlist=f"v1 a 0 pulse(0 1 {edge!r} 1n 1n 1u)\nr1 a 0 1k\n", transient=Transient(10.002e-3, 1e-5)
        )
    )
    assert done.rises("v(a)", 0.5)[0] - 10e-3 == pytest.approx(1.7345e-9, abs=1e-12)


def test_model_warnings_are_not_written_beside_the_user(
    setting: Setting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    netlist = "xn d g 0 0 sky130_fd_pr__nfet_01v8 w=0.42 l=0.15 ad=0.12 as=0.12 pd=1.4 ps=1.4\nvg g 0 1\nvd d 0 1\n"
    setting.engine.run(Job(netlist, Transient(1e-9, 1e-10), ("v(d)",), setting.process))
    assert list(tmp_path.iterdir()) == []
