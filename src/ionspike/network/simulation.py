"""A net that runs: windows in chunks, recordings in between, checkpoints."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numba
import numpy as np

from ionspike.errors import InputError, RunError
from ionspike.network import arrays as a
from ionspike.network.cell import Cell
from ionspike.network.compilation import second_process
from ionspike.network.inputs import Recorded, Regular
from ionspike.network.layout import Layout, lay_out
from ionspike.network.loop import window_loop
from ionspike.network.memory import refuse_if_too_large
from ionspike.network.memory_table import Memory
from ionspike.network.network import Network
from ionspike.network.recording import Record, Result
from ionspike.network.sorting import in_time
from ionspike.network.sources import ListedTrains, PoissonTrains, poisson_state
from ionspike.network.spool import Spool
from ionspike.network.states import Probes
from ionspike.network.validity import tell_outside
from ionspike.units import quantity

_CHUNK = 0.2  # s of wall time after which Python has a look: progress, Ctrl-C


class Simulation:
    """A net at a point in time. ``run`` carries on from there; what was still on its way stays on its way.

    Args:
        net: what to run; later changes to it have no effect.
        threads: at least 1.
        precision: "single" or "double", of the synapses.
        record: what to keep beside all spikes.

    Raises:
        InputError: a net that does not fit together, or that needs more memory than there is.
    """

    def __init__(self, net: Network, threads: int = 1, precision: str = "single", record: Record | None = None) -> None:
        begun = time.perf_counter()
        if isinstance(threads, bool) or not isinstance(threads, int) or threads < 1:
            raise InputError(f"threads is {threads!r}; expected a whole number from 1 up")
        if precision not in ("single", "double"):
            raise InputError(f"precision is {precision!r}; expected 'single' or 'double'")
        self.threads = min(threads, numba.config.NUMBA_NUM_THREADS)  # type: ignore[attr-defined]
        self.precision = precision
        self.record = record or Record()
        self._check_record(net)
        refuse_if_too_large(net, precision)
        self.net = net
        with second_process() as helper:
            self.layout: Layout = lay_out(net, precision, set(self._spikes_of) & set(net.inputs))
            self.memory = Memory(self.layout, self.threads, helper)
        self._run_windows = window_loop()
        self.trains = {
            name: ListedTrains(s.input, s.size) if isinstance(s.input, (Recorded, Regular)) else PoissonTrains(poisson_state(net.seed, s))
            for name, s in net.inputs.items()
            if name not in self.layout.driven
        }  # fmt: skip
        self.probes = Probes(net, self.layout, self.memory, self.record)
        self.now = 0.0
        self.edge = 0.0  # up to here windows are done; spikes between ``now`` and it are held back
        self.windows = 0  # the number of whole windows that are done
        self.held: tuple[np.ndarray, np.ndarray] = (np.empty(0), np.empty(0, np.int64))
        self.setup = time.perf_counter() - begun

    @property
    def _spikes_of(self) -> list[str]:
        return list(self.net_names if self.record.spikes is None else self.record.spikes)

    def _check_record(self, net: Network) -> None:
        self.net_names = list(net.populations)
        for name in self.record.spikes or ():
            if name not in net.populations and name not in net.inputs:
                raise InputError(f"there is no population or input {name!r} to record spikes of")

    def run(self, duration: float | str, progress: bool = False, spool: str | Path | None = None) -> Result:
        """Carry on for ``duration`` (s). Ctrl-C ends the run after the present chunk: the result then says ``complete = False``.

        ``spool``: a folder that spikes go to as they come; the result then looks at its files, and memory does not grow with the run.
        """
        span = quantity(duration, "s", "duration")
        if not 0 < span < math.inf:
            raise InputError(f"duration is {span:g} s; expected above 0")
        start, stop = self.now, self.now + span
        self.probes.clear()
        before, charge = self._energies(), self._charges()
        kept = Spool(self._spikes_of, spool)
        held, self.held = self.held, (np.empty(0), np.empty(0, np.int64))
        self._keep(kept, held, {}, stop)
        arrivals, begun, complete = np.zeros(len(self.memory["events"]), np.int64), time.perf_counter(), True
        numba.set_num_threads(self.threads)
        with _bar(span, progress) as advance:
            try:
                for part in self._parts(stop):
                    inputs: dict[str, tuple[np.ndarray, np.ndarray]] = {}
                    found, events = self._windows(part, inputs)
                    self._keep(kept, found, inputs, stop)
                    arrivals += events
                    advance(min(self.edge, stop) - start)
            except KeyboardInterrupt:
                complete = False
                stop = min(self.edge, stop)
        wall = time.perf_counter() - begun
        self.now = stop
        trains = kept.trains()
        after, passed = self._energies(), self._charges()
        spent = {name: {c: after[name][c] - before[name][c] for c in after[name]} for name in after}
        self._add_per_spike(spent, trains, stop - start)
        for name, cell, _ in self._slices():
            if name in trains:
                of = self.layout.arrays["block"][:, a.POPULATION] == self.layout.number[name]
                met = int(arrivals[of].sum())
                tell_outside(cell, met, self.layout.size[name], len(trains[name][0]), stop - start)
        return Result(
            start, stop, dict(self.layout.size), trains, *self.probes.found(), spent, {k: passed[k] - charge[k] for k in passed},
            int(arrivals.sum()), wall, self.setup, complete,
        )  # fmt: skip

    def save(self, path: str | Path) -> Path:
        """Write a checkpoint, from which :meth:`load` carries on bit for bit; see :mod:`ionspike.network.checkpoint`."""
        from ionspike.network.checkpoint import save

        return save(self, path)

    @classmethod
    def load(cls, net: Network, path: str | Path, threads: int = 1, record: Record | None = None) -> Simulation:
        """Carry on from a checkpoint of the same net."""
        from ionspike.network.checkpoint import load

        return load(net, path, threads, record)

    def _parts(self, stop: float) -> Iterator[np.ndarray]:
        """Edges of the windows up to ``stop`` and beyond, in chunks; a chunk ends where states are recorded."""
        h = self.layout.window
        count, samples = 1, self.probes.times
        while self.edge < stop:
            begun = time.perf_counter()
            whole = np.arange(self.windows, self.windows + count + 1) * h
            edges = np.concatenate([[self.edge], whole[whole > self.edge]])
            edges = edges[: int(np.searchsorted(edges, stop)) + 1]  # the last one may end behind ``stop``
            at = samples[(samples > self.edge) & (samples <= edges[-1])]
            if len(at):
                edges = np.append(edges[edges < at[0]], at[0])
            yield edges
            self.edge = float(edges[-1])
            self.windows = int(np.searchsorted(whole, self.edge, side="right")) - 1 + self.windows
            self.probes.take(self)
            spent = time.perf_counter() - begun
            done = len(edges) - 1
            count = int(min(max(done * _CHUNK / max(spent, 1e-6), 1), 4 * count + 16, 1_000_000))

    def _windows(
        self, edges: np.ndarray, inputs: dict[str, tuple[np.ndarray, np.ndarray]]
    ) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
        times, senders, populations = [np.empty(0)], [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        for name, train in self.trains.items():
            t, k = train.until(float(edges[-1]))
            times.append(t)
            senders.append(k + self.layout.first[name])
            populations.append(np.full(len(t), self.layout.number[name], np.int64))
            inputs[name] = t, k
        when, who, of = np.concatenate(times), np.concatenate(senders), np.concatenate(populations)
        order = in_time(when, who)
        m = self.memory
        m["feed_time"], m["feed_from"], m["feed_population"] = when[order], who[order], of[order]
        return self._loop(edges)

    def _loop(self, edges: np.ndarray) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
        """All windows between ``edges``; where one needs more room than there is, room is made and the loop goes on."""
        m = self.memory
        m["window_edges"] = edges
        m.room_for_spikes(0)
        m["events"][:] = 0
        window, fed = 0, 0
        found: list[tuple[np.ndarray, np.ndarray]] = []
        while True:
            window, fed, made = self._run_windows(m.at, m.blocks, window, fed, self.layout.own_spikes)
            if made < 0:
                raise RunError("more Poisson arrivals in a window than there can be: the random numbers are broken")
            found.append((m["out_time"][:made].copy(), m["out_from"][:made].astype(np.int64)))
            if window == len(edges) - 1:
                break
            m.make_room()
        times, senders = (np.concatenate(column) for column in zip(*found, strict=True))
        return (times, senders), m["events"].copy()

    def _keep(
        self,
        kept: Spool,
        found: tuple[np.ndarray, np.ndarray],
        inputs: dict[str, tuple[np.ndarray, np.ndarray]],
        stop: float,
    ) -> None:
        """Spikes before ``stop`` by name, in time; later ones are held back for the next run."""
        times, neurons = found
        late = times >= stop
        if late.any():
            self.held = np.append(self.held[0], times[late]), np.append(self.held[1], neurons[late])
        order = in_time(times, neurons)
        order = order[~late[order]]
        times, neurons = times[order], neurons[order]
        for name in self._spikes_of:
            if name in self.trains:
                t, k = inputs.get(name, (np.empty(0), np.empty(0, np.int64)))
                kept.add(name, t[t < stop], k[t < stop])
                continue
            low, size = self.layout.first[name], self.layout.size[name]
            inside = (neurons >= low) & (neurons < low + size)
            kept.add(name, times[inside], neurons[inside] - low)

    def _slices(self) -> Iterator[tuple[str, Cell, slice]]:
        for name, population in self.net.populations.items():
            if isinstance(population.neuron, Cell):
                yield name, population.neuron, slice(self.layout.first[name], self.layout.first[name] + population.size)

    def _energies(self) -> dict[str, dict[str, float]]:
        e = self.memory["energy"]
        return {
            name: {
                "read": float(e[part, a.READ].sum()),
                "input": float(e[part, a.PULSES].sum()),
                "threshold": cell.soma.supply * float(e[part, a.KEEPER].sum()),
            }
            for name, cell, part in self._slices()
        }

    def _charges(self) -> dict[str, float]:
        return {name: float(self.memory["energy"][part, a.CHARGE].sum()) for name, _, part in self._slices()}

    def _add_per_spike(self, spent: dict[str, dict[str, float]], trains: dict[str, Any], span: float) -> None:
        for name, cell, part in self._slices():
            if name in trains:
                spent[name]["output"] = cell.soma.spike_energy * len(trains[name][0])
            spent[name]["static"] = cell.soma.idle_power * span * (part.stop - part.start)


@contextmanager
def _bar(span: float, shown: bool) -> Iterator[Any]:
    """A progress bar over ``span`` seconds of biological time, with the speed and the time left."""
    if not shown:
        yield lambda done: None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.completed:.3g} of {task.total:g} s"),
        BarColumn(),
        TextColumn("{task.fields[speed]}"),
        TimeRemainingColumn(),
    )
    begun = time.perf_counter()
    with Progress(*columns) as bar:
        task = bar.add_task("", total=span, speed="")
        yield lambda done: bar.update(
            task, completed=done, speed=f"{done / (time.perf_counter() - begun):.3g} s a second"
        )
