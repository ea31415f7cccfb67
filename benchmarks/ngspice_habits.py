"""What ngspice costs and does by itself, behind the engine's choices: ``python -m benchmarks.ngspice_habits [--part NAME] [--json FILE]``.

* ``processes``: processor time of eight decks in eight processes, sourced one after the other in one, and run eight times with ``reset``.
* ``threads``: two runs beside each other, with one thread each and with ngspice's own two, which are stopped after a minute.
* ``iterations``: Newton iterations of a spike of the delay-feedback neuron and of an input pulse, at three tolerances.
* ``widths``: standard deviation of a spike's width over a regular train, at two tolerances.
* ``sizes``: current of two transistors at a gate of 0.25 V, and lengths at which corner ss has no valid model.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ionspike import files
from ionspike.circuit.neurons import Neuron
from ionspike.circuit.simulate import Setting, job, simulate
from ionspike.circuit.testbench import Bench
from ionspike.errors import RunError
from ionspike.spice import Accuracy, Job, Ngspice, Transient, compose, find_process
from ionspike.spikes import regular

DECKS, SHORT = 8, 1e-9  # how many, and s that each runs: what is left is the time before a run
PATIENCE = 60.0  # s
RATE = 50e3  # Hz


def ngspice(folder: Path, deck: str, *, threads: int = 1, seconds: float = 300.0) -> tuple[float, float, str]:
    """Run ``deck`` in ``folder`` by hand; processor time, wall time (s) and log. Stopped after ``seconds``."""
    folder.mkdir(exist_ok=True)
    (folder / "spinit").write_text(f"set num_threads={threads}\nset ng_nomodcheck\n")
    (folder / "all.cir").write_text(deck)
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "SPICE_SCRIPTS": str(folder)}
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = ["ngspice", "-n", "-b", "-r", "out.raw", "all.cir"]
    try:
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=seconds)
        log = done.stdout + done.stderr
    except subprocess.TimeoutExpired:
        log = ""
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return spent, time.perf_counter() - started, log


def deck_of(setting: Setting, count: int, stop: float, accuracy: Accuracy | None = None, **bench: Any) -> str:
    """The deck of the delay-feedback neuron under ``count`` pulses."""
    made = Bench(Neuron(), tuple(regular(RATE, count)), **bench)
    chosen = setting if accuracy is None else replace(setting, accuracy=accuracy)
    return compose(job(made, stop, chosen))


def processes(setting: Setting) -> dict[str, Any]:
    deck = deck_of(setting, 1, SHORT, max_step=SHORT)
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "one.cir").write_text(deck)
        apart = sum(ngspice(folder, deck)[0] for _ in range(DECKS))
        sourced = "\n".join(["* many", ".control", *["source one.cir", "run"] * DECKS, "quit", ".endc", ".end", ""])
        again = "\n".join(
            ["* reset", ".control", "source one.cir", *["run", "reset"] * DECKS, "quit", ".endc", ".end", ""]
        )
        return {
            "processes_s": apart,
            "sourced_s": ngspice(folder, sourced)[0],
            "reset_s": ngspice(folder, again)[0],
            "start_s": ngspice(folder, "* nothing\nr1 a 0 1\n.control\nquit\n.endc\n.end\n")[0],
        }


def threads(setting: Setting) -> dict[str, Any]:
    """Two runs of 20 input pulses beside each other."""
    deck, found = deck_of(setting, 20, 21 / RATE), {}
    with TemporaryDirectory() as name:
        for count in (1, 2):
            folders = [Path(name) / f"{count}-{k}" for k in range(2)]
            started = time.perf_counter()
            with ThreadPoolExecutor(2) as pool:
                runs = [pool.submit(ngspice, folder, deck, threads=count, seconds=PATIENCE) for folder in folders]
                logs = [run.result()[2] for run in runs]
            # an empty log is a run that was stopped
            found[f"threads_{count}"] = {"s": time.perf_counter() - started, "finished": sum(map(bool, logs))}
    return found


def iterations(setting: Setting) -> list[dict[str, Any]]:
    """Newton iterations by differences: of trains with and without spikes."""
    rows = []
    for reltol in (1e-3, 1e-4, 1e-5):
        accuracy, total = Accuracy(reltol=reltol), {}
        for label, count, rail in (("few", 10, 0.0), ("silent", 20, 0.0), ("firing", 20, 0.45)):
            text = deck_of(setting, count, 21 / RATE, accuracy, read_rail=rail)
            text = text.replace(
                ".end\n",
                ".control\nrun\nrusage traniter\nlet up = v(spk) gt 0.9\nlet last = length(up)-1\n"
                "let n = floor(last*mean(up[1,last] gt up[0,last-1])+0.5)\nprint n\nquit\n.endc\n.end\n",
            )
            with TemporaryDirectory() as name:
                log = ngspice(Path(name), text)[2]
            total[label] = int(re.search(r"iterations? = (\d+)", log)[1])  # type: ignore[index]
            spikes = int(float(re.search(r"n = (\S+)", log)[1]))  # type: ignore[index]
        rows.append(
            {
                "reltol": reltol,
                "pulse": (total["silent"] - total["few"]) / 10,
                "spike": (total["firing"] - total["silent"]) / spikes,
                "spikes": spikes,
            }
        )
    return rows


def widths(setting: Setting) -> list[dict[str, Any]]:
    rows = []
    for reltol in (1e-4, 1e-5):
        run = simulate(
            Bench(Neuron(), tuple(regular(RATE, 60))), 61 / RATE, replace(setting, accuracy=Accuracy(reltol=reltol))
        )
        found = run.widths[2:]
        rows.append(
            {"reltol": reltol, "spikes": len(found), "sd_percent": 100 * float(found.std(ddof=1) / found.mean())}
        )
    return rows


def sizes(setting: Setting) -> list[dict[str, Any]]:
    rows = []
    points = (("tt", 0.42, 0.5), ("tt", 2, 0.5), ("tt", 4.2, 0.5), ("ss", 0.42, 19), ("ss", 0.42, 19.5))
    for corner, width, length in points:
        text = f"vd d 0 0.9\nvg g 0 0.25\nxn d g 0 0 sky130_fd_pr__nfet_01v8 w={width} l={length} ad=0.1 as=0.1 pd=1 ps=1\n"
        asked = Job(text, Transient(1e-6, 1e-7), ("i(vd)",), setting.process, corner)
        try:
            found: float | str = -float(setting.engine.run(asked)["i(vd)"][-1])
        except RunError as error:
            found = str(error)[:80]
        rows.append({"corner": corner, "width_um": width, "length_um": length, "current_A": found})
    return rows


PARTS = {part.__name__: part for part in (processes, threads, iterations, widths, sizes)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--part", choices=PARTS, action="append")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    os.environ["IONSPIKE_CACHE"] = "off"
    setting = Setting(Ngspice.find(), find_process("sky130"))
    found = {name: PARTS[name](setting) for name in options.part or PARTS}
    text = json.dumps(found, indent=1)
    print(text)
    if options.json:
        files.write_text(options.json, text + "\n")


if __name__ == "__main__":
    main()
