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
)
from ionspike.circuit.characterize import battery as battery_module
from ionspike.circuit.characterize.figures import draw
from ionspike.circuit.characterize.rheobase import find_rheobase
from ionspike.circuit.characterize.subject import Study
from ionspike.circuit.characterize.table import table_rows
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
    rates, plans = input_rate._rates(fast), input_rate.SUBJECT.plan(fast)
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


def test_a_neuron_that_never_fires_has_no_rheobase(study: Study):
    found = find_rheobase(study, np.array([1e-12, 1e-9]), np.array([0.0, 0.0]))
    assert np.isnan(found["rheobase"][1])


def test_an_unknown_topology_is_refused(setting: Setting, reference: Ecram):
    with pytest.raises(InputError, match="no topology 'lif'"):
        characterize("lif", reference, setting, quick=True)


def test_failed_runs_are_named_and_leave_gaps(setting: Setting, reference: Ecram, monkeypatch: pytest.MonkeyPatch):
    study = Study(Neuron(), reference, setting, quick=True)
    monkeypatch.setattr(battery_module.Study, "of", classmethod(lambda *_: study))
    monkeypatch.setattr(
        battery_module, "simulate_plans", lambda plans, _w: [Failure("timestep too small")] * len(plans)
    )
    told: list[str] = []
    data = characterize("delay-feedback-lif", reference, setting, quick=True, progress=told.append)
    assert len(told) == len(SUBJECTS) + 1
    assert data.attrs["failed"].count("timestep too small") == sum(len(s.plan(study)) for s in SUBJECTS)
    assert np.isnan(data.width).all() and np.isnan(float(data.supply_lowest)) and not data.energy_reliable.any()
    assert all("units" in data[name].attrs for name in ("width", "energy_core", "rheobase", "input_current"))
    # the table and the page bear gaps
    assert "failed" in table_text([data]) and summary(data)["figures"]["rheobase"][1] == "A"
    assert all(row["value"] is None for row in table_rows([data])) and draw([data, data])
