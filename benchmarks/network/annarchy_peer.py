"""W1 in ANNarchy: generated C++, one thread."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import scipy.sparse

from benchmarks.network import w1


def tools(net: w1.W1, runs: int) -> list[w1.Tool]:
    """With parameters of each synapse."""
    return [_tool(net, runs)]


def _tool(net: w1.W1, runs: int) -> w1.Tool:
    # its build looks for the first python3 of the path, which has to be this one
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    import ANNarchy as ann

    made = ann.Network(dt=w1.STEP * 1e3, seed=net.seed)
    made.config(num_threads=1)
    begun = time.perf_counter()
    neuron = ann.Neuron(
        parameters={"kept": float(np.exp(-w1.STEP / w1.TAU)), "theta": w1.THRESHOLD * 1e3},
        # The exact step, and charges on top of it: an attribute has one equation here. A population of Poisson spikes has at most one a
        # step, a tenth less variance than Poisson's at 1 kHz and 0.1 ms; a binomial of 100 has 0.1 % less.
        equations=[
            ann.Variable(
                f"v = kept * v + g_exc + {w1.DRIVE_WEIGHT * 1e3} * Binomial(100, {w1.DRIVE * w1.STEP / 100})", init=0.0
            )
        ],
        spike="v >= theta",
        reset="v = 0.0",
        refractory=w1.REFRACTORY * 1e3,
    )
    facilitating = ann.Synapse(
        parameters={
            "U": ann.Parameter(w1.U, locality="local"),
            "tau_f": ann.Parameter(w1.TAU_F * 1e3, locality="local"),
        },
        equations=ann.Variable("tau_f * du/dt = -u", method="event-driven", init=0.0),
        # ANNarchy 5.0.4.1 adds to g_target first, whatever the order of the lines: a spike would pass what the one before it left
        pre_spike=["g_target += w * (u + U * (1.0 - u))", "u += U * (1.0 - u)"],
    )
    neurons = made.create(net.neurons, neuron)
    source, target = net.pairs()
    shape = (net.neurons, net.neurons)
    weights = scipy.sparse.coo_matrix((np.ones(len(source)), (target, source)), shape)
    # a pair drawn twice is one synapse of twice the weight: this format has no second one
    made.connect(neurons, neurons, "exc", facilitating).from_sparse(
        weights.tolil() * w1.WEIGHT * 1e3, delays=w1.DELAY * 1e3
    )
    folder = tempfile.mkdtemp(prefix="w1-annarchy-")
    made.compile(directory=folder, silent=True)
    monitor = made.monitor(neurons, "spike")
    setup = time.perf_counter() - begun
    seconds, count = [], 0
    yield
    for _ in range(runs):
        made.reset(populations=True, projections=True, synapses=True)
        monitor.get()
        begun = w1.now()
        made.simulate(net.duration * 1e3)
        seconds.append(w1.since(begun))
        count = sum(len(times) for times in monitor.get("spike").values())
        yield
    shutil.rmtree(folder, ignore_errors=True)
    return w1.row(net, "annarchy", ann.__version__, 1, True, seconds, setup, count, "generated C++")
