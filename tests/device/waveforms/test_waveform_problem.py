"""A fit problem under any gate waveform is the device law, sampled."""

from __future__ import annotations

import numpy as np
import pytest

from ionspike.device.ecram import Ecram, Gate, Population, Weight
from ionspike.device.measured.records import PulseRecord
from ionspike.device.uncertainty.problem import jacobian, pulse_sensitivities
from ionspike.device.waveforms.waveform import Waveform, recorded_waveform, rest_level, sampled, simulate
from ionspike.device.waveforms.waveform_problem import Trace, WaveformProblem
from ionspike.errors import InputError

CARD = Ecram(
    "two",
    Gate(V_T=0.8, V_0=0.052, J_lim=100.0, V_rest=0.05),
    (Population(tau=0.02, g=5e-6, V_d=0.4, s=0.1), Population(tau=0.24, g=-3e-6, a=0.1, c=0.5, d=0.2, s=0.3)),
    Weight(G_min=1e-5, G_max=2e-5, w=0.3, a=1e-4, tau=1e4),
)
WAVEFORM = Waveform(
    (0.0, 1.2, 0.0, -1.0, 0.0, 0.7, -0.1, 1.0, 0.1, 0.0), (0.1, 0.03, 0.2, 0.01, 0.05, 0.04, 0.1, 0.02, 0.2, 0.1)
)
EVERY = (
    "gate.V_T", "gate.V_0", "gate.J_lim", "gate.V_rest", "weight.G_min",
    "population1.tau", "population1.g", "population1.V_d", "population1.s",
    "population2.tau", "population2.g", "population2.a", "population2.c", "population2.d", "population2.s",
)  # fmt: skip


def _stepwise(card: Ecram, waveform: Waveform, time: np.ndarray) -> np.ndarray:
    """Conductance by the law itself, one call a step."""
    state, now, level, out = card.at_rest(waveform.levels[0]), waveform.start, waveform.levels[0], []
    events = sorted(
        [(t, 0, 0.0) for t in time] + [(t, 1, v) for t, v in zip(waveform.edges, waveform.levels[1:], strict=True)]
    )
    for moment, kind, new in events:
        state, now = card.advance(state, level, duration=moment - now), moment
        if kind:
            level = new
        else:
            out.append(float(card.conductance(state)))
    return np.array(out)


@pytest.fixture(scope="module")
def problem() -> WaveformProblem:
    time = sampled(WAVEFORM, 400)
    g = simulate(CARD, WAVEFORM, time)
    return WaveformProblem(CARD, [Trace(time, g, WAVEFORM, float(np.ptp(g)))], EVERY)


def test_the_chain_of_maps_is_the_law_step_by_step():
    time = sampled(WAVEFORM, 400)
    assert np.ptp(simulate(CARD, WAVEFORM, time)) > 1e-6
    # 1e-9 of the conductance: four hundred products of rounded maps
    np.testing.assert_allclose(simulate(CARD, WAVEFORM, time), _stepwise(CARD, WAVEFORM, time), rtol=1e-9)


def test_the_model_at_any_point_is_the_device_there(problem: WaveformProblem):
    theta = problem.start + 0.02 * np.random.default_rng(1).normal(size=len(EVERY))
    theta = np.clip(theta, problem.low, problem.high)
    expected = _stepwise(problem.device(theta), WAVEFORM, problem.traces[0].time) / problem.traces[0].swing
    np.testing.assert_allclose(problem.model(theta), expected, rtol=1e-9)


class _Plain:
    """The same problem without derivatives of its own."""

    def __init__(self, problem: WaveformProblem) -> None:
        self._problem = problem

    def __getattr__(self, name: str):
        if name in ("jacobian", "pulse_sensitivities"):
            raise AttributeError(name)
        return getattr(self._problem, name)


def test_derivatives_by_parameters_and_pulse_factors_are_those_of_the_model(problem: WaveformProblem):
    theta, plain = problem.start, _Plain(problem)
    # both are central differences of reach 6e-6: rounding over reach is 1e-10, curvature times its square less
    np.testing.assert_allclose(problem.jacobian(theta), jacobian(plain, theta), atol=1e-7)  # type: ignore[arg-type]
    expected = pulse_sensitivities(plain, theta)  # type: ignore[arg-type]
    assert expected.shape == (400, problem.pulses) and np.abs(expected).max() > 0.1
    np.testing.assert_allclose(problem.pulse_sensitivities(theta), expected, atol=1e-7)


def test_a_pulse_factor_multiplies_the_rate_of_its_pulse_only(problem: WaveformProblem):
    factors = np.zeros(problem.pulses)
    factors[1] = 0.3
    change = problem.model(problem.start, factors) - problem.model(problem.start)
    time, second = problem.traces[0].time, WAVEFORM.edges[2]
    assert np.all(change[time < second] == 0) and np.abs(change[time > second]).max() > 1e-3


def test_several_records_are_one_problem_and_each_starts_from_rest(problem: WaveformProblem):
    trace = problem.traces[0]
    both = WaveformProblem(CARD, [trace, trace], EVERY)
    np.testing.assert_allclose(both.model(both.start), np.tile(problem.model(problem.start), 2), rtol=1e-12)
    assert both.breaks == (0, 400) and both.pulses == 2 * problem.pulses


def test_the_gate_of_a_record_becomes_its_waveform():
    time = np.arange(100) * 0.01
    record = PulseRecord(time, np.where((time > 0.3) & (time < 0.5), 1.0, 0.0), np.ones(100), "made up")
    waveform = recorded_waveform(record)
    assert waveform.levels == (0.0, 1.0, 0.0)
    np.testing.assert_allclose(waveform.edges, [0.305, 0.495])  # in the middle of the gap between samples
    assert rest_level(waveform.levels, waveform.durations) == 0.0


def test_wrong_names_and_waveforms_are_told_in_a_sentence(problem: WaveformProblem):
    with pytest.raises(InputError, match=r"'population3.tau' is no parameter.*2 populations"):
        WaveformProblem(CARD, problem.traces, ["population3.tau"])
    with pytest.raises(InputError, match="a of the first population is 1"):
        WaveformProblem(CARD, problem.traces, ["population1.a"])
    with pytest.raises(InputError, match="no record"):
        WaveformProblem(CARD, [], ["gate.V_T"])
    with pytest.raises(InputError, match="2 gate levels and 1 durations"):
        Waveform((0.0, 1.0), (0.1,))
    with pytest.raises(InputError, match="lasts 0 s"):
        Waveform((0.0,), (0.0,))
