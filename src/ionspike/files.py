"""Files written so that nothing is ever half-written, a temporary name in the same folder and then a rename; TOML files read."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from ionspike.errors import InputError


def check_folder(folder: str | Path) -> None:
    """Look whether files could be written into ``folder``, before anything long is begun; makes nothing.

    Raises:
        InputError: it, or the nearest folder above it that is there, is no folder or may not be written.
    """
    path = Path(folder).absolute()
    nearest = next(p for p in (path, *path.parents) if p.exists())
    if not nearest.is_dir():
        raise InputError(f"{folder} cannot be written: {nearest} is no folder")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise InputError(f"{folder} cannot be written: {nearest} may not be written")


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


def check_plain(path: str | Path, what: str) -> None:
    """Look whether ``path``, if it is there, is a plain file: a pipe or a device would never end. ``what`` was expected.

    Raises:
        InputError: it is a folder, a pipe or a device.
    """
    if Path(path).exists() and not Path(path).is_file():
        raise InputError(f"{path} cannot be read: it is no plain file; expected {what}")


def read_toml(path: str | Path, most: int, what: str) -> dict[str, Any]:
    """The tree of a TOML file of at most ``most`` bytes; ``what`` it is stands in messages.

    Raises:
        InputError: no such file, not a plain one, too large, not TOML, or nested without end.
    """
    import tomllib

    path = Path(path)
    try:
        check_plain(path, what)
        if (size := path.stat().st_size) > most:
            raise InputError(f"{path} has {size} bytes; {what} has at most {most}")
        return tomllib.loads(path.read_bytes().decode("utf-8"))
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not a TOML file: {error}") from error
    except RecursionError:
        raise InputError(f"{path} has brackets inside each other without end; expected {what}") from None
