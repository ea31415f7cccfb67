"""SKY130 transistors in a second simulator: an inverter in ngspice and in VACASK, whose BSIM4, matrix and time steps are its own.

    python -m benchmarks.second_simulator

ngspice unfolds the library and evaluates the model cards (its record of ``set ngdebug``); VACASK gets the numbers of the bin that
each transistor falls into, for its model ``sp_bsim4v8``. Printed are the delays of both edges and the charge from the rail.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from ionspike.errors import RunError
from ionspike.spice import Job, Ngspice, Process, Transient, compose, find_process
from ionspike.spice.raw import read_raw
from ionspike.spice.vacask import Vacask

WAVE = ((0.0, 0.0), (1e-9, 1.8), (3e-9, 1.8), (4e-9, 0.4))
NETLIST = f"""
xn d g 0 0 sky130_fd_pr__nfet_01v8 w=0.42 l=0.15 ad=0.12 as=0.12 pd=1.4 ps=1.4
xp d g vdd vdd sky130_fd_pr__pfet_01v8 w=0.84 l=0.25 ad=0.24 as=0.24 pd=2.2 ps=2.2
cl d 0 5f
vdd vdd 0 1.8
vg g 0 pwl({" ".join(f"{t!r} {v!r}" for t, v in WAVE)})
.ic v(d)=1.8 v(vdd)=1.8 v(g)=0
"""
STOP, STEP = 6e-9, 1e-11
# what a deck in micrometres means in metres
SCALE = {"w": 1e-6, "l": 1e-6, "ad": 1e-12, "as": 1e-12, "pd": 1e-6, "ps": 1e-6, "nrd": 1.0, "nrs": 1.0, "delvto": 1.0}
# the bin's limits are used here; the version is text to VACASK, which knows one only
LEFT_OUT = {"level", "version", "lmin", "lmax", "wmin", "wmax"}


def parameters(row: str) -> dict[str, float]:
    """``name=value`` pairs of a line whose values are numbers."""
    return {name: float(value) for name, value in re.findall(r"(\w+)=\s*([-+0-9.e]+)", row) if name != "version"}


def evaluated(process: Process, folder: Path) -> list[str]:
    """The deck after ngspice unfolded and evaluated it, one line each."""
    job = Job(NETLIST, Transient(STOP, STEP), ("v(d)", "i(vdd)"), process)
    (folder / "deck.cir").write_text(compose(job))
    (folder / "spinit").write_text("set ngdebug\nset num_threads=1\n")
    environment = {"PATH": "/usr/bin:/bin", "SPICE_SCRIPTS": str(folder), "HOME": str(folder)}
    command = [Ngspice.find().path, "-n", "-b", "-r", "ngspice.raw", "deck.cir"]
    subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=True)
    rows = (folder / "debug-out2.txt").read_text().lower().splitlines()
    return [re.sub(r"^\s*\d+\s+\d+\s+", "", row) for row in rows]


def bin_of(rows: list[str], model: str, w: float, length: float) -> dict[str, float]:
    """The model card of the bin that a transistor of this size (m) falls into."""
    for row in rows:
        if row.startswith(f".model {model}"):
            card = parameters(row)
            up = 1 + 1e-9  # a size in micrometres times 1e-6 may fall a rounding below its bin
            if card["lmin"] <= length * up < card["lmax"] and card["wmin"] <= w * up < card["wmax"]:
                return {name: value for name, value in card.items() if name not in LEFT_OUT}
    raise RunError(f"no bin of {model} holds w={w:g} l={length:g}")


def vacask_deck(rows: list[str]) -> str:
    """The same circuit for VACASK."""
    lines = [
        "inverter",
        'load "spice/bsim4v8.osdi"',
        'load "capacitor.osdi"',
        "model vsrc vsource",
        "model cap capacitor",
        "ground 0",
    ]
    for row in dict.fromkeys(row for row in rows if row.startswith("m.x")):  # the record holds the deck twice
        name, *nodes, model = row.split()[:6]
        given = parameters(row)
        size = {key: given[key] * factor for key, factor in SCALE.items() if key in given}
        kind = 1 if "nfet" in name else -1
        label = name.split(".")[1]
        card = bin_of(rows, model, size["w"], size["l"])
        lines.append(f"model {label}m sp_bsim4v8 (type={kind} {_pairs(card)})")
        lines.append(f"{label} ({' '.join(nodes)}) {label}m {_pairs(size)}")
    wave = ", ".join(f"{t!r}, {v!r}" for t, v in WAVE)
    lines += ["cl (d 0) cap c=5f", "vdd (vdd 0) vsrc dc=1.8", f'vg (g 0) vsrc type="pwl" wave=[{wave}]']
    lines += ["control", '  options reltol=1e-5 temp=27 rawfile="binary"', "  save default"]
    lines += [f"  analysis run tran step=1p stop={STOP!r} maxstep={STEP!r}", "endc"]
    return "\n".join(lines) + "\n"


def _pairs(values: dict[str, float]) -> str:
    # switches of a model are integers to VACASK
    return " ".join(f"{name}={int(v) if v.is_integer() and abs(v) < 100 else v!r}" for name, v in values.items())


def crossings(time: np.ndarray, values: np.ndarray, level: float = 0.9) -> np.ndarray:
    """Times at which ``values`` passes ``level``."""
    k = np.flatnonzero((values[:-1] - level) * (values[1:] - level) < 0)
    return time[k] + (level - values[k]) / (values[k + 1] - values[k]) * (time[k + 1] - time[k])


def main() -> None:
    process = find_process("sky130")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "deck.sim").write_text(vacask_deck(evaluated(process, folder)))
        done = subprocess.run([Vacask.find().path, "deck.sim"], cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RunError(f"VACASK: {done.stdout[-500:]}")
        one, other = read_raw(folder / "ngspice.raw"), read_raw(folder / "run.raw")
    edges = crossings(one["time"], one["v(d)"]), crossings(other["time"], other["d"])
    charges = [
        -float(np.trapezoid(i, t)) for i, t in ((one["i(vdd)"], one["time"]), (other["vdd:flow(br)"], other["time"]))
    ]
    for name, a, b in zip(("falling edge", "rising edge"), *edges, strict=True):
        print(f"{name}: ngspice {a * 1e12:.3f} ps, VACASK {b * 1e12:.3f} ps, apart {(b - a) * 1e12:+.3f} ps")
    print(
        f"charge from the rail: {charges[0] * 1e15:.4f} fC, {charges[1] * 1e15:.4f} fC, {charges[1] / charges[0] - 1:+.2e}"
    )


if __name__ == "__main__":
    main()
