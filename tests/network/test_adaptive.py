"""The compiled adaptive stage against an independent integrator, in the engine, and in its file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from ionspike.errors import InputError
from ionspike.network import Cell
from ionspike.network.adaptation_fit import _rate, _Spikes, _with_fade, _with_jump
from ionspike.network.adaptive import Adaptive, adaptive_row, drained, faded, jump_at
from ionspike.network.cell import leak_grid
from ionspike.network.compare import adaptation_before, intervals_between, run_free
from ionspike.network.dynamics import pack, resting, spiked, wait
from ionspike.network.network import Network
from ionspike.network.relaxation import THERMAL

_DROPS = tuple(np.linspace(0, 0.6, 64).tolist())
# of the size of the DPI neuron's
_STAGE = Adaptive(
    drive=(3.7, 25.3, -1.4),
    diode=(-1.9, 26.6, -1.9),
    regeneration=(0.8, 29.8),
    coupling=0.1,
    swell=0.33,
    output=(-1.1, 35.5, -17.2),
    hold=3740.0,
    finite=0.17,
    fire=0.5,
    after=-0.045,
    jump=(-3.45, -1.3, -1.15, -16.0, 20.0),
    jump_slope=-0.0013,
    fade=(-1.9, 2.4, 7.3, -20.0),
    adaptation=(-30.4, 26.2, -2.9, 0.28),
    adaptation_finite=(-0.97, 4.6),
    rest=(0.219, 0.0165),
    drops=_DROPS,
    pull=tuple((1e-14 * np.exp(np.array(_DROPS) / 0.07)).tolist()),
    draw=tuple((1e-14 * np.exp(np.array(_DROPS) / 0.04)).tolist()),
)


@pytest.mark.parametrize("w", [0.0, 0.05, 0.15])
def test_the_fit_lets_an_adaptation_drain_the_membrane_as_the_stage_does(w: float):
    row, v, grid = adaptive_row(_STAGE), np.linspace(0.0, 0.5, 11), np.array([0.0, 1.0])
    strength = np.exp(np.polynomial.polynomial.polyval(w, np.array(_STAGE.adaptation)))
    fitted = _rate(strength, np.array(_STAGE.adaptation_finite), v, grid, np.zeros(2))
    # the same law twice, in arrays and compiled: they differ by rounding
    np.testing.assert_allclose(fitted, [drained(row, float(x), w)[0] for x in v], rtol=1e-12)


@pytest.fixture
def cell() -> Cell:
    cell = Cell.load("high-pass")
    return replace(
        cell, adaptive=_STAGE, soma=replace(cell.soma, threshold=0.12, dead=5e-6, residue=0.0, residue_slope=0.0)
    )


def _faded(w: float) -> float:
    pace = np.exp(np.polynomial.polynomial.polyval(w, np.array(_STAGE.fade)))
    return pace * np.expm1(-(w - _STAGE.rest[1]) / THERMAL)


def _jump(v: float, w: float) -> float:
    return np.exp(np.polynomial.polynomial.polyval(w, np.array(_STAGE.jump))) + _STAGE.jump_slope * v


def _slope(cell: Cell, y: np.ndarray) -> list[float]:
    v, u, s, w, _ = y
    stage, c = _STAGE, cell.soma.capacitance
    poly = lambda of, at: np.polynomial.polynomial.polyval(at, of)  # noqa: E731
    grid, width = leak_grid(cell.soma)
    open_share = -np.expm1(-max(v, 0.0) / THERMAL) * poly((1, *stage.adaptation_finite), v)
    out = np.interp(v, np.arange(len(grid)) * width, grid) + np.exp(poly(stage.adaptation, w)) * open_share
    rise = np.exp(poly(stage.output, u)) - stage.hold * (1 + stage.finite * s) * -np.expm1(-s / THERMAL)
    pulled = np.exp(poly(stage.drive, v)) - np.exp(poly(stage.diode, u)) + np.exp(poly(stage.regeneration, s))
    drop = pulled / (1 + stage.swell * u**2) - stage.coupling * rise
    return [
        (np.interp(u, stage.drops, stage.pull) - out) / c,
        drop,
        rise,
        _faded(w),
        np.interp(u, stage.drops, stage.draw) * 1e12,
    ]


@pytest.mark.parametrize(("v", "w"), [(0.13, 0.02), (0.2, 0.05), (0.3, 0.25), (0.22, 0.3)])
def test_an_adaptive_wait_equals_an_integrator(cell: Cell, v: float, w: float):
    p, leak, *_ = pack(cell)
    inner = np.array([-0.045, 0.0, w])
    after, fired, drawn = wait(p, leak, v, inner, 3e-3)
    reached = lambda _, y: y[2] - _STAGE.fire  # noqa: E731
    reached.terminal = True
    start = [v, -0.045, 0.0, w, 0.0]
    solved = solve_ivp(lambda _, y: _slope(cell, y), (0, 3e-3), start, "LSODA", rtol=1e-9, atol=1e-12, events=reached)
    if len(solved.t_events[0]) == 0:  # its own adaptation has drained it
        np.testing.assert_allclose([after, *inner], solved.y[:4, -1], atol=1.5e-3)
        assert fired < 0
        return
    end = solved.y_events[0][0]
    # steps of 2 mV of a node and 1 mV of the membrane
    assert fired == pytest.approx(solved.t_events[0][0], rel=0.01)
    assert after == pytest.approx(end[0], abs=1e-3)
    assert inner[2] - end[3] == pytest.approx(_jump(end[0], end[3]), abs=2e-5)
    assert inner[0] == _STAGE.after and inner[1] == 0.0
    assert drawn == pytest.approx(end[4] * 1e-12, rel=0.1)  # most of it in the last millivolts


def _train(count: int, mean: float, seed: int) -> np.ndarray:
    return np.cumsum(1e-7 + np.random.default_rng(seed).exponential(mean, count))


def test_a_neuron_adapts_and_its_network_is_the_cell_running_free(cell: Cell):
    strong = replace(cell, synapse=replace(cell.synapse, width=cell.synapse.width * 3))
    times = _train(300, 3e-4, 2)
    net = Network()
    net.add_input("train", times)
    net.add_population("one", strong)
    net.connect("train", "one", delay=1e-5)
    found = net.run(float(times[-1]) + 1e-3).spikes("one")
    free = run_free(strong, times + 1e-5, float(times[-1]) + 1e-3)
    # the rest bias of the device is taken at another mean voltage: spikes may slip by a pulse, not in number
    assert abs(len(found) - len(free.spikes)) <= 0.02 * len(free.spikes) + 1
    assert free.spikes[0] == pytest.approx(found[0], abs=2e-6)
    early, late = np.diff(free.after_pulse)[:3].mean(), np.diff(free.after_pulse)[-3:].mean()
    assert len(free.spikes) > 8 and late > 1.5 * early


def test_an_adaptive_cell_finds_its_own_intervals(cell: Cell):
    times = _train(300, 3e-4, 4)
    free = run_free(cell, times, float(times[-1]) + 1e-3)
    parts = intervals_between(cell, times, free.spikes, float(times[-1]) + 1e-3)
    assert len(parts) == len(free.spikes) - 1 > 3
    assert np.mean([part.given == part.found for part in parts]) > 0.9


def test_a_pulse_on_a_held_membrane_moves_the_ions_alone(cell: Cell):
    at = _train(40, 1e-4, 3)
    spike = float(run_free(cell, at, float(at[-1]) + 1e-3).spikes[0])
    kept = at[at < spike]
    within = np.r_[kept, spike + 1e-6, spike + 1e-3]
    without = np.r_[kept, spike + 1e-3]
    a, b = (run_free(cell, times, spike + 2e-3) for times in (within, without))
    assert a.spikes[0] == pytest.approx(b.spikes[0], abs=1e-8) and len(a.spikes) == len(b.spikes)
    assert a.charge > b.charge  # the rail gave both


def test_a_neuron_without_input_starts_at_rest(cell: Cell):
    np.testing.assert_array_equal(resting(pack(cell)[0]), [0.219, 0.0, 0.0165])
    assert not resting(pack(Cell.load("high-pass"))[0]).any()


def test_an_adaptive_cell_is_read_back_as_saved(cell: Cell, tmp_path: Path):
    assert Cell.load(cell.save(tmp_path / "cell.toml")) == cell


@pytest.mark.parametrize("w", [0.0, 0.05, 0.42])
def test_an_adaptation_left_alone_fades_as_an_integrator_has_it(w: float):
    row = adaptive_row(_STAGE)
    solved = solve_ivp(lambda _, y: [_faded(y[0])], (0, 1.0), [w], "LSODA", rtol=1e-9, atol=1e-12).y[0, -1]
    stepped = w
    for _ in range(100):
        stepped += faded(row, stepped, 0.01)
    assert stepped == pytest.approx(solved, abs=1e-4)  # of up to 0.3 V


def test_jump_and_fade_are_found_again_in_spikes_made_by_them():
    rng = np.random.default_rng(5)
    before, v, late, gap = rng.uniform(0.017, 0.4, 60), rng.uniform(0.1, 0.3, 60), 3e-4, 10 ** rng.uniform(-4, -2, 60)
    row, share = adaptive_row(_STAGE), 1e-3
    w = [before, before + [jump_at(row, *pair) for pair in zip(v, before, strict=True)]]
    for span in (np.full(60, late), gap):
        w.append(w[-1] + [faded(row, *pair) for pair in zip(w[-1], span, strict=True)])
    membrane = np.stack([v, 0.0 * v, np.roll(v, 1)], axis=-1)
    spikes = _Spikes(
        np.stack([w[0], w[2], w[3]], axis=-1) + share * membrane, membrane, np.stack([np.full(60, late), gap], axis=-1)
    )
    blank = replace(_STAGE, jump=(0.0,) * 5, jump_slope=0.0, fade=(0.0,) * 4)
    found_share, found = _with_fade(blank, spikes)
    found = _with_jump(found, spikes, found_share)
    assert found_share == pytest.approx(share, abs=1e-4)
    for at in (0.05, 0.2, 0.35):
        fitted = adaptive_row(found)
        # SPICE's own scatter is 20 to 40 uV
        assert jump_at(fitted, 0.2, at) == pytest.approx(_jump(0.2, at), abs=1e-5)
        assert faded(fitted, at, 1e-2) == pytest.approx(faded(row, at, 1e-2), rel=0.01)


def test_a_polynomial_of_another_length_is_refused():
    with pytest.raises(InputError, match=r"adaptive.jump has 2 numbers; expected 5"):
        adaptive_row(replace(_STAGE, jump=(0.03, 0.0)))


@pytest.mark.parametrize("w", [0.02, 0.15, 0.32])
def test_the_adaptation_before_a_spike_is_what_jumped_to_the_one_after_it(cell: Cell, w: float):
    inner = np.array([0.3, 0.5, w])
    spiked(pack(cell)[0], inner, 0.2)
    assert adaptation_before(pack(cell), inner[2], 0.2) == pytest.approx(w, abs=1e-9)
    assert adaptation_before(pack(Cell.load("high-pass")), w, 0.2) == w
