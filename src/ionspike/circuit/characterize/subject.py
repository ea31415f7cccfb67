"""The form of a subject: the runs it asks for, and what it reads in them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ionspike.circuit.neurons import Neuron
from ionspike.circuit.placements import card_for, spike_widths
from ionspike.circuit.simulate import Plan, Run, Setting, simulate_plans
from ionspike.circuit.testbench import Bench
from ionspike.circuit.working import silent_bench
from ionspike.device import Ecram
from ionspike.spice.engine import Failure

if TYPE_CHECKING:
    import xarray as xr

Result = Run | Failure
Variables = dict[str, tuple[Any, ...]]  # of a dataset: dimensions, values, attributes
Found = tuple[Variables, list[str]]  # and why points gave nothing


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
        return silent_bench(self.neuron, **arguments)


@dataclass(frozen=True)
class Subject:
    """One subject: ``plan`` gives the runs of a study, ``read`` the variables of its dataset from their results, in order.

    A run that failed gives no number at its point, and its reason is kept by the battery.
    """

    name: str
    plan: Callable[[Study], list[Plan]]
    read: Callable[[Study, Sequence[Result]], Variables]

    def measure(self, study: Study, _data: xr.Dataset, workers: int | None) -> Found:
        """Run the plans and read them."""
        results = simulate_plans(self.plan(study), workers)
        failed = [f"{self.name}, run {k}: {r.message}" for k, r in enumerate(results) if isinstance(r, Failure)]
        return self.read(study, results), failed


@dataclass(frozen=True)
class Search:
    """A subject whose runs depend on what was found so far: ``find`` gives its variables, and why a point has none."""

    name: str
    find: Callable[[Study, xr.Dataset, int | None], Found]

    def measure(self, study: Study, data: xr.Dataset, workers: int | None) -> Found:
        """Search, from the ``data`` of the subjects before."""
        found, failed = self.find(study, data, workers)
        return found, [f"{self.name}, {told}" for told in failed]


def each(results: Sequence[Result], measure: Callable[[Run], float]) -> np.ndarray:
    """``measure`` of every run, not a number where it failed."""
    return np.array([math.nan if isinstance(found, Failure) else measure(found) for found in results])


def mean(values: np.ndarray) -> float:
    """The mean, not a number of nothing."""
    return float(np.mean(values)) if len(values) else math.nan
