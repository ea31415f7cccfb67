"""Spike width and refractory time against the delay current."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ionspike.circuit.characterize.subject import Result, Study, Subject, Variables, each, mean
from ionspike.circuit.simulate import Plan, Run
from ionspike.circuit.testbench import Bench
from ionspike.spikes import regular

_FACTORS = tuple(4.0**k for k in (-3, -2, -1, 0, 1, 2, 3))
_QUICK = (0.25, 1.0, 4.0)
_RATE, _COUNT = 50e3, 12  # Hz, pulses
_DIMS = ("delay_bias",)


def _biases(study: Study) -> list[float]:
    return [float(f"{study.neuron.delay_bias * f:.6g}") for f in (_QUICK if study.quick else _FACTORS)]


def _plan(study: Study) -> list[Plan]:
    return [
        study.plan(
            Bench(neuron=study.neuron.with_(delay_bias=bias), pulses=tuple(regular(_RATE, _COUNT))),
            (_COUNT + 1) / _RATE,
        )
        for bias in _biases(study)
    ]


def _read(study: Study, results: Sequence[Result]) -> Variables:
    return {
        "delay_bias": (_DIMS, _biases(study), {"units": "A", "long_name": "reference current of the delay"}),
        "width": (_DIMS, each(results, width), {"units": "s", "long_name": "spike width at half the supply"}),
        "refractory": (
            _DIMS,
            each(results, refractory),
            {"units": "s", "long_name": "from the spike's rise to the end of the reset, when no input counts"},
        ),
    }


def width(run: Run) -> float:
    """Mean width (s), without the first spike where there are more: it starts from a membrane no spike has reset."""
    return mean(run.widths[1:] if len(run.widths) > 1 else run.widths)


def refractory(run: Run) -> float:
    """Mean time (s) from a spike's rise to the end of its reset."""
    count = min(len(run.reset_ends), len(run.spike_times))
    return mean(np.asarray(run.reset_ends[:count] - run.spike_times[:count]))


SUBJECT = Subject("delay bias", _plan, _read)
