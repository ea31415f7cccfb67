"""A finished run as one file: a line of JSON, then each vector in one piece, then a checksum over both.

Vectors lie one after another, so that one is read without the others; what was read last is kept, up to a fixed size for the whole
process. So the memory of a sweep does not grow with the number of its points.
"""

from __future__ import annotations

import hashlib
import json
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ionspike.errors import RunError
from ionspike.spice.waveforms import Attempt, Waveforms

Array = NDArray[np.float64]

FORMAT = 1
_MARK = b"ionspike run "
_KEPT = 64 * 2**20  # bytes of vectors that stay in memory
_CHUNK = 2**20
_DIGEST = hashlib.sha256().digest_size


class RunFile(Mapping[str, Array]):
    """The vectors of a run file, read as they are asked for, not to be written to. The file is removed with the object that ``owned`` it.

    Raises:
        RunError: the file is no run file, or is cut short.
    """

    def __init__(self, path: Path, owned: bool) -> None:
        self._path = path
        head, self._offset = _header(path)
        self._points = int(head["points"])
        self._place = {name: k for k, name in enumerate(head["names"])}
        self.log: str = head["log"]
        self.attempts = tuple(Attempt(**attempt) for attempt in head["attempts"])
        expected = self._offset + 8 * self._points * len(self._place) + _DIGEST
        if path.stat().st_size != expected:
            raise RunError(f"{path.name} is cut short")
        if owned:
            weakref.finalize(self, _remove, path)

    def __getitem__(self, name: str) -> Array:
        place = self._place[name]

        def read() -> Array:
            return np.fromfile(self._path, np.float64, self._points, offset=self._offset + 8 * self._points * place)

        return _recent(f"{self._path}:{name}", read)

    def __iter__(self) -> Iterator[str]:
        return iter(self._place)

    def __len__(self) -> int:
        return len(self._place)

    def __reduce__(self) -> Any:
        return dict, (dict(self),)  # another process gets the vectors themselves


def write_run(path: Path, waveforms: Waveforms) -> None:
    """Write ``waveforms`` to ``path``. Raises OSError if the disk is full or the folder is gone."""
    names = list(waveforms.vectors)
    head = {
        "names": names,
        "points": len(waveforms.time),
        "log": waveforms.log,
        "attempts": [vars(attempt) for attempt in waveforms.attempts],
    }
    digest = hashlib.sha256()
    with path.open("wb") as stream:
        for piece in (_MARK + b"%d\n" % FORMAT, json.dumps(head).encode() + b"\n"):
            digest.update(piece)
            stream.write(piece)
        for name in names:
            data = np.ascontiguousarray(waveforms.vectors[name], np.float64)
            digest.update(data.data)
            stream.write(data.data)
        stream.write(digest.digest())


def open_run(path: Path, owned: bool = True, cached: bool = False) -> Waveforms:
    """The run in ``path``; see :class:`RunFile`."""
    vectors = RunFile(path, owned)
    return Waveforms(vectors, vectors.log, vectors.attempts, cached)


def is_whole(path: Path) -> bool:
    """Whether the checksum at the end of a run file is that of what is before it."""
    digest = hashlib.sha256()
    try:
        left = path.stat().st_size - _DIGEST
        with path.open("rb") as stream:
            while left > 0:
                piece = stream.read(min(_CHUNK, left))
                if not piece:
                    return False
                digest.update(piece)
                left -= len(piece)
            return left == 0 and stream.read() == digest.digest()
    except OSError:
        return False


def _header(path: Path) -> tuple[dict[str, Any], int]:
    try:
        with path.open("rb") as stream:
            mark, head = stream.readline(100), stream.readline()
    except OSError as error:
        raise RunError(f"{path.name} cannot be read: {error.strerror or error}") from error
    if mark != _MARK + b"%d\n" % FORMAT or not head.endswith(b"\n"):
        raise RunError(f"{path.name} is no run file of format {FORMAT}")
    try:
        return json.loads(head), len(mark) + len(head)
    except ValueError as error:
        raise RunError(f"{path.name} has no readable header") from error


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


_vectors: OrderedDict[str, Array] = OrderedDict()
_bytes = 0  # of all of them
_guard = threading.Lock()


def _recent(key: str, read: Callable[[], Array]) -> Array:
    """A vector, from memory if it was looked at lately."""
    global _bytes
    with _guard:
        if key in _vectors:
            _vectors.move_to_end(key)
            return _vectors[key]
    values = read()
    values.setflags(write=False)
    with _guard:
        if key not in _vectors:  # another thread may have read it meanwhile
            _vectors[key] = values
            _bytes += values.nbytes
        while len(_vectors) > 1 and _bytes > _KEPT:
            _bytes -= _vectors.popitem(last=False)[1].nbytes
    return values
