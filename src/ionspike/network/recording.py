"""What a run gives back: spikes, rates, chosen states, energies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ionspike.errors import InputError

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Record:
    """What to keep.

    Args:
        spikes: names of populations and inputs whose spikes are kept; all populations if left out.
        membranes: indices of neurons by population, whose voltage is kept.
        synapses: indices of synapses by projection (in the order of its pairs), whose first state is kept: x of a device, u of
            Tsodyks and Markram.
        placed: indices of neurons by population, the first state of whose own device (:class:`~ionspike.network.placed.Placed`) is kept.
        times: when (s), ascending.
    """

    spikes: Sequence[str] | None = None
    membranes: Mapping[str, ArrayLike] = field(default_factory=dict)
    synapses: Mapping[str, ArrayLike] = field(default_factory=dict)
    placed: Mapping[str, ArrayLike] = field(default_factory=dict)
    times: ArrayLike = ()

    def __post_init__(self) -> None:
        times = np.asarray(self.times, float)
        if times.ndim != 1 or not np.isfinite(times).all() or (times < 0).any() or (np.diff(times) <= 0).any():
            raise InputError("Record.times is no ascending list of times in s from 0 up")
        object.__setattr__(self, "times", times)


@dataclass(frozen=True, eq=False)
class Result:
    """A run from ``start`` to ``stop`` (s).

    ``trains``: by population or input, spike times (s) and neurons, in time. ``membranes``: by population (times, neurons) in V;
    ``synapses``: by projection (times, synapses); ``placed``: by population (times, neurons), its indices under the name and ``_placed``. ``energies``: by population and cause, J. ``arrivals``: synaptic events, arrivals at
    neurons of inputs and of recurrent synapses alike. ``complete``: whether the run reached its end or was stopped.
    """

    start: float
    stop: float
    sizes: Mapping[str, int]
    trains: Mapping[str, tuple[Array, NDArray[np.int64]]]
    times: Array
    membranes: Mapping[str, Array]
    synapses: Mapping[str, Array]
    placed: Mapping[str, Array]
    indices: Mapping[str, NDArray[np.int64]]
    energies: Mapping[str, Mapping[str, float]]
    charge: Mapping[str, float]
    arrivals: int
    wall: float
    setup: float
    complete: bool

    @property
    def duration(self) -> float:
        """Biological time (s)."""
        return self.stop - self.start

    def spikes(self, name: str, neuron: int | None = None) -> Array:
        """Spike times (s) of a population, or of one neuron of it."""
        times, neurons = self._train(name)
        return times if neuron is None else times[neurons == neuron]

    def neurons(self, name: str) -> NDArray[np.int64]:
        """Which neuron fired each spike of :meth:`spikes`."""
        return self._train(name)[1]

    def rate(self, name: str) -> float:
        """Mean rate (Hz) of a population."""
        return len(self._train(name)[0]) / (self.sizes[name] * self.duration)

    def rates(self, name: str, edges: ArrayLike) -> Array:
        """Mean rate (Hz) of a population in the bins between ``edges`` (s)."""
        edges = np.asarray(edges, float)
        return np.histogram(self._train(name)[0], edges)[0] / (np.diff(edges) * self.sizes[name])

    def counts(self, name: str, edges: ArrayLike) -> NDArray[np.int64]:
        """Spikes of a population in the bins between ``edges`` (s)."""
        return np.histogram(self._train(name)[0], np.asarray(edges, float))[0]

    def to_xarray(self) -> xr.Dataset:
        """Everything as a dataset with units; spikes of NAME along the dimension ``NAME_spike``."""
        import xarray as xr

        made: dict[str, Any] = {}
        for name, (times, neurons) in self.trains.items():
            made[f"{name}_time"] = (f"{name}_spike", times, {"units": "s", "long_name": f"spike times of {name}"})
            made[f"{name}_neuron"] = (f"{name}_spike", neurons, {"long_name": f"neuron of each spike of {name}"})
        own = {f"{name}_placed": states for name, states in self.placed.items()}
        for kind, found, unit in (("v", self.membranes, "V"), ("x", self.synapses, "1"), ("x", own, "1")):
            for name, states in found.items():
                made[f"{name}_{kind}"] = (("time", f"{name}_index"), states, {"units": unit})
        if self.energies:
            causes = sorted({cause for part in self.energies.values() for cause in part})
            table = [[part.get(cause, 0.0) for cause in causes] for part in self.energies.values()]
            made["energy"] = (("population", "cause"), table, {"units": "J"})
            return xr.Dataset(
                made, self._coordinates() | {"population": list(self.energies), "cause": causes}, self._attributes()
            )
        return xr.Dataset(made, self._coordinates(), self._attributes())

    def save(self, folder: str | Path) -> Path:
        """Write the dataset as Zarr into ``folder/network.zarr``."""
        path = Path(folder) / "network.zarr"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self.to_xarray().to_zarr(path, mode="w", consolidated=False)
        except OSError as error:
            raise InputError(f"{path} cannot be written: {error.strerror or error}") from error
        return path

    def __str__(self) -> str:
        lines = [f"{self.duration:g} s of {', '.join(self.trains)}" + ("" if self.complete else " (stopped early)")]
        lines += [f"  {name}: {self.sizes[name]} neurons, {self.rate(name):.4g} Hz" for name in self.trains]
        lines.append(f"  {self.arrivals} synaptic events in {self.wall:.3g} s")
        return "\n".join(lines)

    def _train(self, name: str) -> tuple[Array, NDArray[np.int64]]:
        if name not in self.trains:
            raise InputError(f"there are no spikes of {name!r}; recorded were {', '.join(self.trains) or 'none'}")
        return self.trains[name]

    def _coordinates(self) -> dict[str, Any]:
        made: dict[str, Any] = {"time": ("time", self.times, {"units": "s"})} if len(self.times) else {}
        return made | {f"{name}_index": index for name, index in self.indices.items()}

    def _attributes(self) -> dict[str, Any]:
        from ionspike import __version__

        return {"start": self.start, "stop": self.stop, "complete": int(self.complete), "ionspike": __version__}


def indices_of(given: Any, size: int, where: str) -> NDArray[np.int64]:
    """The indices that are to be recorded of the ``size`` (below 0: there is no such thing) of ``where``."""
    if size < 0:
        raise InputError(f"there is no {where} to record states of")
    index = np.atleast_1d(np.asarray(given))
    if (
        index.ndim != 1
        or not np.issubdtype(index.dtype, np.integer)
        or (len(index) and not 0 <= index.min() <= index.max() < size)
    ):
        raise InputError(f"the recorded indices of {where} are not whole numbers from 0 to {size - 1}")
    return index.astype(np.int64)
