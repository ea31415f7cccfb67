"""Text files as instruments write them: bytes to lines, and what cannot be a text file of columns refused by name.

UTF-8 with or without a byte-order mark, UTF-16 with one, otherwise Windows-1252, whose bytes all have a meaning; any line ending.
"""

from __future__ import annotations

import codecs
from pathlib import Path

from ionspike.errors import InputError

_MAX_BYTES = 500_000_000
_MAX_LINE = 1_000_000  # characters; a thousand columns of a thousand digits
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_lines(path: str | Path) -> list[str]:
    """The lines of a text file, without their endings.

    Raises:
        InputError: no such file, empty, above 500 MB, binary, or a line above a million characters.
    """
    path = Path(path)
    text = _decoded(_content(path), path)
    if not text.strip():
        raise InputError(f"{path} is empty; expected a line of headings and rows of numbers")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    longest = max(range(len(lines)), key=lambda k: len(lines[k]))
    if len(lines[longest]) > _MAX_LINE:
        raise InputError(
            f"{path} row {longest + 1} has {len(lines[longest]):,} characters; expected at most {_MAX_LINE:,} in a line"
        )
    return lines


def _content(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise FileNotFoundError
        size = path.stat().st_size
        if size <= _MAX_BYTES:
            return path.read_bytes()
    except (FileNotFoundError, ValueError):  # ValueError: a NUL in the name
        raise InputError(f"there is no file {path}; expected a text file of columns with a heading each") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error
    raise InputError(f"{path} has {size:,} bytes; expected at most {_MAX_BYTES:,}")


def _decoded(content: bytes, path: Path) -> str:
    if content.startswith(_UTF16):
        try:
            return content.decode("utf-16")
        except UnicodeDecodeError as error:
            raise InputError(f"{path} cannot be read as UTF-16 text: {error.reason} at byte {error.start}") from error
    # line feed, carriage return, tab and form feed are the only control characters of a text file
    foreign = next((k for k, byte in enumerate(content[:4096]) if byte < 32 and byte not in b"\n\r\t\f"), None)
    if foreign is None and b"\0" in content:
        foreign = content.index(b"\0")
    if foreign is not None:
        raise InputError(f"{path} is a binary file (byte {foreign} is {content[foreign]:#04x}); expected a text file")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")
