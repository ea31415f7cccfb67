"""Finished claims on disk: a report is made from what is stored here, and a run that was stopped goes on from it."""

from __future__ import annotations

import hashlib
import json
import shutil
import warnings
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ionspike import files, plotting
from ionspike.report.claim import Claim, Conditions, Outcome

if TYPE_CHECKING:
    import xarray as xr

_KEY = "key.json"


@dataclass(frozen=True)
class Result:
    """A claim as it is stored. ``record`` is its entry in ``claims.json``; ``pictures`` are (file name, caption)."""

    record: dict[str, Any]
    pictures: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0
    folder: Path = Path()

    @property
    def id(self) -> str:
        """The claim's id."""
        return self.record["id"]

    def picture(self, name: str) -> bytes:
        """The PNG file of a picture."""
        return (self.folder / name).read_bytes()

    def datasets(self) -> dict[str, xr.Dataset]:
        """The claim's data by name."""
        import xarray as xr

        stores = sorted(self.folder.glob("*.zarr"))
        return {path.stem: xr.open_zarr(path, consolidated=False).load() for path in stores}


def record(claim: Claim, outcome: Outcome, command: str) -> dict[str, Any]:
    """The entry of ``claims.json`` for a claim that was measured."""
    return {
        "id": claim.id,
        "statement": claim.statement,
        "paper": claim.paper,
        "status": "passed" if outcome.passed else "failed",
        "checks": [asdict(check) for check in outcome.checks],
        "control": [asdict(check) for check in outcome.control],
        "conditions": asdict(outcome.conditions),
        "data": outcome.data,
        "command": command,
    }


def not_run(claim: Claim, why: str, command: str) -> Result:
    """A claim that needs what this machine lacks."""
    conditions = asdict(Conditions(engine="ngspice", version="not installed", temperature="none"))
    entry = {"id": claim.id, "statement": claim.statement, "paper": claim.paper, "status": "not-run"}
    entry |= {"checks": [], "control": [], "conditions": conditions, "data": "none", "command": command}
    return Result(entry, notes=[why])


def write_dataset(dataset: xr.Dataset, store: Path, group: str | None = None) -> None:
    """Write a dataset as Zarr, into a group of an existing store where one is named."""
    with warnings.catch_warnings():
        # fixed-length text has no Zarr 3 specification yet: xarray and zarr-python read it, which is what the store is for
        warnings.filterwarnings("ignore", message="The data type")
        dataset.to_zarr(store, group=group, mode="w" if group is None else "a", consolidated=False)


class Journal:
    """Finished claims in ``folder``. What another ``key`` left there (other options, card or versions) is discarded."""

    def __init__(self, folder: Path, key: dict[str, Any]) -> None:
        self.folder = folder
        text = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()
        kept = folder / _KEY
        if folder.exists() and (not kept.is_file() or kept.read_text() != text):
            shutil.rmtree(folder)
        files.write_text(kept, text)

    def find(self, claim: str) -> Result | None:
        """A finished claim, or ``None``."""
        stored = self.folder / claim / "result.json"
        if not stored.is_file():
            return None
        tree = json.loads(stored.read_text())
        pictures = [(name, caption) for name, caption in tree["pictures"]]
        return Result(tree["record"], pictures, tree["notes"], tree["seconds"], stored.parent)

    def keep(self, claim: Claim, outcome: Outcome, command: str, seconds: float) -> Result:
        """Store a finished claim; ``result.json`` comes last, so that a claim is there whole or not at all."""
        folder = self.folder / claim.id
        shutil.rmtree(folder, ignore_errors=True)
        for picture in outcome.pictures:
            files.write_bytes(folder / f"{picture.name}.png", plotting.png(picture.figure))
        for name, dataset in outcome.datasets.items():
            write_dataset(dataset, folder / f"{name}.zarr")
        tree = {
            "record": record(claim, outcome, command),
            "pictures": [(f"{picture.name}.png", picture.caption) for picture in outcome.pictures],
            "notes": list(outcome.notes),
            "seconds": seconds,
        }
        files.write_text(folder / "result.json", json.dumps(tree, indent=1))
        found = self.find(claim.id)
        assert found is not None
        return found

    def remove(self) -> None:
        """Forget everything: the report is written."""
        shutil.rmtree(self.folder, ignore_errors=True)
