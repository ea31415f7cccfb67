"""The main job: a report from finished claims, kept on the way, never half-written."""

from __future__ import annotations

import json
import warnings
from dataclasses import replace
from pathlib import Path

import pytest
import xarray as xr

from ionspike.device import Ecram
from ionspike.errors import InputError, RunError
from ionspike.network.validity import OutsideValidity
from ionspike.report import claims as claims_package
from ionspike.report.claim import Check, Claim, Conditions, Context, Control, Outcome
from ionspike.report.reproduce import Options, reproduce

MUST_FAIL = {
    "resistance-step",
    "synaptic-facilitation",
    "excitability",
    "topologies",
    "coexistence",
    "cell-calibration",
    "frequency-selectivity",
}
KEYS = {"id", "statement", "paper", "status", "checks", "control", "conditions", "data", "command"}


def _claim(name: str, measured: list[str], fail: bool = False) -> Claim:
    def measure(context: Context) -> Outcome:
        measured.append(name)
        if fail:
            raise RunError("ngspice stopped")
        data = xr.Dataset({"x": ("t", [1.0, 2.0])})
        check = Check("one", 1.0, "J", None, 2.0)
        return Outcome((check,), (Control("zero", 0.0, "", None, 1.0),), Conditions("law", "1"), datasets={"d": data})

    return Claim(name, "it holds", "it says so", measure, needs_transistors=False)


def test_a_stopped_run_goes_on_from_what_is_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    measured: list[str] = []
    first, second = _claim("first", measured), _claim("second", measured, fail=True)
    monkeypatch.setattr(claims_package, "CLAIMS", (first, second))
    out = tmp_path / "out"
    with pytest.raises(RunError, match="second: ngspice stopped"):
        reproduce(Options(out), lambda _: None)
    assert not (out / "report.html").exists()
    monkeypatch.setattr(claims_package, "CLAIMS", (first, _claim("second", measured)))
    results = reproduce(Options(out), lambda _: None)
    assert measured == ["first", "second", "second"]
    assert [r.record["status"] for r in results] == ["passed", "passed"]
    assert sorted(p.name for p in out.iterdir()) == ["claims.json", "figures", "report.html", "results.zarr"]


def test_the_report_is_one_page_with_all_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(claims_package, "CLAIMS", (_claim("first", []),))
    reproduce(Options(tmp_path / "out"), lambda _: None)
    page = (tmp_path / "out" / "report.html").read_text()
    assert "data:image/png;base64," in page and 'src="http' not in page and "<link" not in page
    assert "1 of 1 claims passed" in page and "at most 2 J" in page
    entries = json.loads((tmp_path / "out" / "claims.json").read_text())
    assert set(entries[0]) == KEYS
    assert xr.open_zarr(tmp_path / "out" / "results.zarr", group="first/d", consolidated=False)["x"].sum() == 3


def test_what_a_cell_warns_of_is_a_note_of_its_claim_and_no_noise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder
):
    plain = _claim("first", [])

    def measure(context: Context) -> Outcome:
        warnings.warn("cell 'a' outside its range of validity: input at 1 Hz", OutsideValidity, stacklevel=1)
        warnings.warn("of someone else", UserWarning, stacklevel=1)
        return plain.measure(context)

    monkeypatch.setattr(claims_package, "CLAIMS", (replace(plain, measure=measure),))
    said: list[str] = []
    reproduce(Options(tmp_path), said.append)
    assert any("outside its range" in line for line in said)
    assert "outside its range" in (tmp_path / "report.html").read_text()
    assert [str(w.message) for w in recwarn] == ["of someone else"]


def test_a_failed_run_leaves_the_earlier_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(claims_package, "CLAIMS", (_claim("first", []),))
    reproduce(Options(tmp_path), lambda _: None)
    earlier = (tmp_path / "report.html").read_bytes()
    monkeypatch.setattr(claims_package, "CLAIMS", (_claim("first", [], fail=True),))
    with pytest.raises(RunError):
        reproduce(Options(tmp_path, quick=True), lambda _: None)
    assert (tmp_path / "report.html").read_bytes() == earlier


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"device": "nothing"}, "there is no card"),
        ({"only": ("nothing",)}, "no claim 'nothing'"),
        ({"data": Path("/nowhere")}, "not a folder"),
    ],
)
def test_wrong_options_write_nothing(tmp_path: Path, options: dict, told: str):
    with pytest.raises(InputError, match=told):
        reproduce(replace(Options(tmp_path / "out"), **options), lambda _: None)
    assert not (tmp_path / "out").exists()


def test_an_output_folder_that_cannot_be_written_is_told_before_any_work(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        reproduce(Options(tmp_path / "file"), lambda _: None)


def test_a_data_folder_without_the_records_is_told(tmp_path: Path):
    with pytest.raises(InputError, match=r"no record .*transient\.csv"):
        reproduce(Options(tmp_path / "out", data=tmp_path, only=("compact-model",)), lambda _: None)


def test_without_transistors_the_rest_runs_and_circuit_claims_read_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv("IONSPIKE_DATA", raising=False)
    said: list[str] = []
    results = {r.id: r for r in reproduce(Options(tmp_path / "out", quick=True), said.append)}
    assert results["compact-model"].record["status"] == "passed"
    assert results["compact-model"].record["data"] == "synthetic"
    assert results["frequency-selectivity"].record["status"] == "passed"
    assert "calibrated on ngspice" in " ".join(results["frequency-selectivity"].notes)
    others = {n: r for n, r in results.items() if n not in ("compact-model", "frequency-selectivity")}
    assert {r.record["status"] for r in others.values()} == {"not-run"}
    assert any("install ngspice" in line for line in said)
    assert all(r.record["conditions"]["engine"] for r in results.values())


@pytest.mark.spice
@pytest.mark.slow
def test_every_claim_passes_and_without_volatile_conductance_just_those_that_rest_on_it_fail(
    tmp_path: Path, setting: object, reference: Ecram, monkeypatch: pytest.MonkeyPatch
):
    # one after the other: what does not depend on the card is simulated once; with a silent card a control is the run that it stands beside, too
    monkeypatch.setenv("IONSPIKE_CACHE", str(tmp_path / "runs"))
    results = reproduce(Options(tmp_path / "out", quick=True), lambda _: None)
    failed = {r.id: list(r.record["checks"] + r.record["control"]) for r in results if r.record["status"] != "passed"}
    assert not failed
    names = {c["name"] for r in results for c in r.record["checks"]}
    assert names >= {
        *("step", "step-law", "gain-high", "gain-low", "gain-law", "input-interval", "leak-interval", "delay-width"),
        *(f"{kind}-{rate}" for kind in ("dynamic", "total-shared") for rate in ("100Hz", "1kHz", "10kHz", "50kHz")),
        *("overhead", "width-decades", "same-pulse", "rate-error", "energy-error", "octaves"),
        *("low-edge-outputs", "high-edge-outputs", "band-outputs", "dprime"),
    }
    silent = replace(reference, populations=tuple(replace(p, g=0.0) for p in reference.populations))
    card = silent.save(tmp_path / "silent.toml")
    results = reproduce(Options(tmp_path / "silent", quick=True, device=str(card)), lambda _: None)
    assert {r.id for r in results if r.record["status"] == "failed"} == MUST_FAIL
    assert {r.record["status"] for r in results if r.id not in MUST_FAIL} == {"passed"}
