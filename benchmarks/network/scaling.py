"""W1 from small to large nets, beside what the memory allows: ``python -m benchmarks.network.scaling --neurons 1000 --neurons 100000``.

Delivery alone is what a spike does to its synapses (states, sizes, sums), with nothing drawn, settled or walked.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import statistics

import numpy as np

from benchmarks.network import ours, w1
from ionspike.network import arrays as a
from ionspike.network.simulation import Simulation

_SETTLED = 0.3  # s of biological time until the rate is near its mean
_EVENTS = 2e7  # that one measurement takes, about
_MOVED = 24  # bytes an event with a device of its own: 20 read, 4 written


def main() -> None:
    """Prints and writes one row a size and number of threads."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.network.scaling", description=__doc__)
    parser.add_argument("--neurons", type=int, action="append", required=True)
    parser.add_argument("--threads", type=int, action="append", default=[])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", metavar="FILE")
    given = parser.parse_args()
    speed = bandwidth()
    print(
        f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors; memory copies {speed / 1e9:.1f} GB/s, which is",
        end=" ",
    )
    print(f"{speed / _MOVED / 1e6:.0f} M events/s")
    print(
        f"{'neurons':>9} {'threads':>7} {'M events/s':>10} {'M/cpu s':>8} {'delivery M/s':>12} {'bytes a synapse':>15}"
    )
    rows = []
    for neurons in given.neurons:
        for threads in given.threads or [1]:
            rows.append(measure(neurons, threads, given.runs) | {"bandwidth": speed})
            r = rows[-1]
            print(
                f"{neurons:9} {threads:7} {r['rate'] / 1e6:10.1f} {r['cpu_rate'] / 1e6:8.1f} {r['delivery_rate'] / 1e6:12.1f} "
                f"{r['bytes']:15.2f}",
                flush=True,
            )
    if given.json:
        with open(given.json, "w") as stream:
            json.dump(rows, stream, indent=1)


def bandwidth() -> float:
    """Bytes a second, read and written, of the best of five copies that no cache holds."""
    source, to = np.ones(1 << 25), np.zeros(1 << 25)
    seconds = []
    for _ in range(5):
        begun = w1.now()
        np.copyto(to, source)
        seconds.append(w1.since(begun)[0])
    return 2 * source.nbytes / min(seconds)


def measure(neurons: int, threads: int, runs: int) -> dict[str, float]:
    """Events a second of the clock and of the processor, in medians; of delivery alone; bytes a synapse."""
    net = w1.W1(neurons, 1.0)
    run = ours.describe(net, own=True, drive_too=True).start(threads)
    run.run(_SETTLED)
    length = max(_EVENTS / neurons / (w1.DRIVE + w1.RATE * w1.IN_DEGREE), 5e-3)
    wall, processor = [], []
    for _ in range(runs):
        begun = w1.now()
        found = run.run(length)
        seconds = w1.since(begun)
        wall.append(found.arrivals / seconds[0])
        processor.append(found.arrivals / seconds[1])
    kept = run.memory["records"].nbytes
    return {
        "neurons": neurons, "threads": threads, "rate": statistics.median(wall), "cpu_rate": statistics.median(processor),
        "bytes": kept / (neurons * (w1.IN_DEGREE + 1)), "delivery_rate": delivery(run, neurons),
    }  # fmt: skip


def delivery(run: Simulation, neurons: int) -> float:
    """Events a second of the processor while 15 spikes a second and neuron are delivered, window by window."""
    memory, rng = run.memory, np.random.default_rng(0)
    deliver = ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_int64] * 5, *[ctypes.c_double] * 2)(
        int(memory["kernel"][a.K_DELIVER])
    )
    spikes = max(round(w1.RATE * run.layout.window * neurons), 500)  # enough to hide the call
    arrivals = 2 * spikes * w1.IN_DEGREE // memory.blocks
    memory.make_room(np.array([arrivals, spikes, 0, 0, spikes]))
    p = memory.projections - 1
    memory["pending_count"][:] = 0
    memory["pending_count"][p] = spikes
    waiting = memory.pending(p)
    waiting["time"][:], waiting["interval"][:] = run.edge - 0.5 * run.layout.window, 1 / w1.RATE
    events, seconds = 0, 0.0
    for _ in range(max(round(2e6 / spikes / w1.IN_DEGREE), 3)):
        waiting["source"][:] = rng.integers(0, neurons, spikes)
        begun = w1.now()
        for b in range(memory.blocks):
            deliver(memory.at, b, 0, 0, 0, run.edge, run.edge + run.layout.window)
        seconds += w1.since(begun)[1]
        events += int(memory["arrived"].sum())
    return events / seconds


if __name__ == "__main__":
    main()
