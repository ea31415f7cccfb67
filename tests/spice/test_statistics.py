"""The foundry's statistics: one seed is one chip, and the spread of V_T has the size that the foundry's constants say."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ionspike.circuit.simulate import Setting
from ionspike.errors import InputError, RunError
from ionspike.spice import Job, Transient, compose, run_all
from ionspike.spice.statistics import process_spread, statistical

COUNT = 60
MODELS = """* models
.lib tt
.param MC_MM_SWITCH=0 MC_PR_SWITCH=0 process_mc_factor=1
.param sw_a = {0.5+corner_factor*0.0} + process_mc_factor*MC_PR_SWITCH*GAUSS(0,0.025,1)
.param
+ sw_b_mc = 0
*          vary sw_a    dist=gauss   std=2.5*process_mc_factor       percent=yes
*          vary sw_b_mc dist=gauss   std=0.006*process_mc_factor
.endl tt
"""


def diodes(kind: str, w: float, l: float, count: int = COUNT, current: float = 1e-8) -> str:
    """Diode-connected transistors at one current each: a shift of V_T is a shift of the gate."""
    lines = ["vdd vdd 0 1.8"]
    for k in range(count):
        node, rail = f"g{k}", "0" if kind == "nfet" else "vdd"
        lines.append(f"i{k} {'vdd ' + node if kind == 'nfet' else node + ' 0'} {current!r}")
        lines.append(f"x{k} {node} {node} {rail} {rail} sky130_fd_pr__{kind}_01v8 w={w} l={l} ad=0 as=0 pd=0 ps=0")
    lines.append(".ic v(vdd)=1.8 " + " ".join(f"v(g{k})={0.5 if kind == 'nfet' else 1.1}" for k in range(count)))
    return "\n".join(lines) + "\n"


def gates(setting: Setting, kind: str, w: float, l: float, section: str, *seeds: int | None, count: int = COUNT):
    """Their gate voltages (V), one array a seed."""
    names = tuple(f"v(g{k})" for k in range(count))
    jobs = [
        Job(diodes(kind, w, l, count), Transient(2e-6, 2e-7), names, setting.process, section, seed=seed)
        for seed in seeds
    ]
    return [np.array([run[name][-1] for name in names]) for run in run_all(setting.engine, jobs)]  # type: ignore[index]


@pytest.mark.spice
@pytest.mark.parametrize(("kind", "constant"), [("nfet", 3.356e-3), ("pfet", 5.856e-3)])
def test_mismatch_of_a_transistor_has_the_size_of_the_foundrys_constant(setting: Setting, kind: str, constant: float):
    w, l = 0.84, 0.5
    sigma = constant / math.sqrt(w * l)
    if (
        kind == "nfet"
    ):  # the foundry's V_T shift of the small nfet is larger: the three factors of delvto in its .subckt
        sigma *= (0.008 * 8 / l + 0.992) * (0.035 * 7 / w + 0.965) * (0.001 * 56 / (w * l) + 0.999)
    (mismatched,) = gates(setting, kind, w, l, "tt_mm", 5)
    (nominal,) = gates(setting, kind, w, l, "tt", None, count=3)
    assert np.ptp(nominal) < 1e-6  # the control: without statistics all are alike
    # the sd of 60 draws is known to 1/sqrt(120) = 9 %
    assert mismatched.std(ddof=1) == pytest.approx(sigma, rel=3 * 0.091)
    assert mismatched.mean() == pytest.approx(nominal[0], abs=4 * sigma / math.sqrt(COUNT))


@pytest.mark.spice
def test_the_same_seed_is_the_same_chip_and_another_is_another(setting: Setting):
    first, again, other = gates(setting, "nfet", 0.84, 0.5, "mc", 5, 5, 6)
    np.testing.assert_array_equal(first, again)
    assert abs(np.corrcoef(first, other)[0, 1]) < 0.52  # 4 sigma of unrelated draws


@pytest.mark.spice
def test_what_comes_behind_a_transistor_does_not_move_it(setting: Setting):
    text = diodes("nfet", 0.84, 0.5, count=8)
    behind = "x999 vdd vdd 0 0 sky130_fd_pr__nfet_01v8 w=1 l=0.5 ad=0 as=0 pd=0 ps=0\n"
    jobs = [
        Job(t, Transient(2e-6, 2e-7), ("v(g7)",), setting.process, "mc", seed=3)
        for t in (text, text.replace(".ic ", behind + ".ic "))
    ]
    alone, longer = run_all(setting.engine, jobs)
    assert alone["v(g7)"][-1] == pytest.approx(longer["v(g7)"][-1], abs=1e-6)  # type: ignore[index]


def test_statistics_that_the_models_state_are_carried_out():
    assert process_spread(MODELS) == [("sw_a", "gauss", 2.5, True), ("sw_b_mc", "gauss", 0.006, False)]
    made = statistical(MODELS, "mc")
    assert "sw_a = {(0.5+corner_factor*0.0)*(1+process_mc_factor*MC_PR_SWITCH*AGAUSS(0,2.5,1)/100)}" in made
    assert "sw_b_mc = {(0)+process_mc_factor*MC_PR_SWITCH*AGAUSS(0,0.006,1)}" in made
    assert ".lib mc" in made and "MC_MM_SWITCH=1 MC_PR_SWITCH=1" in made


def test_models_without_switches_or_parameters_are_refused():
    with pytest.raises(RunError, match="no switches"):
        statistical("* nothing", "mc")
    with pytest.raises(RunError, match="sw_b_mc varies"):
        statistical(MODELS.replace("+ sw_b_mc = 0", ""), "mc")


@pytest.mark.spice
@pytest.mark.parametrize("seed", [None, 0, -1, 2**31, 1.5])
def test_a_statistical_run_needs_a_seed(setting: Setting, seed: object):
    with pytest.raises(InputError, match="expected"):
        compose(Job("v1 a 0 1\n", Transient(1e-6), (), setting.process, "mc", seed=seed))  # type: ignore[arg-type]
