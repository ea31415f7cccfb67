"""The printed numbers of Zhu et al., Nat. Commun. 5, 3158 (2014), 10.1038/ncomms4158 (digitised): one cooperative population gives them,
a sum of exponentials does not."""

from __future__ import annotations

import math

import pytest

from ionspike.device.fitting import Target, fit_summary
from ionspike.errors import InputError

ZHU = (
    Target("paired", 1.8, time=0.03),
    Target("gain", 1.0, number=10, rate=1.0),
    Target("gain", 6.6, number=10, rate=50.0),
    Target("tail", math.exp(-1), time=0.025),
)


def test_one_cooperative_population_meets_trains_and_tail():
    found = fit_summary(ZHU, width=0.01, starts=2)
    assert all(found.met)
    assert 15 < found.device.populations[0].c < 60


def test_one_exponential_does_not():
    found = fit_summary(ZHU, width=0.01, cooperative=False, starts=2)
    assert not all(found.met)


def test_no_target_is_refused():
    with pytest.raises(InputError, match="no number to fit"):
        fit_summary([], width=0.01)
