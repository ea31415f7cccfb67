"""Runs W1 with ionspike and the peers in turn, prints a table, writes the measurements. Each tool does its first run, then each its second, and so
on, so that a busy minute meets all; "behind" is how many times longer a run took than ours of the same round, with devices at the drive, too:
the median, and the least and most."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import statistics
import sys

from benchmarks.network import ours, w1

_MODULES = {"brian2": "brian2", "nest": "nest", "annarchy": "ANNarchy"}


def main() -> int:
    """0: all ran and agree, 1: rates differ, 2: a peer is missing or an argument is wrong."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.network", description=w1.__doc__)
    parser.add_argument("--peer", action="append", default=[], choices=sorted(_MODULES))
    parser.add_argument("--neurons", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=10.0, help="biological time")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--threads", type=int, action="append", default=[], help="further thread counts of ours")
    parser.add_argument("--json", metavar="FILE")
    given = parser.parse_args()
    for peer in given.peer:
        if importlib.util.find_spec(_MODULES[peer]) is None:
            print(
                f"{peer} is not installed for {sys.executable}; get it with: pip install '.[peers]' (needs a C++ compiler)",
                file=sys.stderr,
            )
            return 2
    net = w1.W1(given.neurons, given.seconds)
    tools = [
        ours.tool(net, given.runs, 1),
        ours.tool(net, given.runs, 1, drive_too=True),
        ours.tool(net, given.runs, 1, own=False),
        *(ours.tool(net, given.runs, threads) for threads in given.threads),
    ]
    for peer in given.peer:
        tools += importlib.import_module(f"benchmarks.network.{peer}_peer").tools(net, given.runs)
    rows = w1.in_turn(tools)
    _show(net, rows)
    if given.json:
        with open(given.json, "w") as stream:
            json.dump(rows, stream, indent=1)
    rates = [float(r["rate_hz"]) for r in rows]  # type: ignore[arg-type]
    middle = statistics.median(rates)
    apart = [r["name"] for r, rate in zip(rows, rates, strict=True) if abs(rate / middle - 1) > 0.03]
    if apart:
        print(
            f"rates differ by more than 3 % from the median, {middle:.3f} Hz: {', '.join(map(str, apart))}",
            file=sys.stderr,
        )
    return 1 if apart else 0


def _show(net: w1.W1, rows: list[dict[str, object]]) -> None:
    print(
        f"W1, {net.neurons} neurons, {net.duration:g} s; {platform.processor() or platform.machine()}, Python {platform.python_version()}, "
        f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors"
    )
    print(
        f"{'tool':10} {'version':9} {'threads':>7} {'parameters':11} {'median s':>9} {'M events/s':>10} {'cpu s':>7} {'M/cpu s':>8} {'rate Hz':>8} {'behind':>18}  setting"
    )
    base = next(r for r in rows if r["setting"] == ours.DRIVE_TOO)["seconds"]
    for r in rows:
        seconds = statistics.median(r["seconds"])  # type: ignore[arg-type,type-var]
        used = statistics.median(r["cpu_seconds"])  # type: ignore[arg-type,type-var]
        events = float(r["synaptic_events"]) / 1e6  # type: ignore[arg-type]
        own = "own" if r["per_synapse_parameters"] else "shared"
        behind = sorted(theirs / mine for theirs, mine in zip(r["seconds"], base, strict=True))  # type: ignore[arg-type,call-overload]
        print(
            f"{r['name']:10} {r['version']:9} {r['threads']:7} {own:11} {seconds:9.3f} {events / seconds:10.1f} {used:7.3f} {events / used:8.1f} {r['rate_hz']:8.3f} "
            f"{statistics.median(behind):6.2f} ({behind[0]:.2f}-{behind[-1]:.2f})  {r['setting']}"
        )


if __name__ == "__main__":
    sys.exit(main())
