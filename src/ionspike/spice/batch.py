"""Many runs at once, on all cores; results in order, the same with any number of workers: every run is a process of its own."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait

from ionspike.spice.engine import Engine, Job
from ionspike.spice.waveforms import Waveforms


def run_all(engine: Engine, jobs: Sequence[Job], workers: int | None = None) -> list[Waveforms]:
    """Run every job; waveforms in the order of the jobs.

    Raises:
        RunError: of the first job that failed; runs not yet begun are left out.
    """
    count = workers or os.cpu_count() or 1
    if count == 1 or len(jobs) < 2:
        return [engine.run(job) for job in jobs]
    with ThreadPoolExecutor(count) as pool:
        futures = [pool.submit(engine.run, job) for job in jobs]
        try:
            wait(futures, return_when=FIRST_EXCEPTION)
        finally:
            for future in futures:
                future.cancel()
        return [future.result() for future in futures]
