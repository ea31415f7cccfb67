"""What a net takes in memory, known before anything is allocated."""

from __future__ import annotations

import os
from pathlib import Path

from ionspike.errors import InputError
from ionspike.network import arrays as a
from ionspike.network.connectivity import OneToOne, expected_count
from ionspike.network.distributions import Distribution
from ionspike.network.network import Network, Projection
from ionspike.network.synapse_table import table

_BUILDING = 24  # bytes a synapse of the largest projection while it is being sorted: source, target, places, and one column in double
_NEURON = 160  # bytes a neuron: state, accumulators, lists of one window


def bytes_per_synapse(net: Network, p: Projection, precision: str) -> int:
    """What one synapse of a projection keeps while the net runs, without the rows that say where each neuron's begin."""
    real = 4 if precision == "single" else 8
    found = table(p, net)
    total = 2 * real
    if found.kind in (a.OWN_AFTER, a.OWN_MEAN):
        total += 3 * real + (real if found.own_gain else 0)
    if found.kind in (a.CARDS, a.CELL):
        total += 8 * a.MAX_STATES + 4 + 8
    if isinstance(p.delay, Distribution) or (not isinstance(p.delay, str) and hasattr(p.delay, "__len__")):
        total += real
    return total


def estimate(net: Network, precision: str) -> int:
    """Bytes that building and running a net takes, within some ten per cent."""
    total, building, largest = 0, 0, 0
    for p in net.projections.values():
        sources = (net.populations.get(p.source) or net.inputs[p.source]).size
        count = expected_count(p.connectivity, sources, net.populations[p.target].size)
        kept = count * bytes_per_synapse(net, p, precision)
        total, largest = total + kept, max(largest, kept)
        if not isinstance(p.connectivity, OneToOne):
            building = max(building, count * _BUILDING)
    neurons = sum(p.size for p in net.populations.values()) + sum(s.size for s in net.inputs.values())
    # records are joined at the end: those of one projection are there twice for a moment
    return total + max(building, largest) + neurons * _NEURON


def available() -> int:
    """Memory (bytes) that can be had now."""
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def refuse_if_too_large(net: Network, precision: str) -> None:
    """Raise InputError where a net needs more memory than there is."""
    need, there = estimate(net, precision), available()
    if need > there:
        raise InputError(
            f"the net needs about {need / 2**30:.3g} GiB and {there / 2**30:.3g} GiB are free; expected fewer synapses, or shared devices"
        )
