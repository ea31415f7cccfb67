"""A long train on a device that ages: the compiled loop is the class's own steps, fatigue recovers, wear does not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ionspike.device import Aging, Dose, Ecram, Spread, aged, run_train
from ionspike.device.trains import Train
from ionspike.errors import InputError

AGING = Aging(
    fatigue_per_pulse=2e-3,
    fatigue_on_a=1.7,
    recovery=0.5,
    wear_per_pulse=1e-4,
    wear_per_coulomb=1e10,
    wear_per_second=1e-3,
    wear_on_tau=-0.5,
)


@pytest.fixture(scope="module")
def device(reference: Ecram) -> Ecram:
    """The reference card with aging, and a random factor on every pulse."""
    return replace(reference, aging=AGING, spread=Spread(pulse=0.05, read=0.001))


def test_the_compiled_train_is_the_classes_own_steps(device: Ecram):
    rests = np.random.default_rng(0).exponential(2e-3, 60)
    run = run_train(Train(device, 9e-9), rests, seed=3, dose=Dose(0.01, 0.02))
    factors = device.spread.pulse_factors(60, 3)
    state, dose, charges = device.at_rest(), Dose(0.01, 0.02), np.array([s.q for s in device.states])
    for n, rest in enumerate(rests):
        now = aged(device, dose)
        pulsed = replace(
            now,
            populations=tuple(replace(p, a=p.a * factors[n]) for p in now.populations),
            weight=replace(now.weight, a=now.weight.a * factors[n]),
        )
        after = pulsed.advance(state, 1.8, duration=9e-9)
        np.testing.assert_allclose(run.before[n], state, atol=1e-12)
        np.testing.assert_allclose(run.after[n], after, atol=1e-12)
        assert run.conductance_after[n] == pytest.approx(
            float(now.conductance(after)), rel=0.006
        )  # six reads' deviations
        assert (run.fatigue[n], run.wear[n]) == pytest.approx((dose.fatigue, dose.wear), rel=1e-12)
        dose = device.aging.after(dose, 1, float(charges @ np.abs(after - state)), 9e-9 + rest)
        state = now.advance(after, 0.0, duration=rest)
    assert (run.end.fatigue, run.end.wear) == pytest.approx((dose.fatigue, dose.wear), rel=1e-12)


def test_a_loss_by_fatigue_comes_back_and_one_by_wear_stays(reference: Ecram):
    rests = np.r_[np.full(200, 0.1), 1e3, 0.1]
    lost = {}
    for kind in ("fatigue", "wear"):
        card = replace(reference, aging=Aging(recovery=20.0, **{f"{kind}_per_pulse": 2e-3}))
        g = run_train(Train(card, 9e-9), rests, seed=1)
        step = g.conductance_after - g.conductance_before
        lost[kind] = (1 - step[200] / step[0], 1 - step[201] / step[0])
    # 200 pulses, 2e-3 each; fatigue that leaves within 200 periods ends where gain and loss balance
    assert lost["wear"][0] == pytest.approx(1 - np.exp(-0.4), rel=0.01)
    assert lost["fatigue"][0] == pytest.approx(1 - np.exp(-0.4 * (1 - np.exp(-1.0))), rel=0.02)
    assert abs(lost["fatigue"][1]) < 0.005 and lost["wear"][1] == pytest.approx(lost["wear"][0], rel=0.02)
    # the control: without aging the step stays
    g = run_train(Train(reference, 9e-9), rests, seed=1)
    assert (g.conductance_after - g.conductance_before)[200] == pytest.approx(
        (g.conductance_after - g.conductance_before)[0], rel=1e-2
    )


def test_the_same_seed_gives_the_same_lifetime(device: Ecram):
    one, two, other = (run_train(Train(device, 9e-9), np.full(50, 1e-3), seed=s) for s in (4, 4, 5))
    np.testing.assert_array_equal(one.conductance_after, two.conductance_after)
    assert not np.any(one.conductance_after == other.conductance_after)


def test_rests_below_zero_are_refused(device: Ecram):
    with pytest.raises(InputError, match="rests of a train"):
        run_train(Train(device, 9e-9), [1.0, -1.0], seed=1)
