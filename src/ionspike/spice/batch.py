"""Many runs at once, on all cores; results and failures in order, the same with any number of workers.

Every run is a process of its own. Several decks in one ngspice process save nothing: it unfolds the library again for each, and that
is where the time before a run goes; only a deck that does not change would save 3 % of a short run (docs/circuit.md, "The engine").
"""

from __future__ import annotations

import os
import tempfile
import threading
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from pathlib import Path

from ionspike.errors import RunError
from ionspike.spice import scratch
from ionspike.spice.cache import Cache, key_of
from ionspike.spice.engine import Engine, Failure, Job, RunFailed
from ionspike.spice.program import stop_on
from ionspike.spice.runfile import open_run, write_run
from ionspike.spice.waveforms import Waveforms


class Tally:
    """How many runs this process asked for, and what became of them: read from the cache where an earlier process had put them,
    retried, failed."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._made: set[str] = set()
        self._guard = threading.Lock()

    def add(self, result: Waveforms | Failure, key: str | None = None) -> None:
        """Count one result, ``key`` its name in the cache."""
        cached = isinstance(result, Waveforms) and result.cached
        with self._guard:
            if key is not None and not cached:
                self._made.add(key)
            self._counts["runs"] += 1
            self._counts["cached"] += cached and key not in self._made
            self._counts["retried"] += isinstance(result, Waveforms) and len(result.attempts) > 1
            self._counts["failed"] += isinstance(result, Failure)

    def counts(self) -> Counter[str]:
        """The counts so far: ``runs``, ``cached``, ``retried``, ``failed``."""
        with self._guard:
            return self._counts.copy()


tally = Tally()


def run_all(
    engine: Engine, jobs: Sequence[Job], workers: int | None = None, cache: Cache | None = None
) -> list[Waveforms | Failure]:
    """Run every job: waveforms, or a failure, in the order of the jobs. Waveforms stay on disk until they are looked at.

    Args:
        engine: the simulator.
        jobs: what to run.
        workers: runs at the same time; the cores there are, if left out.
        cache: the cache of finished runs; that of the environment if left out (see :meth:`Cache.of_environment`).

    Raises:
        InputError: a job holds what is not allowed; runs beside it are stopped.
        RunError: a result cannot be written to disk.
    """
    store = Cache.of_environment() if cache is None else cache
    keys = [key_of(engine, job) if store.active else None for job in jobs]
    stop = threading.Event()
    with ThreadPoolExecutor(_count(workers, len(jobs)), initializer=stop_on, initargs=(stop,)) as pool:
        made: dict[str, Future[Waveforms | Failure]] = {}
        futures: list[Future[Waveforms | Failure]] = []
        try:
            for job, key in zip(jobs, keys, strict=True):  # with a cache, what is asked for twice is run once
                future = made.get(key or "") or pool.submit(_run, engine, job, store, key)
                futures.append(future)
                if key is not None:
                    made[key] = future
            done, _ = wait(futures, return_when=FIRST_EXCEPTION)
            for future in done:
                future.result()  # raises what was wrong with its job, while others still run
            return [future.result() for future in futures]
        except BaseException:
            stop.set()  # also after Ctrl-C: nothing that runs outlives this call
            raise
        finally:
            for future in futures:
                future.cancel()


def run_one(engine: Engine, job: Job, cache: Cache | None = None) -> Waveforms:
    """Run one job, as :func:`run_all` does. Raises RunError if it fails."""
    result = run_all(engine, [job], 1, cache)[0]
    if isinstance(result, Failure):
        raise result.error()
    return result


def _count(workers: int | None, jobs: int) -> int:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(workers or cores, jobs))


def _run(engine: Engine, job: Job, cache: Cache, key: str | None) -> Waveforms | Failure:
    path = _fresh_file()
    try:
        result = _result(engine, job, cache, key, path)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    if isinstance(result, Failure):
        path.unlink(missing_ok=True)
    tally.add(result, key)
    return result


def _result(engine: Engine, job: Job, cache: Cache, key: str | None, path: Path) -> Waveforms | Failure:
    if key is not None and cache.fetch(key, path):
        return open_run(path, cached=True)
    try:
        waveforms = engine.run(job)
    except RunError as error:
        return Failure(str(error), error.attempts if isinstance(error, RunFailed) else ())
    try:
        write_run(path, waveforms)
    except OSError as error:
        raise RunError(f"the waveforms of a run cannot be kept in {path.parent}: {error.strerror or error}") from error
    if key is not None:
        cache.keep(key, path)
    return open_run(path)


def _fresh_file() -> Path:
    handle, name = tempfile.mkstemp(prefix="waveforms-", dir=scratch.session())
    os.close(handle)
    return Path(name)
