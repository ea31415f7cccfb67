"""The arrays of a running net and the table of their addresses; buffers that grow."""

from __future__ import annotations

import numpy as np

from ionspike.network import arrays as a
from ionspike.network.compilation import Helper
from ionspike.network.layout import Layout
from ionspike.network.loop import (
    NEED_ALL_SPIKES,
    NEED_ARRIVALS,
    NEED_DRIVEN,
    NEED_PARTS,
    NEED_SPIKES,
    NEEDS,
)
from ionspike.network.needed_kernels import kernels_of
from ionspike.network.views import TABLE_COLUMNS

_PLACE = {name: k for k, name in enumerate(a.ARRAYS)}
_PENDING = {"pending_time": float, "pending_source": np.int64, "pending_interval": float, "pending_efficacy": float}


class Memory:
    """Arrays by name (:data:`ionspike.network.arrays.ARRAYS`); ``table`` is what the compiled loops take. Buffers are filled anew in every
    window; they are virtual until they are written, so a bound that is never met costs nothing. ``helper``: compiles kernels beside this process."""

    def __init__(self, layout: Layout, threads: int, helper: Helper) -> None:
        self.table = np.zeros(TABLE_COLUMNS * len(a.ARRAYS), np.int64)
        self.at = self.table.ctypes.data
        self._arrays: dict[str, np.ndarray] = {}
        self.real = layout.arrays["records"].dtype
        self.one = self.real.type(1.0)
        self.blocks, self.projections = len(layout.arrays["block"]), len(layout.arrays["projection"])
        self.varied = bool((layout.arrays["projection"][:, a.RULE] == a.SPIKE_WIDTH).any())
        n, largest = len(layout.arrays["v"]), layout.largest + 1
        for name, array in layout.arrays.items():
            self[name] = array
        for name in ("excitation", "inhibition"):
            self[name] = np.zeros(n)
        self["slot"], self["flag"] = np.zeros(n, np.int32), np.zeros(n + 8, np.uint8)
        for name in ("arrived", "events", "spikes"):
            self[name] = np.zeros(self.blocks, np.int64)
        for name, kind in (
            ("head", np.int64), ("chosen", np.int32), ("awake", float), ("earliest", float), ("sum", float), ("sum_up", float),
            ("may_fire", np.int32),
        ):  # fmt: skip
            self._buffer(name, largest, kind)
        self._buffer("batch_gap", a.BATCH, np.float32)
        for name, kind in _PENDING.items():
            self._put(name, np.empty(self.projections * 16, kind), self.projections)
        self["pending_count"] = np.zeros(self.projections, np.int64)
        for name in ("feed_time", "out_time"):
            self[name] = np.empty(0)
        for name, kind in (("feed_from", np.int64), ("feed_population", np.int64), ("out_from", np.int32)):
            self[name] = np.empty(0, kind)
        for name, addresses in kernels_of(layout, self.real.type, threads, helper).items():
            self[name] = addresses
        self["need"], self["window_edges"] = np.zeros(NEEDS, np.int64), np.zeros(1)
        self.make_room()

    def __getitem__(self, name: str) -> np.ndarray:
        return self._arrays[name]

    def __setitem__(self, name: str, array: np.ndarray) -> None:
        self._put(name, array, 1)

    def _put(self, name: str, array: np.ndarray, parts: int) -> None:
        """An array that so many blocks or projections have alike parts of."""
        array = np.ascontiguousarray(array)
        self._arrays[name] = array
        place = TABLE_COLUMNS * _PLACE[name]
        self.table[place : place + TABLE_COLUMNS] = array.ctypes.data, array.size, array.size // max(parts, 1)

    def _buffer(self, name: str, room: int, kind: type) -> None:
        """A buffer of ``room`` entries a block."""
        self._put(name, np.empty(self.blocks * room, kind), self.blocks)

    def make_room(self) -> None:
        """Buffers for twice what a window may need (``need``, filled by :func:`ionspike.network.loop.needed`)."""
        need = self["need"]
        arrivals, parts, driven, spikes = (
            2 * int(need[k]) + 256 for k in (NEED_ARRIVALS, NEED_PARTS, NEED_DRIVEN, NEED_SPIKES)
        )
        real = self.real.type
        self._buffer("size", arrivals, real)
        self._buffer("part", parts * a.PART_COLUMNS, np.int64)
        self._buffer("when", parts, float)
        for name, kind in (
            ("drive_at", np.int32), ("drive_time", float), ("drive_size", real), ("drive_of", np.int32),
            ("drive_gaps", real), ("drive_doses", real), ("left", float),
        ):  # fmt: skip
            self._buffer(name, driven, kind)
        for name, kind in (
            ("place", np.int32),
            ("time", float),
            ("value", float),
            ("grown", float),
            ("fallen", float),
            ("order", np.int64),
            ("synapse", np.int64),
        ):
            self._buffer(name, arrivals + driven, kind)
        for name, kind in (("following", np.int64), ("sorted", np.int64), ("sorted_time", float)):
            self._buffer(name, arrivals + driven, kind)
        self._buffer("fired", spikes, np.int32)
        self._buffer("fired_at", spikes, float)
        self._buffer("fired_width", spikes if self.varied else 0, float)
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
                self._put(name, made.reshape(-1), self.projections)

    def pending(self, p: int) -> dict[str, np.ndarray]:
        """The spikes on their way through projection ``p``, as they lie."""
        n = int(self["pending_count"][p])
        return {name.removeprefix("pending_"): self[name].reshape(self.projections, -1)[p, :n] for name in _PENDING}
