"""W1 in Brian2: C++ standalone, one thread, its fastest flags."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.network import w1


def tools(net: w1.W1, runs: int) -> list[w1.Tool]:
    """With shared and with per-synapse parameters."""
    return [_tool(net, runs, own) for own in (False, True)]


def _tool(net: w1.W1, runs: int, own: bool) -> w1.Tool:
    import brian2 as b

    b.device.reinit()
    folder = tempfile.mkdtemp(prefix="w1-brian2-")
    b.set_device("cpp_standalone", directory=folder, build_on_run=False)
    b.prefs.codegen.cpp.extra_compile_args_gcc = ["-w", "-O3", "-ffast-math", "-march=native", "-std=c++11"]
    b.prefs.devices.cpp_standalone.openmp_threads = 0
    b.start_scope()
    b.defaultclock.dt = w1.STEP * b.second
    begun = time.perf_counter()
    neurons = b.NeuronGroup(
        net.neurons, "dv/dt = -v/tau : volt (unless refractory)", threshold="v >= theta", reset="v = 0*volt", method="exact",
        refractory=w1.REFRACTORY * b.second, namespace={"tau": w1.TAU * b.second, "theta": w1.THRESHOLD * b.volt},
    )  # fmt: skip
    kept = "U : 1\ntau_f : second\nw : volt\n" if own else ""
    synapses = b.Synapses(
        neurons, neurons, kept + "du/dt = -u/tau_f : 1 (event-driven)", on_pre="u += U*(1-u)\nv_post += w*u", delay=w1.DELAY * b.second,
        namespace={} if own else {"U": w1.U, "tau_f": w1.TAU_F * b.second, "w": w1.WEIGHT * b.volt},
    )  # fmt: skip
    source, target = net.pairs()
    synapses.connect(i=source, j=target)
    if own:
        synapses.U, synapses.tau_f, synapses.w = w1.U, w1.TAU_F * b.second, w1.WEIGHT * b.volt
    drive = b.PoissonInput(neurons, "v", 100, w1.DRIVE / 100 * b.Hz, weight=w1.DRIVE_WEIGHT * b.volt)
    spikes = b.SpikeMonitor(neurons)
    made = b.Network(neurons, synapses, drive, spikes)
    # Thresholds are looked at when the charges of a step are in. In the order it has by default they lose dt/tau before, and 4 % of all
    # spikes with it; both orders go to the same rate as the step shrinks.
    made.schedule = ["start", "groups", "synapses", "thresholds", "resets", "end"]
    b.seed(net.seed)
    # the loop alone: synapses are made before it starts
    clock = Path(folder) / "clock.txt"
    b.device.insert_code(
        "before_network_run",
        "struct timespec begun, ended; std::clock_t used = std::clock(); clock_gettime(CLOCK_MONOTONIC, &begun);",
    )
    b.device.insert_code(
        "after_network_run",
        f"clock_gettime(CLOCK_MONOTONIC, &ended); used = std::clock() - used; "
        f'{{ std::ofstream out("{clock}"); out << ended.tv_sec - begun.tv_sec + 1e-9 * (ended.tv_nsec - begun.tv_nsec); '
        f'out << " " << (double)used / CLOCKS_PER_SEC; }}',
    )
    made.run(net.duration * b.second)
    b.device.build(run=False, directory=folder)
    setup = time.perf_counter() - begun
    b.device.run(folder, with_output=False, run_args=[])
    count = int(np.asarray(spikes.num_spikes))
    b.device.reinit()
    b.device.activate()
    seconds: list[tuple[float, float]] = []
    yield
    for _ in range(runs):
        subprocess.run(["./main"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        wall, processor = map(float, clock.read_text().split())
        seconds.append((wall, processor))
        yield
    shutil.rmtree(folder, ignore_errors=True)
    return w1.row(
        net, "brian2", b.__version__, 1, own, seconds, setup, count, "C++ standalone, -O3 -ffast-math -march=native"
    )
