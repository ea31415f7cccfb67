"""The arrays of a running net and the table of their addresses; buffers that grow."""

from __future__ import annotations

import numpy as np

from ionspike.network import arrays as a
from ionspike.network.arrivals import collect_kernel
from ionspike.network.drive import drive_kernel, keep_kernel, use_kernel, weigh_kernel
from ionspike.network.layout import Layout
from ionspike.network.loop import (
    NEED_ALL_SPIKES,
    NEED_ARRIVALS,
    NEED_DRIVEN,
    NEED_PARTS,
    NEED_SPIKES,
    advance_kernel,
)
from ionspike.network.synapse_maps import (
    cards_kernel,
    own_kernel,
    scaled_kernel,
    shared_card_kernel,
    spike_width_kernel,
    tsodyks_markram_kernel,
)
from ionspike.network.views import TABLE_COLUMNS
from ionspike.network.walk import walk_charges_kernel, walk_kernel
from ionspike.network.window import choose_kernel, deliver_kernel, settle_kernel

_PLACE = {name: k for k, name in enumerate(a.ARRAYS)}
_PENDING = {"pending_time": float, "pending_source": np.int64, "pending_interval": float, "pending_efficacy": float}


class Memory:
    """Arrays by name (:data:`ionspike.network.arrays.ARRAYS`); ``table`` is what the compiled loops take. Buffers are filled anew in every
    window; they are virtual until they are written, so a bound that is never met costs nothing."""

    def __init__(self, layout: Layout, threads: int) -> None:
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
        for name, kind in (("head", np.int64), ("chosen", np.int32)):
            self._buffer(name, largest, kind)
        for name, kind in _PENDING.items():
            self._put(name, np.empty(self.projections * 16, kind), self.projections)
        self["pending_count"] = np.zeros(self.projections, np.int64)
        for name in ("feed_time", "out_time"):
            self[name] = np.empty(0)
        for name, kind in (("feed_from", np.int64), ("feed_population", np.int64), ("out_from", np.int32)):
            self[name] = np.empty(0, kind)
        for name, addresses in kernels_of(layout, self.real.type, threads).items():
            self[name] = addresses
        self.make_room(np.zeros(5, np.int64))

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

    def make_room(self, need: np.ndarray) -> None:
        """Buffers for twice what a window may need (``need`` of :func:`ionspike.network.loop.needed`)."""
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


def kernels_of(layout: Layout, real: type, threads: int) -> dict[str, np.ndarray]:
    """Addresses of the kernels that a net needs; those it does not need are not compiled."""
    block, projection, table = (layout.arrays[name] for name in ("block", "projection", "drive_table"))
    modes, kernel = set(block[:, a.MODE]), np.zeros(a.KERNELS, np.int64)
    kernel[a.K_DELIVER], kernel[a.K_COLLECT] = deliver_kernel(real).address, collect_kernel(real).address
    kernel[a.K_ADVANCE] = advance_kernel(threads > 1 and len(block) > 1).address
    if len(table):
        kernel[a.K_DRIVE], kernel[a.K_KEEP] = drive_kernel(real).address, keep_kernel(real).address
    if a.SUMMED in modes:
        kernel[a.K_SETTLE] = settle_kernel().address
    if modes != {a.SUMMED}:
        kernel[a.K_CHOOSE] = choose_kernel().address
    if modes != {a.CELLS}:
        kernel[a.K_WALK] = (walk_charges_kernel() if _fire_at_charges(layout) else walk_kernel()).address
    if a.CELLS in modes:
        from ionspike.network.walk_cells import walk_cells_kernel

        kernel[a.K_WALK_CELLS] = walk_cells_kernel(placed=len(layout.arrays["placed_law"]) > 0).address
    drawn = set(table[:, a.D_PROJECTION])
    return {
        "kernel": kernel,
        "size_kernel": np.array(
            [0 if p in drawn else _size_kernel(row, real) for p, row in enumerate(projection)], np.int64
        ),
        "efficacy_kernel": np.array([_efficacy_kernel(row) for row in projection], np.int64),
        "use_kernel": np.array([_use_kernel(projection[row[a.D_PROJECTION]], real) for row in table], np.int64),
    }


def _fire_at_charges(layout: Layout) -> bool:
    """Whether a net's LIF neurons fire at arrivals of charge only: none has a channel, or a level above its threshold."""
    lif = layout.arrays["population"][
        layout.arrays["block"][layout.arrays["block"][:, a.MODE] != a.CELLS, a.POPULATION]
    ]
    return not layout.arrays["projection"][:, a.CHANNEL].any() and bool(np.all(lif[:, a.V_INF] <= lif[:, a.THRESHOLD]))


def _size_kernel(row: np.ndarray, real: type) -> int:
    kind = row[a.KIND]
    if kind == a.CELL:
        return scaled_kernel(real).address if row[a.RULE] == a.SPIKE_WIDTH else 0
    if kind == a.OWN_AFTER:
        return own_kernel(real, mean=False).address
    if kind == a.OWN_MEAN:
        return own_kernel(real, mean=True, gains=bool(row[a.GAINED] > 0)).address
    return cards_kernel(real).address if kind == a.CARDS else scaled_kernel(real).address


def _efficacy_kernel(row: np.ndarray) -> int:
    if row[a.RULE] == a.SPIKE_WIDTH:
        return spike_width_kernel().address
    if row[a.KIND] != a.SHARED:
        return 0
    return (tsodyks_markram_kernel() if row[a.RULE] == a.TSODYKS_MARKRAM else shared_card_kernel()).address


def _use_kernel(row: np.ndarray, real: type) -> int:
    if row[a.KIND] == a.STATIC:
        return weigh_kernel(real).address
    return use_kernel(real, bool(row[a.KIND] == a.OWN_MEAN)).address
