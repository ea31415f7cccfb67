"""What a claim is: limits decide, values are finite, and a claim without its cause fails."""

from __future__ import annotations

import math

import pytest

from ionspike.report.claim import Check, Conditions, Control, Outcome
from ionspike.report.claims import CLAIMS

NAMES = [
    "compact-model",
    "resistance-step",
    "synaptic-facilitation",
    "excitability",
    "energy-per-spike",
    "stp-overhead",
    "topologies",
    "pulse-width-tuning",
    "coexistence",
    "cell-calibration",
    "frequency-selectivity",
]


def test_every_claim_of_the_paper_is_there_in_order():
    assert [claim.id for claim in CLAIMS] == NAMES


@pytest.mark.parametrize(
    ("value", "low", "high", "passed"), [(1, 0, 2, True), (1, None, 1, True), (1, 1.1, None, False), (3, 0, 2, False)]
)
def test_limits_decide(value: float, low: float | None, high: float | None, passed: bool):
    assert Control("x", value, "", low, high).passed is passed


def test_a_check_holds_a_finite_value_and_a_limit():
    with pytest.raises(ValueError, match="finite"):
        Check("x", math.nan, "", 0, 1)
    with pytest.raises(ValueError, match="no limit"):
        Check("x", 1.0, "", None, None)


def test_a_claim_passes_only_if_checks_and_controls_do():
    good, bad = Check("a", 1, "", 0, None), Control("b", 1, "", 2, None)
    conditions = Conditions(engine="law", version="1")
    assert Outcome((good,), (), conditions).passed
    assert not Outcome((good,), (bad,), conditions).passed
    assert not Outcome((), (), conditions).passed
