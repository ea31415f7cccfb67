"""``python -m benchmarks.brian2_export``: the file that `device export --format brian2` writes, run by Brian2 and held against the law.

Brian2 2.9 does not run on NumPy 2.4 or newer, which ``pip install -c constraints.txt '.[test]'`` minds. ``--python PATH`` runs the file
with the Brian2 of another environment.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from ionspike.device import Ecram, library
from ionspike.device.export.benches import benches
from ionspike.device.export.brian2 import brian2
from ionspike.device.follow import follow

_DRIVER = """
import json, runpy, sys
import numpy as np
job = json.load(sys.stdin)
made = runpy.run_path(job["file"], run_name="example")
before, after = made["run_train"](job["times"], job["dt"])
states = made["run_waveform"](np.array(job["wave_time"]), np.array(job["wave_volts"]), job["wave_dt"])
json.dump({"volts": made["PULSE_VOLTAGE"], "width": made["PULSE_WIDTH"], "before": before.tolist(), "after": after.tolist(),
           "states": states.tolist()}, sys.stdout)
"""
_STEPS = 400  # of the waveform, a pulse


def compare(device: Ecram, python: str = sys.executable) -> dict[str, float]:
    """The largest difference from the law in any state: over an irregular train, and over a trapezoid of the gate's voltage."""
    drive = benches(device)[0]
    width = float(drive.time[3] - drive.time[2])
    # multiples of the time step, which has to be longer than a pulse
    step = max(2 * width, min(p.tau for p in device.populations) / 50)
    ticks = np.cumsum(np.random.default_rng(1).integers(1, 60, 40))
    wave_time, wave_volts = drive.time[:5], drive.gate[:5]
    job = {
        "times": (ticks * step).tolist(),
        "dt": step,
        "wave_time": wave_time.tolist(),
        "wave_volts": wave_volts.tolist(),
    }
    seen = _run(device, python, {**job, "wave_dt": width / _STEPS})
    return {
        "train": _train(device, ticks * step, seen),
        "waveform": _waveform(device, drive.time[:5], drive.gate[:5], width / _STEPS, seen),
    }


def _run(device: Ecram, python: str, job: dict[str, Any]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="ionspike-") as folder:
        path = Path(folder) / "example.py"
        path.write_text(brian2(device))
        text = json.dumps({**job, "file": str(path)})
        done = subprocess.run([python, "-c", _DRIVER], input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"the example failed in {python}: {done.stderr.strip().splitlines()[-1]}")
    return json.loads(done.stdout)


def _train(device: Ecram, times: np.ndarray, seen: dict[str, Any]) -> float:
    """States before and after every pulse, by the law's own exact steps."""
    volts, width = seen["volts"], seen["width"]
    pulse = (volts, volts, 0.0) if device.gate.drive == "channel" else (volts, 0.0, 0.0)
    state, last, worst = device.at_rest(), 0.0, 0.0
    for k, t in enumerate(times):
        before = device.advance(state, 0.0, 0.0, 0.0, t - last)
        state, last = device.advance(before, *pulse, width), t + width
        worst = max(worst, np.abs(before - seen["before"][k]).max(), np.abs(state - seen["after"][k]).max())
    return float(worst)


def _waveform(device: Ecram, time: np.ndarray, volts: np.ndarray, dt: float, seen: dict[str, Any]) -> float:
    states = np.array(seen["states"])
    at = dt * np.arange(len(states))
    grid = np.unique(np.concatenate([at, time]))
    gate = np.interp(grid, time, volts)
    drain = gate if device.gate.drive == "channel" else 0.0
    start = device.at_rest(volts[0], volts[0] if device.gate.drive == "channel" else 0.0, 0.0)
    law = follow(device, grid, gate, drain, 0.0, start, 1e-11)
    return float(np.abs(law[np.searchsorted(grid, at)] - states).max())


def main() -> None:
    """Print one line a card; exit status 1 if a difference is larger than what the method allows."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--python", default=sys.executable, help="an interpreter that has Brian2")
    words.add_argument("cards", nargs="*", default=list(library()))
    given = words.parse_args()
    failed = False
    for name in given.cards:
        found = compare(Ecram.load(name), given.python)
        # exact steps in double precision; Runge-Kutta of fourth order with 400 steps a pulse
        failed |= found["train"] > 1e-9 or found["waveform"] > 1e-5
        print(f"{name:<24} train {found['train']:.1e}  waveform {found['waveform']:.1e}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
