"""Short-term plasticity against rate, each beside its control without volatile ions.

Facilitation: a neuron of the same topology gates and reads a synapse whose membrane is held; the charge of the tenth spike over that of
the first. Excitability: an ECRAM in the input path; the interval between output spikes, from the second to the mean of the last five.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ionspike.circuit.characterize.subject import Result, Study, Subject, Variables, each
from ionspike.circuit.excitability import Drive, change, intervals
from ionspike.circuit.facilitation import read_train, train_bench
from ionspike.circuit.placements import CARD_WIDTH, placement_bench
from ionspike.circuit.simulate import Plan, Run
from ionspike.circuit.testbench import Bench

TRAIN = 10  # spikes
_PER_TAU, _QUICK_PER_TAU = (0.2, 1.0, 2.0, 5.0, 10.0), (2.0, 10.0)
_PERIODS, _QUICK_PERIODS = (4e-6, 10e-6, 25e-6), (4e-6,)  # s
_PULSES = 240
_FEWEST = 7  # intervals: the first is left out, the last five make the mean
_HOLD = 0.1  # V
_VOLATILE = ("on", "off")


def _train_rates(study: Study) -> list[float]:
    tau = study.device.populations[0].tau
    return [factor / tau for factor in (_QUICK_PER_TAU if study.quick else _PER_TAU)]


def _with_control(study: Study, made: list[tuple[Bench, float]]) -> list[Plan]:
    """Every bench, then every control."""
    return [study.plan(bench, stop) for bench, stop in made] + [
        study.plan(bench.control(), stop) for bench, stop in made
    ]


def _plan_trains(study: Study) -> list[Plan]:
    neuron = study.neuron.with_(synapse=study.device)
    return _with_control(study, [train_bench(neuron, study.neuron, r, TRAIN, _HOLD) for r in _train_rates(study)])


def _read_trains(study: Study, results: Sequence[Result]) -> Variables:
    gains = each(results, lambda run: float(read_train(run, 0.0).gains[-1]))
    return {
        "train_rate": (
            "train_rate",
            _train_rates(study),
            {"units": "Hz", "long_name": "rate of the presynaptic spikes"},
        ),
        "volatile": ("volatile", list(_VOLATILE), {"long_name": "volatile ions of the ECRAM; off is the control"}),
        "facilitation": (
            ("volatile", "train_rate"),
            gains.reshape(2, -1),
            {"units": "1", "long_name": f"charge of spike {TRAIN} over the first"},
        ),
    }


def _periods(study: Study) -> tuple[float, ...]:
    return _QUICK_PERIODS if study.quick else _PERIODS


def _drive(period: float) -> Drive:
    return Drive(period, _PULSES)


def _plan_drives(study: Study) -> list[Plan]:
    bench, _, _ = placement_bench(study.neuron.topology, "input", study.device, CARD_WIDTH, _drive(_PERIODS[0]).first)
    made = []
    for period in _periods(study):
        pulses = _drive(period).pulses()
        made.append((replace(bench, pulses=pulses), pulses[-1] + period))
    return _with_control(study, made)


def _change(found: np.ndarray) -> float:
    """The change over a train; not a number where it is too short to tell one."""
    return change(found) if len(found) >= _FEWEST else np.nan


def _read_drives(study: Study, results: Sequence[Result]) -> Variables:
    drives = [_drive(period) for period in _periods(study)] * 2
    changes = [
        _change(intervals(run, drive)[0]) if isinstance(run, Run) else np.nan
        for run, drive in zip(results, drives, strict=True)
    ]
    return {
        "drive_rate": (
            "drive_rate",
            [1 / p for p in _periods(study)],
            {"units": "Hz", "long_name": "rate of the input"},
        ),
        "excitability": (
            ("volatile", "drive_rate"),
            np.reshape(changes, (2, -1)),
            {"units": "1", "long_name": "relative change of the interval between output spikes"},
        ),
    }


FACILITATION = Subject("facilitation", _plan_trains, _read_trains)
EXCITABILITY = Subject("excitability", _plan_drives, _read_drives)
