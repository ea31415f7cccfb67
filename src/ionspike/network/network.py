"""A net: populations of neurons and inputs, and projections between them. Here it is described; :mod:`ionspike.network.simulation` runs it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ionspike.errors import InputError
from ionspike.network.cell import Cell
from ionspike.network.connectivity import (
    AllToAll,
    Connectivity,
    FixedInDegree,
    Matrix,
    OneToOne,
    Pairs,
    PairwiseProbability,
)
from ionspike.network.inputs import InhomogeneousPoisson, Input, ModulatedPoisson, Poisson, Recorded, Regular
from ionspike.network.neurons import LIF
from ionspike.network.synapses import CellSynapse, DeviceSynapse, Static, Synapse, TsodyksMarkram

if TYPE_CHECKING:
    from ionspike.network.recording import Record, Result
    from ionspike.network.simulation import Simulation

_LARGEST = 2**31 - 1  # neurons are numbered in 32 bits


@dataclass(frozen=True)
class Neurons:
    """A population of ``size`` neurons of one kind."""

    name: str
    neuron: LIF | Cell
    size: int


@dataclass(frozen=True)
class Source:
    """A population of ``size`` inputs of one kind."""

    name: str
    input: Input
    size: int


@dataclass(frozen=True, eq=False)
class Projection:
    """Synapses of one kind from one population to another."""

    name: str
    source: str
    target: str
    synapse: Synapse
    weight: Any
    delay: Any
    connectivity: Connectivity


class Network:
    """Populations, inputs and projections, by name.

    Example:
        >>> net = Network(seed=1)
        >>> net.add_input("drive", Poisson("1 kHz"), size=1000)
        >>> net.add_population("neurons", LIF(tau="20 ms", threshold="15 mV", refractory="2 ms"), size=1000)
        >>> net.connect("drive", "neurons", weight="0.3 mV", delay="1 ms", connectivity=OneToOne())
        >>> facilitating = TsodyksMarkram(U=0.2, tau_facilitation="300 ms")
        >>> net.connect("neurons", "neurons", facilitating, weight="0.5 mV", delay="1 ms", connectivity=FixedInDegree(100))
        >>> net.run("10 s").rate("neurons")
    """

    def __init__(self, seed: int = 0) -> None:
        if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
            raise InputError(f"seed is {seed!r}; expected a whole number from 0 up")
        self.seed = int(seed)
        self.populations: dict[str, Neurons] = {}
        self.inputs: dict[str, Source] = {}
        self.projections: dict[str, Projection] = {}

    def add_population(self, name: str, neuron: LIF | Cell, size: int = 1) -> None:
        """``size`` neurons of one kind."""
        if not isinstance(neuron, (LIF, Cell)):
            raise InputError(f"population {name!r} is of {type(neuron).__name__}; expected a LIF or a Cell")
        self.populations[self._new(name)] = Neurons(name, neuron, _size(name, size))

    def add_input(self, name: str, given: Any, size: int | None = None) -> None:
        """An input: Poisson, ModulatedPoisson, InhomogeneousPoisson, Regular, Recorded, or a list of times (s) of one input.

        ``size``: how many; 1, or what the rates or the recorded list ask for, if left out.
        """
        if not isinstance(given, (Poisson, ModulatedPoisson, InhomogeneousPoisson, Regular, Recorded)):
            given = Recorded(given)
        least = 1
        if isinstance(given, Recorded) and len(given.neurons):  # type: ignore[arg-type]
            least = int(np.max(given.neurons)) + 1  # type: ignore[arg-type]
        if isinstance(given, Poisson) and np.ndim(given.rate):
            least = np.size(given.rate)
        count = _size(name, least if size is None else size)
        if count < least or (isinstance(given, Poisson) and np.ndim(given.rate) and count != least):
            raise InputError(f"input {name!r} has {count} neurons, but its list speaks of {least}")
        self.inputs[self._new(name)] = Source(name, given, count)

    def connect(
        self,
        source: str,
        target: str,
        synapse: Synapse | None = None,
        *,
        weight: Any = None,
        delay: Any = 1e-3,
        connectivity: Connectivity | None = None,
        name: str | None = None,
    ) -> None:
        """Synapses from a population or an input to a population.

        Args:
            synapse: Static if left out, or the cell's own at a calibrated cell.
            weight: jump of the membrane (V) at efficacy 1, negative for inhibition; for a channel its relative width (1 if left out).
                One for all, an array, or a distribution.
            delay: axonal delay (s): above 0 from neurons, from 0 up from inputs. One for all, an array, or a distribution.
            connectivity: all to all if left out.

        Raises:
            InputError: no such population, or parts that do not fit together.
        """
        if source not in self.inputs and source not in self.populations:
            raise InputError(f"there is no input or population {source!r} to connect from")
        if target not in self.populations:
            raise InputError(f"there is no population {target!r} to connect to")
        name = name or f"{source}-{target}"
        if name in self.projections:
            raise InputError(f"there are two projections called {name!r}; expected a name of its own for each")
        neuron = self.populations[target].neuron
        chosen = synapse if synapse is not None else (CellSynapse() if isinstance(neuron, Cell) else Static())
        weight = _fitting(name, chosen, neuron, weight, connectivity)
        self.projections[name] = Projection(name, source, target, chosen, weight, delay, connectivity or AllToAll())

    def start(self, threads: int = 1, precision: str = "single", record: Record | None = None) -> Simulation:
        """The net ready to run, at time 0; see :class:`~ionspike.network.simulation.Simulation`."""
        from ionspike.network.simulation import Simulation

        return Simulation(self, threads, precision, record)

    def run(
        self,
        duration: float | str,
        threads: int = 1,
        precision: str = "single",
        record: Record | None = None,
        progress: bool = False,
    ) -> Result:
        """Run from rest for ``duration`` (s).

        Args:
            threads: work on blocks of neurons side by side; the spikes are the same for any number.
            precision: "single" or "double": of synapses (weights, device parameters and states, delays); neurons are in double.
            record: what to keep beside all spikes.
            progress: show a bar with the speed and the time left.
        """
        return self.start(threads, precision, record).run(duration, progress)

    @classmethod
    def load(cls, path: str | Path) -> Network:
        """A net from a TOML file; see :mod:`ionspike.network.toml_file`."""
        from ionspike.network.toml_file import load

        return load(path).network

    def _new(self, name: str) -> str:
        if not isinstance(name, str) or not name:
            raise InputError(f"the name of a population is {name!r}; expected a text")
        if name in self.inputs or name in self.populations:
            raise InputError(f"there are two inputs or populations called {name!r}")
        return name


def _size(name: str, size: Any) -> int:
    if isinstance(size, bool) or not isinstance(size, (int, np.integer)) or not 0 < size <= _LARGEST:
        raise InputError(f"size of {name!r} is {size!r}; expected a whole number from 1 up")
    return int(size)


def _fitting(name: str, synapse: Any, neuron: LIF | Cell, weight: Any, connectivity: Connectivity | None) -> Any:
    """The weight, if synapse, neuron and weight fit together."""
    kinds = (AllToAll, OneToOne, FixedInDegree, PairwiseProbability, Pairs, Matrix)
    if connectivity is not None and not isinstance(connectivity, kinds):
        raise InputError(
            f"connectivity of {name!r} is {connectivity!r}; expected one of {', '.join(k.__name__ for k in kinds)}"
        )
    if not isinstance(synapse, (Static, TsodyksMarkram, DeviceSynapse, CellSynapse)):
        raise InputError(
            f"synapse of {name!r} is {synapse!r}; expected Static, TsodyksMarkram, DeviceSynapse or CellSynapse"
        )
    if isinstance(synapse, CellSynapse) != isinstance(neuron, Cell):
        kind = "a calibrated cell" if isinstance(neuron, Cell) else "a LIF neuron"
        raise InputError(
            f"{name!r} joins a {type(synapse).__name__} to {kind}; a CellSynapse belongs to a Cell, the others to LIF neurons"
        )
    if isinstance(synapse, CellSynapse):
        if weight is not None:
            raise InputError(
                f"weight of {name!r}: a calibrated synapse has the weight it was measured with; expected none"
            )
        return 1.0
    channel = isinstance(synapse, DeviceSynapse) and synapse.rail is not None
    if channel and isinstance(neuron, LIF) and math.isnan(float(neuron.capacitance)):
        raise InputError(f"{name!r} is a channel to a membrane without capacitance; expected LIF(capacitance = ...)")
    if weight is not None:
        return weight
    if isinstance(connectivity, Matrix):
        return None
    if channel:
        return 1.0
    raise InputError(f"weight of {name!r} is missing; expected a voltage such as '0.5 mV'")
