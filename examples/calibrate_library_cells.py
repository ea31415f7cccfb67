"""Calibrate the cells that come with the package again, on this machine's ngspice and SKY130 models.

Usage: python examples/calibrate_library_cells.py FOLDER (the package's own: src/ionspike/network/cells)
"""

from __future__ import annotations

import sys
from pathlib import Path

from ionspike.circuit.simulate import Setting
from ionspike.device import Ecram
from ionspike.report.claim import Context
from ionspike.report.claims.frequency_selectivity import calibrated_cells
from ionspike.spice import Ngspice, find_process

context = Context(
    reference=Ecram.load("reference"),
    band_pass=Ecram.load("band-pass"),
    setting=Setting(Ngspice.find(), find_process("sky130")),
    progress=print,
)
for name, cell in calibrated_cells(context).items():
    print(cell.save(Path(sys.argv[1]) / f"{name}.toml"))
