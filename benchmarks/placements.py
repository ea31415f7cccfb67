"""Facilitation and excitability of an ECRAM in each path of each neuron, with the control: ``python -m benchmarks.placements``.

``--json FILE`` writes the figures, ``--topology NAME`` (repeatable) measures some, ``--pulses N`` sets the length of the drives.
"""

from __future__ import annotations

import argparse
import json
import warnings
from dataclasses import asdict
from pathlib import Path

from ionspike import files
from ionspike.circuit.placements import measure_placements
from ionspike.circuit.rest import ErasedChannel
from ionspike.circuit.simulate import Setting
from ionspike.circuit.topologies import TOPOLOGIES
from ionspike.device import Ecram
from ionspike.spice import Ngspice, find_process


def main() -> None:
    """Measure, print a table, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--topology", action="append", choices=list(TOPOLOGIES))
    parser.add_argument("--pulses", type=int, default=480)
    options = parser.parse_args()
    setting = Setting(Ngspice.find(), find_process("sky130"))
    warnings.simplefilter("ignore", ErasedChannel)  # told in the table
    effects = measure_placements(
        options.topology or list(TOPOLOGIES), Ecram.load("reference"), setting, pulses=options.pulses
    )
    print(f"{'topology':22}{'placement':11}{'effect %':>9}{'control %':>11}{'rest/relaxation':>17}{'spikes':>8}")
    for e in effects:
        print(f"{e.topology:22}{e.placement:11}{e.live:9.1f}{e.control:11.1f}{e.erasure:17.2g}{e.spikes:8d}")
    if options.json:
        files.write_text(options.json, json.dumps([asdict(e) for e in effects], indent=1) + "\n")


if __name__ == "__main__":
    main()
