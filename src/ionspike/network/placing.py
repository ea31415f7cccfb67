"""Where the synapses of a projection lie: sizes and blocks of populations, pairs, rows, weights and delays, each drawn from the net's seed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ionspike.errors import InputError
from ionspike.network import arrays as a
from ionspike.network.cell import Cell
from ionspike.network.connectivity import Matrix, OneToOne, expected_count, matrix_weights, pairs
from ionspike.network.distributions import values
from ionspike.network.network import Network, Projection
from ionspike.network.sorting import rows_and_places
from ionspike.network.synapse_table import table

_WIDE = 16384  # neurons a block: their accumulators fit a core's cache
_ROW = 34  # synapses that one spike should find in a block at least, on average: finding a row costs as much as some of its synapses
_SMALL = 4000  # neurons that one block holds


def blocks_of(net: Network, name: str) -> int:
    """Into how many blocks a population is cut: never depends on the number of threads."""
    population = net.populations[name]
    if isinstance(population.neuron, Cell):
        return min(population.size, 8)
    if population.size < _SMALL:
        return 1
    incoming = sum(
        expected_count(p.connectivity, size_of(net, p.source), population.size) / size_of(net, p.source)
        for p in net.projections.values()
        if p.target == name and not isinstance(p.connectivity, OneToOne)
    )
    wide = -(-population.size // max(2, min(-(-population.size // _WIDE), int(incoming / _ROW))))
    return -(-population.size // (-(-wide // a.CHUNK) * a.CHUNK))


def width_of(net: Network, name: str) -> int:
    """Neurons of a block, of all but the last: whole chunks of a drive where there are several."""
    size, blocks = size_of(net, name), blocks_of(net, name)
    wide = -(-size // blocks)
    return wide if blocks == 1 or isinstance(net.populations[name].neuron, Cell) else -(-wide // a.CHUNK) * a.CHUNK


def size_of(net: Network, name: str) -> int:
    """Neurons of a population or input."""
    return (net.populations.get(name) or net.inputs[name]).size


def pairs_of(net: Network, p: Projection) -> tuple[np.ndarray, np.ndarray]:
    """Source and target of every synapse of a projection, in the order it is described."""
    rng = np.random.default_rng([net.seed, *p.name.encode(), 0])
    same = p.source == p.target
    return pairs(p.connectivity, size_of(net, p.source), size_of(net, p.target), same, f"projection {p.name!r}", rng)


def placed(net: Network, p: Projection, real: np.dtype) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Source and target of every synapse of a projection as it is described, rows, and which synapse is at each place."""
    sources = size_of(net, p.source)
    source, target = pairs_of(net, p)
    delay = delays(net, p, len(source), real)
    order = np.argsort(delay, kind="stable") if np.ndim(delay) else np.empty(0, np.int64)
    rows, places = rows_and_places(source, target, order, width_of(net, p.target), blocks_of(net, p.target), sources)
    return source, target, rows, places


def weights(net: Network, p: Projection, count: int) -> Any:
    """Weights of a projection, in the order it is described: V, or relative widths of channels."""
    if p.weight is None and isinstance(p.connectivity, Matrix):
        return matrix_weights(p.connectivity)
    found = table(p, net)
    rng = np.random.default_rng([net.seed, *p.name.encode(), 1])
    weight = values(
        p.weight,
        count,
        "" if found.rail is not None or found.kind == a.CELL else "V",
        f"weight of projection {p.name!r}",
        rng,
    )
    if found.rail is not None and np.min(weight, initial=0.0) < 0:
        raise InputError(
            f"weight of projection {p.name!r} is below 0; a channel has a width from 0 up, inhibition comes from its rail"
        )
    return weight


def delays(net: Network, p: Projection, count: int, real: np.dtype) -> Any:
    """Delays (s) of a projection, as the loops see them."""
    rng = np.random.default_rng([net.seed, *p.name.encode(), 3])
    delay = values(p.delay, count, "s", f"delay of projection {p.name!r}", rng)
    least = float(np.min(delay, initial=math.inf))
    if p.source in net.populations and not least > 0:
        raise InputError(
            f"delay of projection {p.name!r} is {least:g} s; expected above 0, since a spike acts after it was fired"
        )
    if least < 0:
        raise InputError(f"delay of projection {p.name!r} is {least:g} s; expected 0 or more")
    return np.asarray(delay).astype(real).astype(float) if np.ndim(delay) else delay
