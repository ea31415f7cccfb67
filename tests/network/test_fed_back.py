"""A stage whose output feeds its membrane: what it draws, what its nodes add to the membrane, where it runs away; and the switch that opens
later under a higher membrane."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from ionspike.circuit.neurons import Neuron
from ionspike.circuit.testbench import Bench
from ionspike.errors import InputError, RunError
from ionspike.network import Cell
from ionspike.network.cell import leak_grid
from ionspike.network.dynamics import DROPS, keeper, log_drive, pack, pulse, wait
from ionspike.network.fed_back import feedback, waiting
from ionspike.network.static_draw import DRAW, POINTS, draw_table, drawn_at
from ionspike.spice.waveforms import Waveforms

_DROPS = np.linspace(0, 0.7, DROPS)
_KICK = -4e-4 * np.sin(np.pi * _DROPS / 0.9)  # V, of the size of Axon-Hillock's
_ABOVE = np.array([-0.1, -0.02, 0.0, 0.01, 0.014, 0.018, 0.05])  # V from the threshold
_DRAWN = np.array([1e-13, 2e-9, 3e-9, 4e-9, 4e-8, 4e-7, 5e-7])


@pytest.fixture
def cell() -> Cell:
    cell = Cell.load("high-pass")
    soma = replace(
        cell.soma,
        drops=tuple(_DROPS.tolist()),
        kick=tuple(_KICK.tolist()),
        drawn_voltage=tuple((cell.soma.threshold + _ABOVE).tolist()),
        drawn_current=tuple(_DRAWN.tolist()),
        fire=0.7,
        fire_slope=0.0,
    )
    return replace(cell, soma=soma, synapse=replace(cell.synapse, width_1=-0.1, ion_1=-0.07))


def test_a_wait_equals_an_integrator_with_the_kick_and_the_draw_of_its_tables(cell: Cell):
    p, leak, *_ = pack(cell)
    soma = cell.soma
    grid, width = leak_grid(soma)

    def membrane(y: np.ndarray) -> float:
        return y[0] + np.interp(y[1], _DROPS, _KICK)

    def slope(_: float, y: np.ndarray) -> list[float]:
        v = membrane(y)
        lost = np.interp(v, np.arange(len(grid)) * width, grid) / soma.capacitance
        draw = np.exp(np.interp(v, soma.drawn_voltage, np.log(_DRAWN)))
        return [-lost, soma.keeper_rate * (np.exp(log_drive(p, v)) - keeper(p, y[1])), draw * 1e12]

    reached = lambda _, y: y[1] - 0.7  # noqa: E731
    reached.terminal = True
    for above in (0.016, 0.03):
        start = soma.threshold + above
        v, fired, drawn = wait(p, leak, start, np.zeros(2), 5e-3)
        solved = solve_ivp(slope, (0, 5e-3), [start, 0.0, 0.0], "LSODA", rtol=1e-9, atol=1e-12, events=reached)
        # steps of 3 mV of drop: half a per cent
        assert fired == pytest.approx(solved.t_events[0][0], rel=6e-3)
        assert drawn == pytest.approx(solved.y_events[0][0, 2] * 1e-12, rel=0.01)
        assert v - start == pytest.approx(membrane(solved.y_events[0][0]) - start, abs=1e-5)


def test_the_draw_is_logarithmic_between_its_points_and_level_beyond_them(cell: Cell):
    table = draw_table(cell.soma)
    for v in cell.soma.threshold + np.linspace(-0.15, 0.1, 40):
        expected = np.exp(np.interp(v, cell.soma.drawn_voltage, np.log(_DRAWN)))
        assert drawn_at(table, v) == pytest.approx(float(expected), rel=1e-9)


def test_a_draw_that_is_no_table_is_refused(cell: Cell):
    many = tuple(np.linspace(0, 1, POINTS + 1).tolist())
    for soma in (
        replace(cell.soma, drawn_voltage=(0.1, 0.1), drawn_current=(1e-9, 1e-9)),
        replace(cell.soma, drawn_voltage=(0.1, 0.2), drawn_current=(1e-9,)),
        replace(cell.soma, drawn_voltage=many, drawn_current=many),
    ):
        with pytest.raises(InputError, match=f"expected at most {POINTS} that ascend"):
            draw_table(soma)
    assert not draw_table(Cell.load("high-pass").soma).any() and len(draw_table(cell.soma)) == DRAW


def test_a_pulse_under_a_high_membrane_is_shorter_by_its_slopes(cell: Cell):
    p, _, gate, rows, g = pack(cell)
    syn, v = cell.synapse, 0.3
    x = np.full(len(cell.device.states), 0.05)
    plain = replace(cell, synapse=replace(syn, width_1=0.0, ion_1=0.0))
    short = replace(plain, synapse=replace(plain.synapse, width=syn.width * 0.97, ion_time=syn.ion_time * 0.979))
    after, state = pulse(p, gate, rows, g, v, x)
    expected, moved = pulse(*_but_leak(short), v, x)
    assert after == pytest.approx(expected, abs=1e-12) and state == pytest.approx(moved, abs=1e-12)
    assert after < pulse(*_but_leak(plain), v, x)[0]


def _but_leak(cell: Cell) -> tuple[Any, ...]:
    p, _, gate, rows, g = pack(cell)
    return p, gate, rows, g


def test_a_fed_back_cell_is_read_back_as_saved(cell: Cell, tmp_path):
    assert Cell.load(cell.save(tmp_path / "cell.toml")) == cell


def _held(v: float, output: float, drop: float, current: float, late: float) -> _Run:
    """A run of a held membrane whose stage rests from the start but for a charge of ``late`` (A) in the first half of 10 us."""
    bench = Bench(neuron=Neuron("axon-hillock"), hold=v)
    time = np.linspace(0, 10e-6, 1001)
    flat = {"v(spk)": output, "v(xn.n1)": 1.8 - drop, "i(vth)": current, "i(vdl)": 0.0}
    vectors = {name: np.full(len(time), value) for name, value in flat.items()}
    vectors |= {"time": time, "i(vhold)": np.where(time < 5e-6, late, 0.0)}
    waves = Waveforms(vectors)
    return _Run(bench, waves)


class _Run:
    def __init__(self, bench: Bench, waveforms: Waveforms) -> None:
        self.bench, self.waveforms, self.time = bench, waveforms, waveforms.time

    def __getitem__(self, name: str) -> np.ndarray:
        return self.waveforms[name]


def test_the_stage_runs_away_where_its_gain_makes_up_for_the_divider():
    held = np.arange(0.5, 0.53, 5e-4)
    output = 1e-3 * np.exp(
        (held - 0.525) / 5e-4
    )  # its gain, 2 exp(..) volts a volt, passes 11 at 0.525 + 0.5 mV ln 5.5
    runs = [
        _held(v, o, 10 * (v - 0.45), 1e-9 * (1 + k), -1e-12) for k, (v, o) in enumerate(zip(held, output, strict=True))
    ]
    found = waiting(runs)  # type: ignore[arg-type]
    assert feedback(Neuron("axon-hillock")) == pytest.approx(100e-15)
    assert found.runaway == pytest.approx(0.525 + 5e-4 * np.log(5.5), abs=3e-5)
    assert found.drop == pytest.approx(10 * (found.runaway - 0.45), rel=1e-6)
    assert found.added[0] == pytest.approx(-1e-12 * 5e-6 / 1.1e-12, rel=0.01)
    assert found.voltage[-1] == found.runaway and np.all(np.diff(found.current) > 0)


def test_an_output_that_never_runs_away_is_told():
    runs = [_held(v, 0.0, 0.1, 1e-9, 0.0) for v in (0.5, 0.51, 0.52)]
    with pytest.raises(RunError, match="does not pass a gain of 11 between"):
        waiting(runs)  # type: ignore[arg-type]
