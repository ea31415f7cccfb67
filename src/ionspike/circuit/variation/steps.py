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

    Args:
        trim: the trim step; ``None``: untrimmed only.
    """

    def __init__(self, trim: Trim | None) -> None:
        self.trim = trim
        self.names = TRIMS[:1] if trim is None else trim.names
        self.measured: dict[str, list[Measured]] = {name: [] for name in self.names}
        self.neurons: dict[str, list[Neuron]] = {name: [] for name in self.names}

    def add(self, neurons: Sequence[Neuron], points: Sequence[tuple[Setting, float]], workers: int | None) -> None:
        """Measure each neuron in its setting and at its supply (V), and, where there is a trim, once more after it."""
        turned = list(neurons)
        for name in self.names:
            found = measure_all([plan(n, s, v) for n, (s, v) in zip(turned, points, strict=True)], workers)
            self.measured[name] += found
            self.neurons[name] += turned
            if self.trim is not None:
                turned = [self.trim.turned(n, m) for n, m in zip(turned, found, strict=True)]

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
