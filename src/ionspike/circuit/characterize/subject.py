"""The form of a subject: the runs it asks for, and what it reads in them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ionspike.circuit.neurons import Neuron
from ionspike.circuit.placements import card_for, spike_widths
from ionspike.circuit.simulate import Plan, Run, Setting
from ionspike.circuit.testbench import Bench
from ionspike.device import Ecram
from ionspike.spice.engine import Failure

Result = Run | Failure
Variables = dict[str, tuple[Any, ...]]  # of a dataset: dimensions, values, attributes


@dataclass(frozen=True)
class Study:
    """What all subjects work on: the bare neuron, the ECRAM of the plasticity subjects, the setting, and whether few points do."""

    neuron: Neuron
    device: Ecram
    setting: Setting
    quick: bool = False

    @classmethod
    def of(cls, topology: str, card: Ecram, setting: Setting, quick: bool, workers: int | None) -> Study:
        """The flux of ``card``, made for the spike of the reference neuron, is scaled to the width of this one's, so that one spike
        inserts as many ions."""
        width = spike_widths([topology], setting, workers)[topology]
        return cls(Neuron(topology), card_for(card, width), setting, quick)

    def plan(self, bench: Bench, stop: float) -> Plan:
        """A run in the study's setting."""
        return Plan(bench, stop, self.setting)

    def silent(self, **arguments: Any) -> Bench:
        """A bench without input pulses, whose steps may be long."""
        return Bench(**{"neuron": self.neuron, "width": 2e-6, "edge": 1e-6, "max_step": 1e-3, **arguments})


@dataclass(frozen=True)
class Subject:
    """One subject: ``plan`` gives the runs of a study, ``read`` the variables of its dataset from their results, in order.

    A run that failed gives no number at its point, and its reason is kept by the battery.
    """

    name: str
    plan: Callable[[Study], list[Plan]]
    read: Callable[[Study, Sequence[Result]], Variables]


def each(results: Sequence[Result], measure: Callable[[Run], float]) -> np.ndarray:
    """``measure`` of every run, not a number where it failed."""
    return np.array([math.nan if isinstance(found, Failure) else measure(found) for found in results])


def mean(values: np.ndarray) -> float:
    """The mean, not a number of nothing."""
    return float(np.mean(values)) if len(values) else math.nan
