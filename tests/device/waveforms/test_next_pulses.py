"""The proposed waveform tells what others leave open, and a simulated measurement bears out what it promised."""

from __future__ import annotations

import numpy as np
import pytest

from ionspike.device.ecram import Ecram, Gate, Population, Weight
from ionspike.device.waveforms.next_pulses import NextPulses, expected_deviations, next_pulses, verify
from ionspike.device.waveforms.pulse_blocks import PulseFamily
from ionspike.device.waveforms.waveform import Waveform, sampled, simulate
from ionspike.device.waveforms.waveform_problem import Trace
from ionspike.errors import InputError

CARD = Ecram(
    "assumed",
    Gate(V_T=0.8, V_0=0.052, J_lim=100.0),
    (Population(tau=0.02, g=6e-6, V_d=0.5), Population(tau=0.24, g=4e-6, a=0.1, V_d=0.5)),
    Weight(G_min=1e-5),
)
ONE = Waveform((*(0.0, 1.0) * 40, 0.0), (*(0.3, 0.1) * 40, 4.0))  # 20 s of pulses at one amplitude over a grounded gate


@pytest.fixture(scope="module")
def proposal() -> NextPulses:
    return next_pulses(CARD, trials=80)


def test_one_amplitude_leaves_threshold_slope_plateau_rest_and_release_unfixed():
    left = expected_deviations(CARD, ONE, 4000)
    shares = dict(zip(left.names, left.shares, strict=True))
    for name in ("gate.V_T", "gate.V_0", "gate.J_lim", "gate.V_rest", "population1.tau", "population2.tau"):
        assert shares[name] > 0.3, name
    assert shares["weight.G_min"] < 0.001  # what the channel rests at is known all the same


def test_a_ladder_of_amplitudes_widths_signs_and_holds_fixes_everything_to_about_a_percent():
    family = PulseFamily.for_device(CARD)
    ladder = expected_deviations(CARD, family.ladder(), family.samples)
    assert ladder.shares.max() < 0.02 and np.median(ladder.shares) < 0.005


def test_without_negative_pulses_and_holds_the_ladder_tells_less():
    full = PulseFamily.for_device(CARD)
    plain = PulseFamily.for_device(CARD, negative=False, holds=(0.0,))
    assert (
        expected_deviations(CARD, plain.ladder(), 4000).shares.max()
        > 2 * expected_deviations(CARD, full.ladder(), 4000).shares.max()
    )


def test_the_proposal_narrows_the_widest_interval_more_than_the_ladder(proposal: NextPulses):
    assert proposal.before.widest[1] > 1
    assert proposal.after.widest[1] < 0.9 * proposal.ladder.widest[1]
    assert proposal.waveform.duration == pytest.approx(20.0)
    assert set(proposal.waveform.levels) <= {
        0.0,
        *PulseFamily.for_device(CARD).levels,
        *PulseFamily.for_device(CARD).holds,
    }


def test_a_fit_of_the_simulated_measurement_has_the_promised_deviations(proposal: NextPulses):
    errors = []
    for seed in range(3):
        reported, error = verify(proposal, seed)
        np.testing.assert_allclose(reported.values, proposal.after.values, rtol=0.1)
        errors.append(error)
    # 36 errors, correlated within a record, in units of what was promised: 1 within a half
    assert 0.5 < np.sqrt(np.mean(np.square(errors))) < 1.5


def test_what_is_measured_already_is_not_measured_again():
    at = sampled(ONE, 4000)
    g = simulate(CARD, ONE, at)
    trace = Trace(at, g, ONE, float(np.ptp(g)))
    after = next_pulses(CARD, [trace], trials=20)
    assert after.before["weight.G_min"] < 0.001 and after.before["gate.V_T"] > 1
    assert np.all(after.after.values <= after.before.values * (1 + 1e-9))


def test_the_same_seed_proposes_the_same_pulses():
    family = PulseFamily.for_device(CARD, duration=5.0, samples=500)
    first, second = (next_pulses(CARD, family=family, trials=20, seed=3) for _ in range(2))
    assert first.waveform == second.waveform
    assert "next pulses for assumed" in str(first) and len(first.plot().axes) == 3


def test_wrong_families_are_told_in_a_sentence():
    with pytest.raises(InputError, match="no widths"):
        PulseFamily((1.0,), (), (0.0,), (0.1,))
    with pytest.raises(InputError, match="expected positive times"):
        PulseFamily((1.0,), (0.1,), (0.0,), (-0.1,))
    with pytest.raises(InputError, match="expected a positive share"):
        next_pulses(CARD, noise=0.0)
