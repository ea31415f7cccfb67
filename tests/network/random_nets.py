"""Random nets of every kind of part, for comparing the engine with its reference."""

from __future__ import annotations

from typing import Any

import numpy as np

from ionspike.device import Ecram, Gate, Population, Weight
from ionspike.network import (
    LIF,
    AllToAll,
    DeviceSynapse,
    FixedInDegree,
    InhomogeneousPoisson,
    ModulatedPoisson,
    Network,
    Normal,
    OneToOne,
    Pairs,
    PairwiseProbability,
    Poisson,
    Recorded,
    Regular,
    Static,
    TsodyksMarkram,
    Uniform,
)  # fmt: skip
from ionspike.network.connectivity import expected_count
from ionspike.network.placing import size_of


def cooperative(name: str = "cooperative", tau: float = 20e-3) -> Ecram:
    """A device with two populations, one cooperative, one depressing."""
    return Ecram(
        name,
        Gate(V_T=1.25, V_0=0.052, J_lim=1e7),
        (Population(tau=tau, g=5e-5, s=0.6, c=2.0), Population(tau=5 * tau, g=-2e-5, polarity=1.0)),
        Weight(G_min=5e-5, G_max=1e-4, w=0.3, a=1e-4),
    )


def random_net(seed: int) -> Network:
    """A net of one or two populations under two to four inputs, recurrent, every part drawn."""
    rng = np.random.default_rng(seed)
    net = Network(seed)
    sizes: dict[str, int] = {}
    for name in ("a", "b")[: rng.integers(1, 3)]:
        sizes[name] = int(rng.integers(3, 13))
        threshold = rng.uniform(8e-3, 20e-3)
        net.add_population(
            name,
            LIF(
                tau=rng.uniform(5e-3, 40e-3), threshold=threshold, reset=rng.choice([0.0, 2e-3]), rest=rng.choice([0.0, 1e-3]),
                refractory=rng.choice([0.3e-3, 2e-3]), drive=rng.choice([0.0, 0.0, 1.2 * threshold]), capacitance=1e-12,
            ),
            sizes[name],
        )  # fmt: skip
    for k in range(rng.integers(2, 5)):
        name, size = f"in{k}", int(rng.integers(2, 9))
        target = str(rng.choice(list(sizes)))
        one_to_one = rng.random() < 0.5
        size = sizes[target] if one_to_one else size
        net.add_input(name, _input(rng, size), size)
        rule: Any = OneToOne() if one_to_one else _rule(rng, size, sizes[target])
        _connect(net, rng, name, target, rule, rng.choice([0.0, 0.5e-3, 1.5e-3]))
    for source in sizes:
        for target in sizes:
            if rng.random() < 0.8:
                _connect(
                    net,
                    rng,
                    source,
                    target,
                    _rule(rng, sizes[source], sizes[target]),
                    rng.choice([0.4e-3, 1e-3, 1.5e-3]),
                )
    for target in set(sizes) - {
        p.target for p in net.projections.values()
    }:  # at most one: a net must not have a part that nothing reaches
        _connect(net, rng, "in0", target, AllToAll(), 0.5e-3)
    return net


def _input(rng: np.random.Generator, size: int) -> Any:
    kind = rng.integers(0, 5)
    if kind == 0:
        return Poisson(rng.uniform(20, 400))
    if kind == 1:
        return ModulatedPoisson(rng.uniform(50, 400), rng.uniform(0, 1), rng.uniform(1, 50), rng.uniform(0, 6))
    if kind == 2:
        return InhomogeneousPoisson([0.0, 0.05, 0.1, 0.2], rng.uniform(0, 400, 3))
    if kind == 3:
        return Regular(rng.uniform(50, 300), rng.uniform(0, 1e-2))
    count = int(rng.integers(5, 200))
    # on a millisecond grid, so that many arrive at one instant
    return Recorded(np.sort(np.round(rng.uniform(0, 0.2, count), 3)), rng.integers(0, size, count))


def _rule(rng: np.random.Generator, sources: int, targets: int) -> Any:
    kind = rng.integers(0, 4)
    if kind == 0:
        return AllToAll()
    if kind == 1:
        return FixedInDegree(int(rng.integers(1, max(sources, 2))))
    if kind == 2:
        return PairwiseProbability(rng.uniform(0.1, 0.6))
    n = int(rng.integers(1, 2 * targets))
    return Pairs(rng.integers(0, sources, n), rng.integers(0, targets, n))


def _connect(net: Network, rng: np.random.Generator, source: str, target: str, rule: Any, delay: Any) -> None:
    sources, targets = size_of(net, source), size_of(net, target)
    share = min(4 * targets / max(expected_count(rule, sources, targets), 1), 1.0)  # no avalanches
    weight = rng.choice([-1, 1], p=[0.25, 0.75]) * rng.uniform(0.5e-3, 5e-3) * share
    if delay > 0 and rng.random() < 0.4:
        delay = Uniform(delay, 4e-3)
    kind = rng.integers(0, 8)
    synapse: Any = Static()
    if kind == 1:
        synapse = TsodyksMarkram(rng.uniform(0.1, 0.6), rng.uniform(0.01, 0.5), rng.choice([0.0, 0.1]))
    elif kind == 2:
        synapse = TsodyksMarkram(rng.uniform(0.1, 0.6), rng.uniform(0.01, 0.5), devices="own")
    elif kind == 3:
        synapse = DeviceSynapse("reference", width=8e-9, devices="own")
    elif kind == 4:
        synapse = DeviceSynapse(cooperative(), width=30e-9, long_term=bool(rng.random() < 0.5))
    elif kind == 5:
        synapse = DeviceSynapse(cooperative(), width=30e-9, devices="own")
    elif kind == 6:
        synapse = DeviceSynapse(
            "reference", width=8e-9, rail=rng.choice([0.03, -0.01]), devices=str(rng.choice(["own", "shared"]))
        )  # type: ignore[arg-type]
        weight = rng.uniform(0.02, 0.3) * share
    elif kind == 7:
        weight = Normal(weight, 0.3 * abs(weight))
    net.connect(source, target, synapse, weight=weight, delay=delay, connectivity=rule)
