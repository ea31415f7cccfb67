"""W1 in ionspike."""

from __future__ import annotations

import time
from typing import Any

import ionspike
from benchmarks.network import w1
from ionspike.network.connectivity import OneToOne, Pairs
from ionspike.network.inputs import Poisson
from ionspike.network.network import Network
from ionspike.network.neurons import LIF
from ionspike.network.recording import Record
from ionspike.network.synapses import Static, TsodyksMarkram

DRIVE_TOO = "drive with devices of its own"
# in the steady state of 1,000 Hz a facilitating synapse passes nearly all: u = U/(1 - (1 - U) <exp(-interval/tau_f)>)
_MEAN_U = w1.U / (1 - (1 - w1.U) * w1.DRIVE * w1.TAU_F / (1 + w1.DRIVE * w1.TAU_F))


def describe(net: w1.W1, own: bool, drive_too: bool) -> Network:
    """The net; ``own``: parameters and a state of its own at every synapse, ``drive_too``: at those of the external input as well."""
    made = Network(net.seed)
    source, target = net.pairs()
    facilitating: Any = TsodyksMarkram(w1.U, w1.TAU_F, devices="own" if own else "shared")
    made.add_population("neurons", LIF(tau=w1.TAU, threshold=w1.THRESHOLD, refractory=w1.REFRACTORY), net.neurons)
    made.add_input("drive", Poisson(w1.DRIVE), net.neurons)
    made.connect(
        "drive", "neurons", facilitating if drive_too else Static(), weight=w1.DRIVE_WEIGHT / (_MEAN_U if drive_too else 1.0),
        delay=w1.DELAY, connectivity=OneToOne(),
    )  # fmt: skip
    made.connect(
        "neurons", "neurons", facilitating, weight=w1.WEIGHT, delay=w1.DELAY, connectivity=Pairs(source, target)
    )
    return made


def tool(net: w1.W1, runs: int, threads: int, own: bool = True, drive_too: bool = False) -> w1.Tool:
    """``runs`` runs of the same net, each from rest."""
    description = describe(net, own, drive_too)
    begun = time.perf_counter()
    description.start(threads).run(4 * w1.DELAY)  # compiles, or loads what was compiled
    compiled = time.perf_counter() - begun
    seconds, spikes = [], 0
    yield
    for _ in range(runs):
        run = description.start(threads, record=Record())
        begun = w1.now()
        found = run.run(net.duration)
        seconds.append(w1.since(begun))
        spikes = len(found.spikes("neurons"))
        yield
    note = DRIVE_TOO if drive_too else ""
    return w1.row(net, "ionspike", ionspike.__version__, threads, own, seconds, compiled, spikes, note)
