"""The hand-over from device to circuit: the .subckt written from a card behaves as the Python law does."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ionspike.circuit.simulate import Setting
from ionspike.device import Ecram, Gate, Population, Weight, subckt, subckt_name
from ionspike.device.follow import follow
from ionspike.errors import RunError
from ionspike.spice import Accuracy, Job, Ngspice, PulseCheck, Transient, check_netlist
from ionspike.spice.raw import read_raw


def _variants() -> list[Ecram]:
    reference, band = Ecram.load("reference"), Ecram.load("band-pass")
    cooperative = replace(reference.populations[0], c=5.0, d=2.0, s=0.9, V_d=0.4)
    return [
        reference,
        band,
        replace(reference, name="cooperative", populations=(cooperative,)),
        replace(reference, name="negative", gate=replace(reference.gate, polarity=-1.0, V_rest=-0.1, R_g=1e9)),
    ]


@pytest.mark.parametrize("device", _variants(), ids=lambda d: d.name)
def test_the_text_passes_the_allow_list(device: Ecram):
    check_netlist(subckt(device))


@pytest.mark.spice
@pytest.mark.parametrize("device", _variants(), ids=lambda d: d.name)
def test_random_pulses_of_both_signs_leave_the_same_conductance(device: Ecram, setting: Setting):
    rng = np.random.default_rng(3)
    points, t = ["0 0"], 0.0
    for _ in range(30):
        level, width, rest = rng.choice([-1.8, 1.0, 1.8]), rng.uniform(3e-9, 30e-9), rng.uniform(5e-8, 2e-4)
        points += [
            f"{t + rest!r} 0",
            f"{t + rest + 1e-9!r} {level}",
            f"{t + rest + width!r} {level}",
            f"{t + rest + width + 1e-9!r} 0",
        ]
        t += rest + width + 1e-9
    rows = "\n+ ".join(points)
    netlist = f"{subckt(device)}\nvg g 0 pwl({rows})\nvd d 0 0.3\nvs s 0 0.1\nx1 g d s {subckt_name(device)}\n"
    save = ("v(g)", "v(x1.gch)")
    # a tenth of the usual tolerance: pulses of 3 ns are a few time steps long
    job = Job(netlist, Transient(t + 1e-6, 1e-6), save, setting.process, accuracy=Accuracy().tighter())
    run = setting.engine.run(job)
    states = follow(device, run.time, run["v(g)"], 0.3, 0.1)
    law, spice = device.conductance(states), 1e-6 * run["v(x1.gch)"]
    swing = float(np.ptp(law))
    assert swing > 0
    # DESIGN's bound for ngspice: half a per cent of the swing
    assert np.abs(spice - law).max() < 5e-3 * swing


def _ngspice() -> Ngspice:
    try:
        return Ngspice.find()
    except RunError as error:
        pytest.skip(str(error))


def test_pulses_of_a_nanosecond_in_ten_seconds():
    """Ten decades between an edge and the run: nine pulses, one a second, each seen and each worth what the law says."""
    engine, device, edge, width = _ngspice(), Ecram.load("reference"), 1e-10, 1e-9
    corners, volts = [0.0], [0.0]
    for k in range(1, 10):
        corners += [k, k + edge, k + edge + width, k + 2 * edge + width]
        volts += [0.0, 1.8, 1.8, 0.0]
    points = "\n+ ".join(f"{t!r} {v!r}" for t, v in zip(map(float, corners), volts, strict=True))
    netlist = f"{subckt(device)}\nvg g 0 pwl({points})\nvd d 0 0.1\nvs s 0 0\nx1 g d s {subckt_name(device)}\n"
    job = Job(
        netlist,
        Transient(10.0, 1e-2),
        ("v(g)", "v(x1.gch)"),
        accuracy=Accuracy().tighter(),
        pulses=(PulseCheck("v(g)", 0.9, 9),),
    )
    run = engine.run(job)
    law = device.conductance(follow(device, run.time, run["v(g)"], 0.1, 0.0, device.at_rest(0.0, 0.1, 0.0)))
    assert np.abs(1e-6 * run["v(x1.gch)"] - law).max() < 5e-3 * np.ptp(law)


@pytest.mark.parametrize("decade", range(-9, 4))
def test_a_pulse_and_its_decay_at_any_time_scale(decade: int):
    """Twelve decades, one device each: a pulse of a tenth of a unit and its decay over three, the unit from 1 ns to 1000 s."""
    engine, unit = _ngspice(), 10.0**decade
    device = Ecram(
        "scaled",
        Gate(V_T=1.0, V_0=0.052, J_lim=3 / unit),
        (Population(tau=unit, g=1e-4, s=0.5, c=2.0),),
        Weight(G_min=1e-4),
    )
    shape = ((0, 0), (0.1, 0), (0.101, 1.4), (0.2, 1.4), (0.201, 0), (3, 0))
    points = " ".join(f"{t * unit!r} {float(v)!r}" for t, v in shape)
    netlist = f"{subckt(device)}\nvg g 0 pwl({points})\nvd d 0 0.01\nvs s 0 -0.01\nx1 g d s {subckt_name(device)}\n"
    accuracy = Accuracy().tighter()
    run = engine.run(Job(netlist, Transient(3 * unit, 0.02 * unit), ("v(g)", "v(x1.gch)"), accuracy=accuracy))
    law = device.conductance(follow(device, run.time, run["v(g)"], 0.01, -0.01))
    assert np.abs(1e-6 * run["v(x1.gch)"] - law).max() < 5e-3 * np.ptp(law)


def test_an_operating_point_rests_the_volatile_states_and_holds_the_weight(tmp_path: Path):
    # plain ngspice without uic, as a user would run it
    engine, device, held = _ngspice(), Ecram.load("reference").with_weight(0.7), 1.35
    netlist = f"{subckt(device)}\nvg g 0 {held}\nvd d 0 0.01\nvs s 0 -0.01\nx1 g d s {subckt_name(device)}\n"
    (tmp_path / "deck.cir").write_text(f"* operating point\n{netlist}.save v(x1.x1) v(x1.w)\n.tran 1n 10n\n.end\n")
    subprocess.run(
        [engine.path, "-n", "-b", "-r", "out.raw", "deck.cir"], cwd=tmp_path, capture_output=True, check=True
    )
    seen = read_raw(tmp_path / "out.raw")
    assert seen["v(x1.x1)"][0] == pytest.approx(device.at_rest(held, 0.01, -0.01)[0], rel=1e-3)
    assert seen["v(x1.w)"][0] == pytest.approx(0.7, rel=1e-3)


def test_every_card_value_is_a_default_that_an_instance_may_set():
    engine, device = _ngspice(), Ecram.load("reference")
    assert engine is not None
    other = replace(device, populations=(replace(device.populations[0], g=2.4e-4, tau=1e-3),))
    source = "vg g 0 pwl(0 0 1e-9 1.8 2e-8 1.8 2.1e-8 0 1e-3 0)\nvd d 0 0.01\nvs s 0 -0.01\n"
    runs = [
        engine.run(
            Job(
                f"{subckt(own)}\n{source}{call}\n", Transient(1e-3, 1e-5), ("v(x1.gch)",), accuracy=Accuracy().tighter()
            )
        )
        for own, call in (
            (device, "x1 g d s ecram_reference g_x1=2.4e-4 tau_x1=1e-3"),
            (other, "x1 g d s ecram_reference"),
        )
    ]
    at = np.linspace(0, 1e-3, 200)
    first, second = (run.at("v(x1.gch)", at) for run in runs)
    # read between time points that need not be the same; the card alone would be off by half the swing
    np.testing.assert_allclose(first, second, atol=5e-3 * np.ptp(second))
