"""Verilog-A text as tokens with their lines: comments, strings, attributes and directives of the preprocessor left out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_PARTS = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<comment>//[^\n]*|/\*.*?(?:\*/|\Z))
  | (?P<string>"(?:\\.|[^"\\\n])*"?)
  | (?P<attribute>\(\*(?!\)).*?(?:\*\)|\Z))
  | (?P<directive>`(?:include|timescale|resetall|default_discipline|default_transition|undef|ifdef|ifndef|elsif|else|endif)\b[^\n]*)
  | (?P<define>`define\b)
  | (?P<macro>`[A-Za-z_]\w*)
  | (?P<number>\d[\w.]*(?:(?<=[eE])[+-]\d+)?|\.\d+\w*)
  | (?P<word>\\\S+|\$?[A-Za-z_][\w$]*)
  | (?P<sign><\+|<=|>=|==|!=|&&|\|\||.)
    """,
    re.VERBOSE | re.DOTALL,
)
_LEFT_OUT = {"space", "comment", "attribute", "directive", "define"}


@dataclass(frozen=True)
class Token:
    """A word, number, sign, macro or string (kept without its text) and the line it stands in."""

    text: str
    line: int
    kind: str


def tokens(text: str) -> list[Token]:
    """The tokens of a Verilog-A text, in order."""
    found, line = [], 1
    for part in _PARTS.finditer(text):
        kind = part.lastgroup or "sign"
        if kind not in _LEFT_OUT:
            found.append(Token("" if kind == "string" else part.group(), line, kind))
        line += part.group().count("\n")
    return found


def closing(sequence: Sequence[Token], start: int) -> int:
    """The position after the bracket that closes the one at ``start``; the end if none does."""
    depth = 0
    for k in range(start, len(sequence)):
        if sequence[k].text in "([{" and sequence[k].kind == "sign":
            depth += 1
        elif sequence[k].text in ")]}" and sequence[k].kind == "sign":
            depth -= 1
            if depth == 0:
                return k + 1
    return len(sequence)
