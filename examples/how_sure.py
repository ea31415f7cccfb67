"""Two figures of docs/device.md: intervals of a synthetic record whose pulses all have one amplitude, and the pulses to measure next.

python examples/how_sure.py --out docs
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from ionspike.device import (
    Ecram,
    Gate,
    Population,
    PulseFamily,
    Trace,
    Waveform,
    WaveformProblem,
    Weight,
    intervals,
    next_pulses,
)
from ionspike.device.waveforms.waveform import sampled, simulate
from ionspike.files import write_bytes
from ionspike.plotting import png

CARD = Ecram(
    "assumed",
    Gate(V_T=0.8, V_0=0.052, J_lim=100.0),
    (Population(tau=0.02, g=6e-6, V_d=0.5), Population(tau=0.24, g=4e-6, a=0.1, V_d=0.5)),
    Weight(G_min=1e-5),
)
FREE = (
    "gate.V_T", "gate.J_lim", "population1.tau", "population1.g", "population2.tau", "population2.g", "population2.a", "weight.G_min",
)  # fmt: skip


def one_amplitude(seed: int = 1) -> Trace:
    """Twenty pulses of 1 V in 8 s, each with a rate of its own (5 %), 2 % noise."""
    rng = np.random.default_rng(seed)
    widths, gaps = np.geomspace(5e-3, 0.15, 5), np.geomspace(0.08, 0.6, 4)
    levels, durations = [], []
    for k in range(20):
        levels += [0.0, 1.0]
        durations += [gaps[3 * k % 4], widths[2 * k % 5]]
    waveform = Waveform((*levels, 0.0), (*durations, 0.5))
    at = sampled(waveform, 1000)
    swing = float(np.ptp(simulate(CARD, waveform, at)))
    g = simulate(CARD, waveform, at, rng.normal(0, 0.05, 20)) + 0.02 * swing * rng.normal(size=1000)
    return Trace(at, g, waveform, swing)


def main() -> None:
    """Make both figures and print what they show."""
    parse = argparse.ArgumentParser(description=__doc__)
    parse.add_argument("--out", type=Path, default=Path("docs"))
    folder = parse.parse_args().out
    trace = one_amplitude()
    found = intervals(WaveformProblem(CARD, [trace], FREE))
    print(found)
    write_bytes(folder / "how-sure.png", png(found.plot()))
    proposal = next_pulses(CARD, [trace], noise=0.003, family=PulseFamily.for_device(CARD))
    print(proposal)
    write_bytes(folder / "next-pulses.png", png(proposal.plot()))


if __name__ == "__main__":
    main()
