"""How long a membrane keeps its charge without input."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ionspike.circuit.characterize.subject import Result, Study, Subject, Variables, each
from ionspike.circuit.simulate import Plan, Run

START = 0.1  # V
LONGEST = 20.0  # s


def _plan(study: Study) -> list[Plan]:
    return [study.plan(study.silent(start=START, max_step=1e-2), LONGEST)]


def _read(_study: Study, results: Sequence[Result]) -> Variables:
    return {
        "retention_half": (
            (),
            _single(results, 0.5),
            {"units": "s", "long_name": f"time from {START:g} V to half of it"},
        ),
        "retention_1_e": (
            (),
            _single(results, np.exp(-1)),
            {"units": "s", "long_name": f"time from {START:g} V to 1/e"},
        ),
    }


def _single(results: Sequence[Result], share: float) -> float:
    return float(each(results, lambda run: fall_time(run, share))[0])


def fall_time(run: Run, share: float) -> float:
    """Time (s) until the membrane has fallen to ``share`` of its start; not a number if it never does, or if the neuron fires from
    there by itself, which empties it."""
    falls = run.waveforms.falls("v(mem)", START * share)
    return float(falls[0]) if len(falls) and not len(run.spike_times) else np.nan


SUBJECT = Subject("membrane", _plan, _read)
