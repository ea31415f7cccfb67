"""One call reads any measured file: curves, geometries, and what the headings say it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ionspike.device import PulseRecord, RampRecord, SweepRecord, read, read_geometry, read_sweep
from ionspike.device.measured.geometry import DeviceGeometry
from ionspike.errors import InputError

CURVE = "V_G\tI_DS (A)\n" + "\n".join(f"{v / 10}\t{1e-6 * abs(v)}" for v in [*range(-5, 1), *range(0, -6, -1)])
FOOTER = "\n\t\nV_DS =\t-0.6\nWidth/um =\t400\t\nLength/um =\t20\n"


def test_a_transfer_curve_keeps_what_its_footer_says(tmp_path: Path):
    (tmp_path / "t.txt").write_text(CURVE + FOOTER)
    curve = read_sweep(tmp_path / "t.txt", units={"V_G": "V"})
    assert curve.swept == "gate" and curve.held == -0.6 and curve.width == pytest.approx(4e-4)
    assert len(curve.branches) == 2 and len(curve.voltage) == 12
    assert curve._repr_png_().startswith(b"\x89PNG")
    with pytest.raises(InputError, match=r"'V_G' has no unit; .*units="):
        read_sweep(tmp_path / "t.txt")


def test_both_dialects_of_a_configuration_are_read(tmp_path: Path):
    for colon in (" : ", ":\t"):
        text = f"[Dimensions]\nWidth (um){colon}400\t\nLength (um){colon}20\n\n[Output]\nVgs (V) 0{colon}-0.500\nOutput Vgs{colon}2\n"
        (tmp_path / "c.cfg").write_text(text)
        found = read_geometry(tmp_path / "c.cfg")
        assert (found.width, found.length, found.thickness) == (pytest.approx(4e-4), pytest.approx(2e-5), None)
        assert found.settings == {"output.vgs 0": -0.5, "output.output vgs": 2}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[Dimensions]\nWidth (um) : 400\n", "no length"),
        ("[Dimensions]\nWidth : 400\nLength (um) : 20\n", "row 2, 'Width' has no unit"),
        ("[Dimensions]\nWidth (um) : wide\nLength (um) : 20\n", "row 2, 'Width' is 'wide'"),
        ("[Dimensions]\nWidth (kg) : 400\nLength (um) : 20\n", "row 2, 'Width' is in 'kg'"),
        ("[Dimensions]\n!!\n", "row 2 is '!!'"),
    ],
)
def test_a_defect_of_a_configuration_is_named_with_its_row(tmp_path: Path, text: str, told: str):
    (tmp_path / "c.cfg").write_text(text)
    with pytest.raises(InputError, match=told):
        read(tmp_path / "c.cfg")


def test_what_a_file_holds_is_told_from_its_headings(tmp_path: Path):
    (tmp_path / "p").write_text("t (s),V_G (V),G (S)\n" + "\n".join(f"{k},0,1" for k in range(12)))
    (tmp_path / "r").write_text("ramp1,ramp2\n1,2\n2,1\n")
    (tmp_path / "s").write_text(CURVE)
    assert isinstance(read(tmp_path / "p"), PulseRecord)
    assert isinstance(read(tmp_path / "r", unit="S"), RampRecord)
    assert isinstance(read(tmp_path / "s", units={"V_G": "V"}), SweepRecord)
    with pytest.raises(InputError, match="holds a pulse response, and its reader takes no read_voltage="):
        read(tmp_path / "p", read_voltage=0.1)


def test_every_public_file_loads_with_one_call_and_nothing_told(data: Path):
    found = {path.name: read(path) for path in sorted(data.glob("*/*")) if path.name != "README.txt"}
    assert len(found) == 12
    kinds = [type(item) for item in found.values()]
    assert [kinds.count(k) for k in (PulseRecord, RampRecord, SweepRecord, DeviceGeometry)] == [2, 2, 6, 2]
    fast = found["transient.csv"]
    assert isinstance(fast, PulseRecord) and fast.data == "apparently measured"
    assert any("cite:" in note for note in fast.notes) and any("drain voltage" in note for note in fast.notes)
    both = read(data / "cross-sim" / "set.csv", down=data / "cross-sim" / "reset.csv")
    assert isinstance(both, RampRecord) and len(both.ramps) == 79
    curve = found["uc3_400um_kpf6_transfer_0.txt"]
    assert isinstance(curve, SweepRecord) and curve.held == -0.6
    assert np.abs(curve.current).max() == pytest.approx(1.134453e-3)
