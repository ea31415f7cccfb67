"""The battery of measurements: what it reads from a run, and one topology measured through."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr

from ionspike.circuit.characterize import (
    SUBJECTS,
    characterize,
    delay_bias,
    input_current,
    input_rate,
    membrane,
    plasticity,
    summary,
    supply,
    table_text,
    tolerance,
)
from ionspike.circuit.characterize import rheobase as rheobase_module
from ionspike.circuit.characterize import subject as subject_module
from ionspike.circuit.characterize.figures import draw
from ionspike.circuit.characterize.rheobase import find_rheobase
from ionspike.circuit.characterize.subject import Study, Subject
from ionspike.circuit.characterize.table import table_rows
from ionspike.circuit.energy import BLOCKS, Energy
from ionspike.circuit.neurons import Neuron
from ionspike.circuit.simulate import Setting, simulate_plans
from ionspike.device import Ecram
from ionspike.errors import InputError
from ionspike.spice import Failure, Waveforms


@pytest.fixture
def study(setting: Setting, reference: Ecram) -> Study:
    return Study(Neuron(), reference, setting, quick=True)


@pytest.mark.spice
def test_a_constant_current_over_the_membrane_gives_the_rate(study: Study):
    current = 1e-8
    (run,) = simulate_plans([input_current.current_plan(study, current)])
    rate = input_current.rate_of(run)  # type: ignore[arg-type]
    # charge balance: what flows in between two spikes lifts the membrane to the level at which it fires
    level = float(run.waveforms.at("v(mem)", run.spike_times[1:] - 1e-9).mean())  # type: ignore[union-attr]
    assert current / (rate * study.neuron.membrane) == pytest.approx(level, rel=0.1)


@pytest.mark.spice
def test_energy_is_told_with_and_without_idle_power_and_checked_at_a_tenth_of_the_tolerance(study: Study):
    fast = replace(study, setting=study.setting.tighter())
    rates, plans = input_rate.rates(fast), input_rate.SUBJECT.plan(fast)
    only = [plans[rates.index(100e3)], plans[len(rates) + rates.index(100e3)], plans[-1]]
    done = dict(zip(map(id, only), simulate_plans(only), strict=True))
    data = xr.Dataset(input_rate.SUBJECT.read(fast, [done.get(id(p), Failure("left out")) for p in plans]))
    point = data.sel(input_rate=100e3)
    taken = float(data.idle_power * point.energy_window / point.energy_spikes)
    assert float(point.energy_core - point.energy_dynamic) == pytest.approx(taken, rel=1e-9)
    assert float(point.energy_core) < float(point.energy_shared) < float(point.energy_total) < 1e-12
    assert bool(point.energy_reliable) and abs(float(point.energy_change)) < 5e-3
    assert float(point.energy_block.sum()) == pytest.approx(float(point.energy_total), rel=1e-9)
    # a run that gave nothing is no number, and no energy is called reliable there
    assert not bool(data.energy_reliable.sel(input_rate=1e3)) and np.isnan(float(data.energy_core.sel(input_rate=1e3)))


@pytest.mark.spice
def test_a_smaller_delay_current_makes_a_wider_spike_and_a_longer_refractory_time(study: Study):
    data = xr.Dataset(delay_bias.SUBJECT.read(study, simulate_plans(delay_bias.SUBJECT.plan(study))))
    assert np.all(np.diff(data.width) < 0) and np.all(np.diff(data.refractory) < 0)
    assert np.all(data.refractory > data.width)
    # width goes about as the inverse of the current
    assert float(data.width[0] / data.width[-1]) == pytest.approx(16, rel=0.5)


@pytest.mark.spice
def test_a_leak_shortens_the_retention(study: Study):
    leaky = replace(study, neuron=study.neuron.with_(leak_bias=2e-12))
    held, lost = (
        xr.Dataset(membrane.SUBJECT.read(s, simulate_plans(membrane.SUBJECT.plan(s)))) for s in (study, leaky)
    )
    assert float(held.retention_half) > 0.1
    # a constant current of 2 pA takes half of 0.1 V from 2 pF in 50 ms
    assert float(lost.retention_half) == pytest.approx(0.05, rel=0.5)


def test_the_working_range_is_the_piece_around_the_nominal_supply():
    supplies = np.array([1.0, 1.2, 1.4, 1.6, 1.8, 2.0])
    assert supply.working_range(supplies, np.array([1, 0, 1, 1, 1, 0], bool), 1.8) == (1.4, 1.8)
    assert np.isnan(supply.working_range(supplies, np.zeros(6, bool), 1.8)).all()


def test_latency_is_from_the_last_input():
    run = SimpleNamespace(spike_times=np.array([0.5, 3.1, 6.4]), input_times=np.array([1.0, 2.0, 3.0, 6.0]))
    assert input_rate.latency(run) == pytest.approx((0.1 + 0.4) / 2)  # type: ignore[arg-type]


def test_a_membrane_that_fires_by_itself_has_no_retention():
    waves = Waveforms({"time": np.linspace(0, 1, 11), "v(mem)": np.linspace(0.1, 0, 11)})
    held, fired = (SimpleNamespace(waveforms=waves, spike_times=np.array(times)) for times in ([], [0.2]))
    assert membrane.fall_time(held, 0.5) == pytest.approx(0.5)  # type: ignore[arg-type]
    assert np.isnan(membrane.fall_time(fired, 0.5))  # type: ignore[arg-type]


def test_a_train_too_short_for_an_excitability_gives_none():
    long = np.concatenate([[9.0, 10.0], np.linspace(9.0, 8.0, 8)])
    assert plasticity._change(long) == pytest.approx(np.mean(long[-5:]) / 10 - 1)
    assert np.isnan(plasticity._change(long[:6]))


@pytest.mark.spice
def test_a_membrane_that_creeps_is_not_stepped_past_the_point_where_its_stage_tips(study: Study):
    # at 10 pA steps of 1.5 ms leave this neuron standing at an equilibrium that is unstable, silent and without a message
    slow = replace(study, neuron=Neuron("morris-lecar"))
    plan = input_current.current_plan(slow, 1e-11, spikes=1.5)
    (run,) = simulate_plans([plan])
    (stale,) = simulate_plans([replace(plan, bench=replace(plan.bench, max_step=1.5e-3))])
    assert input_current.rate_of(run) == pytest.approx(40, rel=0.05)  # type: ignore[arg-type]
    assert not len(stale.spike_times)  # type: ignore[union-attr]


def test_a_neuron_that_never_fires_has_no_rheobase(study: Study):
    found, failed = find_rheobase(study, _swept([1e-12, 1e-9], [0.0, 0.0]))
    assert np.isnan(found["rheobase"][1]) and not failed


def test_a_neuron_that_fires_without_any_current_has_no_rheobase_but_a_rate(
    study: Study, monkeypatch: pytest.MonkeyPatch
):
    _fires_above(monkeypatch, 0.0)
    found, failed = find_rheobase(study, _swept([1e-12, 1e-9], [3.0, 9.0]))
    assert np.isnan(found["rheobase"][1]) and found["rate_alone"][1] == pytest.approx(2.0) and not failed


def test_a_single_spike_is_below_the_rheobase(study: Study, monkeypatch: pytest.MonkeyPatch):
    _fires_above(monkeypatch, 2e-11, once_above=1e-12)
    found, _ = find_rheobase(study, _swept([1e-12, 1e-10], [np.nan, 5.0]))
    assert 2e-11 <= found["rheobase"][1] < 2e-11 * 100 ** (1 / 8)  # three bisections of a hundredfold
    assert found["rheobase_silent"][1] < 2e-11


def test_a_run_that_fails_ends_the_search_for_a_rheobase_and_is_told(study: Study, monkeypatch: pytest.MonkeyPatch):
    _fires_above(monkeypatch, 1e-13, failing_above=0.0)
    found, failed = find_rheobase(study, _swept([1e-12, 1e-10, 1e-9], [0.0, 5.0, 50.0]))
    assert (found["rheobase"][1], found["rheobase_silent"][1]) == (1e-10, 1e-12)
    assert failed == ["1e-11 A: timestep too small"] and found["rate_alone"][1] == 0


def _swept(currents: list[float], rates: list[float]) -> xr.Dataset:
    return xr.Dataset({"input_current": ("input_current", currents), "rate_at_current": ("input_current", rates)})


def _fires_above(
    monkeypatch: pytest.MonkeyPatch, lowest: float, once_above: float = 1.0, failing_above: float = 1.0
) -> None:
    """Runs of a neuron that fires at 2 Hz from ``lowest`` (A) on, a single time from ``once_above`` on."""

    def run(plans: list, _workers: int | None) -> list:
        current = plans[0].bench.current
        if current > failing_above:
            return [Failure("timestep too small")]
        times = np.array([0.1, 0.6, 1.1][: 3 if current >= lowest else 1 if current >= once_above else 0])
        return [SimpleNamespace(spike_times=times, spike_ends=times + 1e-6)]

    monkeypatch.setattr(rheobase_module, "simulate_plans", run)


def test_an_energy_that_a_tenth_of_the_tolerance_moves_is_told_at_that_tenth(
    study: Study, monkeypatch: pytest.MonkeyPatch
):
    core = {0: 1.0e-12, 1: 1.01e-12, 2: 1.011e-12, 3: 1.5e-12}  # J, by tenths of the tolerance

    def spent(tenths: int) -> Energy:
        return Energy(1e-3, 1, 1e3, 3.0, dict.fromkeys(BLOCKS, core[tenths] / (len(BLOCKS) - 1)))

    points = [input_rate.energy_point(spent(t), spent(t + 1), 0.0, 1e-5) for t in (0, 1)]
    data = xr.Dataset(
        {"input_rate": ("input_rate", [1e3, 1e4]), "idle_power": 0.0, **input_rate.energy_variables(points)}
    )
    monkeypatch.setattr(tolerance, "simulate_plans", lambda plans, _w: plans)
    monkeypatch.setattr(tolerance, "driven_plan", lambda _study, _rate, tenths: tenths)
    monkeypatch.setattr(tolerance, "energy_of", spent)
    found, failed = tolerance.SEARCH.measure(study, data, 1)
    assert not failed and list(found["energy_reliable"][1]) == [True, True]
    assert found["energy_reltol"][1] == pytest.approx([study.setting.accuracy.reltol / 10, 1e-5])
    assert found["energy_core"][1] == pytest.approx([core[1], core[1]])


def test_an_unknown_topology_is_refused(setting: Setting, reference: Ecram):
    with pytest.raises(InputError, match="no topology 'lif'"):
        characterize("lif", reference, setting, quick=True)


def test_failed_runs_are_named_and_leave_gaps(setting: Setting, reference: Ecram, monkeypatch: pytest.MonkeyPatch):
    study = Study(Neuron(), reference, setting, quick=True)
    monkeypatch.setattr(Study, "of", classmethod(lambda *_: study))
    monkeypatch.setattr(
        subject_module, "simulate_plans", lambda plans, _w: [Failure("timestep too small")] * len(plans)
    )
    told: list[str] = []
    data = characterize("delay-feedback-lif", reference, setting, quick=True, progress=told.append)
    assert len(told) == len(SUBJECTS)
    assert data.attrs["failed"].count("timestep too small") == sum(
        len(s.plan(study)) for s in SUBJECTS if isinstance(s, Subject)
    )
    assert list(data.supply_fault.values) == ["timestep too small"] * data.sizes["supply"]
    assert np.isnan(data.width).all() and np.isnan(float(data.supply_lowest)) and not data.energy_reliable.any()
    assert all("units" in data[name].attrs for name in ("width", "energy_core", "rheobase", "input_current"))
    # the table and the page bear gaps
    assert "failed" in table_text([data]) and summary(data)["figures"]["rheobase"][1] == "A"
    assert all(row["value"] is None for row in table_rows([data])) and draw([data, data])
