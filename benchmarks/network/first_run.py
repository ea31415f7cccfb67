"""What the first run of a net costs where no net has run before, and what a later one does, each in a process of its own.

    python -m benchmarks.network.first_run [--processes 1]

A thousand LIF neurons with a hundred synapses each, devices of their own, 0.1 s of biological time; once with one delay, once with delays drawn.
Compiled code goes to a folder that is empty at first. ``--processes 1``: nothing compiles beside the first process.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile

_NET = """
import sys, time
begun = time.perf_counter()
from ionspike.network import LIF, DeviceSynapse, FixedInDegree, LogNormal, Network, OneToOne, Poisson, Uniform
imported = time.perf_counter()
net = Network(seed=1)
net.add_input("drive", Poisson("1 kHz"), size=1000)
net.add_population("neurons", LIF(tau="20 ms", threshold="15 mV", refractory="2 ms"), size=1000)
net.connect("drive", "neurons", weight="0.55 mV", delay="1 ms", connectivity=OneToOne())
ecram = DeviceSynapse("reference", width="8 ns", devices="own", dose=LogNormal(1.0, 0.1))
delay = Uniform("1 ms", "4 ms") if sys.argv[1] == "own" else "1 ms"
net.connect("neurons", "neurons", ecram, weight="0.05 mV", delay=delay, connectivity=FixedInDegree(100))
net.run("0.1 s")
print(f"import {imported - begun:.2f} s, run {time.perf_counter() - imported:.2f} s")
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", type=int, choices=(1, 2), default=2)
    processes = parser.parse_args().processes
    for delays in ("one", "own"):
        with tempfile.TemporaryDirectory() as folder:
            environment = {**os.environ, "NUMBA_CACHE_DIR": folder, "NUMBA_NUM_THREADS": str(processes)}
            for turn in ("first", "later"):
                command = [sys.executable, "-c", _NET, delays]
                done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
                print(f"{'one delay' if delays == 'one' else 'delays drawn'}, {turn}: {done.stdout.strip()}")


if __name__ == "__main__":
    main()
