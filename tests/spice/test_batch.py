"""Many runs: in order, with their failures, and without their waveforms in memory."""

from __future__ import annotations

import pickle
import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from ionspike.errors import InputError, RunError
from ionspike.spice import Failure, Job, Transient, Waveforms, run_all, runfile, scratch

JOB = Job("v1 a 0 1\nr1 a 0 1k\n", Transient(1e-6, 1e-7), ("v(a)",))


class Made:
    """An engine that makes up waveforms, later jobs first, and fails where the run ends at a whole number of 3 us."""

    name, version = "made", "1"

    def __init__(self, points: int = 100) -> None:
        self.points = points

    def run(self, job: Job) -> Waveforms:
        k = round(job.transient.stop * 1e6)
        time.sleep(0.02 / k)
        if k % 3 == 0:
            raise RunError(f"run {k} failed")
        return Waveforms({"time": np.linspace(0, 1, self.points), "v(a)": np.full(self.points, float(k))})


def jobs(count: int) -> list[Job]:
    return [replace(JOB, transient=Transient((k + 1) * 1e-6, 1e-7)) for k in range(count)]


def test_results_and_failures_stand_in_the_order_of_the_jobs():
    for workers in (1, 4):
        done = run_all(Made(), jobs(9), workers)
        assert [r.message if isinstance(r, Failure) else r["v(a)"][0] for r in done] == [
            *[1.0, 2.0, "run 3 failed", 4.0, 5.0, "run 6 failed", 7.0, 8.0, "run 9 failed"]
        ]


def test_a_job_that_is_not_allowed_stops_the_others_at_once():
    class Slow(Made):
        def run(self, job: Job) -> Waveforms:
            if job.netlist != JOB.netlist:
                raise InputError("not allowed")
            return super().run(job)

    many = [replace(JOB, netlist="x"), *jobs(500)]
    started = time.monotonic()
    with pytest.raises(InputError, match="not allowed"):
        run_all(Slow(), many, 2)
    assert time.monotonic() - started < 2


def test_waveforms_wait_on_disk_and_go_with_their_object():
    before = _files()
    done = run_all(Made(), jobs(2), 1)
    assert _files() == before + 2
    assert all(isinstance(result, Waveforms) for result in done)
    del done
    assert _files() == before


def _files() -> int:
    return len(list(scratch.session().glob("waveforms-*")))


def test_memory_does_not_grow_with_the_number_of_points():
    # a hundred runs of 1.6 MB each: what is kept in memory stays under its bound though every vector is looked at
    done = run_all(Made(points=100_000), [job for job in jobs(150) if round(job.transient.stop * 1e6) % 3], 2)
    total = sum(float(result["v(a)"][0]) for result in done if isinstance(result, Waveforms))
    kept = sum(vector.nbytes for vector in runfile._vectors.values())
    assert len(done) == 100 and total > 0
    assert 100 * 1.6e6 > 2 * runfile._KEPT > 2 * kept > 0


def test_waveforms_travel_to_another_process_with_their_vectors():
    (result,) = run_all(Made(), jobs(1), 1)
    assert isinstance(result, Waveforms)
    copy = pickle.loads(pickle.dumps(result))
    del result
    np.testing.assert_array_equal(copy["v(a)"], np.ones(100))


def test_vectors_are_not_to_be_written_to():
    (result,) = run_all(Made(), jobs(1), 1)
    assert isinstance(result, Waveforms)
    with pytest.raises(ValueError, match="read-only"):
        result["v(a)"][0] = 2


def test_two_batches_in_two_threads_do_not_stop_each_other():
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(len(run_all(Made(), jobs(20), 2)))) for _ in range(2)]
    for thread in threads:
        thread.start()
    with pytest.raises(InputError):
        run_all(_Refusing(), jobs(3), 1)
    for thread in threads:
        thread.join()
    assert found == [20, 20]


class _Refusing(Made):
    def run(self, job: Job) -> Waveforms:
        raise InputError("no")
