"""One trim step: the delay current turned once by what was measured, as far as the value follows that current at all."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ionspike.circuit.neurons import Neuron
from ionspike.circuit.simulate import Setting
from ionspike.circuit.variation.measure import Measured, measure_all, plan

TRIMS = ("untrimmed", "one step")
_FARTHEST = 8.0  # the trim changes the delay current by at most this factor
_LEAST = 0.1  # power of the delay current below which it sets nothing


@dataclass(frozen=True)
class Trim:
    """What a trim aims at. ``name``: the step of the ECRAM, or the spike width where the neuron has none; ``aim``: its nominal value;
    ``power``: of the delay current that it goes as, measured at the nominal point; ``missing``: why there is no trim, or nothing."""

    name: str
    aim: float
    power: float = math.nan
    missing: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """What a study is made of: untrimmed and, where there is a trim, one step."""
        return TRIMS[:1] if self.missing else TRIMS

    @property
    def attributes(self) -> dict[str, str | float]:
        """What a dataset says of it."""
        told = {"trim_aim": self.name, "trim_value": self.aim, "trim_power": self.power}
        return told | {"trim_missing": self.missing or "nothing"}

    def turned(self, neuron: Neuron, measured: Measured) -> Neuron:
        """``neuron`` with its delay current turned once, so that what was ``measured`` would come to the aim by the nominal power.

        A neuron that did not work stays as it is.
        """
        found = measured[self.name]
        if self.missing or not found > 0:
            return neuron
        factor = (self.aim / found) ** (1 / self.power)
        factor = min(max(factor, 1 / _FARTHEST), _FARTHEST)
        return neuron.with_(delay_bias=float(f"{neuron.delay_bias * factor:.5g}"))  # a trim has steps of its own

    def nearer(self, after: Measured, before: Measured) -> bool:
        """Whether a step came nearer to the aim, as a ratio; not if the neuron stopped working."""
        new, old = after[self.name], before[self.name]
        return new > 0 and not abs(math.log(new / self.aim)) > abs(math.log(old / self.aim))


def trim_of(neuron: Neuron, setting: Setting, nominal: Measured, workers: int | None = None) -> Trim:
    """The trim of ``neuron``, whose ``nominal`` values were measured in ``setting``: a run with twice the delay current tells the power."""
    name = "step" if "step" in nominal.values else "width"
    aim = nominal[name]
    if neuron.delay_bias <= 0 or not aim > 0:
        return Trim(name, aim, missing="no delay current" if neuron.delay_bias <= 0 else f"no nominal {name}")
    twice = neuron.with_(delay_bias=2 * neuron.delay_bias)
    found = measure_all([plan(twice, setting, setting.process.supply)], workers)[0]
    if not found[name] > 0:
        return Trim(name, aim, missing=f"with twice the delay current: {found.failure or f'no {name}'}")
    power = math.log2(found[name] / aim)
    if abs(power) < _LEAST:
        change = 100 * (found[name] / aim - 1)
        return Trim(name, aim, power, f"twice the delay current changes the {name} by {change:.1f} %")
    return Trim(name, aim, power)
