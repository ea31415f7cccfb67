"""From the description of a net to the arrays of :mod:`ionspike.network.arrays`."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ionspike.errors import InputError
from ionspike.network import arrays as a
from ionspike.network.cell import Cell
from ionspike.network.connectivity import OneToOne
from ionspike.network.drive_arrays import NEVER, drive_arrays
from ionspike.network.elementary import VECTOR
from ionspike.network.inputs import InhomogeneousPoisson, ModulatedPoisson, Poisson
from ionspike.network.network import Network, Projection, Source
from ionspike.network.neuron_arrays import cell_arrays, inner_states, own_spikes, population_table
from ionspike.network.neurons import LIF
from ionspike.network.placing import blocks_of, delays, placed, size_of, weights, width_of
from ionspike.network.records import records_of
from ionspike.network.sorting import longest_rows
from ionspike.network.synapse_table import Table, table
from ionspike.network.walk_placed import placed_arrays

WIDEST = 1e-3  # s: windows where no delay asks for shorter ones
# A window is a millionth shorter than the smallest delay: a spike at its very start must not arrive, by a rounding, before its end
_MARGIN = 1 - 1e-6


@dataclass
class Layout:
    """The arrays of a net, and what is needed to read them: first neuron and size of every population and input, windows."""

    arrays: dict[str, np.ndarray]
    window: float
    own_spikes: float
    first: dict[str, int]
    size: dict[str, int]
    number: dict[str, int]
    driven: set[str]
    largest: int


def lay_out(net: Network, precision: str, listed: set[str]) -> Layout:
    """The arrays of ``net``. ``listed``: inputs whose spikes are to be recorded, so that they must be made one by one.

    Raises:
        InputError: no population, a population that nothing reaches, values that do not fit; names the part.
    """
    if not net.populations:
        raise InputError("the net has no population; expected at least one")
    for name, population in net.populations.items():
        silent = (
            isinstance(population.neuron, Cell)
            or population.neuron.rest + population.neuron.drive <= population.neuron.threshold
        )  # type: ignore[operator]
        if silent and not any(p.target == name for p in net.projections.values()):
            raise InputError(f"population {name!r} is unconnected: nothing reaches it and it does not spike on its own")
    for name in net.inputs:
        if not any(p.source == name for p in net.projections.values()):
            raise InputError(f"input {name!r} is unconnected: it reaches no population")
    return _Builder(net, np.dtype(np.float32 if precision == "single" else np.float64), listed).build()


def drives_directly(net: Network, source: str, listed: set[str]) -> bool:
    """Whether an input is Poisson and joined one to one only, so that each neuron can draw its own arrivals."""
    given = net.inputs.get(source)
    if (
        given is None
        or source in listed
        or not isinstance(given.input, (Poisson, ModulatedPoisson, InhomogeneousPoisson))
    ):
        return False
    out = [p for p in net.projections.values() if p.source == source]
    return all(
        isinstance(p.connectivity, OneToOne)
        and np.ndim(p.delay) == 0
        and isinstance(p.delay, (int, float, str))
        and table(p, net).drawn
        for p in out
    )


class _Builder:
    """Fills the arrays projection by projection."""

    def __init__(self, net: Network, real: np.dtype, listed: set[str]) -> None:
        self.net, self.real = net, real
        self.first: dict[str, int] = {}
        self.number: dict[str, int] = {}
        total = 0
        for k, name in enumerate([*net.populations, *net.inputs]):
            self.first[name], self.number[name] = total, k
            total += size_of(net, name)
        self.total = total
        self.neurons = sum(p.size for p in net.populations.values())
        self.driven = {name for name in net.inputs if drives_directly(net, name, listed)}
        self.records, self.recorded = [np.empty(0, real)], 0
        self.rows, self.rowed = [np.empty(0, np.int64)], 0
        self.device_states: list[np.ndarray] = []
        self.device_card: list[np.ndarray] = []
        self.devices = 0
        self.cards: list[tuple[np.ndarray, np.ndarray, int]] = []
        self.projection = np.full((len(net.projections), a.PROJECTION_COLUMNS), -1, np.int64)
        self.constants = np.zeros((len(net.projections), a.CONSTANTS_COLUMNS))
        self.by_block: dict[str, list[list[tuple[int, int, int]]]] = {
            name: [[] for _ in range(blocks_of(net, name))] for name in net.populations
        }
        self.drives: dict[str, list[tuple[int, Source]]] = {name: [] for name in net.populations}
        self.shortest = math.inf

    def build(self) -> Layout:
        net = self.net
        for k, projection in enumerate(net.projections.values()):
            self.add(k, projection)
        window = min(
            [
                self.shortest * _MARGIN,
                WIDEST,
                *(0.1 * p.neuron.tau for p in net.populations.values() if isinstance(p.neuron, LIF)),
            ]
        )  # type: ignore[operator,arg-type]
        block, bundle = self.blocks()
        drives, driven = drive_arrays(net.seed, self.first, self.number, self.drives, block)
        first, outgoing = self.outgoing()
        arrays = {
            "records": self.joined(), "rows": np.concatenate(self.rows), "projection": self.projection, "constants": self.constants, "bundle": bundle, "block": block, "driven": driven,
            "population": population_table(net), "first": first, "outgoing": outgoing,
            **self.device_arrays(), **drives, **self.neuron_arrays(), **cell_arrays(net), **placed_arrays(net),
        }  # fmt: skip
        return Layout(
            arrays, window, own_spikes(net), self.first, {name: size_of(net, name) for name in self.first}, self.number, self.driven,
            int((block[:, a.HIGH] - block[:, a.LOW]).max()),
        )  # fmt: skip

    def joined(self) -> np.ndarray:
        """All records; a part is let go as soon as it is copied."""
        # exponentials are taken by whole vectors, so that there is room behind the last
        made, at = np.zeros(self.recorded + VECTOR, self.real), 0
        while self.records:
            part = self.records.pop(0)
            made[at : at + len(part)] = part
            at += len(part)
        return made

    def add(self, k: int, p: Projection) -> None:
        net, low, real = self.net, self.first[p.target], self.real
        _, target, rows, places = placed(net, p, real)
        count = len(places)
        found = table(p, net)
        rng = np.random.default_rng([net.seed, *p.name.encode(), 2])
        weight, delay = weights(net, p, count), delays(net, p, count, real)
        blocks, sources = len(self.by_block[p.target]), size_of(net, p.source)
        drawn = p.source in self.driven
        row, constants = self.projection[k], self.constants[k]
        row[a.KIND], row[a.RULE], row[a.SOURCE0], row[a.SOURCES] = found.kind, found.rule, self.first[p.source], sources
        row[a.OUTSIDE] = p.source in net.inputs
        columns: list[Callable[[], np.ndarray]] = [] if drawn else [lambda: (target[places] + low).astype(np.uint32)]
        columns.append(lambda: (np.broadcast_to(weight, count)[places] * found.unit).astype(real))
        row[a.SIGN] = (
            0
            if not found.signed
            else (1 if np.min(weight, initial=0.0) >= 0 else -1 if np.max(weight, initial=0.0) <= 0 else 0)
        )
        row[a.CHANNEL] = found.rail is not None
        columns += self.states_of(row, constants, found, count, places, rng)
        constants[a.DELAY] = constants[a.LONGEST] = delay if np.ndim(delay) == 0 else 0.0
        if np.ndim(delay):
            row[a.DELAYED] = len(columns)
            columns.append(lambda: np.asarray(delay)[places].astype(real))
            constants[a.LONGEST] = float(np.max(np.asarray(delay).astype(real), initial=0.0))
        if p.source in net.populations and count:
            self.shortest = min(
                self.shortest, float(np.min(np.asarray(delay).astype(real if np.ndim(delay) else float)))
            )
        self.record(row, columns, low, np.arange(count + 1) if drawn else rows, drawn)
        if drawn:
            self.drives[p.target].append((k, net.inputs[p.source]))
            return
        for b, most in enumerate(longest_rows(rows, blocks, sources)):
            if most:
                self.by_block[p.target][b].append((k, int(row[a.ROWS0]) + b * sources, int(most)))

    def record(
        self, row: Any, columns: list[Callable[[], np.ndarray]], low: int, rows: np.ndarray, drawn: bool
    ) -> None:
        """Put the columns of a projection into the records. One that its targets draw finds its synapse by the number of its neuron, the first of
        which is ``low``."""
        row[a.COLUMNS], row[a.FIRST_RECORD], row[a.ROWS] = len(columns), self.recorded, len(rows) - 1
        row[a.RECORD0] = self.recorded - (len(columns) * low + a.R_WEIGHT if drawn else 0)
        self.records.append(records_of(rows, columns, self.real))
        self.recorded += len(self.records[-1])
        if not drawn:
            row[a.ROWS0] = self.rowed
            self.rows.append(rows)
            self.rowed += len(rows)

    def states_of(
        self,
        row: Any,
        constants: Any,
        found: Table,
        count: int,
        places: np.ndarray,
        rng: np.random.Generator,
    ) -> list[Callable[[], np.ndarray]]:
        """The constants and devices of a projection, and what its synapses own as columns of their records."""
        constants[: len(found.constants)] = np.where(
            np.isnan(found.constants), constants[: len(found.constants)], found.constants
        )
        if found.states is not None:
            which = (
                found.which(count)[places]
                if found.kind == a.CARDS
                else np.zeros(count if found.kind == a.CELL else int(row[a.SOURCES]), int)
            )
            row[a.STATE0], row[a.CARD0] = self.devices, len(self.cards)
            self.device_states.append(found.states[which])
            self.device_card.append((which + len(self.cards)).astype(np.int32))
            self.devices += len(which)
            self.cards += found.cards
        if found.kind not in (a.OWN_AFTER, a.OWN_MEAN):
            return []
        own = found.own(count, rng)
        row[a.GAINED] = "gain" in own

        def column(name: str) -> Callable[[], np.ndarray]:
            return lambda: np.broadcast_to(own.pop(name), count)[places].astype(self.real)

        rested = found.constants[a.X_REST]
        return [
            column("dose"),
            column("rate"),
            lambda: np.full(count, rested, self.real),
            *([column("gain")] if "gain" in own else []),
        ]

    def blocks(self) -> tuple[np.ndarray, np.ndarray]:
        rows, bundle, drive = [], [], 0
        for name, parts in self.by_block.items():
            size, low, wide = size_of(self.net, name), self.first[name], width_of(self.net, name)
            channels = any(
                table(p, self.net).rail is not None for p in self.net.projections.values() if p.target == name
            )
            cell = isinstance(self.net.populations[name].neuron, Cell)
            mode = a.CELLS if cell else a.WALKED if channels else a.SUMMED
            for b, found in enumerate(parts):
                edge = (low + min(b * wide, size), low + min((b + 1) * wide, size))
                rows.append(
                    [
                        self.number[name],
                        *edge,
                        len(bundle),
                        len(bundle) + len(found),
                        drive,
                        drive + len(self.drives[name]),
                        mode,
                    ]
                )
                bundle += found
            drive += len(self.drives[name])
        return np.array(rows, np.int64), np.array(bundle, np.int64).reshape(-1, 3)

    def outgoing(self) -> tuple[np.ndarray, np.ndarray]:
        out = [
            [k for k, p in enumerate(self.net.projections.values()) if p.source == name and name not in self.driven]
            for name in self.number
        ]
        return np.cumsum([0, *map(len, out)]).astype(np.int64), np.array([k for part in out for k in part], np.int64)

    def neuron_arrays(self) -> dict[str, np.ndarray]:
        v = [
            np.full(p.size, 0.0 if isinstance(p.neuron, Cell) else p.neuron.rest) for p in self.net.populations.values()
        ]
        n = self.neurons
        return {
            "v": np.concatenate(v).astype(float), "free": np.zeros(n), "drop": inner_states(self.net), "last": np.full(self.total, NEVER),
            "energy": np.zeros((n, a.ENERGY_COLUMNS)),
        }  # fmt: skip

    def device_arrays(self) -> dict[str, np.ndarray]:
        states = np.concatenate([*self.device_states, np.empty((0, a.MAX_STATES))])
        cards = max(len(self.cards), 1)
        maps, conductance, count = (
            np.zeros((cards, a.MAX_STATES, 6)),
            np.ones((cards, a.MAX_STATES + 3)),
            np.ones(cards, np.int64),
        )
        for k, (c, g, n) in enumerate(self.cards):
            maps[k, :n], conductance[k, : len(g)], count[k] = c, g, n
        card = np.concatenate([*self.device_card, np.empty(0, np.int32)]).astype(np.int32)
        return {
            "device_state": np.ascontiguousarray(states), "device_card": card, "device_last": np.zeros(len(states)),
            "card_map": maps, "card_conductance": conductance, "card_count": count,
        }  # fmt: skip
