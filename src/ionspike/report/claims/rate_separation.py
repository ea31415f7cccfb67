"""Two neurons under one train whose rate changes from window to window: how well they tell the rates apart."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from ionspike.network.cell import Cell
from ionspike.network.compare import run_free
from ionspike.network.network import Network

MIXED = (100.0, 400.0)  # Hz, the low and the high rate of the mixed train
WINDOWS = 60  # of 1 s, half of each rate
SEED = 7
_LEAST_SPREAD = 0.29  # spikes: the standard deviation of rounding to whole counts, so that no d' is infinite


@dataclass(frozen=True)
class Separation:
    """Two neurons under one train whose rate changes from window to window; counts of each by window, 1 s each."""

    low_cell: Cell
    high_cell: Cell
    train: np.ndarray
    kinds: np.ndarray
    low: np.ndarray
    high: np.ndarray
    charge: tuple[float, float]

    @classmethod
    def measure(cls, low: Cell, high: Cell) -> Separation:
        """Run both neurons on the mixed train."""
        rng = np.random.default_rng(SEED)
        kinds = rng.permutation(np.repeat([0, 1], WINDOWS // 2))
        parts = [k + np.sort(rng.uniform(0, 1, rng.poisson(MIXED[kind]))) for k, kind in enumerate(kinds)]
        train = np.concatenate(parts)
        return cls._run(low, high, train[np.concatenate([[True], np.diff(train) > 1e-6])], kinds)

    @classmethod
    def _run(cls, low: Cell, high: Cell, train: np.ndarray, kinds: np.ndarray) -> Separation:
        net = Network()
        net.add_input("train", train)
        for name, cell in (("low", low), ("high", high)):
            net.add_population(name, cell)
            net.connect("train", name, delay=1e-4)
        done = net.run(float(len(kinds)))
        edges = np.arange(len(kinds) + 1.0)
        counts = (done.counts("low", edges), done.counts("high", edges))
        return cls(low, high, train, kinds, *counts, (done.charge["low"], done.charge["high"]))

    def in_windows(self, kind: int) -> float:
        """d' of the two neurons in the low (0) or high (1) windows: mean difference in favour of the neuron that should fire."""
        right, wrong = (self.low, self.high) if kind == 0 else (self.high, self.low)
        a, b = right[self.kinds == kind], wrong[self.kinds == kind]
        spread = np.sqrt(0.5 * (a.var(ddof=1) + b.var(ddof=1)))
        return float((a.mean() - b.mean()) / max(spread, _LEAST_SPREAD))

    @property
    def dprime(self) -> float:
        """The smaller of the two."""
        return min(self.in_windows(0), self.in_windows(1))

    def control(self) -> Separation:
        """Static synapses that pass the same total charge over the same train."""
        cells = [_static(cell, q, self) for cell, q in zip((self.low_cell, self.high_cell), self.charge, strict=True)]
        return Separation._run(cells[0], cells[1], self.train, self.kinds)

    def dataset(self) -> xr.Dataset:
        """Counts by window."""
        rates = [MIXED[k] for k in self.kinds]
        made = {"low": ("window", self.low), "high": ("window", self.high), "rate": ("window", rates, {"units": "Hz"})}
        return xr.Dataset(made)


def _static(cell: Cell, charge: float, mixed: Separation) -> Cell:
    """The cell with a fixed conductance that passes ``charge`` (C) over the mixed train: what is missing is made up in proportion."""
    conductance = cell.device.weight.G_min
    made = cell
    for _ in range(6):
        fixed = replace(
            cell.device.without_volatile(), weight=replace(cell.device.weight, G_min=conductance, G_max=0.0)
        )
        made = replace(cell, device=fixed, mean_state=tuple(fixed.at_rest()), plastic=False)
        passed = run_free(made, mixed.train, float(len(mixed.kinds))).charge
        if abs(passed / charge - 1) < 0.01:
            break
        conductance *= min(max(charge / max(passed, 1e-18), 0.1), 10.0)
    return made
