"""Neurons measured untrimmed and after one trim step, batch by batch, and the variables of a dataset from them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ionspike.circuit.neurons import Neuron
from ionspike.circuit.simulate import Setting
from ionspike.circuit.variation.measure import METRICS, Measured, measure_all, plan
from ionspike.circuit.variation.trim import TRIMS, Trim


class Steps:
    """What was measured so far: ``measured`` and ``neurons`` by the names of the trims, in the order in which they came.

    A neuron that the trim leaves as it is, is not measured again; a step that leads away from the aim is taken back.

    Args:
        trim: the trim step; ``None``: untrimmed only.
    """

    def __init__(self, trim: Trim | None) -> None:
        self.trim = trim
        self.names: tuple[str, ...] = TRIMS[:1] if trim is None else trim.names
        self.measured: dict[str, list[Measured]] = {name: [] for name in self.names}
        self.neurons: dict[str, list[Neuron]] = {name: [] for name in self.names}

    def add(self, neurons: Sequence[Neuron], points: Sequence[tuple[Setting, float]], workers: int | None) -> None:
        """Measure each neuron in its setting and at its supply (V), and, where there is a trim, once more after it."""
        made, found = list(neurons), _measured(neurons, points, workers)
        self._keep(self.names[0], made, list(found))
        if self.trim is None or self.trim.missing:
            return
        made = [self.trim.turned(n, m) for n, m in zip(neurons, found, strict=True)]
        changed = [k for k, n in enumerate(made) if n != neurons[k]]
        again = _measured([made[k] for k in changed], [points[k] for k in changed], workers)
        for k, m in zip(changed, again, strict=True):
            if self.trim.nearer(m, found[k]):
                found[k] = m
            else:
                made[k] = neurons[k]
        self._keep(self.names[1], made, found)

    def _keep(self, name: str, neurons: list[Neuron], measured: list[Measured]) -> None:
        self.neurons[name] += neurons
        self.measured[name] += measured

    def said(self, count: int) -> str:
        """How many of the last ``count`` neurons work, for a reader."""
        return ", ".join(
            f"{name}: {sum(m.works for m in self.measured[name][-count:])} of {count} work" for name in self.names
        )

    def variables(self, shape: tuple[int, ...], dims: tuple[str, ...]) -> dict[str, tuple]:
        """All of them as the variables of a dataset whose first dimension is the trim."""
        measured = [m for name in self.names for m in self.measured[name]]
        data: dict[str, tuple] = {}
        for name, (unit, about) in METRICS.items():
            values = np.reshape([m[name] for m in measured], shape)
            data[name.replace("-", "_")] = (dims, values, {"units": unit, "long_name": about})
        for name in ("works", "finished", "failure"):
            data[name] = (dims, np.reshape([getattr(m, name) for m in measured], shape))
        currents = [n.delay_bias for name in self.names for n in self.neurons[name]]
        return data | {"delay_bias": (dims, np.reshape(currents, shape), {"units": "A"})}


def _measured(
    neurons: Sequence[Neuron], points: Sequence[tuple[Setting, float]], workers: int | None
) -> list[Measured]:
    return measure_all([plan(n, s, v) for n, (s, v) in zip(neurons, points, strict=True)], workers)
