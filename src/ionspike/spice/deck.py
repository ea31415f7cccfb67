"""The deck: netlist text in, checked against what is allowed, and completed with what a run needs.

ngspice's control language can run commands, and its directives can read and write files. So a netlist is admitted by what it may
hold, line by line, not searched for what it may not: element letters and directives of an allow-list, plain characters, no quotes.
"""

from __future__ import annotations

import re

from ionspike.errors import InputError
from ionspike.spice.engine import Job

# capacitor, diode, controlled sources, independent sources, coupled and plain inductors, MOSFET, bipolar, resistor, switch, subcircuit
_ELEMENTS = set("bcdefghiklmqrsvwx")
_DIRECTIVES = {".subckt", ".ends", ".param", ".ic", ".model", ".func", ".global", ".nodeset"}
_PLAIN = re.compile(r"^[A-Za-z0-9_ \t.,+\-*/^(){}=<>:&|!?#@\[\]]*$")
_FORBIDDEN = re.compile(
    r"\b(file|wavefile|sourcefile|filesource|output_file|input_file|table_values|temper_file)\s*=", re.IGNORECASE
)
_MAX_LINE = 2_000_000
_PRINT_STEP = 1e-9  # s
_VECTOR = re.compile(r"^[vi]\([a-z0-9_.,]+\)$")
_CORNER = re.compile(r"^[a-z][a-z0-9_]*$")


def check_netlist(text: str) -> None:
    """Admit a netlist, or say which line is not allowed and why.

    Raises:
        InputError: a directive or element outside the allow-list, a character outside plain SPICE, or a file parameter.
    """
    for number, line in _logical_lines(text):
        where = f"netlist line {number}"
        if len(line) > _MAX_LINE:
            raise InputError(f"{where} has {len(line)} characters; expected at most {_MAX_LINE}")
        if not _PLAIN.match(line):
            odd = next(c for c in line if not _PLAIN.match(c))
            raise InputError(f"{where} holds the character {odd!r}; expected plain SPICE characters")
        word = line.split()[0].lower()
        if word.startswith("."):
            if word not in _DIRECTIVES:
                raise InputError(
                    f"{where} uses {word}, which is not allowed; expected one of {', '.join(sorted(_DIRECTIVES))}"
                )
        elif word[0] not in _ELEMENTS:
            raise InputError(
                f"{where} starts with {word[:20]!r}; expected an element of the letters {''.join(sorted(_ELEMENTS))}"
            )
        if _FORBIDDEN.search(line):
            raise InputError(f"{where} names a file; a netlist may not read or write files")


def compose(job: Job) -> str:
    """The complete deck of a job, its netlist checked.

    Raises:
        InputError: see :func:`check_netlist`; also a vector, corner, time or tolerance that is not what it should be.
    """
    check_netlist(job.netlist)
    for name in job.save:
        if not _VECTOR.match(name):
            raise InputError(f"vector {name[:60]!r} cannot be saved; expected v(node) or i(source)")
    if not _CORNER.match(job.corner) or job.corner not in job.process.corners:
        raise InputError(
            f"{job.process.name} has no corner {job.corner!r}; expected one of {', '.join(job.process.corners)}"
        )
    run, accuracy = job.transient, job.accuracy
    stop, step = float(run.stop), float(run.max_step)
    if not 0 < step <= stop < 1e9:
        raise InputError(f"a run to {stop:g} s with steps of {step:g} s; expected 0 < step <= stop")
    if accuracy.method not in ("gear", "trap"):
        raise InputError(f"method is {accuracy.method!r}; expected 'gear' or 'trap'")
    library = job.process.library(job.corner)
    return "\n".join(
        [
            "* ionspike",
            f'.lib "{library}" {job.corner}',
            f".option scale=1 method={accuracy.method} reltol={float(accuracy.reltol)!r} gmin={float(accuracy.gmin)!r}",
            f".temp {float(accuracy.temperature)!r}",
            job.netlist.rstrip(),
            *(f".save {name}" for name in job.save),
            # the first time step is a tenth of the print step: a long one can land a regenerative stage on its other branch
            f".tran {min(step, _PRINT_STEP)!r} {stop!r} 0 {step!r} uic",
            ".end",
            "",
        ]
    )


def _logical_lines(text: str) -> list[tuple[int, str]]:
    """Lines with their continuations joined, comments and blank lines left out."""
    joined: list[tuple[int, str]] = []
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith("*"):
            continue
        if line.startswith("+"):
            if not joined:
                raise InputError(f"netlist line {number} continues a line that is not there")
            joined[-1] = (joined[-1][0], f"{joined[-1][1]} {line[1:]}")
        else:
            joined.append((number, line))
    return joined
