"""The deck: a checked netlist completed with what a run needs."""

from __future__ import annotations

import math
import re

from ionspike.errors import InputError
from ionspike.spice.engine import LARGEST_SEED, Accuracy, Job
from ionspike.spice.expansion import called
from ionspike.spice.library import library_digest
from ionspike.spice.netlist import Line, check_netlist, read_netlist
from ionspike.spice.process import STATISTICAL

__all__ = ["check_netlist", "compose"]

_PRINT_STEP = 1e-9  # s
_VECTOR = re.compile(r"[vi]\([a-z0-9_.,]+\)")
_SOURCE = re.compile(r"[vi][a-z0-9_.]*")
_CORNER = re.compile(r"[a-z][a-z0-9_]*")
_JUNCTION = re.compile(r"\b(ad|as|pd|ps)\s*=")
# at 1e-12 S, ngspice's default, a membrane at 0.3 V leaks 0.3 pA more than the 0.26 pA of its transistors
_LARGEST_GMIN = 1e-14


def compose(job: Job) -> str:
    """The complete deck of a job, its netlist checked: every line of it is written by this package or was read by its grammar.

    Raises:
        InputError: see :func:`~ionspike.spice.netlist.read_netlist` and :func:`~ionspike.spice.library.library_digest`; also a vector,
            corner, time or tolerance that is not what it should be, and transistors without drawn junctions.
    """
    lines = read_netlist(job.netlist)
    if job.process is not None:
        _check_junctions(lines)
    for name in job.save:
        if not _VECTOR.fullmatch(name):
            raise InputError(f"vector {name[:60]!r} cannot be saved; expected v(node) or i(source)")
    run, accuracy = job.transient, job.accuracy
    stop, step = float(run.stop), float(run.max_step)
    if not 0 < step <= stop < 1e9:
        raise InputError(f"a run to {stop:g} s with steps of {step:g} s; expected 0 < step <= stop")
    _check_accuracy(accuracy)
    models = _models(job)
    return "\n".join(
        [
            "* ionspike",
            *_seed(job),
            *models,
            f".option scale=1 method={accuracy.method} reltol={float(accuracy.reltol)!r} gmin={float(accuracy.gmin)!r}"
            + (f" itl4={int(accuracy.iterations)}" if accuracy.iterations != Accuracy.iterations else ""),
            f".temp {float(accuracy.temperature)!r}",
            *(line.text for line in lines),
            *(f".save {name}" for name in job.save),
            # the first time step is a tenth of the print step: a long one can land a regenerative stage on its other branch; a step
            # below 1e-11 of the longest ends the run
            f".tran {min(step, max(_PRINT_STEP, 1e-8 * step))!r} {stop!r} 0 {step!r} uic",
            ".end",
            "",
        ]
    )


def compose_noise(job: Job, output: str, source: str, low: float, high: float, points: int) -> str:
    """The deck of a noise analysis: the netlist of ``job`` at its operating point instead of its transient run.

    Args:
        output: vector such as ``v(node)`` whose noise is wanted; source: an independent source that the noise may be referred to.
        low, high: the band (Hz); points: frequencies a decade.

    Raises:
        InputError: what :func:`compose` refuses, or a vector, source or band that is none.
    """
    if not _VECTOR.fullmatch(output) or not _SOURCE.fullmatch(source):
        raise InputError(f"noise at {output[:60]!r} from {source[:60]!r}; expected v(node) and the name of a source")
    if not (0 < low < high < 1e15 and 1 <= points <= 1000):
        raise InputError(f"a noise band of {low:g} to {high:g} Hz with {points} points; expected 0 < low < high")
    kept = [line for line in compose(job).splitlines() if line != ".end" and not line.startswith((".tran ", ".save "))]
    return "\n".join([*kept, f".noise {output} {source} dec {points} {float(low)!r} {float(high)!r}", ".end", ""])


def _models(job: Job) -> list[str]:
    """The line that loads the transistor models, after a look at the library; none for a netlist without transistors."""
    if job.process is None:
        return []
    if not _CORNER.fullmatch(job.corner) or job.corner not in job.process.corners:
        raise InputError(
            f"{job.process.name} has no corner {job.corner!r}; expected one of {', '.join(job.process.corners)}"
        )
    library = job.process.library(job.corner).resolve()
    library_digest(library)
    return [f'.lib "{library}" {job.corner}']


def _seed(job: Job) -> list[str]:
    """The line that starts ngspice's random numbers, before the first of them is drawn.

    Raises:
        InputError: a statistical section without a seed (ngspice would take the time of day), or a seed out of ngspice's range.
    """
    if job.seed is None:
        if job.process is not None and job.corner in STATISTICAL:
            raise InputError(f"section {job.corner} draws at random; expected a seed from 1 to {LARGEST_SEED}")
        return []
    if not (isinstance(job.seed, int) and 1 <= job.seed <= LARGEST_SEED):
        raise InputError(f"the seed of a run is {job.seed!r}; expected 1 to {LARGEST_SEED}")
    return [f".option seed={job.seed}"]


def _check_accuracy(accuracy: Accuracy) -> None:
    if accuracy.method not in ("gear", "trap"):
        raise InputError(f"method is {accuracy.method!r}; expected 'gear' or 'trap'")
    if not 0 < accuracy.reltol <= 0.1:
        raise InputError(f"reltol is {accuracy.reltol!r}; expected a number above 0 and at most 0.1")
    if not 0 <= accuracy.gmin <= _LARGEST_GMIN:
        raise InputError(
            f"gmin is {accuracy.gmin!r} S, which leaks more than a membrane's transistors; expected at most {_LARGEST_GMIN:g}"
        )
    if not (math.isfinite(accuracy.temperature) and -100 <= accuracy.temperature <= 300):
        raise InputError(f"the temperature is {accuracy.temperature!r} degrees C; expected -100 to 300")


def _check_junctions(lines: list[Line]) -> None:
    """Transistors of the process carry their drawn junctions: the library sets areas and perimeters that are not given to zero."""
    own = {line.text.lower().split()[1] for line in lines if line.word == ".subckt"}
    for line in lines:
        text = line.text.lower()
        kit = line.word.startswith("x") and called(text) not in own and re.search(r"\bw\s*=", text) is not None
        if not kit and not line.word.startswith("m"):
            continue
        missing = [name for name in ("ad", "as", "pd", "ps") if name not in _JUNCTION.findall(text)]
        if missing:
            raise InputError(
                f"netlist line {line.number}: transistor {line.word} has no {', '.join(missing)}, so its junctions would leak nothing "
                "and weigh nothing; expected drawn areas and perimeters (0 where none is meant)"
            )
