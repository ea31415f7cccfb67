"""A neuron under what varies: one chip is one chip, the trim pulls it to its aim, a specification counts what meets it."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from ionspike.circuit import settle as settle_module
from ionspike.circuit import working as working_module
from ionspike.circuit.neurons import Neuron
from ionspike.circuit.settle import rest_voltages
from ionspike.circuit.simulate import Run, Setting, job
from ionspike.circuit.testbench import Bench
from ionspike.circuit.variation import (
    ASSUMED_SPREAD,
    METRICS,
    Measured,
    Specification,
    Trim,
    chips,
    corners,
    monte_carlo,
    trim_of,
    yield_of,
)
from ionspike.circuit.variation import steps as steps_module
from ionspike.circuit.variation.across import across_text
from ionspike.circuit.variation.figures import draw_across
from ionspike.circuit.variation.measure import measure_all, plan, read
from ionspike.circuit.variation.specification import share_of
from ionspike.circuit.variation.steps import Steps
from ionspike.circuit.variation.trim import TRIMS
from ionspike.circuit.working import fault, noises
from ionspike.device import Ecram
from ionspike.errors import InputError
from ionspike.spice import Failure, Waveforms, run_one

NETLISTS = Path(__file__).parents[2] / "benchmarks" / "netlists"
NOMINAL = {"width": 9e-9, "energy": 0.56e-12, "step": 1500.0}


@pytest.mark.spice
def test_a_bench_starts_from_the_resting_state_of_its_own_chip(setting: Setting):
    chip = replace(setting, corner="mc", seed=5)
    other = replace(setting, corner="mc", seed=6)
    neuron = Neuron()
    asked = job(Bench(neuron=neuron, width=2e-6, edge=1e-6, max_step=1e-3), 20e-3, chip)
    run = run_one(setting.engine, replace(asked, save=("v(bp)", "v(bn)", "v(bd)", *asked.save)))
    start, foreign = (rest_voltages(neuron, "", 1.8, s) for s in (chip, other))
    for line in ("bp", "bn", "bd"):
        drift = abs(run[f"v({line})"][-1] - start[line])
        assert drift < 0.2e-3  # what the mirrors differ from where they started
        assert abs(foreign[line] - start[line]) > 5 * drift  # the control: another chip rests elsewhere


def test_a_chip_is_the_same_whatever_else_is_drawn(reference: Ecram):
    neuron = Neuron(input=reference)
    many, later = chips(neuron, 6, seed=3), chips(neuron, 2, seed=3, first=4)
    assert many[4:] == later
    assert len({chip.seed for chip in many}) == 6
    assert len({chip.neuron.membrane for chip in many}) == 6
    assert chips(neuron, 1, seed=4)[0] != many[0]


def test_devices_spread_as_their_card_says_and_as_assumed_where_it_says_nothing(reference: Ecram):
    drawn = chips(Neuron(input=reference), 400, seed=1)
    gains = np.array([chip.neuron.input.populations[0].g for chip in drawn])  # type: ignore[union-attr]
    # a standard deviation of 400 draws is known to 3.5 %
    assert np.log(gains).std() == pytest.approx(ASSUMED_SPREAD["population1.g"], rel=0.12)
    membranes = np.array([chip.neuron.membrane for chip in drawn])
    assert membranes.std() / membranes.mean() == pytest.approx(0.027, rel=0.12)


@pytest.mark.spice
def test_chips_differ_and_the_trim_step_brings_them_nearer(setting: Setting, reference: Ecram):
    made = monte_carlo(Neuron(input=reference), setting, samples=2, seed=2)
    assert bool(made.finished.all()) and bool(made.works.all())
    aim = made.attrs["trim_value"]
    off = abs(made.step / aim - 1).max("sample")
    assert float(off.sel(trim="one step")) < 0.6 * float(off.sel(trim="untrimmed"))
    assert float(made.width.sel(trim="untrimmed").std()) > 0.02 * float(made.width.sel(trim="untrimmed").mean())
    assert made.step.attrs["units"] == "ohm" and made.attrs["corner"] == "mc"


@pytest.mark.spice
def test_corners_are_all_there_and_a_trim_brings_them_to_the_nominal_step(setting: Setting, reference: Ecram):
    made = corners(Neuron(input=reference), setting, names=("sf",), temperatures=(27.0,), supplies=(1.8,))
    assert made.step.dims == ("trim", "corner", "temperature", "supply")
    untrimmed, trimmed = made.step.values[0, :, 0, 0], made.step.values[1, :, 0, 0]
    aim = made.attrs["trim_value"]
    assert abs(trimmed[0] / aim - 1) < 0.5 * abs(untrimmed[0] / aim - 1)
    assert bool(made.works.all()) and made.supply.attrs["units"] == "V"
    text = across_text([made, made.isel(trim=[0])], TRIMS)
    assert "1 of 1" in text and "step ~ I^-" in text
    assert len(draw_across([made, made.isel(trim=[0])]).axes) == 6


def test_a_run_that_failed_is_kept_with_its_reason():
    found = read(Failure("timestep too small"))
    assert not found.finished and not found.works and found.failure == "timestep too small"
    assert np.isnan(found["width"])


def test_a_spike_without_an_input_pulse_since_the_one_before_is_a_fault():
    spikes = np.array([1.5, 2.5, 2.7])
    run = SimpleNamespace(
        spike_times=spikes, widths=spikes, reset_ends=spikes + 0.1, input_times=np.array([1.0, 2.0, 3.0])
    )
    assert "1 of 3 spikes without an input pulse" in fault(run)  # type: ignore[arg-type]


def test_a_trim_turns_the_delay_current_by_what_was_found_and_the_power_it_has():
    neuron, inverse = Neuron(delay_bias=1e-9), Trim("step", 1500.0, power=-1.0)
    assert inverse.turned(neuron, Measured({"step": 3000.0})).delay_bias == pytest.approx(2e-9)
    assert Trim("width", 1e-9, -0.5).turned(neuron, Measured({"width": 2e-9})).delay_bias == pytest.approx(4e-9)
    assert Trim("width", 1e-9, -1.0).turned(neuron, Measured({"width": 1e-12})).delay_bias == pytest.approx(0.125e-9)
    assert inverse.turned(neuron, Measured(failure="silent")) == neuron
    assert Trim("step", 1500.0, 0.01, "too little").turned(neuron, Measured({"step": 3000.0})) == neuron


def test_a_trim_step_that_leads_away_from_its_aim_is_taken_back(setting: Setting, monkeypatch: pytest.MonkeyPatch):
    # 3 and 0.9 kohm untrimmed; the step brings the first near, the second further away, and stops the third
    runs = iter([[3000.0, 900.0, 2000.0], [1600.0, 800.0, None]])
    monkeypatch.setattr(
        steps_module,
        "measure_all",
        lambda *_: [Measured({"step": v} if v else {}, failure="" if v else "silent") for v in next(runs)],
    )
    steps = Steps(Trim("step", 1500.0, power=-1.0))
    steps.add([Neuron(delay_bias=1e-9)] * 3, [(setting, 1.8)] * 3, 1)
    data = steps.variables((2, 3), ("trim", "chip"))
    assert data["step"][1].tolist() == [[3000.0, 900.0, 2000.0], [1600.0, 900.0, 2000.0]]
    assert data["delay_bias"][1][1] == pytest.approx([2e-9, 1e-9, 1e-9])


@pytest.mark.spice
def test_a_neuron_whose_delay_current_sets_no_width_has_no_trim_and_the_reason_is_told(setting: Setting):
    # the width of the adaptive neuron's spike is a size, its delay current the refractory period's
    trim = trim_of(Neuron("dpi"), setting, Measured({"width": 5.5e-9}))
    assert "twice the delay current changes the width by" in trim.missing and trim.names == ("untrimmed",)


@pytest.mark.spice
def test_a_neuron_that_fires_without_input_does_not_work(setting: Setting):
    # its feedback stage fires every 12 to 15 ms by itself: silent for 2 ms, not for 200
    noisy = Neuron(str(NETLISTS / "feedback-limited-lif.spice"))
    heard = noises([(noisy, 1.8, setting), (Neuron(), 1.8, setting)])
    assert "fires by itself" in str(heard[0]) and "in 200 ms" in str(heard[0]) and heard[1] == ""


@pytest.mark.spice
def test_a_chip_is_not_left_at_an_equilibrium_that_is_unstable(setting: Setting, monkeypatch: pytest.MonkeyPatch):
    (chip,) = chips(Neuron("dpi"), 1, seed=1, first=9)
    point = (chip.neuron, 1.8, replace(setting, corner="mc", seed=chip.seed))
    assert "fires by itself" in str(noises([point])[0])
    # the control: steps ten times as long stop half-way
    monkeypatch.setattr(working_module, "_STEPS", 50)
    assert "stands at 0.4" in str(noises([point])[0])


def _silent(bench: Bench, level: float) -> Run:
    """A run without a spike, whose output ends at ``level`` (V)."""
    return Run(bench, None, Waveforms({"time": np.array([0.0, 1.0]), "v(spk)": np.array([0.0, level])}))  # type: ignore[arg-type]


def test_an_output_that_stands_between_ground_and_supply_is_a_fault_and_no_unfinished_run(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
):
    # stages that swing about such a level write more than a run may: a shorter one tells
    def run(plans: list, _workers: int | None) -> list:
        (plan,) = plans
        level = levels[plan.bench.supply]
        if level > 0.1 and plan.stop > 5e-3:
            return [Failure("stopped after 0.5 MiB of output")]
        return [_silent(plan.bench, level)]

    levels = {1.8: 0.76, 1.62: 0.02}
    monkeypatch.setattr(working_module, "simulate_plans", run)
    assert noises([(Neuron(), 1.8, setting)]) == ["without input its output stands at 0.42 of the supply"]
    assert noises([(Neuron(), 1.62, setting)]) == [""]


@pytest.mark.spice
def test_a_chip_that_comes_to_no_rest_is_measured_and_told_to_fire_by_itself(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
):
    # so few bytes hold its 0.2 s of spikes no more than the default holds those of a chip that fires ten times as often
    monkeypatch.setattr(settle_module, "_OUTPUT", 2**15)
    monkeypatch.setattr(settle_module, "_states", OrderedDict())
    noisy = Neuron(str(NETLISTS / "feedback-limited-lif.spice"))
    found = measure_all([plan(noisy, setting)], 1)[0]
    assert found.finished and not found.works and "by itself" in found.failure
    lines, nodes = settle_module._states.popitem()[
        1
    ]  # the control: there was no rest to start from but that of the bias lines
    assert set(nodes.values()) == {0.0} and 0.1 < lines["bn"] < 0.5


def test_a_plan_runs_at_its_supply(setting: Setting):
    assert plan(Neuron(), setting, 1.62).bench.supply == 1.62


def test_a_specification_holds_what_its_text_says():
    spec = Specification.parse("energy <= 1 pJ, width within 20 %, step within 10 % of 1.5 kohm")
    good = Measured({"energy": 0.9e-12, "width": 10e-9, "step": 1400.0})
    assert spec.met(good, NOMINAL)
    for name, value in (("energy", 1.01e-12), ("width", 7.1e-9), ("width", 10.9e-9), ("step", 1300.0)):
        assert not spec.met(replace(good, values={**good.values, name: value}), NOMINAL)
    assert not spec.met(Measured(failure="silent"), NOMINAL)
    assert not spec.met(Measured({"energy": 1e-13, "width": 9e-9}), NOMINAL)  # a step that is not there


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "empty"),
        ("energy <= 1 pV", "in 'V'"),
        ("speed <= 1 s", "expected one of"),
        ("energy about 1 pJ", "no clause"),
        ("width within ten %", "no clause"),
    ],
)
def test_a_specification_that_cannot_be_read_says_why(text: str, told: str):
    with pytest.raises(InputError, match=told):
        Specification.parse(text)


def test_a_relative_clause_needs_a_nominal_value():
    with pytest.raises(InputError, match="no nominal rate"):
        Specification.parse("rate within 5 %").met(Measured({"rate": 1.0}), NOMINAL)


def test_an_unfinished_chip_does_not_pass():
    spec = Specification.parse("energy <= 1 pJ")
    found = yield_of(spec, [Measured({"energy": 0.5e-12}), read(Failure("stopped"))], NOMINAL)
    assert (found.passed, found.count) == (1, 2)


def test_the_interval_of_a_yield_is_clopper_and_pearsons():
    # closed form where all pass: low = (alpha/2)^(1/n)
    found = share_of(50, 50)
    assert found.low == pytest.approx(0.025 ** (1 / 50)) and found.high == 1.0
    assert share_of(0, 50).high == pytest.approx(1 - 0.025 ** (1 / 50))


def test_every_metric_has_a_unit():
    assert {unit for unit, _ in METRICS.values()} <= {"s", "J", "ohm", "V", "Hz", ""}
