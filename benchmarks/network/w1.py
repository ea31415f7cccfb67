"""Network W1: what every tool gets, equations and arrays alike.

N leaky integrate-and-fire neurons (tau 20 ms, threshold 15 mV, reset 0, refractory 2 ms), each with K = 100 random incoming facilitating
synapses (U 0.2, tau_f 300 ms, delay 1 ms, charge delivered at once) and 1,000 Hz of Poisson input of its own through one static synapse.
The two weights were set once so that the mean rate is 15 Hz.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import dataclass

import numpy as np

TAU, THRESHOLD, REFRACTORY, DELAY = 20e-3, 15e-3, 2e-3, 1e-3
U, TAU_F, IN_DEGREE, DRIVE = 0.2, 300e-3, 100, 1000.0
WEIGHT = 0.1e-3
DRIVE_WEIGHT = 0.632e-3
STEP = 0.1e-3  # of the peers
RATE = 15.0


# A tool prepares, yields, and yields again after each run; what it returns is its row
Tool = Generator[None, None, dict[str, object]]


@dataclass(frozen=True)
class W1:
    """Sizes, arrays and length of one benchmark."""

    neurons: int
    duration: float
    seed: int = 1

    def pairs(self) -> tuple[np.ndarray, np.ndarray]:
        """Source and target of every synapse."""
        rng = np.random.default_rng(self.seed)
        source = rng.integers(0, self.neurons, IN_DEGREE * self.neurons)
        return source, np.repeat(np.arange(self.neurons), IN_DEGREE)

    def events(self, spikes: int) -> int:
        """Synaptic events: spikes times K, and the arrivals of the drive (their mean, alike for all tools)."""
        return spikes * IN_DEGREE + round(DRIVE * self.duration * self.neurons)


def now() -> np.ndarray:
    """Clock and processor time (s) of this process."""
    return np.array([time.perf_counter(), time.process_time()])


def since(begun: np.ndarray) -> tuple[float, float]:
    """Clock and processor time (s) since ``begun``."""
    wall, processor = now() - begun
    return float(wall), float(processor)


def in_turn(tools: list[Tool]) -> list[dict[str, object]]:
    """The rows of all tools. They are prepared one after the other, then each does its first run, then each its second: what else the machine does
    meets all of them alike."""
    rows: dict[int, dict[str, object]] = {}
    while len(rows) < len(tools):
        for k, tool in enumerate(tools):
            if k in rows:
                continue
            try:
                next(tool)
            except StopIteration as end:
                rows[k] = end.value
    return [rows[k] for k in range(len(tools))]


def row(
    net: W1,
    name: str,
    version: str,
    threads: int,
    own: bool,
    seconds: list[tuple[float, float]],
    setup: float,
    spikes: int,
    note: str = "",
) -> dict[str, object]:
    """One entry of the result; ``seconds``: of the clock and of the processor, run by run."""
    wall, processor = zip(*seconds, strict=True)
    return {
        "name": name, "version": version, "threads": threads, "per_synapse_parameters": own, "seconds": list(wall),
        "cpu_seconds": list(processor), "setup_seconds": setup,
        "spikes": spikes, "synaptic_events": net.events(spikes), "rate_hz": spikes / net.neurons / net.duration, "setting": note,
    }  # fmt: skip
