"""Ramps give the weight's windows back, and the card they give walks the ramps."""

from __future__ import annotations

import numpy as np
import pytest

from ionspike.device import Ecram, Gate, Population, Weight
from ionspike.device.fitting import RampShape, fit_ramps
from ionspike.device.fitting.fitted_ramps import FittedRamps
from ionspike.device.fitting.ramp_problem import PAUSE, WIDTH
from ionspike.device.measured.ramps import RampRecord
from ionspike.errors import InputError

DEVICE = Ecram(
    "made",
    Gate(V_T=0.5, V_0=0.05, J_lim=1 / WIDTH),
    (Population(tau=1e-3, g=0.0),),
    Weight(G_min=1e-3, G_max=2e-3, a=0.01, c=4.0, d=2.0),
)


def walk(device: Ecram, start: np.ndarray, voltages: list[float]) -> tuple[np.ndarray, np.ndarray]:
    """Reads before the first pulse and after each: a pulse, then a pause, by the law itself."""
    state, reads = start, [float(device.conductance(start))]
    for v in voltages:
        state = device.advance(device.advance(state, v, duration=WIDTH), 0.0, duration=PAUSE)
        reads.append(float(device.conductance(state)))
    return np.array(reads), state


def made_ramps(noise: float) -> RampRecord:
    state, ramps, directions = np.array([0.0, 0.1]), [], []
    for k in range(8):
        reads, state = walk(DEVICE, state, [1.0 if k % 2 == 0 else -1.0] * 40)
        ramps.append(reads)
        directions.append(1 if k % 2 == 0 else -1)
    rng = np.random.default_rng(1)
    return RampRecord(tuple(r + noise * rng.normal(size=len(r)) for r in ramps), tuple(directions), "made")


def test_windows_are_found():
    found = fit_ramps(made_ramps(1e-6), shape=RampShape(), starts=2)
    weight = found.device.weight
    at = np.linspace(1.2e-3, 1.7e-3, 6)
    w, true = (at - weight.G_min) / (weight.G_max - weight.G_min), (at - 1e-3) / 1e-3
    # a, c and the ends of the range trade against one another where the ramps do not go: the steps are what ramps tell
    step = weight.a * (1 - w) * (1 + weight.c * w) * (weight.G_max - weight.G_min)
    assert step == pytest.approx(0.01 * (1 - true) * (1 + 4 * true) * 1e-3, rel=0.1)
    assert found.error < 0.01


def test_the_card_walks_the_ramp_that_was_fitted():
    found = fit_ramps(made_ramps(0.0), shape=RampShape(), starts=1)
    weight = found.device.weight
    first = found.model[0][0]
    state = np.array([0.0, (first - weight.G_min) / (weight.G_max - weight.G_min)])
    reads, _ = walk(found.device, state, [found.v_up] * 40)
    # the card's threshold leaves a few parts in ten thousand of the flux in the pauses
    assert np.abs(reads - found.model[0]).max() < 2e-3 * np.ptp(found.model[0])


def test_constant_steps_fit_worse_on_ramps_that_were_not_fitted():
    record = made_ramps(1e-6)
    held = np.arange(8) >= 4
    with_windows = fit_ramps(record, shape=RampShape(), fitted=~held, starts=1).residual(held)
    assert fit_ramps(record, shape=RampShape(False), fitted=~held, starts=1).residual(held) > 3 * with_windows


def test_what_intervals_see_of_ramps_is_the_fit():
    record = made_ramps(1e-6)
    found = fit_ramps(record, shape=RampShape(True, (-1,)), starts=1)
    view: FittedRamps = found.problem
    assert np.allclose(view.device(view.start).weight.G_max, found.device.weight.G_max)
    theta = view.start
    model = record.range[0] + np.ptp(record.range) * view.model(theta)
    assert np.abs(model - np.concatenate(found.model)).max() < 1e-12
    exact = view.jacobian(theta)
    for k in range(len(theta)):
        h = 1e-4 * max(abs(theta[k]), 1e-4)
        moved = theta.copy()
        moved[k] += h if theta[k] + h < view.high[k] else -h
        slope = (view.model(moved) - view.model(theta)) / (moved[k] - theta[k])
        assert np.linalg.norm(slope - exact[:, k]) < 0.02 * np.linalg.norm(exact[:, k]) + 1e-9, view.names[k]
    # a factor on one ramp moves nothing before it; the start of a ramp moves its own reads only, the first by as much
    slopes, starts = view.pulse_sensitivities(theta), view.shifts(theta)
    second = slice(41, 82)
    assert np.all(slopes[:41, 1] == 0) and np.abs(slopes[second, 1]).max() > 0.1
    assert starts[41, 1] == pytest.approx(1, abs=1e-6) and np.count_nonzero(starts[:, 1]) == 41


def test_intervals_of_ramps_hold_the_truth_where_ramps_differ_in_their_rate():
    from benchmarks.ramp_coverage import study

    found = study("ramps", 8, seed=3)["coverage"]
    # 48 numbers, those of one record strongly correlated: 45.6 are expected
    assert np.mean([row["of_all"] for row in found.values()]) > 0.8
    assert min(row["identified"] for row in found.values()) >= 6


def test_a_page_of_ramps_holds_figures_and_numbers_and_its_card_intervals(tmp_path):
    record = made_ramps(2e-6)
    found = fit_ramps(record, shape=RampShape(), starts=1)
    told = found.intervals()
    text = found.page(tmp_path / "ramps.html", told).read_text()
    assert (
        text.count("data:image/png;base64,") == 2 and "weight.c" in text and "://" not in text
    )  # text of base64 may hold "http"
    card = found.card(told)
    for row in told:
        if row.name == "flux_ratio":
            continue
        interval, value = card.origins[row.name].interval, card.origins[row.name].value
        assert (interval is None) != (row.identifiable and row.low <= value <= row.high)
        assert interval is not None or "not told one by one" in card.origins[row.name].why


def test_ramps_that_go_one_way_are_refused():
    record = made_ramps(0.0)
    with pytest.raises(InputError, match="go one way"):
        fit_ramps(record, fitted=np.array(record.directions) > 0)
