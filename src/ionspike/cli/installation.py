"""What the package finds on this machine: versions and paths, what is missing and how to get it."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

from ionspike import __version__
from ionspike.errors import InputError, RunError
from ionspike.spice.cache import Cache
from ionspike.spice.ngspice import Ngspice
from ionspike.spice.process import find_process
from ionspike.spice.vacask import INSTALL_HINT, find_program, program_version

_LIBRARIES = ("numpy", "scipy", "numba", "xarray", "zarr", "lmfit", "matplotlib")
_OLDEST_NGSPICE = 39


def examine() -> list[dict[str, Any]]:
    """One entry an item: ``name, found, optional, detail``. The detail of what is missing says how to get it."""
    libraries = ", ".join(f"{name} {metadata.version(name)}" for name in _LIBRARIES)
    return [
        _item("ionspike", True, f"{__version__} at {Path(__file__).resolve().parents[1]}"),
        _item("python", True, f"{platform.python_version()} on {platform.platform()}"),
        _item("libraries", True, libraries),
        _ngspice(),
        _models(),
        _verilog("VACASK", "vacask"),
        _verilog("OpenVAF", "openvaf-r"),
        _cache(),
        _records(),
    ]


def _item(name: str, found: bool, detail: str, optional: bool = False) -> dict[str, Any]:
    return {"name": name, "found": found, "optional": optional, "detail": detail}


def _ngspice() -> dict[str, Any]:
    try:
        engine = Ngspice.find()
    except RunError as error:
        return _item("ngspice", False, str(error))
    number = engine.version.split(".")[0]
    if number.isdigit() and int(number) < _OLDEST_NGSPICE:
        return _item("ngspice", False, f"{engine.version} at {engine.path}; expected {_OLDEST_NGSPICE} or newer")
    return _item("ngspice", True, f"{engine.version} at {engine.path}")


def _models() -> dict[str, Any]:
    try:
        kit = find_process("sky130")
    except InputError as error:
        return _item("sky130", False, str(error))
    return _item("sky130", True, f"{kit.version} at {kit.library('tt').parent}")


def _verilog(name: str, program: str) -> dict[str, Any]:
    """One of the two programs that run Verilog-A; nothing but `device validate` needs them."""
    path = find_program(program)
    if path is None:
        return _item(name, False, f"device validate needs {program}; get it with: {INSTALL_HINT}", optional=True)
    return _item(name, True, f"{program_version(path)} at {path}", optional=True)


def _cache() -> dict[str, Any]:
    try:
        cache = Cache.of_environment()
    except InputError as error:
        return _item("cache of runs", False, str(error), optional=True)
    if not cache.active:
        return _item("cache of runs", True, "off (IONSPIKE_CACHE)", optional=True)
    runs, size = cache.size()
    detail = f"{runs} runs, {size / 2**20:.0f} of {cache.limit / 2**20:.0f} MiB, at {cache.folder}; IONSPIKE_CACHE=off switches it off"
    return _item("cache of runs", True, detail, optional=True)


def _records() -> dict[str, Any]:
    folder = os.environ.get("IONSPIKE_DATA")
    if folder and Path(folder).is_dir():
        return _item("measured records", True, f"at {folder} (IONSPIKE_DATA)", optional=True)
    return _item(
        "measured records",
        False,
        "compact-model falls back to a synthetic record; set IONSPIKE_DATA to a folder of measured records",
        optional=True,
    )
