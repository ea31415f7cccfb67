"""W1 from small to large nets, beside what the memory allows: ``python -m benchmarks.network.scaling --neurons 1000 --neurons 100000``.

Delivery alone is what a spike does to its synapses (states, sizes, sums), with nothing drawn, settled or walked. Its limit is what the memory
allows: rows at random places of the same arrays are read, their states written and one number a synapse added to its neuron's sum,
with nothing computed.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import statistics
from typing import Any

import numpy as np
from numba import njit

from benchmarks.network import ours, w1
from ionspike.network import arrays as a
from ionspike.network.simulation import Simulation
from ionspike.network.views import F64, I64, LINE, prefetch, row, view, whole
from ionspike.network.window import AHEAD, fetch_row
from ionspike.plotting import COLOURS, MARKERS, STYLES, figure, look, png

_SETTLED = 0.3  # s of biological time until the rate is near its mean
_EVENTS = 2e7  # that one measurement takes, about
_ONE = np.float32(1.0)
_MOVED = 24  # bytes an event with a device of its own: 20 read, 4 written


def main() -> None:
    """Prints and writes one row a size and number of threads."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.network.scaling", description=__doc__)
    parser.add_argument("--neurons", type=int, action="append", required=True)
    parser.add_argument("--threads", type=int, action="append", default=[])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--figure", metavar="FILE", help="PNG: events a second against neurons, one thread")
    given = parser.parse_args()
    speed = bandwidth()
    print(
        f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors; memory copies {speed / 1e9:.1f} GB/s, which is",
        end=" ",
    )
    print(f"{speed / _MOVED / 1e6:.0f} M events/s")
    print(
        f"{'neurons':>9} {'threads':>7} {'M events/s':>10} {'M/cpu s':>8} {'delivery M/s':>12} {'its limit':>9} {'bytes a synapse':>15}"
    )
    rows = []
    for neurons in given.neurons:
        for threads in given.threads or [1]:
            rows.append(measure(neurons, threads, given.runs) | {"bandwidth": speed})
            r = rows[-1]
            print(
                f"{neurons:9} {threads:7} {r['rate'] / 1e6:10.1f} {r['cpu_rate'] / 1e6:8.1f} {r['delivery_rate'] / 1e6:12.1f} "
                f"{r['delivery_limit'] / 1e6:9.1f} {r['bytes']:15.2f}",
                flush=True,
            )
    if given.json:
        with open(given.json, "w") as stream:
            json.dump(rows, stream, indent=1)
    if given.figure:
        with open(given.figure, "wb") as stream:
            stream.write(draw([row for row in rows if row["threads"] == 1]))


def draw(rows: list[dict[str, float]]) -> bytes:
    """Events a second against neurons, and what the memory allows, as a PNG file."""
    made, axes = figure(width=5.4, height=3.4)
    size = [row["neurons"] for row in rows]
    shown = (
        ("memory copied, 24 bytes an event", [row["bandwidth"] / _MOVED for row in rows]),
        ("rows read and sums added, nothing computed", [row["delivery_limit"] for row in rows]),
        ("delivery", [row["delivery_rate"] for row in rows]),
        ("whole run, W1", [row["rate"] for row in rows]),
    )
    with look():
        for k, (label, rate) in enumerate(shown):
            axes.loglog(size, np.array(rate) / 1e6, color=COLOURS[k], ls=STYLES[k], marker=MARKERS[k], label=label)
        axes.set(xlabel="neurons", ylabel="events, M/s, one core", ylim=(10, 3000))
        axes.legend(ncols=2, loc="upper center")
    return png(made)


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
        "delivery_limit": access_limit(run, neurons),
    }  # fmt: skip


def delivery(run: Simulation, neurons: int) -> float:
    """Events a second of the processor while 15 spikes a second and neuron are delivered, window by window."""
    memory, rng = run.memory, np.random.default_rng(0)
    deliver = ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_int64] * 5, *[ctypes.c_double] * 2)(
        int(memory["kernel"][a.K_DELIVER])
    )
    spikes = max(round(w1.RATE * run.layout.window * neurons), 500)  # enough to hide the call
    arrivals = 2 * spikes * w1.IN_DEGREE // memory.blocks
    memory["need"][:] = arrivals, spikes, 0, 0, spikes
    memory.make_room()
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


def access_limit(run: Simulation, neurons: int) -> float:
    """Events a second of the processor if nothing but memory took time."""
    memory, rng = run.memory, np.random.default_rng(0)
    p = memory.projections - 1
    bundles = [int(row[a.B_ROWS]) for row in memory["bundle"] if row[a.B_PROJECTION] == p]
    spikes = max(round(2e6 / w1.IN_DEGREE), 500)
    _touch(memory.at, p, bundles[0], rng.integers(0, neurons, 10))
    best = 0.0
    for _ in range(3):
        events, seconds = 0, 0.0
        for base in bundles:
            sources = rng.integers(0, neurons, spikes)
            begun = w1.now()
            events += _touch(memory.at, p, base, sources)
            seconds += w1.since(begun)[1]
        best = max(best, events / seconds)
    memory["excitation"][:] = 0.0
    return best


@njit(fastmath=True)
def _touch(at: Any, p: int, base: int, sources: Any) -> int:
    """Read what the synapses of each source have, write their states, add to the sums of their targets; how many there were."""
    rows, records = view(at, a.AT_ROWS, I64), view(at, a.AT_RECORDS, _ONE)
    target, into = view(at, a.AT_RECORDS, whole(_ONE)), view(at, a.AT_EXCITATION, F64)
    projection = row(at, a.AT_PROJECTION, a.PROJECTION_COLUMNS, p, I64)
    columns, record0, events = projection[a.COLUMNS], projection[a.RECORD0], 0
    for q in range(sources.shape[0]):
        if q + 2 * AHEAD < sources.shape[0]:
            prefetch(rows, base + sources[q + 2 * AHEAD])
            fetch_row(at, p, base + sources[q + AHEAD], _ONE, LINE // 4)
        low, n = rows[base + sources[q]], rows[base + sources[q] + 1] - rows[base + sources[q]]
        first = record0 + low * columns
        for j in range(first, first + n):
            read = records[j + a.R_WEIGHT * n] + records[j + a.R_DOSE * n] + records[j + a.R_RATE * n]
            records[j + a.R_STATE * n] = read
            into[target[j]] += read
        events += n
    return events


if __name__ == "__main__":
    main()
