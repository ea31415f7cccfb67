"""Tables of numbers in text files: the headings found, separator and decimal sign told from the rows, notes kept, defects named.

Rows are read by NumPy's compiled reader. Only where that fails are they walked one by one, to name the row and column of the defect.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ionspike.device.measured.headings import Heading, parse_heading, with_units_of
from ionspike.device.measured.textfile import read_lines
from ionspike.errors import InputError

Array = NDArray[np.float64]

_SEPARATORS = ("\t", ";", ",", None)  # None: spaces
_HEAD_LINES = 300  # headings stand within these
_HEAD_CHARACTERS = 200_000
_FOOT_LINES = 100  # notes below the rows
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_NOT_FINITE = re.compile(r"[+-]?(nan|inf|infinity)", re.IGNORECASE)
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?")
_COMMENT = "#%!"
_NOTE = re.compile(r"([^\W\d][^=:]{0,80}?)\s{0,9}[=:]\s{0,9}(.{1,200})")
_WIDE_GAP = re.compile(r" {2,}")
_SPACED_HEADING = re.compile(r"[^\s(\[]{1,80}(?:\s{0,3}[(\[][^)\]]{0,20}[)\]])?")


@dataclass(frozen=True)
class Table:
    """A file of columns: ``headings``, the text of each row with its ``lines`` number in the file, and ``notes``: what lines above
    and below the rows say, by name. ``left_out``: lines that are neither a row nor a note."""

    path: Path
    headings: tuple[Heading, ...]
    separator: str | None
    decimal_comma: bool
    rows: list[str]
    lines: NDArray[np.int64]
    notes: dict[str, str]
    left_out: tuple[str, ...]

    def column(self, kind: str) -> int | None:
        """The first column of a kind, such as ``"time"``."""
        return next((k for k, heading in enumerate(self.headings) if heading.kind == kind), None)

    def columns(self, kind: str) -> list[int]:
        """All columns of a kind."""
        return [k for k, heading in enumerate(self.headings) if heading.kind == kind]

    def place(self, row: int, column: int) -> str:
        """File, row and column, for the reader of an error."""
        return f"{self.path} row {self.lines[row]}, column {self.headings[column].text!r}"

    def words(self, row: int) -> list[str]:
        """The words of a row."""
        return split(self.rows[row], self.separator)


def read_table(path: str | Path, columns: Mapping[str, str] | None = None) -> Table:
    """Find headings, rows and notes of a text file of columns.

    Args:
        path: the file.
        columns: headings with names of their own, by kind: ``{"gate": "Ch2"}``.

    Raises:
        InputError: see :func:`ionspike.device.measured.textfile.read_lines`; or no line of headings.
    """
    path = Path(path)
    lines = read_lines(path)
    at, separator, headings = _headings(lines, path, {text: kind for kind, text in (columns or {}).items()})
    filled = [k for k in range(at + 1, len(lines)) if lines[k].strip() and lines[k].lstrip()[0] not in _COMMENT]
    comments = [line for k, line in enumerate(lines) if k < at or (line.strip() and line.lstrip()[0] in _COMMENT)]
    if filled and not any(_is_number(word) for word in split(lines[filled[0]], separator)):
        below = with_units_of(headings, split(lines[filled[0]], separator))
        if below is not None:
            headings, filled = below, filled[1:]
    filled, footer, left_out = _without_footer(lines, filled, separator, headings)
    rows = [lines[k] for k in filled]
    comma = separator != "," and _has_decimal_comma(rows, separator)
    if comma:
        rows = "\n".join(rows).replace(",", ".").split("\n")
    notes = _notes([*comments, *footer], comma)
    return Table(path, headings, separator, comma, rows, np.array(filled, np.int64) + 1, notes, tuple(left_out))


def split(line: str, separator: str | None) -> list[str]:
    """The words of a line, without quotes and blanks about them."""
    return [word.strip().strip('"').strip() for word in line.split(separator)]


def numbers(table: Table, columns: Sequence[int], least: int, gaps: bool = False) -> Array:
    """The numbers of some columns, shape (rows, columns).

    Args:
        table: the file.
        columns: their places.
        least: the fewest rows that make sense.
        gaps: cells may be empty, which gives NaN.

    Raises:
        InputError: fewer rows, a row that ends early, text or a number that is not finite; names file, row and column.
    """
    if len(table.rows) < least:
        raise InputError(f"{table.path} has {len(table.rows)} rows of numbers; expected at least {least}")
    if gaps:
        return _walked(table, columns, gaps)
    try:
        found = np.loadtxt(
            table.rows, delimiter=table.separator, usecols=list(columns), comments=None, ndmin=2, quotechar='"'
        )
    except ValueError:
        found = None
    if found is None or found.shape[0] != len(table.rows) or not np.isfinite(found).all():
        return _walked(table, columns, gaps)
    return found


def _walked(table: Table, columns: Sequence[int], gaps: bool) -> Array:
    """The same row by row, for a file with gaps or to name its defect."""
    found = np.full((len(table.rows), len(columns)), np.nan)
    for i in range(len(table.rows)):
        words = table.words(i)
        for j, column in enumerate(columns):
            word = words[column] if column < len(words) else ""
            if gaps and (not word or word.lower() == "nan"):
                continue
            found[i, j] = _cell(table, i, column, words)
    return found


def _cell(table: Table, row: int, column: int, words: list[str]) -> float:
    where = table.place(row, column)
    if column >= len(words):
        raise InputError(
            f"{where}: the row ends after {len(words)} of {len(table.headings)} columns; expected a number"
        )
    word = words[column]
    if not _is_number(word):
        raise InputError(f"{where} is {word[:40]!r}; expected a number")
    value = float(word)
    if not math.isfinite(value):
        raise InputError(f"{where} is {word[:40]}; expected a finite number")
    return value


def _is_number(word: str) -> bool:
    return bool(_NUMBER.fullmatch(word) or _NOT_FINITE.fullmatch(word))


def _reads_as_number(word: str) -> bool:
    return _is_number(word) or bool(_DECIMAL_COMMA.fullmatch(word))


def _headings(lines: list[str], path: Path, named: Mapping[str, str]) -> tuple[int, str | None, tuple[Heading, ...]]:
    """The line that names most columns, its separator, and the headings in it."""
    best: tuple[int, int, str | None, tuple[Heading, ...]] | None = None
    read = 0
    for k, line in enumerate(lines[:_HEAD_LINES]):
        read += len(line)
        if read > _HEAD_CHARACTERS:
            break
        text = line.strip().lstrip(_COMMENT + " ") if line.lstrip()[:1] in tuple(_COMMENT) else line.rstrip("\r\n")
        separator, headings = _split_heading(text)
        score = sum(heading.kind is not None or heading.text in named for heading in headings)
        if score and (best is None or score > best[0]):
            best = (score, k, separator, tuple(_as_named(heading, named) for heading in headings))
    if best is None:
        first = next(line for line in lines if line.strip()).strip()
        raise InputError(
            f"{path} has no line of headings: its first line is {first[:60]!r}; expected one such as "
            "'Time (s), V_G (V), I_D (A)'"
        )
    missing = sorted(set(named) - {heading.text for heading in best[3]})
    if missing:
        raise InputError(f"{path} has no column {missing[0]!r}; headings are {', '.join(h.text for h in best[3])}")
    return best[1], best[2], _without_blanks(best[3])


def _split_heading(line: str) -> tuple[str | None, tuple[Heading, ...]]:
    """A line by the first separator that is in it. Between blanks a name of two words needs wider gaps about it than inside."""
    separator = next((s for s in _SEPARATORS if s is not None and s in line), None)
    if separator is not None:
        return separator, tuple(parse_heading(word) for word in line.split(separator))
    wide = tuple(parse_heading(word) for word in _WIDE_GAP.split(line.strip()))
    if sum(heading.kind is not None for heading in wide) > 1:
        return None, wide
    return None, tuple(parse_heading(word) for word in _SPACED_HEADING.findall(line))


def _as_named(heading: Heading, named: Mapping[str, str]) -> Heading:
    """What the user calls it: a column named so, and no other one of that kind."""
    if heading.text in named:
        return replace(heading, kind=named[heading.text])
    return replace(heading, kind=None) if heading.kind in named.values() else heading


def _without_blanks(headings: tuple[Heading, ...]) -> tuple[Heading, ...]:
    """A separator at the end of the line makes no column."""
    last = max(k for k, heading in enumerate(headings) if heading.text)
    return headings[: last + 1]


def _without_footer(
    lines: list[str], filled: list[int], separator: str | None, headings: tuple[Heading, ...]
) -> tuple[list[int], list[str], list[str]]:
    """The rows, the lines of notes below them, and stray lines: a lone number where rows have several columns."""
    wanted = [k for k, heading in enumerate(headings) if heading.kind is not None]
    notes: list[str] = []
    left_out: list[str] = []
    filled = list(filled)
    while filled and len(notes) + len(left_out) < _FOOT_LINES:
        line = lines[filled[-1]]
        words = split(line, separator)
        if all(_reads_as_number(word) for word in words if word) and any(words):
            if len(words) > 1 or len(headings) < 2:
                break
            left_out.insert(0, line.strip())
        elif _NOTE.match(line.strip()) or not any(_reads_as_number(words[k]) for k in wanted if k < len(words)):
            notes.insert(0, line)
        else:
            break
        filled.pop()
    return filled, notes, left_out


def _has_decimal_comma(rows: list[str], separator: str | None) -> bool:
    """Whether the first comma in the rows is a decimal one, and no row has a decimal point."""
    first = next((row for row in rows if "," in row), None)
    if first is None or any("." in row for row in rows):
        return False
    return all(_DECIMAL_COMMA.fullmatch(word) for word in split(first, separator) if "," in word)


def _notes(lines: list[str], decimal_comma: bool) -> dict[str, str]:
    """``NAME = VALUE`` and ``NAME: VALUE`` of the lines about the rows, by name."""
    found: dict[str, str] = {}
    for line in lines:
        match = _NOTE.match(line.strip().lstrip(_COMMENT + " "))
        if match:
            value = match[2].strip(" \t;,")
            found[match[1].strip()] = value.replace(",", ".") if decimal_comma else value
    return found
