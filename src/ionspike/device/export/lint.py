"""Is a Verilog-A file safe for simulators of compiled models (OSDI)? Such a simulator takes steps back, repeats evaluations and shares
one compiled module among instances, so that everything a device remembers has to be in its nodes.

Rules, by name:

idt
    no ``idt`` or ``idtmod``: a state is a node with ``ddt``.
event
    no events (``@``): not every simulator hands them to compiled models.
bound-step
    no ``$bound_step``: the step belongs to the simulator.
hidden-state
    no operator that remembers (``transition``, ``slew``, ``absdelay``, ``laplace_*``, ``zi_*``, ``last_crossing``), and no variable that
    is read where it may not have been assigned: it then holds what it was at an earlier evaluation.
ddt
    ``ddt`` only in a contribution (``<+``), not in a variable and not under a condition.
dc
    every internal node with ``ddt`` has a contribution without, so that it has a resting solution.
temperature
    a module with states of its own reads ``$temperature``.
multiplicity
    no parameter ``m`` and no ``$mfactor``: the simulator scales a module by its multiplicity.
lower-case
    parameters in lower case: SPICE netlists do not tell cases apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ionspike.device.export.verilog_tokens import Token, closing, tokens
from ionspike.errors import InputError

_REMEMBERS = {"transition", "slew", "absdelay", "last_crossing"}
_TYPES = {"real", "integer", "string"}
_MAX_BYTES = 10_000_000


@dataclass(frozen=True, order=True)
class Finding:
    """A line that breaks a rule."""

    line: int
    rule: str
    message: str


def lint_file(path: str | Path) -> list[Finding]:
    """The findings of a file. Raises InputError if it cannot be read or holds no module."""
    path = Path(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error
    if len(content) > _MAX_BYTES:
        raise InputError(f"{path} has {len(content)} bytes; expected at most {_MAX_BYTES}")
    try:
        return lint(content.decode("utf-8"))
    except (UnicodeDecodeError, InputError) as error:
        raise InputError(f"{path} is not Verilog-A: {error}") from error


def lint(text: str) -> list[Finding]:
    """The findings of a Verilog-A text, by line. Raises InputError if it holds no module."""
    all_tokens = tokens(text)
    starts = [k for k, token in enumerate(all_tokens) if token.text in ("module", "macromodule")]
    if not starts:
        raise InputError("it holds no module")
    ends = [k for k, token in enumerate(all_tokens) if token.text == "endmodule"] or [len(all_tokens)]
    found = _words(all_tokens)  # macros of the preprocessor included
    for start in starts:
        found |= _Module(all_tokens[start : next((e for e in ends if e > start), len(all_tokens))]).check()
    return sorted(found)


def _words(sequence: Sequence[Token]) -> set[Finding]:
    """What is not safe wherever it stands."""
    found = set()
    for token in sequence:
        word = token.text
        if word in ("idt", "idtmod"):
            found.add(Finding(token.line, "idt", f"{word}: write the state as an internal node with ddt"))
        elif word == "$bound_step":
            found.add(Finding(token.line, "bound-step", "$bound_step: leave the step to the simulator"))
        elif word == "@":
            found.add(Finding(token.line, "event", "an event: write the equations without @(...)"))
        elif word in _REMEMBERS or word.startswith(("laplace_", "zi_")):
            found.add(Finding(token.line, "hidden-state", f"{word} remembers outside of the module's nodes"))
        elif word == "$mfactor":
            found.add(Finding(token.line, "multiplicity", "$mfactor: the simulator scales the module already"))
    return found


@dataclass
class _Module:
    """One module on its way through the rules."""

    tokens: Sequence[Token]
    found: set[Finding] = field(default_factory=set)
    variables: set[str] = field(default_factory=set)
    ports: set[str] = field(default_factory=set)
    nodes: set[str] = field(default_factory=set)
    branches: dict[str, list[str]] = field(default_factory=dict)
    dynamic: dict[str, int] = field(default_factory=dict)  # nodes with ddt, and the line
    resting: set[str] = field(default_factory=set)  # nodes with a contribution without

    def check(self) -> set[Finding]:
        header = next((k for k, token in enumerate(self.tokens) if token.text == ";"), 0)
        self.ports = {token.text for token in self.tokens[2:header] if token.kind == "word"}
        position, bodies = header + 1, []
        while position < len(self.tokens):
            position = self._item(position, bodies)
        assigned = {
            self.tokens[k].text for b, e in bodies for k in range(b, e - 1) if self.tokens[k + 1].text in ("=", "[")
        }
        self.variables &= assigned  # one that is never assigned is a constant
        known: set[str] = set()
        for begin, _ in bodies:
            _, known = self._statement(begin, known, False)
        internal = {node: line for node, line in self.dynamic.items() if node in self.nodes - self.ports}
        for node, line in internal.items():
            if node not in self.resting:
                self._tell(line, "dc", f"node {node} has only ddt: in an operating point nothing says where it rests")
        if internal and not any(token.text == "$temperature" for token in self.tokens):
            self._tell(self.tokens[0].line, "temperature", "the module has states but does not read $temperature")
        return self.found

    def _tell(self, line: int, rule: str, message: str) -> None:
        self.found.add(Finding(line, rule, message))

    def _item(self, k: int, bodies: list[tuple[int, int]]) -> int:
        """One item of the module: a declaration, an analog function, or an analog block, whose range is kept in ``bodies``."""
        word = self.tokens[k].text
        if word == "analog":
            if k + 1 < len(self.tokens) and self.tokens[k + 1].text == "function":
                return next((j + 1 for j in range(k, len(self.tokens)) if self.tokens[j].text == "endfunction"), k + 2)
            begin = k + 2 if k + 1 < len(self.tokens) and self.tokens[k + 1].text == "initial" else k + 1
            end, _ = _Silent(self.tokens)._statement(begin, set(), False)
            bodies.append((begin, min(end, len(self.tokens))))
            return end
        end = next((j for j in range(k, len(self.tokens)) if self.tokens[j].text == ";"), len(self.tokens))
        self._declare(self.tokens[k:end])
        return end + 1

    def _declare(self, item: Sequence[Token]) -> None:
        words = [token.text for token in item]
        head = words[0] if words else ""
        if head in ("parameter", "localparam", "aliasparam"):
            self._parameters(item)
        elif head in _TYPES:
            self.variables |= set(_names(item[1:]))
        elif head in ("inout", "input", "output"):
            self.ports |= set(_names(item[1:]))
        elif head == "branch":
            inside = closing(item, 1)
            ends = [token.text for token in item[1:inside] if token.kind == "word"]
            self.branches |= dict.fromkeys(_names(item[inside:]), ends)
        elif head not in ("ground", "genvar") and len(words) > 1 and item[0].kind == item[1].kind == "word":
            self.nodes |= set(_names(item[1:]))  # a discipline and its nets

    def _parameters(self, item: Sequence[Token]) -> None:
        for k in range(1, len(item) - 1):
            if item[k].kind == "word" and item[k + 1].text == "=":
                name = item[k].text
                if name != name.lower():
                    self._tell(item[k].line, "lower-case", f"parameter {name}: write {name.lower()}")
                if name == "m":
                    self._tell(item[k].line, "multiplicity", "parameter m: it is the simulator's own")

    # --- the analog block: what is certainly assigned after each statement ----------------------------------------------------

    def _statement(self, k: int, known: set[str], condition: bool) -> tuple[int, set[str]]:
        """The position after the statement at ``k``, and the variables that are assigned by then whatever happens."""
        if k >= len(self.tokens):
            return k, known
        word = self.tokens[k].text
        if word == "begin":
            return self._block(k, known, condition)
        if word == "if":
            return self._choice(k, known)
        if word == "case":
            return self._cases(k, known)
        if word in ("for", "while", "repeat"):
            end = closing(self.tokens, k + 1)
            inside = set(known)
            if word == "for":  # its counter is assigned before it is read
                inside |= {token.text for token in self.tokens[k + 2 : k + 3]}
            self._reads(k + 1, end, inside)
            after, _ = self._statement(end, inside, True)
            return after, known | (inside if word == "for" else set())
        if word == "@":
            begin = (
                closing(self.tokens, k + 1) if self.tokens[k + 1 : k + 2] and self.tokens[k + 1].text == "(" else k + 2
            )
            return self._statement(begin, set(known), True)[0], known
        return self._simple(k, known, condition)

    def _block(self, k: int, known: set[str], condition: bool) -> tuple[int, set[str]]:
        k += 3 if k + 1 < len(self.tokens) and self.tokens[k + 1].text == ":" else 1
        while k < len(self.tokens) and self.tokens[k].text != "end":
            k, known = self._statement(k, known, condition)
        return k + 1, known

    def _choice(self, k: int, known: set[str]) -> tuple[int, set[str]]:
        end = closing(self.tokens, k + 1)
        self._reads(k + 1, end, known)
        k, yes = self._statement(end, set(known), True)
        no = set(known)
        if k < len(self.tokens) and self.tokens[k].text == "else":
            k, no = self._statement(k + 1, no, True)
        return k, yes & no

    def _cases(self, k: int, known: set[str]) -> tuple[int, set[str]]:
        end = closing(self.tokens, k + 1)
        self._reads(k + 1, end, known)
        outcomes, complete, k = [], False, end
        while k < len(self.tokens) and self.tokens[k].text != "endcase":
            complete |= self.tokens[k].text == "default"
            k = next((j + 1 for j in range(k, len(self.tokens)) if self.tokens[j].text == ":"), len(self.tokens))
            k, after = self._statement(k, set(known), True)
            outcomes.append(after)
        return k + 1, set.intersection(*outcomes) if outcomes and complete else known

    def _simple(self, k: int, known: set[str], condition: bool) -> tuple[int, set[str]]:
        """An assignment, a contribution, a declaration or a task, up to its semicolon."""
        end = next((j for j in range(k, len(self.tokens)) if self.tokens[j].text == ";"), len(self.tokens))
        words = [token.text for token in self.tokens[k:end]]
        if words and words[0] in _TYPES:
            self._declare(self.tokens[k:end])
            return end + 1, known
        if "<+" in words:
            middle = k + words.index("<+")
            self._contribution(k, middle, end, condition)
            self._reads(k, end, known)
            return end + 1, known
        for token in self.tokens[k:end]:
            if token.text == "ddt":
                self._tell(token.line, "ddt", "ddt in a variable: write it into a contribution (<+)")
        if len(words) > 1 and (words[1] == "=" or (words[1] == "[" and "=" in words)):
            self._reads(k + words.index("="), end, known)
            return end + 1, known | {words[0]}
        self._reads(k, end, known)
        return end + 1, known

    def _reads(self, begin: int, end: int, known: set[str]) -> None:
        for token in self.tokens[begin:end]:
            if token.text in self.variables and token.text not in known:
                self._tell(
                    token.line,
                    "hidden-state",
                    f"{token.text} is read where it may still hold an earlier evaluation's value",
                )

    def _contribution(self, k: int, middle: int, end: int, condition: bool) -> None:
        named = [token.text for token in self.tokens[k + 1 : middle] if token.kind == "word"]
        nodes = [node for name in named for node in self.branches.get(name, [name])]
        right, rest = self.tokens[middle + 1 : end], []
        j = 0
        while j < len(right):
            if right[j].text == "ddt":
                if condition:
                    self._tell(right[j].line, "ddt", "ddt under a condition: let it always stand, and choose the rest")
                self.dynamic |= {node: right[j].line for node in nodes if node not in self.dynamic}
                j = closing(right, j + 1)
            else:
                rest.append(right[j])
                j += 1
        if any(token.kind == "word" for token in rest):
            self.resting |= set(nodes)


class _Silent(_Module):
    """Finds the end of a statement and nothing else."""

    def _tell(self, line: int, rule: str, message: str) -> None:
        return


def _names(item: Sequence[Token]) -> list[str]:
    """The declared names of a list: words before a comma, an equals sign, a range or the end, none of what they are set to."""
    names, depth, value = [], 0, False
    for token in item:
        if token.text in "([{" and token.kind == "sign":
            depth += 1
        elif token.text in ")]}" and token.kind == "sign":
            depth -= 1
        elif token.text == "," and depth == 0:
            value = False
        elif token.text == "=":
            value = True
        elif token.kind == "word" and depth == 0 and not value:
            names.append(token.text)
    return names
