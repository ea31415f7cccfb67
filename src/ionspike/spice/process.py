"""Process kits: where the transistor models of a corner come from."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ionspike.errors import InputError
from ionspike.spice.statistics import SECTIONS

CORNERS = ("tt", "ss", "ff", "sf", "fs")
STATISTICAL = tuple(SECTIONS)  # sections with mismatch, and with mismatch and process, drawn from the seed of a run


class Process(Protocol):
    """A process kit: transistor models by corner, in one file with a ``.lib`` section each."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    @property
    def corners(self) -> tuple[str, ...]: ...

    @property
    def supply(self) -> float: ...

    def library(self, corner: str) -> Path:
        """The file whose section ``corner`` holds the models."""
        ...


@dataclass(frozen=True)
class Kit:
    """A process kit on disk. ``folder`` holds one slice a corner (``tt.lib`` ...) or is one library file with all corners; the
    statistical sections count as corners."""

    name: str
    version: str
    folder: Path
    supply: float = 1.8
    corners: tuple[str, ...] = CORNERS + STATISTICAL

    def library(self, corner: str) -> Path:
        """The slice of a corner, or the one file of a kit that was not sliced."""
        path = self.folder if self.folder.is_file() else self.folder / f"{corner}.lib"
        if not path.is_file():
            raise InputError(f"process {self.name} has no models for corner {corner!r} at {path}")
        return path


def find_process(name: str = "sky130") -> Kit:
    """Find a process kit: the installed ``sky130``, a library file by path, or SKY130 in ``PDK_ROOT`` (open_pdks layout).

    Raises:
        InputError: not installed; says how to get it.
    """
    from ionspike.spice import sky130

    path = Path(name)
    if name != "sky130":
        if path.is_file():
            return Kit(path.stem, "of the user", path.resolve())
        raise InputError(f"there is no process kit {name!r}; expected sky130 or the path of a SPICE library")
    installed = sky130.installed()
    if installed is not None:
        return installed
    root = os.environ.get("PDK_ROOT")
    if root:
        library = Path(root) / "sky130A" / "libs.tech" / "ngspice" / "sky130.lib.spice"
        if library.is_file():
            return Kit("sky130", f"from PDK_ROOT {root}", library)
    raise InputError("the SKY130 transistor models are not installed; get them with: ionspike pdk install sky130")
