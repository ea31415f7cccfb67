"""The cache of finished runs: the same run is read back, any other is not, and neither damage nor company does harm."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ionspike.errors import InputError, RunError
from ionspike.spice import Accuracy, Cache, Engine, Job, Kit, PulseCheck, Transient, Waveforms, run_all, run_one
from ionspike.spice.batch import tally
from ionspike.spice.cache import key_of

JOB = Job("v1 a 0 1\nr1 a b 1k\nc1 b 0 1n\n", Transient(1e-6, 1e-7), ("v(b)",))


class Counting:
    """An engine that counts its runs and makes up their waveforms."""

    name, version = "counting", "1"

    def __init__(self, points: int = 1000) -> None:
        self.runs, self.points = 0, points

    def run(self, job: Job) -> Waveforms:
        self.runs += 1
        time = np.linspace(0, job.transient.stop, self.points)
        return Waveforms({"time": time, "v(b)": np.exp(-time * len(job.netlist))}, "a log")


def test_a_run_is_made_once_and_read_back_bit_for_bit(tmp_path: Path):
    engine, cache = Counting(), Cache(tmp_path)
    first, again = (run_one(engine, JOB, cache) for _ in range(2))
    assert engine.runs == 1
    assert (first.cached, again.cached) == (False, True)
    np.testing.assert_array_equal(first["v(b)"], again["v(b)"])
    assert again.log == "a log"


def test_what_a_batch_asks_for_twice_is_run_once_and_without_a_cache_twice(tmp_path: Path):
    engine, other = Counting(), replace(JOB, netlist=JOB.netlist + "r2 b 0 1k\n")
    results = run_all(engine, [JOB, other, JOB], cache=Cache(tmp_path))
    assert engine.runs == 2 and all(isinstance(r, Waveforms) for r in results)
    np.testing.assert_array_equal(results[0]["v(b)"], results[2]["v(b)"])  # type: ignore[index]
    assert not np.array_equal(results[0]["v(b)"], results[1]["v(b)"])  # type: ignore[index]
    run_all(engine, [JOB, JOB], cache=Cache(None))
    assert engine.runs == 4


KITS = "kit-a.lib", "kit-b.lib"


@pytest.mark.parametrize(
    "change",
    [
        {"netlist": JOB.netlist.replace("1n", "2n")},
        {"transient": Transient(2e-6, 1e-7)},
        {"transient": Transient(1e-6, 5e-8)},
        {"save": ("v(a)",)},
        {"accuracy": Accuracy(reltol=1e-5)},
        {"accuracy": Accuracy(temperature=28.0)},
        {"pulses": (PulseCheck("v(b)", 0.5, 1),)},
        {"positive": ("v(b)",)},
    ],
)
def test_another_job_is_another_run(change: dict):
    assert key_of(Counting(), replace(JOB, **change)) != key_of(Counting(), JOB)


def test_another_engine_version_or_model_is_another_run(tmp_path: Path):
    newer = Counting()
    newer.version = "2"
    keys = {key_of(Counting(), JOB), key_of(newer, JOB)}
    for place, text in (("x", "1"), ("x", "2"), ("y", "2")):
        library = tmp_path / place / "mine.lib"
        library.parent.mkdir(exist_ok=True)
        library.write_text(f".lib tt\n.param p={text}\n.endl tt\n")
        os.utime(library, ns=(int(text) * 10**9, int(text) * 10**9))  # written within the clock's tick otherwise
        keys.add(key_of(Counting(), replace(JOB, process=Kit("mine", "1", library))))
    assert len(keys) == 4  # the same models at another place are the same


def test_an_engine_that_does_not_know_its_version_is_not_cached():
    engine = Counting()
    engine.version = "unknown"
    assert key_of(engine, JOB) is None


@pytest.mark.parametrize("damage", ["cut", "bit", "empty", "text"])
def test_a_damaged_file_is_run_again(tmp_path: Path, damage: str):
    engine, cache = Counting(), Cache(tmp_path)
    good = run_one(engine, JOB, cache)["v(b)"]
    (kept,) = tmp_path.glob("*.run")
    content = bytearray(kept.read_bytes())
    if damage == "bit":
        content[len(content) // 2] ^= 1
    kept.write_bytes({"cut": content[:-100], "bit": content, "empty": b"", "text": b"ionspike run 1\n{}\n"}[damage])
    again = run_one(engine, JOB, cache)
    assert engine.runs == 2 and not again.cached
    np.testing.assert_array_equal(again["v(b)"], good)
    assert run_one(engine, JOB, cache).cached


def test_what_this_process_made_itself_is_not_told_as_read(tmp_path: Path):
    before = tally.counts()
    for _ in range(2):
        run_one(Counting(), JOB, Cache(tmp_path))
    assert (tally.counts() - before)["cached"] == 0
    program = (
        "import sys\nfrom pathlib import Path\nsys.path.insert(0, sys.argv[1])\n"
        "from test_cache import *\n"
        "run_one(Counting(), JOB, Cache(Path(sys.argv[2])))\nprint(dict(tally.counts()))"
    )
    words = [sys.executable, "-c", program, str(Path(__file__).parent), str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert "'cached': 1" in done.stdout


def test_it_stays_under_its_limit_and_the_least_recently_used_go(tmp_path: Path):
    engine, cache = Counting(points=10_000), Cache(tmp_path, limit=1_000_000)  # a run takes 160 kB
    jobs = [replace(JOB, transient=Transient(k * 1e-6, 1e-7)) for k in range(1, 11)]
    for k, job in enumerate(jobs):
        run_one(engine, job, cache)
        for path in tmp_path.glob("*.run"):
            os.utime(path, (k, k)) if path.stat().st_mtime > 1e9 else None
        run_one(engine, jobs[0], cache)  # always used
        assert cache.size()[1] <= 1_000_000
    engine.runs = 0
    assert run_one(engine, jobs[0], cache).cached and run_one(engine, jobs[-1], cache).cached
    assert not run_one(engine, jobs[1], cache).cached


def test_a_folder_of_many_runs_is_not_looked_through_at_every_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    looks = []
    cache, looked = Cache(tmp_path, limit=64 * 1_000_000), os.scandir
    monkeypatch.setattr(os, "scandir", lambda folder: looks.append(folder) or looked(folder))
    for k in range(1, 41):  # of 16 kB each: 640 kB, less than the sixty-fourth of the limit
        run_one(Counting(), replace(JOB, transient=Transient(k * 1e-6, 1e-7)), cache)
    assert len(looks) == 1


def test_a_failed_run_is_not_kept(tmp_path: Path):
    class Failing(Counting):
        def run(self, job: Job) -> Waveforms:
            raise RunError("no")

    with pytest.raises(RunError, match="no"):
        run_one(Failing(), JOB, Cache(tmp_path))
    assert Cache(tmp_path).size() == (0, 0)


def _many(folder: str) -> list[float]:
    engine, cache = Counting(), Cache(Path(folder), limit=100_000)
    jobs = [replace(JOB, transient=Transient(k % 7 * 1e-6 + 1e-6, 1e-7)) for k in range(60)]
    return [float(run_one(engine, job, cache)["v(b)"].sum()) for job in jobs]


def test_processes_share_it(tmp_path: Path):
    with ProcessPoolExecutor(3) as pool:
        results = list(pool.map(_many, [str(tmp_path)] * 3))
    assert results[0] == results[1] == results[2]
    assert not list(tmp_path.glob(".new-*"))


def test_the_environment_switches_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    for word in ("off", "OFF", "0"):
        monkeypatch.setenv("IONSPIKE_CACHE", word)
        assert not Cache.of_environment().active
    monkeypatch.delenv("IONSPIKE_CACHE")
    assert Cache.of_environment().active
    monkeypatch.setenv("IONSPIKE_CACHE", str(tmp_path))
    assert Cache.of_environment().folder == tmp_path
    monkeypatch.setenv("IONSPIKE_CACHE", "of")
    with pytest.raises(InputError, match="IONSPIKE_CACHE is 'of'"):
        Cache.of_environment()


def test_a_folder_that_cannot_be_written_is_no_cache_and_no_error(tmp_path: Path):
    (tmp_path / "file").write_text("")
    engine: Engine = Counting()
    assert not run_one(engine, JOB, Cache(tmp_path / "file")).cached
