"""The states of devices that neurons gate with their own spikes, at chosen times."""

from __future__ import annotations

from typing import Any

import numpy as np

from ionspike.errors import InputError
from ionspike.network.cell import Cell
from ionspike.network.layout import Layout
from ionspike.network.memory_table import Memory
from ionspike.network.network import Network
from ionspike.network.recording import indices_of


class PlacedStates:
    """Chosen neurons of a population; the loops leave a device where the last event of its neuron left it."""

    def __init__(self, net: Network, layout: Layout, memory: Memory, name: str, index: Any) -> None:
        population = net.populations.get(name)
        self.index = indices_of(index, population.size if population else -1, f"population {name!r}")
        placed = population.neuron.placed if population and isinstance(population.neuron, Cell) else None
        if placed is None:
            raise InputError(f"population {name!r} has no placed ECRAM to record states of")
        self._placed, self._memory, self._at = placed, memory, layout.first[name] + self.index

    def read(self, time: float) -> np.ndarray:
        """The first state of each at ``time`` (s), where the loop stands."""
        states, last, v = (self._memory[name] for name in ("placed_state", "placed_last", "v"))
        return np.array([self._one(states[i], float(v[i]), time - float(last[i])) for i in self._at])

    def _one(self, state: np.ndarray, v: float, rest: float) -> float:
        device = self._placed.device
        y = state.reshape(-1)[: len(device.states)]
        at = v if self._placed.at_membrane else 0.0
        moved = device.advance(y, 0.0, at, at, max(rest, 0.0)) if self._placed.moves else y
        return float(moved[0])
