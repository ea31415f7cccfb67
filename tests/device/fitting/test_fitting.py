"""Fits find the device that made a record, and the card they give is the trace they fitted."""

from __future__ import annotations

import numpy as np
import pytest

from ionspike.device import Ecram, Gate, Population, Weight
from ionspike.device.fitting import Shape, fit
from ionspike.device.measured.records import PulseRecord
from ionspike.device.measured.synthetic import synthetic_record
from ionspike.device.waveforms.waveform import Waveform, sampled, simulate
from ionspike.errors import InputError

DEVICE = Ecram(
    "made", Gate(V_T=0.4, V_0=0.05, J_lim=150.0), (Population(tau=2e-3, g=5e-3, V_d=0.3, s=0.9),), Weight(G_min=1e-4)
)


def test_a_fit_finds_the_device_that_made_the_record():
    found = fit(synthetic_record(DEVICE, 0.2, 0.1, 12, 1e-3, noise=1e-3), shape=Shape(), starts=3)
    population = found.device.populations[0]
    # a thousandth of noise over 2,400 samples leaves a few parts in a hundred on the rates
    assert found.device.gate.J_lim == pytest.approx(150, rel=0.03)
    assert population.tau == pytest.approx(2e-3, rel=0.05)
    assert population.s == pytest.approx(0.9, abs=0.02)
    assert found.agreeing >= 2


def test_the_fitted_card_is_the_fitted_trace():
    record = synthetic_record(DEVICE, 0.2, 0.1, 3, 1e-3, noise=0.0)
    found = fit(record, shape=Shape(), starts=2)
    state, now, gate = found.device.at_rest(), 0.0, 0.0
    edges = sorted([(t, 1.0) for t in found.on_edges] + [(t, 0.0) for t in found.off_edges])
    moments = sorted([(t, None) for t in record.time] + edges, key=lambda pair: pair[0])
    trace = []
    for t, level in moments:
        state, now = found.device.advance(state, gate, duration=t - now), t
        if level is None:
            trace.append(float(found.device.conductance(state)))
        else:
            gate = level
    # the card's assumed threshold leaves a few parts in ten thousand of the flux at rest
    assert np.abs(np.array(trace) - found.model).max() < 2e-3 * record.swing


def test_aging_per_cycle_is_found():
    record = synthetic_record(DEVICE, 0.2, 0.1, 12, 1e-3, fatigue=0.02)
    found = fit(record, shape=Shape(aging=True), starts=2)
    assert found.aging[0] == pytest.approx(-0.02, abs=0.002)


def test_the_choice_takes_the_law_that_made_the_record_not_the_largest():
    found = fit(synthetic_record(DEVICE, 0.2, 0.1, 8, 2e-3), populations=1, starts=2)
    assert found.shape.cooperative and not found.shape.drift
    plain = [c for c in found.candidates if not c.shape.cooperative and not c.shape.insertion]
    assert plain and min(c.forward for c in plain) > 3 * min(c.forward for c in found.candidates)
    assert "forward prediction" in found.why


def test_white_noise_is_worth_all_its_samples_and_a_wrong_law_few():
    record = synthetic_record(DEVICE, 0.2, 0.1, 6, 1e-3)
    right = fit(record, shape=Shape(), starts=1)
    wrong = fit(record, shape=Shape(cooperative=False), starts=1)
    assert right.effective_samples > 0.7 * len(record.time)
    assert wrong.effective_samples < 0.3 * len(record.time)
    assert wrong.error > 3 * right.error


def test_two_records_of_one_device_are_fitted_together_and_two_levels_tell_the_threshold():
    gate = Gate(V_T=0.7, V_0=0.06, J_lim=150.0)
    device = Ecram("made", gate, (Population(tau=5e-3, g=5e-3),), Weight(G_min=1e-4))
    low = synthetic_record(device, 0.1, 0.02, 3, 1e-3, level=0.65)
    high = synthetic_record(device, 0.1, 0.02, 3, 1e-3, level=1.0, seed=2)
    found = fit([low, high], shape=Shape(cooperative=False, held=False), starts=2, fixed={"gate.V_0": 0.06})
    assert pytest.approx(0.7, abs=0.01) == found.device.gate.V_T
    assert found.device.gate.J_lim == pytest.approx(150, rel=0.03)
    assert len(found.models) == 2


def test_a_fixed_number_stays_and_a_bounded_one_stays_within():
    record = synthetic_record(DEVICE, 0.2, 0.1, 3, 2e-3)
    found = fit(
        record, shape=Shape(), starts=1, fixed={"population1.V_d": 0.4}, bounds={"population1.tau": (3e-3, 9e-3)}
    )
    assert found.device.populations[0].V_d == 0.4
    assert 3e-3 <= found.device.populations[0].tau <= 9e-3
    assert found.device.origins["population1.V_d"].source == "assumed"


def test_a_name_that_the_law_does_not_have_is_refused():
    record = synthetic_record(DEVICE, 0.2, 0.1, 3, 2e-3)
    with pytest.raises(InputError, match=r"'population2\.tau' is no parameter"):
        fit(record, shape=Shape(), starts=1, fixed={"population2.tau": 1.0})


def test_what_intervals_see_is_the_fit():
    record = synthetic_record(DEVICE, 0.2, 0.1, 3, 1e-3)
    found = fit(record, shape=Shape(aging=True), starts=1)
    view = found.problem
    assert np.allclose(view.model(view.start) * record.swing, found.model, rtol=0, atol=1e-12)
    # derivatives against differences of the model, taken with another step
    exact = view.jacobian(view.start)
    for j in range(len(view.names)):
        h = 1e-3 * record.time[0] if view.names[j].startswith("clock") else 3e-5
        h = 1e-7 if view.names[j] == "weight.G_min" else h
        moved = view.start.copy()
        moved[j] += h
        slope = (view.model(moved) - view.model(view.start)) / h
        assert np.linalg.norm(slope - exact[:, j]) < 0.02 * np.linalg.norm(slope) + 1e-9, view.names[j]
    slopes = view.pulse_sensitivities(view.start)
    assert slopes.shape == (len(view.data), 3)
    for k in range(3):
        factors = 1e-4 * np.eye(3)[k]
        apart = (view.model(view.start, factors) - view.model(view.start, -factors)) / 2e-4
        # a difference quotient of step h leaves h^2
        assert np.abs(apart - slopes[:, k]).max() < 1e-7 and np.abs(apart).max() > 0.1


def test_a_gate_that_never_steps_is_refused():
    record = synthetic_record(DEVICE, 0.2, 0.1, 3, 1e-3)
    flat = PulseRecord(record.time, np.zeros(len(record.time)), record.conductance, "flat")
    with pytest.raises(InputError, match="no complete gate pulse"):
        fit(flat, shape=Shape())


def test_intervals_of_the_covariance_hold_the_truth_and_go_into_the_card(tmp_path):
    record = synthetic_record(DEVICE, 0.2, 0.1, 8, 1e-3, noise=5e-3)
    found = fit(record, shape=Shape(), starts=1, fixed={"population1.V_d": 0.3})
    rows = {row.name: row for row in found.estimates()}
    for name, truth in (("gate.J_lim", 150.0), ("population1.tau", 2e-3), ("population1.s", 0.9)):
        middle, half = rows[name].value, 0.5 * (rows[name].high - rows[name].low)
        assert abs(truth - middle) < 2 * half  # four standard deviations: a seeded record, not a coverage study
        assert half < 0.2 * truth
    path = found.card().save(tmp_path / "card.toml")
    assert Ecram.load(path).origins["population1.tau"].interval is not None


def test_four_levels_of_the_gate_tell_threshold_slope_and_plateau():
    device = Ecram("made", Gate(V_T=0.7, V_0=0.06, J_lim=80.0), (Population(tau=5e-2, g=5e-3),), Weight(G_min=1e-4))
    levels = (0.0, 0.6, 0.0, 0.7, 0.0, 0.8, 0.0, 1.1, 0.0)
    waveform = Waveform(levels, (0.05, *(0.1, 0.2) * 4))
    time = sampled(waveform, 1200)
    clean = simulate(device, waveform, time)
    noise = 2e-3 * np.ptp(clean) * np.random.default_rng(1).normal(size=len(time))
    record = PulseRecord(time, waveform.at(time), clean + noise, "a synthetic record", data="synthetic")
    found = fit(record, shape=Shape(cooperative=False, held=False), starts=3)
    card = found.card(found.intervals(level=0.99))
    for name, true in (("V_T", 0.7), ("V_0", 0.06), ("J_lim", 80.0)):
        origin = card.origins[f"gate.{name}"]
        assert origin.source == "fitted" and origin.interval is not None
        assert origin.interval[0] < true < origin.interval[1]


def test_what_to_measure_next_is_asked_of_the_fit():
    found = fit(synthetic_record(DEVICE, 0.2, 0.1, 3, 1e-3), shape=Shape(), starts=1)
    proposal = found.next_pulses(trials=5)
    # one level of pulses leaves the threshold open; other levels would tell it
    assert proposal.before["gate.V_T"] > 0.3 and proposal.after["gate.V_T"] < 0.1 * proposal.before["gate.V_T"]


def test_the_loss_of_a_fading_record_is_found():
    record = synthetic_record(DEVICE, 0.2, 0.1, 10, 1e-3, fatigue=0.02)
    lost = fit(record, shape=Shape(aging=True), starts=1).loss()
    assert lost.value == pytest.approx(1 - np.exp(-0.18), abs=0.005)
    assert lost.low < lost.value < lost.high


def test_a_page_holds_figures_tables_and_no_link_to_elsewhere(tmp_path):
    record = synthetic_record(DEVICE, 0.2, 0.1, 3, 1e-3)
    text = fit(record, shape=Shape(), starts=1).page(tmp_path / "fit.html").read_text()
    assert text.count("data:image/png;base64,") == 2
    assert "Simpler laws" in text and "population1.tau" in text and "://" not in text  # text of base64 may hold "http"
