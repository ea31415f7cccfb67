"""What a netlist may hold: an allow-list of elements, directives and words, line by line.

ngspice's control language runs commands, and its directives read and write files. So a netlist is not searched for what is
forbidden: it is read by a grammar, and the simulator gets only the lines that were read, each on one line of its own and without
comments. Where this reader and ngspice disagree on what is a comment or a continuation, ngspice never sees the difference.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ionspike.errors import InputError
from ionspike.spice.expansion import check_expansion

# capacitor, diode, controlled sources, independent sources, coupled and plain inductors, MOSFET, bipolar, resistor, switch, subcircuit
ELEMENTS = frozenset("bcdefghiklmqrsvwx")
DIRECTIVES = frozenset({".subckt", ".ends", ".param", ".ic", ".model", ".func", ".global", ".nodeset"})
MODELS = frozenset(["r", "c", "l", "d", "npn", "pnp", "nmos", "pmos", "njf", "pjf", "sw", "csw", "vdmos"])

_LONGEST_NAME = 128
_LONGEST_EXPRESSION = 20_000
_LONGEST_LINE = 4_000_000  # a piecewise-linear source of a hundred thousand points
_DEEPEST = 60
_MOST_LINES = 200_000

_PLAIN = re.compile(r"[A-Za-z0-9_ \t.,+\-*/^(){}=<>:&|!?]*")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?[a-z]*")
_NAME = re.compile(r"[a-z0-9_][a-z0-9_.!]*")
_WORDS = re.compile(r"[^\s=,(){}:]+")
# each begins where a word begins, so that a long word takes no longer than its length
_ASSIGNED = re.compile(r"(?<![a-z0-9_.])([a-z0-9_.]+)\s*=")
_BRACKETS = re.compile(r"[(){}]")
_BRACES = re.compile(r"\{[^{}]*\}")
_NAMES = re.compile(r"[a-z0-9_.!]+")
_FUNCTION = re.compile(r"\.param[^=]*\(|\)\s*=(?!=)")
_VALUELESS = re.compile(r"=\s*(?:[=,):]|$)|[,(:]\s*=")
# lines whose values may be expressions without braces
_EXPRESSIONS = ("b", ".param", ".func")


@dataclass(frozen=True)
class Line:
    """A line of a netlist with its continuations: ``number`` where it begins, ``text`` without comment, ``word`` its first word."""

    number: int
    text: str

    @property
    def word(self) -> str:
        """The first word, in lower case: an element's name or a directive."""
        return self.text.split(None, 1)[0].lower()


def check_netlist(text: str) -> None:
    """Admit a netlist, or say which line is not allowed and why.

    Raises:
        InputError: see :func:`read_netlist`.
    """
    read_netlist(text)


def read_netlist(text: str) -> list[Line]:
    """The lines of a netlist, each checked.

    Lines end with a line feed, also after a carriage return. A line that starts with ``*`` is a comment, one that starts with ``+``
    goes on with the line before. There is no other comment and no other continuation: ``;``, ``$``, ``//`` and ``\\`` are refused.

    Raises:
        InputError: a directive, element or model type outside the allow-list; a character outside plain SPICE; a name or number that
            is none; a file parameter; brackets that do not match or nest too deeply; subcircuits that hold themselves, that are not
            ended, or that unfold into too much.
    """
    lines = _joined(text)
    if len(lines) > _MOST_LINES:
        raise InputError(f"the netlist has {len(lines)} lines; expected at most {_MOST_LINES}")
    for line in lines:
        _check_line(line)
    check_expansion([(line.number, line.text.lower()) for line in lines])
    return lines


def _joined(text: str) -> list[Line]:
    """Lines with their continuations joined; comments and blank lines left out."""
    parts: list[tuple[int, list[str]]] = []
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.removesuffix("\r").strip(" \t")
        if not line or line.startswith("*"):
            continue
        if line.startswith("+"):
            if not parts:
                raise InputError(f"netlist line {number} continues a line that is not there")
            parts[-1][1].append(line[1:])
        else:
            parts.append((number, [line]))
    return [Line(number, " ".join(pieces)) for number, pieces in parts]


def _check_line(line: Line) -> None:
    where = f"netlist line {line.number}"
    text = line.text.lower()
    if len(text) > _LONGEST_LINE:
        raise InputError(f"{where} has {len(text)} characters; expected at most {_LONGEST_LINE}")
    if not _PLAIN.fullmatch(line.text):
        odd = next(c for c in line.text if not _PLAIN.fullmatch(c))
        raise InputError(f"{where} holds the character {odd!r}; expected plain SPICE characters")
    if "//" in text:
        raise InputError(
            f"{where} holds //, which ngspice takes for a comment; expected comments on lines that start with *"
        )
    _check_word(line, where)
    _check_names(_NAMES.findall(text), where)
    if any("file" in name for name in _ASSIGNED.findall(text)):
        raise InputError(f"{where} names a file; a netlist may not read or write files")
    _check_brackets(text, where)
    if line.word.startswith(_EXPRESSIONS):
        _check_length(text, where)
    else:
        _check_values(text, where)


def _check_word(line: Line, where: str) -> None:
    word = line.word
    if word.startswith("."):
        if word not in DIRECTIVES:
            known = ", ".join(sorted(DIRECTIVES))
            raise InputError(f"{where} uses {word[:40]}, which is not allowed; expected one of {known}")
        if word == ".model":
            _check_model(line.text.lower(), where)
        if word == ".param" and _FUNCTION.search(line.text.lower()):
            raise InputError(f"{where} defines a function as a parameter; expected .func name(x, y) {{expression}}")
    elif word[0] not in ELEMENTS:
        letters = "".join(sorted(ELEMENTS))
        raise InputError(f"{where} starts with {word[:20]!r}; expected an element of the letters {letters}")
    elif not _NAME.fullmatch(word):
        raise InputError(f"{where} starts with {word[:40]!r}; expected a name of letters, digits, _ and .")


def _check_model(text: str, where: str) -> None:
    words = _WORDS.findall(text)
    kind = words[2] if len(words) > 2 else ""
    if kind not in MODELS:
        raise InputError(f"{where} has a model of type {kind[:40]!r}; expected one of {', '.join(sorted(MODELS))}")


def _check_brackets(text: str, where: str) -> None:
    """Brackets match, braces are not nested, and nothing is deeper than a parser without limits of its own can go."""
    depth, braced = 0, False
    for character in _BRACKETS.findall(text):
        if character == "{":
            if braced:
                raise InputError(f"{where} has braces inside braces")
            braced = True
        elif character == "}":
            if not braced:
                raise InputError(f"{where} closes a brace that is not open")
            braced = False
        elif character == "(":
            depth += 1
            if depth > _DEEPEST:
                raise InputError(f"{where} has over {_DEEPEST} brackets inside each other")
        elif character == ")":
            depth -= 1
            if depth < 0:
                raise InputError(f"{where} closes a bracket that is not open")
    if depth or braced:
        raise InputError(f"{where} leaves a bracket open")


def _check_length(expression: str, where: str) -> None:
    if len(expression) > _LONGEST_EXPRESSION:
        raise InputError(
            f"{where} has an expression of {len(expression)} characters; expected at most {_LONGEST_EXPRESSION}"
        )


def _check_names(words: list[str], where: str) -> None:
    for word in words:
        if len(word) > _LONGEST_NAME:
            raise InputError(f"{where} has a name of {len(word)} characters; expected at most {_LONGEST_NAME}")


def _check_values(text: str, where: str) -> None:
    """Outside braces, words are names and numbers and nothing else."""
    for expression in _BRACES.findall(text):
        _check_length(expression, where)
    if _VALUELESS.search(text):
        raise InputError(f"{where} has a = without a name before it or a value after it")
    words = _WORDS.findall(_BRACES.sub(" ", text))
    _check_names(words, where)
    for word in set(words[1:] if words[0].startswith(".") else words):
        if not _NUMBER.fullmatch(word) and not _NAME.fullmatch(word):
            raise InputError(f"{where} holds {word[:40]!r}; expected a name or a number, or an expression in braces")
