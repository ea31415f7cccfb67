"""What ``ionspike circuit characterize`` does: the battery on one topology or all, one table and one page of figures."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from ionspike import files, plotting
from ionspike.circuit.characterize import characterize, table_text
from ionspike.circuit.characterize.figures import draw
from ionspike.circuit.characterize.table import table_rows
from ionspike.circuit.topologies import TOPOLOGIES, find_topology
from ionspike.cli.circuit_results import keep, plain, setting_of, teller
from ionspike.device import Ecram

_RELTOL = 1e-5  # widths jitter by 0.4 % at 1e-4


def run_characterize(
    topology: str | None,
    card: str,
    corner: str,
    temperature: float,
    quick: bool,
    out: Path,
    workers: int | None,
    as_json: bool,
) -> tuple[dict[str, Any], list[str]]:
    """Measure; the table as a dictionary and as lines for a reader."""
    files.check_folder(out)
    setting = setting_of(corner, temperature)
    setting = replace(setting, accuracy=replace(setting.accuracy, reltol=_RELTOL))
    names = list(TOPOLOGIES) if topology is None else [find_topology(topology).name]
    device = Ecram.load(card)
    datasets, paths = [], []
    for name in names:
        data = characterize(name, device, setting, quick, workers, teller(as_json))
        datasets.append(data)
        paths += keep(out, Path(name).stem, data, None, {})
    rows, text = table_rows(datasets), table_text(datasets)
    paths += [
        str(files.write_bytes(out / "characterize.png", plotting.png(draw(datasets)))),
        str(files.write_text(out / "table.txt", text)),
        str(files.write_text(out / "table.csv", _csv(rows))),
        str(files.write_text(out / "table.json", json.dumps(plain(rows), indent=1) + "\n")),
    ]
    return {"table": plain(rows), "files": paths}, [text, *paths]


def _csv(rows: list[dict[str, Any]]) -> str:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()
