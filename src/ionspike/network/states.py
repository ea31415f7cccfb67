"""States at chosen times: the loop stops there, so nothing is read between two grid points."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ionspike.device.moebius import step
from ionspike.errors import InputError
from ionspike.network import arrays as a
from ionspike.network.layout import Layout
from ionspike.network.memory_table import Memory
from ionspike.network.network import Network
from ionspike.network.placed_states import PlacedStates
from ionspike.network.placing import delays, placed
from ionspike.network.recording import Record, indices_of
from ionspike.network.records import value_at

if TYPE_CHECKING:
    from ionspike.network.simulation import Simulation


Kept = dict[str, np.ndarray]


class Probes:
    """The chosen neurons and synapses of a run."""

    def __init__(self, net: Network, layout: Layout, memory: Memory, record: Record) -> None:
        self.times = np.asarray(record.times, float)
        self._membranes = {
            name: indices_of(
                index, net.populations[name].size if name in net.populations else -1, f"population {name!r}"
            )
            for name, index in record.membranes.items()
        }
        self._synapses: dict[str, _Synapses] = {}
        for name, index in record.synapses.items():
            if name not in net.projections:
                raise InputError(f"there is no projection {name!r} to record states of")
            self._synapses[name] = _Synapses(net, layout, memory, name, index)
        self._placed = {name: PlacedStates(net, layout, memory, name, index) for name, index in record.placed.items()}
        self._layout, self._memory = layout, memory
        self.clear()

    def clear(self) -> None:
        """Forget what was taken."""
        self._taken: list[float] = []
        self._v: dict[str, list[Any]] = {name: [] for name in self._membranes}
        self._x: dict[str, list[Any]] = {name: [] for name in self._synapses}
        self._y: dict[str, list[Any]] = {name: [] for name in self._placed}

    def take(self, run: Simulation) -> None:
        """Read all states if the run stands at one of the times."""
        if run.edge not in self.times:
            return
        self._taken.append(run.edge)
        for name, index in self._membranes.items():
            self._v[name].append(self._memory["v"][self._layout.first[name] + index])
        for name, synapses in self._synapses.items():
            self._x[name].append(synapses.read(run.edge))
        for name, own in self._placed.items():
            self._y[name].append(own.read(run.edge))

    def found(self) -> tuple[np.ndarray, Kept, Kept, Kept, Kept]:
        """Times, membranes, synapses, placed devices, and the indices of all three."""
        n = len(self._taken)
        indices = dict(self._membranes) | {name: s.index for name, s in self._synapses.items()}
        indices |= {f"{name}_placed": own.index for name, own in self._placed.items()}

        def rows(of: dict[str, list[Any]]) -> Kept:
            return {name: np.array(taken).reshape(n, -1) for name, taken in of.items()}

        return np.array(self._taken), rows(self._v), rows(self._x), rows(self._y), indices


class _Synapses:
    """Where the chosen synapses of a projection are, and their states at a time: that after the last arrival, relaxed since."""

    def __init__(self, net: Network, layout: Layout, memory: Memory, name: str, index: Any) -> None:
        p = net.projections[name]
        self.number, self.memory = list(net.projections).index(name), memory
        self.row, self.constants = memory["projection"][self.number], memory["constants"][self.number]
        real = memory.real
        if self.row[a.KIND] == a.STATIC:
            raise InputError(f"projection {name!r} is static: it has no states to record")
        source, target, _, places = placed(net, p, real)
        self.index = indices_of(index, len(source), f"projection {name!r}")
        place = np.empty(len(places), np.int64)
        place[places] = np.arange(len(places))
        self.place, self.source = place[self.index], source[self.index].astype(np.int64)
        self.delay = np.broadcast_to(delays(net, p, len(source), real), len(source))[self.index]
        self.drive, self.target0 = None, layout.first[p.target]
        if p.source in layout.driven:
            self.drive = target[self.index].astype(np.int64) + self.target0

    def read(self, time: float) -> np.ndarray:
        """The states at ``time`` (s), where the loop stands."""
        return np.array([self._one(time, k) for k in range(len(self.index))])

    def _one(self, time: float, k: int) -> float:
        kind, place, m = self.row[a.KIND], int(self.place[k]), self.memory
        if kind in (a.OWN_AFTER, a.OWN_MEAN):
            if self.drive is not None:
                place = int(self.drive[k]) - self.target0
            state, rate = (value_at(m, self.number, column, place) for column in (a.R_STATE, a.R_RATE))
            rest, since = self.constants[a.X_REST], max(self._since(time, k) - self.constants[a.WIDTH], 0.0)
            return rest + (state - rest) * math.exp(-rate * since)
        if kind == a.CELL:
            return float(m["device_state"][self.row[a.STATE0] + place, 0])
        d = self.row[a.STATE0] + (place if kind == a.CARDS else int(self.source[k]))
        x = float(m["device_state"][d, 0])
        since = time - m["last"][self.row[a.SOURCE0] + self.source[k]] if kind == a.SHARED else self._since(time, k)
        if kind == a.SHARED and self.row[a.RULE] == a.TSODYKS_MARKRAM:
            return x * math.exp(-since * self.constants[a.TM_FACILITATION])
        c = m["card_map"][m["device_card"][d], 0]
        return step(x, c[0], c[1], c[2], max(since - self.constants[a.WIDTH], 0.0))

    def _since(self, time: float, k: int) -> float:
        """Time since the last arrival at the synapse."""
        m = self.memory
        if self.drive is not None:
            drive = int(np.flatnonzero(m["drive_table"][:, a.D_PROJECTION] == self.number)[0])
            e = m["drive_table"][drive, a.D_FIRST] + int(self.drive[k])
            return float(time - m["drive_last"][e])
        waiting = m.pending(self.number)
        mine = np.flatnonzero((waiting["source"] == self.source[k]) & (waiting["time"] + self.delay[k] >= time))
        if len(mine):
            last = waiting["time"][mine[0]] - waiting["interval"][mine[0]]
        else:
            last = m["last"][self.row[a.SOURCE0] + int(self.source[k])]
        return time - last - self.delay[k]
