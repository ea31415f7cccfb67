"""A stopped run on disk: everything that moves, from which it carries on bit for bit. What does not move is laid out again from the
description of the net; a fingerprint of it says whether it is the same net."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ionspike import __version__, files
from ionspike.errors import InputError
from ionspike.network import arrays as a
from ionspike.network.recording import Record
from ionspike.network.records import column_of, moving, put_column, standing

if TYPE_CHECKING:
    from ionspike.network.network import Network
    from ionspike.network.simulation import Simulation

_MOVES = (
    "device_state", "device_last", "next", "batch_time", "batch_neuron", "batch_used", "batch_size", "drive_last", "drawn", "v", "free",
    "drop", "last", "energy", "pending_count", "placed_state", "placed_last",
)  # fmt: skip
_STANDS = (
    "rows", "projection", "constants", "population", "block", "device_card", "card_map",
    "card_conductance", "stream", "mean", "share", "soma", "cell_synapse", "placed_law", "placed", "placed_rows",
)  # fmt: skip


def save(run: Simulation, path: str | Path) -> Path:
    """Write the state of ``run`` to ``path``, in one step."""
    m = run.memory
    kept: dict[str, Any] = {name: m[name] for name in _MOVES}
    kept |= {f"state_{p}": column_of(m, p, a.R_STATE) for p in moving(m)}
    for p in range(m.projections):
        kept |= {f"pending_{p}_{name}": column for name, column in m.pending(p).items()}
    for name, train in run.trains.items():
        kept |= {f"train {name} {key}": value for key, value in train.state.items()}
    kept["held_time"], kept["held_neuron"] = run.held
    kept["clock"] = np.array([run.now, run.edge, float(run.windows)])
    kept["version"], kept["net"], kept["precision"] = (
        np.array(__version__),
        np.array(fingerprint(run)),
        np.array(run.precision),
    )
    stream = io.BytesIO()
    np.savez(stream, **kept)
    return files.write_bytes(path, stream.getvalue())


def load(net: Network, path: str | Path, threads: int = 1, record: Record | None = None) -> Simulation:
    """The run that was saved to ``path``, of the same ``net``.

    Raises:
        InputError: no such file, not a checkpoint, cut short, from another version or another net.
    """
    from ionspike.network.simulation import Simulation

    try:
        with np.load(path, allow_pickle=False) as archive:
            kept = {name: archive[name] for name in archive.files}
    except FileNotFoundError as error:
        raise InputError(f"there is no checkpoint {path}") from error
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} is no checkpoint, or was cut short: {error}") from error
    missing = [
        name
        for name in ("version", "net", "precision", "clock", "held_time", "held_neuron", *_MOVES)
        if name not in kept
    ]
    if missing:
        raise InputError(f"{path} is no checkpoint of a network: it has no {missing[0]!r}")
    if str(kept["version"]) != __version__:
        raise InputError(
            f"{path} was written by ionspike {kept['version']}; this is {__version__}, which cannot carry it on bit for bit"
        )
    run = Simulation(net, threads, str(kept["precision"]), record)
    if str(kept["net"]) != fingerprint(run):
        raise InputError(f"{path} belongs to another net than this one")
    try:
        _restore(run, kept)
    except (KeyError, ValueError) as error:
        raise InputError(f"{path} is not complete: {error}") from error
    return run


def fingerprint(run: Simulation) -> str:
    """What identifies a net: a hash of all that does not move."""
    made = hashlib.blake2b(digest_size=16)
    for name in _STANDS:
        made.update(np.ascontiguousarray(run.memory[name]).data)
    for column in standing(run.memory):
        made.update(column.data)
    return made.hexdigest()


def _restore(run: Simulation, kept: dict[str, np.ndarray]) -> None:
    m = run.memory
    for name in _MOVES:
        m[name].reshape(-1)[:] = kept[name].reshape(-1)
    for p in moving(m):
        put_column(m, p, a.R_STATE, kept[f"state_{p}"])
    count = m["pending_count"].copy()
    m["pending_count"][:] = 0  # nothing of the fresh run is worth keeping while room is made
    m.room_for_spikes(int(count.max(initial=0)))
    m["pending_count"][:] = count
    for p in range(m.projections):
        for name, column in m.pending(p).items():
            column[:] = kept[f"pending_{p}_{name}"]
    for name, train in run.trains.items():
        for key, value in train.state.items():
            value[:] = kept[f"train {name} {key}"]
    run.held = (kept["held_time"], kept["held_neuron"])
    now, edge, windows = kept["clock"]
    run.now, run.edge, run.windows = float(now), float(edge), int(windows)
