"""The exports behave as the law: every card of the library, on ngspice and on VACASK, and a wrong export is found out."""

from __future__ import annotations

from dataclasses import fields, replace
from itertools import pairwise

import numpy as np
import pytest

from ionspike.device import Ecram, Gate, Population, Temperature, Weight, library
from ionspike.device.export.benches import READ_VOLTAGE, benches
from ionspike.device.export.validate import LIMITS, run_law, validate
from ionspike.errors import RunError
from ionspike.spice import Ngspice
from ionspike.spice.vacask import Vacask

# every term of the law at once, both polarities, a leaking gate; values such that each counts
FULL = Ecram(
    "full",
    Gate(V_T=0.6, V_0=0.052, J_lim=1e6, V_rest=-0.2, C_g=1e-13, R_g=1e8, polarity=-1.0),
    (
        Population(tau=1e-5, g=5e-5, q=1e-13, c=3.0, d=2.0, s=0.5, V_d=0.3),
        Population(tau=3e-6, g=-6e-5, a=2.0, q=2e-13, V_d=0.3, c=1.0, d=3.0, s=0.7, polarity=-1.0),
    ),
    Weight(G_min=5e-5, G_max=1e-4, G_off=2e-5, w=0.3, a=0.2, tau=2e-5, q=3e-13, V_d=0.3, c=1.0, d=2.0, s=0.7),
    Temperature(E_k0=0.3, E_tau=0.2),
)
HOURS = Ecram(
    "hours",
    Gate(V_T=0.8, V_0=0.052, J_lim=1e-3, C_g=1e-9, R_g=1e12),
    (Population(tau=3600.0, g=1e-5, q=1e-8, d=2.0),),
    Weight(G_min=1e-5, G_max=5e-5, a=0.1, tau=1e5, q=1e-8),
)
TWO_TERMINAL = Ecram(
    "two-terminal",
    Gate(V_T=0.6, V_0=0.05, J_lim=1e6, drive="channel"),
    (Population(tau=1e-5, g=1e-4, c=5.0, s=0.5),),
    Weight(G_min=1e-6),
)
CARDS = [*(Ecram.load(name) for name in library()), FULL, HOURS, TWO_TERMINAL]


@pytest.fixture(scope="module", autouse=True)
def engines() -> None:
    try:
        Ngspice.find()
        Vacask.find()
    except RunError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("device", CARDS, ids=lambda d: d.name)
def test_both_simulators_agree_with_the_law(device: Ecram):
    done = validate(device)
    assert done.passed, [d for d in done.differences if not d.passed]
    for engine, limit in LIMITS.items():
        assert max(done.worst(engine)) <= limit
    compared = {d.bench for d in done.differences if not d.reason}
    assert {"pulse", "train", "signs", "ramp", "pulse at -20 C", "pulse at 85 C"} <= compared
    assert ("moving source" in compared) == (device.gate.drive == "gate")
    assert ("floating gate" in compared) == (device.gate.drive == "gate" and device.gate.C_g > 0)


@pytest.mark.parametrize(("section", "name"), [("gate", "V_T"), ("population", "tau"), ("weight", "G_min")])
@pytest.mark.parametrize("engine", list(LIMITS))
def test_an_export_with_one_parameter_off_by_two_per_cent_fails(section: str, name: str, engine: str):
    device = Ecram.load("reference")
    assert not validate(device, (engine,), exported=_changed(device, section, name)).passed


def _changed(device: Ecram, section: str, name: str, index: int = 0) -> Ecram:
    """The device with one parameter 2 % larger."""
    if section == "population":
        old = device.populations[index]
        new = replace(old, **{name: 1.02 * getattr(old, name)})
        return replace(device, populations=(*device.populations[:index], new, *device.populations[index + 1 :]))
    old = getattr(device, section)
    return replace(device, **{section: replace(old, **{name: 1.02 * getattr(old, name)})})


def _numbers(section: object) -> list[str]:
    skipped = {"polarity", "drive", "T_ref"}
    values = {item.name: getattr(section, item.name) for item in fields(section)}  # type: ignore[arg-type]
    return [n for n, v in values.items() if n not in skipped and v and np.isfinite(v)]


ALL = [
    *(("gate", name, 0) for name in _numbers(FULL.gate)),
    *(("population", name, k) for k in (0, 1) for name in _numbers(FULL.populations[k])),
    *(("weight", name, 0) for name in _numbers(FULL.weight)),
    *(("temperature", name, 0) for name in _numbers(FULL.temperature)),
]


@pytest.mark.parametrize(("section", "name", "index"), ALL)
def test_the_benches_feel_two_per_cent_of_every_parameter(section: str, name: str, index: int):
    # law against law, as the simulators stay far below their limits
    other, largest = _changed(FULL, section, name, index), 0.0
    for drive in benches(FULL):
        pieces = [np.linspace(a, b, 100) for a, b in pairwise(drive.time.tolist())]
        law, off = (run_law(device, drive, np.unique(np.concatenate(pieces))) for device in (FULL, other))
        pairs = [(law.conductance, off.conductance)]
        pairs.append((law.charge, off.charge) if drive.current is None else (law.bias, off.bias))
        largest = max(largest, *(float(np.abs(b - a).max() / np.ptp(a)) for a, b in pairs))
    assert 100 * largest > LIMITS["VACASK"]


def test_a_two_terminal_device_is_driven_by_its_channel():
    drive = benches(TWO_TERMINAL)[0]
    drain, source = drive.ends(TWO_TERMINAL)
    assert np.ptp(drain) > 0.5 and np.all(source == 0) and drain[0] == READ_VOLTAGE


def test_an_engine_that_is_missing_is_not_a_pass(monkeypatch: pytest.MonkeyPatch):
    def missing() -> Vacask:
        raise RunError("VACASK is not installed; get it with: pip")

    monkeypatch.setattr(Vacask, "find", missing)
    done = validate(TWO_TERMINAL)
    assert not done.passed and "not installed" in done.missing["VACASK"]
    assert validate(TWO_TERMINAL, ("ngspice",)).passed
