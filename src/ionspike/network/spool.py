"""Spikes as they come: kept in memory, or appended to files and looked at through memory maps, so that a long run needs no more memory
than a short one."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from ionspike.errors import InputError

Train = tuple[NDArray[np.float64], NDArray[np.int64]]


class Spool:
    """Spike trains by name. Chunks are added in time; ``folder``: where they go, memory if left out.

    Raises:
        InputError: the folder cannot be written, or holds the spikes of another run.
    """

    def __init__(self, names: list[str], folder: str | Path | None = None) -> None:
        self.folder = None if folder is None else Path(folder)
        self._chunks: dict[str, list[Train]] = {name: [] for name in names}
        self._files: dict[str, tuple[BinaryIO, BinaryIO]] = {}
        if self.folder is not None:
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
                for name in names:
                    self._files[name] = self._path(name, "time").open("xb"), self._path(name, "neuron").open("xb")
            except FileExistsError as error:
                raise InputError(
                    f"{error.filename} is there already; expected a folder without spikes of another run"
                ) from error
            except OSError as error:
                raise InputError(f"{self.folder} cannot be written: {error.strerror or error}") from error

    def _path(self, name: str, column: str) -> Path:
        assert self.folder is not None
        return self.folder / f"{name}.{column}"

    def add(self, name: str, times: NDArray[np.float64], neurons: NDArray[np.int64]) -> None:
        """Spikes of ``name`` that come after all that were added before."""
        if not self._files:
            self._chunks[name].append((times, neurons))
            return
        for file, column, kind in zip(self._files[name], (times, neurons), (np.float64, np.int64), strict=True):
            file.write(np.ascontiguousarray(column, kind).tobytes())

    def trains(self) -> dict[str, Train]:
        """Times (s) and neurons of every name; nothing is added after that."""
        if not self._files:
            return {
                name: (
                    np.concatenate([np.empty(0), *(t for t, _ in chunks)]),
                    np.concatenate([np.empty(0, np.int64), *(k for _, k in chunks)]),
                )
                for name, chunks in self._chunks.items()
            }
        for pair in self._files.values():
            for file in pair:
                file.close()
        return {
            name: (self._mapped(name, "time", np.float64), self._mapped(name, "neuron", np.int64))
            for name in self._files
        }

    def _mapped(self, name: str, column: str, kind: type) -> np.ndarray:
        path = self._path(name, column)
        return np.memmap(path, kind, "r") if path.stat().st_size else np.empty(0, kind)
