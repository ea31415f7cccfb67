"""The compiled Schmitt trigger against an independent integrator, its fit, in the engine, and in its file."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import plain_cells
import pytest
from scipy.integrate import solve_ivp

from ionspike.circuit.neurons import Neuron
from ionspike.circuit.testbench import Bench
from ionspike.errors import InputError
from ionspike.network import Cell
from ionspike.network.cell import leak_grid
from ionspike.network.compare import counts_of_trains, intervals_between, run_free
from ionspike.network.dynamics import after_spike, pack, spike_draw, stepped_membrane, wait
from ionspike.network.network import Network
from ionspike.network.relaxation import DROPS, THERMAL
from ionspike.network.trigger import Trigger, trigger_row
from ionspike.network.trigger_fit import FIRE, _residues, fit_nodes, parts_of
from ionspike.spice.waveforms import Waveforms

_RISES = np.linspace(0.0, FIRE, DROPS)
# of the size of the Schmitt-trigger neuron's
_STAGE = Trigger(
    drive=(6.41, 23.2, 5.8),
    degeneration=35.4,
    finite=1.1,
    keeper=5450.0,
    keeper_finite=0.02,
    coupling=(0.496, 0.094),
    output=(0.88, 30.7, -20.3),
    hold=962.0,
    hold_finite=1.4,
    share=0.8,
    diode=(0.5, 35.7),
    switch=(-0.68, 29.6),
    fire=FIRE,
    after=(0.029, 0.031, 0.037),
    kick=(-0.112, 0.043, 0.087),
    back=(-3e-4, -4e-4, 2e-3),
    pull=tuple((3.6e-13 * np.exp(_RISES / 0.04)).tolist()),
    draw=tuple((1e-11 * np.exp(_RISES / 0.07)).tolist()),
    residue_voltage=(0.35, 0.41, 0.415, 0.48, 0.51),
    residue=(0.195, 0.307, 0.27, 0.298, 0.293),
    spent=(1e-13, 1.1e-13, 2e-13, 2.2e-13, 2.5e-13),
)


@pytest.fixture
def cell() -> Cell:
    cell = Cell.load("high-pass")
    soma = replace(cell.soma, capacitance=2e-12, threshold=0.4165, dead=0.36e-6, keeper_current=6e-11)
    synapse = replace(cell.synapse, read_rail=0.6, width=cell.synapse.width * 2)
    return replace(cell, trigger=_STAGE, soma=soma, synapse=synapse)


def _rates(v: float, u: float, s: float, x: float) -> tuple[float, float, float]:
    """Of drop, rise and diode (V/s), by the equations as they are written down."""
    q, poly = _STAGE, lambda of, at: np.polynomial.polynomial.polyval(at, of)
    driven = np.exp(poly(q.drive, v) - q.degeneration * x) * max(1 - q.finite * u, 0.0)
    drop = driven - q.keeper * (1 + q.keeper_finite * u) * -np.expm1(-u / THERMAL)
    rise = np.exp(poly(q.output, u)) - q.hold * (1 + q.hold_finite * s) * -np.expm1(-s / THERMAL)
    diode = q.share * driven - (np.exp(poly(q.diode, x)) + np.exp(poly(q.switch, s))) * -np.expm1(-x / THERMAL)
    return drop - q.coupling[0] * rise, rise - q.coupling[1] * drop, diode


def _slope(cell: Cell, y: np.ndarray) -> list[float]:
    v, u, s, x, _ = y
    grid, width = leak_grid(cell.soma)
    out = np.interp(v, np.arange(len(grid)) * width, grid) + np.interp(s, _RISES, _STAGE.pull)
    nodes, falls = np.array(_rates(v, u, s, x)), -out / cell.soma.capacitance
    kept = cell.soma.keeper_current * (1 + _STAGE.keeper_finite * u) * -np.expm1(-u / THERMAL)
    drawn = kept + np.interp(s, _RISES, _STAGE.draw)
    return [falls + nodes @ _STAGE.back, *(nodes + falls * np.array(_STAGE.kick)), drawn * 1e12]


@pytest.mark.parametrize(("v", "u"), [(0.39, 0.05), (0.418, 0.06), (0.43, 0.2), (0.46, 0.1), (0.52, 0.05)])
def test_the_wait_of_a_trigger_equals_an_integrator(cell: Cell, v: float, u: float):
    p, leak, *_ = pack(cell)
    inner, start = np.array([u, 0.01, 0.2]), [v, u, 0.01, 0.2, 0.0]
    after, fired, drawn = wait(p, leak, v, inner, 1e-3)
    reached = lambda _, y: y[2] - FIRE  # noqa: E731
    reached.terminal = True
    solved = solve_ivp(lambda _, y: _slope(cell, y), (0, 1e-3), start, "LSODA", rtol=1e-9, atol=1e-12, events=reached)
    if len(solved.t_events[0]) == 0:
        assert fired < 0 and v < 0.4
        np.testing.assert_allclose([after, *inner], solved.y[:4, -1], atol=2e-3)
        return
    end = solved.y_events[0][0]
    # steps of 2 mV of a node and 1 mV of the membrane
    assert fired == pytest.approx(solved.t_events[0][0], rel=0.01)
    assert after == pytest.approx(end[0], abs=1e-3)
    assert drawn == pytest.approx(end[4] * 1e-12, rel=0.02)
    np.testing.assert_array_equal(inner, _STAGE.after)


def test_a_spike_leaves_and_takes_what_the_tables_say_and_no_more_beyond_them(cell: Cell):
    p = pack(cell)[0]
    for v in (0.3, 0.35, 0.38, 0.4101, 0.4149, 0.45, 0.51, 0.6):
        assert after_spike(p, v) == pytest.approx(np.interp(v, _STAGE.residue_voltage, _STAGE.residue), abs=1e-12)
        assert spike_draw(p, v) == pytest.approx(np.interp(v, _STAGE.residue_voltage, _STAGE.spent), rel=1e-9)
    assert spike_draw(pack(Cell.load("high-pass"))[0], 0.4) == 0.0


def test_a_pulse_moves_the_nodes_of_a_trigger_alone(cell: Cell):
    inner = np.array([0.1, 0.02, 0.2])
    stepped_membrane(pack(cell)[0], inner, 0.03)
    np.testing.assert_allclose(inner, np.array([0.1, 0.02, 0.2]) + 0.03 * np.array(_STAGE.kick))
    stepped_membrane(pack(Cell.load("high-pass"))[0], inner, 0.03)
    assert inner[0] == pytest.approx(0.1 - 0.112 * 0.03)


class _Run:
    def __init__(self, vectors: dict[str, np.ndarray], spikes: list[float], ends: list[float]) -> None:
        self.bench, self.waveforms = Bench(neuron=Neuron("schmitt-trigger-lif")), Waveforms(vectors)
        self.time, self.spike_times, self.reset_ends = self.waveforms.time, np.array(spikes), np.array(ends)
        self.input_times = self.input_ends = np.empty(0)

    def __getitem__(self, name: str) -> np.ndarray:
        return self.waveforms[name]


def _way(v: float, u: float, x: float, span: float) -> _Run:
    """A held membrane by an independent integrator, to where the stage fires."""
    fires = lambda _, y: y[1] - FIRE  # noqa: E731
    fires.terminal = True
    nodes = lambda _, y: _rates(v, *y)  # noqa: E731
    solved = solve_ivp(nodes, (0, span), [u, 0.0, x], "LSODA", rtol=1e-8, atol=1e-10, events=fires, dense_output=True)
    time = np.unique(np.r_[np.linspace(0, solved.t[-1], 400), solved.t])
    drop, rise, diode = solved.sol(time)
    held = {"v(mem)": np.full(len(time), v), "v(xn.n1)": 1.8 - drop, "v(spk)": rise, "v(xn.x)": diode}
    return _Run({"time": time, **held}, [], [])


def test_the_law_of_a_trigger_is_found_from_parts_of_its_ways():
    spans = [(0.36, 5e-4), (0.4, 5e-4), (0.41, 1e-3), (0.42, 1e-3), (0.44, 1e-3), (0.47, 1e-3), (0.52, 1e-3)]
    runs = [_way(v, 0.01 + 0.02 * k, 0.2 + 0.003 * k, span) for k, (v, span) in enumerate(spans)]
    parts = parts_of([(run, 0.0, float(run.time[-1])) for run in runs])  # type: ignore[misc]
    found = fit_nodes(parts, 0.41, 5e-11)
    assert found.kick == (0.0, 0.0, 0.0)
    for name, rel in {
        "drive": 0.1,
        "degeneration": 0.03,
        "keeper": 0.03,
        "output": 0.1,
        "hold": 0.05,
        "share": 0.03,
    }.items():
        assert getattr(found, name) == pytest.approx(getattr(_STAGE, name), rel=rel), name
    again = fit_nodes(parts, 0.41, 5e-11, replace(found, fire=0.4))
    assert again.fire == 0.4 and again.drive == pytest.approx(found.drive, rel=0.02)


def test_residues_of_spikes_that_came_from_one_voltage_are_taken_together():
    time = np.linspace(0, 5e-5, 50001)
    v, rise = np.full(len(time), 0.4), np.zeros(len(time))
    for begin, high, low in ((1e-5, 0.42, 0.30), (2e-5, 0.42002, 0.302), (3e-5, 0.40, 0.29)):
        v[(time > begin - 1e-6) & (time <= begin)] = high
        v[(time > begin) & (time < begin + 2e-6)] = low
        rise[(time > begin - 5e-9) & (time < begin + 1e-7)] = 1.8
    zero = np.zeros(len(time))
    vectors = {
        "time": time,
        "v(mem)": v,
        "v(spk)": rise,
        "v(xn.n1)": zero + 1.79,
        "v(xn.x)": zero + 0.04,
        "i(vth)": zero + 3e-9,
        "i(vdl)": zero + 2e-9,
    }
    run = _Run(vectors, [1e-5, 2e-5, 3e-5], [1.01e-5, 2.01e-5, 3.01e-5])
    at, left, spent, after = _residues([run], 1e-9)  # type: ignore[list-item]
    np.testing.assert_allclose(spent, [4e-9 * 0.4e-6] * 2, rtol=0.02)
    np.testing.assert_allclose(at, [0.40, 0.42001], atol=1e-9)
    np.testing.assert_allclose(left, [0.29, 0.301], atol=1e-9)
    np.testing.assert_allclose(after, [0.01, 0.0, 0.04], atol=1e-9)


def _train(count: int, mean: float, seed: int) -> np.ndarray:
    return np.cumsum(1e-7 + np.random.default_rng(seed).exponential(mean, count))


def test_a_net_of_triggers_fires_as_a_plain_loop(cell: Cell):
    times = _train(300, 2e-4, 2)
    plain, net = plain_cells.Network(), Network()
    for made, add in ((plain, plain.add_neuron), (net, net.add_population)):
        made.add_input("train", times)
        add("a", cell)
        add("b", replace(cell, trigger=None, soma=Cell.load("high-pass").soma))
        for source, target, delay in (("train", "a", 1e-4), ("a", "b", 2e-3), ("b", "a", 1e-3)):
            made.connect(source, target, delay=delay)
    expected, found = plain.run(0.06), net.run(0.06, precision="double")
    assert len(expected.spikes["a"]) > 10
    # windows cut the integrator's steps elsewhere
    np.testing.assert_allclose(found.spikes("a"), expected.spikes["a"], atol=2e-6)


def test_a_trigger_finds_its_own_intervals(cell: Cell):
    times = _train(300, 1e-4, 4)
    stop = float(times[-1]) + 1e-3
    free = run_free(cell, times, stop)
    parts = intervals_between(cell, times, free.spikes, stop)
    assert len(parts) == len(free.spikes) - 1 > 10
    assert np.mean([part.given == part.found for part in parts]) > 0.9
    counts = counts_of_trains([cell], [times], free.spikes, stop)
    assert np.mean([given == found for given, found in counts]) > 0.9


def test_a_trigger_is_read_back_as_saved(cell: Cell, tmp_path: Path):
    assert Cell.load(cell.save(tmp_path / "cell.toml")) == cell


def test_a_law_or_table_of_another_length_is_refused():
    with pytest.raises(InputError, match=r"trigger.pull has 2 numbers; expected 64"):
        trigger_row(replace(_STAGE, pull=(0.0, 0.0)))
    with pytest.raises(InputError, match=r"trigger.residue_voltage has 2 points; expected 1 to 48 that ascend"):
        trigger_row(replace(_STAGE, residue_voltage=(0.4, 0.4), residue=(0.3, 0.3)))
    assert not trigger_row(None).any() and math.isfinite(trigger_row(_STAGE).sum())
