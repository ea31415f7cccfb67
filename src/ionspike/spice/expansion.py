"""How much a netlist unfolds into: subcircuits inside subcircuits and functions inside functions, bounded before a simulator tries.

A subcircuit that holds itself makes a simulator unfold without end, and ten levels of ten instances each make ten thousand million
elements out of a hundred lines.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from ionspike.errors import InputError

_MOST_ELEMENTS = 200_000
_MOST_CHARACTERS = 200_000
_MOST_PARAMETERS = 5_000
_FUNCTION = re.compile(r"\.func\s+([a-z_][a-z0-9_]*)\s*\(([^()]*)\)(.*)", re.DOTALL)
_CALL = re.compile(r"([a-z_][a-z0-9_]*)\s*\(")
_TOKENS = re.compile(r"[a-z_][a-z0-9_]*\s*\(?|.", re.DOTALL)
_BRACED = re.compile(r"\{[^{}]*\}")
_ASSIGNMENT = re.compile(r"([a-z0-9_.]+)\s*=\s*(?:\{[^{}]*\}|[^\s=]+)")


def check_expansion(lines: Sequence[tuple[int, str]]) -> None:
    """Check that subcircuits are ended and that a netlist of ``(number, text)`` lines, in lower case, unfolds into a bounded size.

    Raises:
        InputError: a subcircuit or function that is defined twice, holds itself, is not ended, or unfolds into too much; too many
            parameters.
    """
    _check_parameters(lines)
    _check_subcircuits(lines)
    _check_functions(lines)


def called(text: str) -> str:
    """The subcircuit that an ``x`` line in lower case calls: the last word that is no parameter."""
    bare = _ASSIGNMENT.sub(" ", text.split("params:")[0])
    words = _BRACED.sub(" ", bare).replace("(", " ").replace(")", " ").split()
    return words[-1] if len(words) > 1 else ""


def _check_parameters(lines: Sequence[tuple[int, str]]) -> None:
    count = sum(text.count("=") for _, text in lines if text.startswith(".param"))
    if count > _MOST_PARAMETERS:
        raise InputError(f"the netlist has {count} parameters; expected at most {_MOST_PARAMETERS}")


def _check_subcircuits(lines: Sequence[tuple[int, str]]) -> None:
    open_ones: list[tuple[int, str]] = []
    own: dict[str, list[tuple[str, int]]] = {"": []}
    for number, text in lines:
        words = text.split()
        if words[0] == ".subckt":
            name = words[1] if len(words) > 1 else ""
            if not name or name in own:
                what = f"defines subcircuit {name!r} a second time" if name else "names no subcircuit"
                raise InputError(f"netlist line {number} {what}")
            own[name] = []
            open_ones.append((number, name))
        elif words[0] == ".ends":
            if not open_ones or (len(words) > 1 and words[1] != open_ones[-1][1]):
                raise InputError(f"netlist line {number} ends a subcircuit that is not open there")
            open_ones.pop()
        elif not words[0].startswith("."):
            inside = open_ones[-1][1] if open_ones else ""
            own[inside].append((called(text) if words[0].startswith("x") else "", number))
    if open_ones:
        raise InputError(f"subcircuit {open_ones[-1][1]!r} of netlist line {open_ones[-1][0]} has no .ends")
    _unfold(
        {name: [child for child, _ in parts] for name, parts in own.items()}, lambda _: 1, _MOST_ELEMENTS, "elements"
    )


def _check_functions(lines: Sequence[tuple[int, str]]) -> None:
    functions: dict[str, tuple[list[str], str]] = {}
    for number, text in lines:
        if not text.startswith(".func"):
            continue
        found = _FUNCTION.fullmatch(text)
        if found is None:
            raise InputError(f"netlist line {number} is no function; expected .func name(x, y) {{expression}}")
        if found[1] in functions:
            raise InputError(f"netlist line {number} defines function {found[1]!r} a second time")
        functions[found[1]] = ([name.strip() for name in found[2].split(",")], found[3])
    if not functions:
        return
    uses = {name: [call for call in _CALL.findall(body) if call in functions] for name, (_, body) in functions.items()}
    order = _unfold(uses, lambda _: 1, _MOST_CHARACTERS, "functions")
    known: dict[str, tuple[float, float]] = {}
    for name in order:
        arguments, body = functions[name]
        known[name] = _written_out(body, known, arguments)
    for _, text in lines:
        if not text.startswith(".func"):
            _written_out(text, known, [])


def _written_out(text: str, known: Mapping[str, tuple[float, float]], arguments: Sequence[str]) -> tuple[float, float]:
    """Length of ``text`` with its functions written out, and how often the most frequent of ``arguments`` stands in it then.

    ``known`` holds both numbers of every function that is called. A call copies its argument as often as it stands in the body.
    """
    length, copies = 0.0, 1.0
    outer: list[float] = []
    count = dict.fromkeys(arguments, 0.0)
    for token in _TOKENS.finditer(text):
        word = token[0]
        length += copies * len(word)
        if word.endswith("("):
            outer.append(copies)
            size, repeats = known.get(word[:-1].rstrip(), (0.0, 1.0))
            length += copies * size
            copies *= max(repeats, 1.0)
        elif word == ")" and outer:
            copies = outer.pop()
        elif word in count:
            count[word] += copies
        if length > _MOST_CHARACTERS * 10 or copies > _MOST_CHARACTERS:
            raise InputError("the functions of the netlist unfold into an expression of over a million characters")
    return length, max(count.values(), default=0.0)


def _unfold(children: Mapping[str, Sequence[str]], cost: Callable[[str], int], most: int, what: str) -> list[str]:
    """The parts of a graph, those a part holds before it. Refuses a graph that holds itself or unfolds into more than ``most``."""
    total: dict[str, int] = {}
    for top in children:
        stack, path = [(top, False)], set[str]()
        while stack:
            name, done = stack.pop()
            if done:
                path.discard(name)
                total[name] = cost(name) + sum(total.get(child, 1) for child in children[name])
                if total[name] > most:
                    raise InputError(f"the netlist unfolds into over {most} {what}")
            elif name in path:
                raise InputError(f"{name!r} of the netlist holds itself")
            elif name not in total:
                path.add(name)
                stack.append((name, True))
                stack += [(child, False) for child in dict.fromkeys(children[name]) if child in children and child]
    return list(total)
