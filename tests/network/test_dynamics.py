"""The compiled cell against independent integrators, the law it carries, and its file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from ionspike.device import Ecram
from ionspike.errors import InputError
from ionspike.network.cell import Cell, leak_grid, library
from ionspike.network.compare import intervals_between, run_free
from ionspike.network.dynamics import DROPS, advance_device, conductance, keeper, log_drive, pack, pulse, wait
from ionspike.network.held_membrane import wait_held
from ionspike.network.network import Network


@pytest.fixture(params=list(library()))
def cell(request: pytest.FixtureRequest) -> Cell:
    return Cell.load(request.param)


def test_a_wait_equals_an_integrator_at_tight_tolerance(cell: Cell):
    p, leak, *_ = pack(cell)
    grid, width = leak_grid(cell.soma)
    voltages = np.arange(len(grid)) * width

    def slope(_: float, y: np.ndarray) -> list[float]:
        lost = np.interp(max(y[0], 0.0), voltages, grid) / cell.soma.capacitance
        return [-lost, cell.soma.keeper_rate * (np.exp(log_drive(p, y[0])) - keeper(p, y[1]))]

    def reached(_: float, y: np.ndarray) -> float:
        return y[1] - cell.soma.fire - cell.soma.fire_slope * log_drive(p, y[0])

    reached.terminal = True
    for above in (0.01, 0.02, 0.04, 0.08):
        start = cell.soma.threshold + above
        _, fired, _ = wait(p, leak, start, np.zeros(2), 5e-3)
        solved = solve_ivp(slope, (0, 5e-3), [start, 0.0], "LSODA", rtol=1e-10, atol=1e-12, events=reached)
        # steps of 3 mV of drop and 0.2 mV of membrane: half a per cent of the wait
        assert fired == pytest.approx(solved.t_events[0][0], rel=5e-3)


def test_a_stage_that_feeds_its_membrane_fires_when_an_integrator_does():
    cell = Cell.load("high-pass")
    drops = np.linspace(0, 0.9, DROPS)
    fed = 1e-13 * np.exp(drops / 0.07)  # from 0.1 pA to 40 nA, as Morris-Lecar's
    soma = replace(cell.soma, drops=tuple(drops), pull=tuple(fed), fire=0.9, fire_slope=0.0)
    p, leak, *_ = pack(replace(cell, soma=soma))
    grid, width = leak_grid(soma)

    def slope(_: float, y: np.ndarray) -> list[float]:
        current = np.interp(y[1], drops, fed) - np.interp(max(y[0], 0.0), np.arange(len(grid)) * width, grid)
        return [current / soma.capacitance, soma.keeper_rate * (np.exp(log_drive(p, y[0])) - keeper(p, y[1]))]

    reached = lambda _, y: y[1] - 0.9  # noqa: E731
    reached.terminal = True
    for above in (0.01, 0.02, 0.05):
        start = soma.threshold + above
        v, fired, _ = wait(p, leak, start, np.zeros(2), 5e-3)
        solved = solve_ivp(slope, (0, 5e-3), [start, 0.0], "LSODA", rtol=1e-10, atol=1e-12, events=reached)
        # steps of 3 mV of drop and 0.2 mV of membrane
        assert fired == pytest.approx(solved.t_events[0][0], rel=5e-3)
        assert v - start == pytest.approx(solved.y_events[0][0, 0] - start, rel=0.02)


def test_the_law_that_is_fitted_is_the_law_that_runs(cell: Cell):
    soma = replace(cell.soma, leak_current=(0.0,) * len(cell.soma.leak_current))
    p, leak, *_ = pack(replace(cell, soma=soma))
    names = ("keeper_rate", "threshold", "slope", "curvature", "keeper_slope", "fire", "fire_slope")
    law = np.array([getattr(soma, name) for name in names])
    voltages = soma.threshold + np.array([0.012, 0.02, 0.05, 0.1])
    fitted = wait_held(law, voltages)
    # 3 mV a step against a quadrature of 60 points: half a per cent of the wait
    np.testing.assert_allclose([wait(p, leak, v, np.zeros(2), 1.0)[1] for v in voltages], fitted, rtol=5e-3)


def test_a_quiet_membrane_leaks_as_its_table_says(cell: Cell):
    p, leak, *_ = pack(cell)
    v, fired, _ = wait(p, leak, 0.15, np.zeros(2), 1e-3)
    lost = np.interp(0.15, cell.soma.leak_voltage, cell.soma.leak_current) * 1e-3 / cell.soma.capacitance
    assert fired < 0
    assert 0.15 - v == pytest.approx(lost, rel=0.05)  # the leak changes a little on the way


def test_the_compiled_conductance_and_step_are_those_of_the_law(cell: Cell):
    p, _, gate, rows, g = pack(cell)
    rng = np.random.default_rng(1)
    for _ in range(50):
        x = rng.uniform(0, 1, len(cell.device.states))
        assert conductance(p, g, x) == pytest.approx(float(cell.device.conductance(x)), rel=1e-12)
        bias, t = rng.uniform(-0.6, 1.8), 10 ** rng.uniform(-9, 0)
        np.testing.assert_allclose(
            advance_device(p, gate, rows, x, bias, t), cell.device.advance(x, bias, duration=t), atol=1e-12
        )


def test_a_pulse_equals_fine_steps_through_it(cell: Cell):
    p, _, gate, rows, g = pack(cell)
    syn, c = cell.synapse, cell.soma.capacitance
    for x0 in (0.0, 0.05, 0.3):
        x = np.full(len(cell.device.states), x0)
        v, after = pulse(p, gate, rows, g, 0.1, x)
        middle = 0.5 * (0.1 + v)
        open_share = conductance(p, g, x) * syn.series
        drain = syn.read_rail - (syn.read_rail - middle) * open_share / (1 + open_share)
        bias = cell.soma.supply - 0.5 * (drain + middle) - syn.ion_shift
        y, charge, n = x.copy(), 0.0, 2000
        for _ in range(n):
            half = cell.device.advance(y, bias, duration=syn.ion_time / n / 2)
            now = float(cell.device.conductance(half))
            charge += syn.width / n * now / (1 + now * syn.series)
            y = cell.device.advance(y, bias, duration=syn.ion_time / n)
        injected = syn.charge + syn.charge_1 * 0.1 + syn.charge_2 * 0.01
        expected = syn.read_rail + (0.1 - syn.read_rail) * np.exp(-charge / c) + injected / c
        # the two differ in the last estimate of the mean membrane voltage: some parts in ten thousand of the step
        assert v - 0.1 == pytest.approx(expected - 0.1, abs=2e-3 * abs(expected - 0.1) + 1e-6)
        np.testing.assert_allclose(after, y, atol=2e-4)


def test_a_network_of_one_neuron_is_the_cell_running_free(cell: Cell):
    times = np.cumsum(np.random.default_rng(2).exponential(5e-3, 400))
    net = Network()
    net.add_input("train", times)
    net.add_population("one", cell)
    net.connect("train", "one", delay=1e-4)
    found = net.run(float(times[-1]) + 0.1)
    free = run_free(cell, times + 1e-4, float(times[-1]) + 0.1)
    # the rest bias of the device is taken at another mean voltage: spikes may slip by a pulse, not in number
    assert abs(len(found.spikes("one")) - len(free.spikes)) <= 0.02 * len(free.spikes) + 1
    assert len(free.spikes) > 3


def test_a_cell_finds_its_own_intervals(cell: Cell):
    times = np.cumsum(np.random.default_rng(4).exponential(8e-3, 300))
    free = run_free(cell, times, float(times[-1]) + 0.05)
    parts = intervals_between(cell, times, free.spikes, float(times[-1]) + 0.05)
    assert len(parts) == len(free.spikes) - 1
    assert np.mean([part.given == part.found for part in parts]) > 0.97


def test_without_plasticity_nothing_moves(cell: Cell):
    plain = cell.without_plasticity()
    p, _, gate, rows, _ = pack(plain)
    x = np.array(plain.mean_state)
    np.testing.assert_array_equal(advance_device(p, gate, rows, x, 1.8, 1e-3), x)


def test_a_cell_is_read_back_as_saved(cell: Cell, tmp_path: Path):
    assert Cell.load(cell.save(tmp_path / "cell.toml")) == cell


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("[soma]", "[some]", "soma"),
        ("keeper_rate", "keeper", "keeper"),
        ("schema = 1", "schema = 2", "schema"),
        ("[origin]", "[origin", r"not a TOML file: .*line 5"),
    ],
)
def test_a_damaged_cell_is_refused(tmp_path: Path, old: str, new: str, told: str):
    path = tmp_path / "cell.toml"
    path.write_text(library()["band-pass"].read_text().replace(old, new, 1))
    with pytest.raises(InputError, match=told):
        Cell.load(path)


def test_library_cells_say_which_run_calibrated_them():
    for name in library():
        origin = Cell.load(name).origin
        assert origin.engine.startswith("ngspice") and "sky130" in origin.process and origin.corner == "tt"


def test_the_high_pass_cell_is_the_reference_device_narrowed(reference: Ecram):
    device = Cell.load("high-pass").device
    assert device.populations[0].g / reference.populations[0].g == pytest.approx(0.05)
    assert replace(device, name="x").populations[0].tau == reference.populations[0].tau
