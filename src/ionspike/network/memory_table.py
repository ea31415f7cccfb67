"""The arrays of a running net and the table of their addresses; buffers that grow."""

from __future__ import annotations

import numpy as np

from ionspike.network import arrays as a
from ionspike.network.layout import Layout
from ionspike.network.loop import NEED_ALL_SPIKES, NEED_ARRIVALS, NEED_DRIVEN, NEED_PARTS, NEED_SPIKES

_PLACE = {name: k for k, name in enumerate(a.ARRAYS)}
_PENDING = {"pending_time": float, "pending_source": np.int64, "pending_interval": float, "pending_efficacy": float}


class Memory:
    """Arrays by name (:data:`ionspike.network.arrays.ARRAYS`); ``table`` is what the compiled loops take. Buffers are filled anew in every
    window; they are virtual until they are written, so a bound that is never met costs nothing."""

    def __init__(self, layout: Layout) -> None:
        self.table = np.zeros(2 * len(a.ARRAYS), np.int64)
        self._arrays: dict[str, np.ndarray] = {}
        self.real = layout.arrays["weight"].dtype
        self.one = self.real.type(1.0)
        self.blocks, self.projections = len(layout.arrays["block"]), len(layout.arrays["projection"])
        n, largest = len(layout.arrays["v"]), layout.largest + 1
        for name, array in layout.arrays.items():
            self[name] = array
        for name in ("excitation", "inhibition"):
            self[name] = np.zeros(n)
        self["slot"] = np.full(n, -1, np.int32)
        for name in ("arrived", "events", "spikes"):
            self[name] = np.zeros(self.blocks, np.int64)
        for name, kind in (("head", np.int64), ("chosen", np.int32), ("before", float)):
            self._buffer(name, largest, kind)
        for name in ("drive_gaps", "drive_rates", "drive_doses", "drive_states"):
            self._buffer(name, largest, self.real.type)
        for name, kind in _PENDING.items():
            self[name] = np.empty(self.projections * 16, kind)
        self["pending_count"] = np.zeros(self.projections, np.int64)
        for name in ("feed_time", "out_time"):
            self[name] = np.empty(0)
        for name, kind in (("feed_from", np.int64), ("feed_population", np.int64), ("out_from", np.int32)):
            self[name] = np.empty(0, kind)
        self.make_room(np.zeros(5, np.int64))

    def __getitem__(self, name: str) -> np.ndarray:
        return self._arrays[name]

    def __setitem__(self, name: str, array: np.ndarray) -> None:
        array = np.ascontiguousarray(array)
        self._arrays[name] = array
        place = 2 * _PLACE[name]
        self.table[place], self.table[place + 1] = array.ctypes.data, array.size

    def _buffer(self, name: str, room: int, kind: type) -> None:
        """A buffer of ``room`` entries a block."""
        self[name] = np.empty(self.blocks * room, kind)

    def make_room(self, need: np.ndarray) -> None:
        """Buffers for twice what a window may need (``need`` of :func:`ionspike.network.loop.needed`)."""
        arrivals, parts, driven, spikes = (
            2 * int(need[k]) + 256 for k in (NEED_ARRIVALS, NEED_PARTS, NEED_DRIVEN, NEED_SPIKES)
        )
        real = self.real.type
        self._buffer("size", arrivals, real)
        self._buffer("part", parts * a.PART_COLUMNS, np.int64)
        self._buffer("when", parts, float)
        for name, kind in (("drive_at", np.int32), ("drive_time", float), ("drive_size", real), ("drive_of", np.int32)):
            self._buffer(name, driven, kind)
        for name, kind in (
            ("place", np.int32),
            ("time", float),
            ("value", float),
            ("order", np.int64),
            ("synapse", np.int64),
        ):
            self._buffer(name, arrivals + driven, kind)
        for name in ("following", "sorted"):
            self._buffer(name, arrivals + driven, np.int64)
        self._buffer("fired", spikes, np.int32)
        self._buffer("fired_at", spikes, float)
        self.room_for_spikes(int(need[NEED_ALL_SPIKES]))

    def room_for_spikes(self, spikes: int) -> None:
        """Lists for so many more spikes, and twice as many, of all neurons and on their way."""
        if len(self["out_time"]) <= spikes:
            self["out_time"], self["out_from"] = np.empty(4 * spikes + 4096), np.empty(4 * spikes + 4096, np.int32)
        count = self["pending_count"]
        room = len(self["pending_time"]) // max(self.projections, 1)
        wanted = int(count.max(initial=0)) + spikes + len(self["feed_time"]) + 16
        if room <= wanted:
            for name, kind in _PENDING.items():
                old = self[name].reshape(self.projections, room)
                made = np.empty((self.projections, 2 * wanted), kind)
                for p, n in enumerate(count):
                    made[p, :n] = old[p, :n]
                self[name] = made.reshape(-1)

    def pending(self, p: int) -> dict[str, np.ndarray]:
        """The spikes on their way through projection ``p``, as they lie."""
        n = int(self["pending_count"][p])
        return {name.removeprefix("pending_"): self[name].reshape(self.projections, -1)[p, :n] for name in _PENDING}
