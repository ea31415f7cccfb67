"""Which kernels a net needs: those it does not need are not compiled."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ionspike.network import arrays as a
from ionspike.network.arrivals import collect_kernel
from ionspike.network.compilation import Helper, Making, compile_all
from ionspike.network.drive import drive_kernel, keep_kernel, use_kernel, weigh_kernel
from ionspike.network.layout import Layout
from ionspike.network.loop import advance_kernel, window_loop
from ionspike.network.synapse_maps import (
    cards_kernel,
    own_kernel,
    scaled_kernel,
    shared_card_kernel,
    spike_width_kernel,
    tsodyks_markram_kernel,
)
from ionspike.network.walk import walk_charges_kernel, walk_kernel
from ionspike.network.window import choose_kernel, deliver_kernel, settle_kernel


def kernels_of(layout: Layout, real: type, threads: int, helper: Helper) -> dict[str, np.ndarray]:
    """Addresses of the kernels that a net needs, by the name of their array. ``helper``: compiles beside this process."""
    projection, table = layout.arrays["projection"], layout.arrays["drive_table"]
    drawn = set(table[:, a.D_PROJECTION])
    windows = _window_kernels(layout, real, threads)
    size = [None if p in drawn else _size_kernel(row, real) for p, row in enumerate(projection)]
    efficacy = [_efficacy_kernel(row) for row in projection]
    use = [_use_kernel(projection[row[a.D_PROJECTION]], real) for row in table]
    synapses = [making for making in (*efficacy, *use, *size) if making]
    first, *others = windows.values()
    compile_all([first, Making(window_loop), *others[:-2], *synapses, *others[-2:]], helper)
    kernel = np.zeros(a.KERNELS, np.int64)
    for place, making in windows.items():
        kernel[place] = making().address
    return {
        "kernel": kernel,
        "size_kernel": _addresses(size),
        "efficacy_kernel": _addresses(efficacy),
        "use_kernel": _addresses(use),
    }


def _addresses(makings: Sequence[Making | None]) -> np.ndarray:
    return np.array([making().address if making else 0 for making in makings], np.int64)


def _window_kernels(layout: Layout, real: type, threads: int) -> dict[int, Making]:
    """What takes blocks of neurons through a window, by place in ``kernel``: the smallest first, the two largest last."""
    block, driven = layout.arrays["block"], len(layout.arrays["drive_table"]) > 0
    modes = set(block[:, a.MODE])
    found = {a.K_ADVANCE: Making(advance_kernel, (threads > 1 and len(block) > 1,))}
    if a.CELLS in modes:
        from ionspike.network.walk_cells import walk_cells_kernel

        found[a.K_WALK_CELLS] = Making(walk_cells_kernel, (len(layout.arrays["placed_law"]) > 0,))
    if modes != {a.CELLS}:
        found[a.K_WALK] = Making(walk_charges_kernel if _fire_at_charges(layout) else walk_kernel)
    if a.SUMMED in modes:
        found[a.K_SETTLE] = Making(settle_kernel, (bool((layout.arrays["projection"][:, a.SIGN] < 1).any()),))
    if modes != {a.SUMMED}:
        found[a.K_CHOOSE] = Making(choose_kernel)
    found[a.K_COLLECT] = Making(collect_kernel, (real,))
    if driven:
        found[a.K_KEEP] = Making(keep_kernel, (real,))
    found[a.K_DELIVER] = Making(deliver_kernel, (real,))
    if driven:
        found[a.K_DRIVE] = Making(drive_kernel, (real,))
    return found


def _fire_at_charges(layout: Layout) -> bool:
    """Whether a net's LIF neurons fire at arrivals of charge only: none has a channel, or a level above its threshold."""
    lif = layout.arrays["population"][
        layout.arrays["block"][layout.arrays["block"][:, a.MODE] != a.CELLS, a.POPULATION]
    ]
    return not layout.arrays["projection"][:, a.CHANNEL].any() and bool(np.all(lif[:, a.V_INF] <= lif[:, a.THRESHOLD]))


def _size_kernel(row: np.ndarray, real: type) -> Making | None:
    """What makes sizes of arrivals at the synapses of a projection."""
    kind = row[a.KIND]
    if kind == a.CELL and row[a.RULE] != a.SPIKE_WIDTH:
        return None
    if kind == a.OWN_AFTER:
        return Making(own_kernel, (real, False, False))
    if kind == a.OWN_MEAN:
        return Making(own_kernel, (real, True, bool(row[a.GAINED] > 0)))
    return Making(cards_kernel if kind == a.CARDS else scaled_kernel, (real,))


def _efficacy_kernel(row: np.ndarray) -> Making | None:
    """What moves a state that the synapses of a projection share."""
    if row[a.RULE] == a.SPIKE_WIDTH:
        return Making(spike_width_kernel)
    if row[a.KIND] != a.SHARED:
        return None
    return Making(tsodyks_markram_kernel if row[a.RULE] == a.TSODYKS_MARKRAM else shared_card_kernel)


def _use_kernel(row: np.ndarray, real: type) -> Making:
    """What makes sizes of the arrivals of a drive."""
    if row[a.KIND] == a.STATIC:
        return Making(weigh_kernel, (real,))
    return Making(use_kernel, (real, bool(row[a.KIND] == a.OWN_MEAN)))
