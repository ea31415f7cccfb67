"""The files of a process kit, looked at before a simulator reads them: what they may hold, and one digest over all of them.

A library is the one thing that comes into a deck by its path. A control block in it would run, so it is read first, with everything
it includes. The digest tells two kits of one name apart, and an edited one from what it was.
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from pathlib import Path

from ionspike.errors import InputError

_ALLOWED = re.compile(
    rb"\.(lib|endl|include|incl?|param|params|model|subckt|ends|eom|func|global|options?|opt|temp|"
    rb"if|elseif|else|endif|end|title|nodeset|ic)\b",
    re.IGNORECASE,
)
_DIRECTIVE = re.compile(rb"^[ \t\r\f\v]*(\.[^\s]*|a[^\s]*|@[^\s]*)", re.MULTILINE | re.IGNORECASE)
_NAMED = re.compile(
    rb"^[ \t]*\.(?:include|incl?|lib)[ \t]+(?:\"([^\"\n]+)\"|'([^'\n]+)'|(\S+))([^\n]*)$", re.MULTILINE | re.I
)
_PATH = re.compile(r"[^\"'$`{}\\\x00-\x1f]+")


def library_digest(path: Path) -> str:
    """SHA-256 over a library and everything it includes.

    Raises:
        InputError: a file is missing or unreadable; holds a control block, another directive that libraries do not need, or an
            XSPICE element; or a path has characters that ngspice would read otherwise.
    """
    found: dict[Path, str] = {}
    waiting = [path.resolve()]
    while waiting:
        one = waiting.pop()
        if one in found:
            continue
        if not _PATH.fullmatch(str(one)):
            raise InputError(
                f"the library path {str(one)!r} holds characters that ngspice reads otherwise; expected plain ones"
            )
        try:
            state = one.stat()
            digest, included = _examined(one, state.st_mtime_ns, state.st_size)
        except OSError as error:
            raise InputError(f"{one} cannot be read: {error.strerror or error}") from error
        found[one] = digest
        waiting += included
    return hashlib.sha256("".join(sorted(found.values())).encode()).hexdigest()


@lru_cache(maxsize=256)
def _examined(path: Path, _mtime: int, _size: int) -> tuple[str, tuple[Path, ...]]:
    """Digest of one file, and the files it includes. Time and size are there for the cache: a changed file is read again."""
    content = path.read_bytes()
    for found in _DIRECTIVE.finditer(content):
        if not _ALLOWED.fullmatch(found[1]):
            row = content.count(b"\n", 0, found.start(1)) + 1
            word = found[1][:40].decode("utf-8", "replace")
            raise InputError(f"{path} row {row} holds {word!r}, which a library of models may not: nothing was run")
    return hashlib.sha256(content).hexdigest(), tuple(_included(path, content))


def _included(path: Path, content: bytes) -> list[Path]:
    """Files named by ``.include`` and by ``.lib FILE SECTION``; ``.lib SECTION`` alone begins a section."""
    files = []
    for found in _NAMED.finditer(content):
        name = next(group for group in found.groups()[:3] if group is not None).decode("utf-8", "replace")
        section = re.split(rb"[;$]", found[4])[0].strip()
        if found[0].lstrip().lower().startswith(b".lib") and not section:
            continue
        files.append((path.parent / name).resolve())
    return files
