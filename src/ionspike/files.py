"""Writing files so that nothing is ever half-written: a temporary name in the same folder, then a rename."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from ionspike.errors import InputError


def write_bytes(path: str | Path, content: bytes) -> Path:
    """Write ``content`` to ``path`` in one step; an existing file stays whole until the new one is complete.

    Raises:
        InputError: the folder cannot be made or written, or the disk is full; names the path and the reason.
    """
    path = Path(path)
    temporary = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except OSError as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        raise InputError(f"{path} cannot be written: {error.strerror or error}") from error
    return path


def write_text(path: str | Path, text: str) -> Path:
    """Write ``text`` as UTF-8; see :func:`write_bytes`."""
    return write_bytes(path, text.encode())
