"""Figures of docs/device.md: public records as the readers show them.

python examples/record_figures.py DATA [--out docs]
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import ionspike as isp
from ionspike import files, plotting

FIGURES = {"record-pulses.png": "oect-slow", "record-ramps.png": "analog-ramps"}


def main(
    data: Annotated[Path, typer.Argument(help="Folder of public records.")],
    out: Annotated[Path, typer.Option(help="Folder to write the figures to.")] = Path("docs"),
) -> None:
    """Draw the figures."""
    for file, name in FIGURES.items():
        record = isp.device.fetch(name, data).read()
        print(record)
        print("written to", files.write_bytes(out / file, plotting.png(record.plot())))


if __name__ == "__main__":
    typer.run(main)
