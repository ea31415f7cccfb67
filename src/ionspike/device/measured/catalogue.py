"""Public measured records by name: from a folder that is already there, from the cache, or from their own repositories.

``catalogue.toml`` pins every file to a commit and a SHA-256. A file with another hash is never used: one in a folder is named, one that
was downloaded is thrown away.
"""

from __future__ import annotations

import hashlib
import logging
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from ionspike.errors import InputError, RunError

SERVER = "https://raw.githubusercontent.com"
_TIMEOUT = 30  # s without an answer
_LARGEST = 50_000_000  # bytes of a file that is looked up by its content


@dataclass(frozen=True)
class RecordFile:
    """One file: its ``path`` in the repository, its ``sha256``, and what a reader is ``told`` that the file does not say, and
    ``why``."""

    path: str
    sha256: str
    told: Mapping[str, Any] = field(default_factory=dict)
    why: str = ""

    @property
    def name(self) -> str:
        """The file's name without its folders."""
        return PurePosixPath(self.path).name


@dataclass(frozen=True)
class RecordEntry:
    """A public record: what it is ``about``, whether its ``data`` are measured, where it is from, its ``licence`` and what to cite;
    ``folder``: its name in a directory of copies."""

    name: str
    about: str
    data: str
    repository: str
    commit: str
    licence: str
    citation: str
    folder: str
    files: tuple[RecordFile, ...]
    caveat: str = ""

    def url(self, file: RecordFile, server: str = SERVER) -> str:
        """The address of a file at the pinned commit."""
        return f"{server.rstrip('/')}/{self.repository}/{self.commit}/{quote(file.path)}"


@dataclass(frozen=True)
class FetchedRecord:
    """A record that is on this machine: its ``entry`` and the ``paths`` of its files."""

    entry: RecordEntry
    paths: tuple[Path, ...]

    def read(self) -> Any:
        """What the files hold: a record, or a tuple of them where the files are records of their own."""
        from ionspike.device.measured.ramps import RampRecord
        from ionspike.device.measured.reading import read

        found = [read(path) for path in self.paths]
        if len(found) == 2 and all(isinstance(item, RampRecord) for item in found):
            return read(self.paths[0], down=self.paths[1])
        return found[0] if len(found) == 1 else tuple(found)


@cache
def public_records() -> dict[str, RecordEntry]:
    """The public records, by name."""
    tree = tomllib.loads((resources.files("ionspike.device.measured") / "catalogue.toml").read_text("utf-8"))
    entries = []
    for item in tree["record"]:
        files = tuple(RecordFile(**file) for file in item.pop("file"))
        entries.append(RecordEntry(**item, files=files))
    return {entry.name: entry for entry in entries}


def fetch(
    name: str, data: str | Path | None = None, cache_folder: str | Path | None = None, server: str = SERVER
) -> FetchedRecord:
    """Get a public record by its name.

    Args:
        name: one of :func:`public_records`.
        data: a folder that holds copies already, as ``data/FOLDER/FILE``; by default the one that IONSPIKE_DATA names, if it is set.
            Files that it lacks are downloaded.
        cache_folder: where downloads are kept; the user's cache by default.
        server: another server with the same addresses, for machines without access to GitHub.

    Raises:
        InputError: no such record, no such folder, or a file in it that is not the pinned one.
        RunError: the server does not answer, or sends something else than the pinned file; nothing of it is kept.
    """
    known = public_records()
    if name not in known:
        raise InputError(f"there is no record {name!r}; expected one of {', '.join(known)}")
    entry = known[name]
    folder = data if data is not None else os.environ.get("IONSPIKE_DATA") or None
    if folder is not None and not Path(folder).is_dir():
        raise InputError(f"there is no folder {folder}; expected one that holds measured records")
    return FetchedRecord(entry, tuple(_file(entry, file, folder, cache_folder, server) for file in entry.files))


def known_file(path: str | Path) -> tuple[RecordEntry, RecordFile] | None:
    """The public record that a file is a copy of, by its content."""
    path = Path(path)
    try:
        if not path.is_file() or path.stat().st_size > _LARGEST:
            return None
        found = _sha256(path)
    except OSError:
        return None
    pairs = [(entry, file) for entry in public_records().values() for file in entry.files]
    return next(((entry, file) for entry, file in pairs if file.sha256 == found), None)


def _file(
    entry: RecordEntry, file: RecordFile, folder: str | Path | None, cache_folder: str | Path | None, server: str
) -> Path:
    if folder is not None:
        copy = Path(folder) / entry.folder / file.name
        if copy.is_file():
            found = _sha256(copy)
            if found != file.sha256:
                raise InputError(
                    f"{copy} is not the file of record {entry.name!r}: its SHA-256 is {found[:16]}..., "
                    f"expected {file.sha256[:16]}..."
                )
            return copy
    return _downloaded(entry, file, Path(cache_folder) if cache_folder is not None else _user_cache(), server)


def _user_cache() -> Path:
    import platformdirs

    return Path(platformdirs.user_cache_dir("ionspike")) / "records"


def _downloaded(entry: RecordEntry, file: RecordFile, cache_folder: Path, server: str) -> Path:
    """The file in the cache; pooch fetches it under a temporary name and keeps it only if its hash is right."""
    import pooch
    import requests

    pooch.get_logger().setLevel(logging.ERROR)
    url = entry.url(file, server)
    downloader: Any = pooch.HTTPDownloader(timeout=_TIMEOUT)
    try:
        got = pooch.retrieve(url, f"sha256:{file.sha256}", file.name, cache_folder / entry.name, downloader=downloader)
    except requests.RequestException as error:
        reason = error.response.status_code if error.response is not None else type(error).__name__
        raise RunError(
            f"{url} did not come ({reason}); with a copy of the file, name its folder by --data DIR or IONSPIKE_DATA "
            f"(DIR/{entry.folder}/{file.name})"
        ) from error
    except ValueError as error:
        raise RunError(
            f"{url} is not the file that was pinned: its SHA-256 is another, and nothing was kept"
        ) from error
    except OSError as error:
        raise InputError(f"{cache_folder} cannot be written: {error.strerror or error}") from error
    return Path(got)


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
