"""The reference of the engine: a plain event loop with a heap queue in double precision, sharing with it the description of the net, its
random draws and nothing of how it runs."""

from __future__ import annotations

import heapq
import math
from typing import Any

import numpy as np

from ionspike.network import LIF, DeviceSynapse, Network, Static, TsodyksMarkram
from ionspike.network.inputs import Recorded, Regular
from ionspike.network.layout import NEVER
from ionspike.network.placing import delays, pairs_of, size_of, weights
from ionspike.network.sources import ListedTrains, PoissonTrains, poisson_state


class _Device:
    """A synapse's state and what it makes of a spike."""

    def __init__(self, synapse: Any, k: int, own: Any, capacitance: float) -> None:
        self.synapse, self.last = synapse, NEVER
        if isinstance(synapse, TsodyksMarkram):
            self.jump, self.tau = (float(np.broadcast_to(v, k + 1)[k]) for v in own)
            self.u, self.r = 0.0, 1.0
        elif isinstance(synapse, DeviceSynapse):
            index = 0 if synapse.which is None else int(np.asarray(synapse.which)[k])
            self.card = synapse.card[index]
            self.x = self.card.at_rest(0.0, synapse.v_idle, synapse.v_idle)
            self.rested = float(self.card.conductance(self.x))
            self.unit = self.rested * synapse.width / capacitance if synapse.rail is not None else 1.0

    def spike(self, time: float) -> float:
        """The efficacy of a spike fired at ``time``."""
        interval, self.last = time - self.last, time
        if isinstance(self.synapse, TsodyksMarkram):
            recovery = float(self.synapse.tau_recovery)
            u = self.u * math.exp(-interval / self.tau) if self.tau else 0.0
            self.u = u + self.jump * (1.0 - u)
            r = 1.0 - (1.0 - self.r) * math.exp(-interval / recovery) if recovery else 1.0
            self.r = r * (1.0 - self.u)
            return self.u * r
        if isinstance(self.synapse, DeviceSynapse):
            return self._pulse(interval) * self.unit
        return 1.0

    def _pulse(self, interval: float) -> float:
        s, w = self.synapse, self.card.weight.w
        rest = min(interval - s.width, 1e9)
        x = self.card.advance(self.x, 0.0, s.v_idle, s.v_idle, rest)
        nodes, of = np.polynomial.legendre.leggauss(8)
        states = []
        for t in s.width * (nodes + 1) / 2:
            states.append(self.card.advance(x, s.v_gate, s.v_channel, s.v_channel, t))
            if not s.long_term:
                states[-1][-1] = w
        self.x = self.card.advance(x, s.v_gate, s.v_channel, s.v_channel, s.width)
        if not s.long_term:
            self.x[-1] = w
        return float(of @ self.card.conductance(np.array(states))) / 2 / self.rested


class PlainNet:
    """Runs a net of LIF neurons event by event; ``run`` gives spike times by population and neuron."""

    def __init__(self, net: Network) -> None:
        self.net = net
        self.queue: list[tuple[Any, ...]] = []
        self.v = {name: np.full(p.size, p.neuron.rest, float) for name, p in net.populations.items()}
        self.t = {name: np.zeros(p.size) for name, p in net.populations.items()}
        self.free = {name: np.zeros(p.size) for name, p in net.populations.items()}
        self.spikes: dict[str, list[tuple[float, int]]] = {name: [] for name in net.populations}
        self.out: dict[tuple[str, int], list[tuple[Any, ...]]] = {}
        self.arrivals = 0
        for number, p in enumerate(net.projections.values()):
            self._project(number, p)

    def _project(self, number: int, p: Any) -> None:
        net = self.net
        source, target = pairs_of(net, p)
        count = len(source)
        weight = np.broadcast_to(weights(net, p, count), count)
        delay = np.broadcast_to(delays(net, p, count, np.dtype(float)), count)
        own = (p.synapse.U, p.synapse.tau_facilitation) if isinstance(p.synapse, TsodyksMarkram) else None
        shared: dict[int, _Device] = {}
        capacitance = net.populations[p.target].neuron.capacitance
        for k in range(count):
            s = int(source[k])
            if isinstance(p.synapse, Static) or p.synapse.devices == "own":
                device = _Device(p.synapse, k, own, capacitance)
            else:
                device = shared.setdefault(s, _Device(p.synapse, 0, own, capacitance))
            rail = getattr(p.synapse, "rail", None)
            self.out.setdefault((p.source, s), []).append(
                (number, k, p.target, int(target[k]), weight[k], delay[k], device, rail)
            )

    def run(self, duration: float) -> dict[str, list[tuple[float, int]]]:
        """From rest to ``duration`` (s)."""
        for name, source in self.net.inputs.items():
            trains = (
                ListedTrains(source.input, source.size)
                if isinstance(source.input, (Recorded, Regular))
                else PoissonTrains(poisson_state(self.net.seed, source))
            )
            times, neurons = trains.until(duration)
            for time, neuron in zip(times, neurons, strict=True):
                self._send(name, int(neuron), float(time))
        for name in self.net.populations:
            for neuron in range(size_of(self.net, name)):
                self._foresee(name, neuron)
        while self.queue and self.queue[0][0] < duration:
            time, number, _, _, name, neuron, size, rail, expected = heapq.heappop(self.queue)
            if number < 0:
                if expected == self.t[name][neuron] and time >= self.free[name][neuron]:
                    self._fire(name, neuron, time)
                continue
            self.arrivals += 1
            self._arrive(time, name, neuron, size, rail)
        return self.spikes

    def _arrive(self, time: float, name: str, neuron: int, size: float, rail: float | None) -> None:
        lif: LIF = self.net.populations[name].neuron  # type: ignore[assignment]
        if time < self.free[name][neuron]:
            return
        self._relax(name, neuron, time)
        v = self.v[name][neuron]
        self.v[name][neuron] = v + size if rail is None else rail + (v - rail) * math.exp(-size)
        if self.v[name][neuron] >= lif.threshold:
            self._fire(name, neuron, time)
        else:
            self._foresee(name, neuron)

    def _relax(self, name: str, neuron: int, time: float) -> None:
        lif: LIF = self.net.populations[name].neuron  # type: ignore[assignment]
        aim = lif.rest + lif.drive  # type: ignore[operator]
        self.v[name][neuron] = aim + (self.v[name][neuron] - aim) * math.exp(-(time - self.t[name][neuron]) / lif.tau)  # type: ignore[operator]
        self.t[name][neuron] = time

    def _fire(self, name: str, neuron: int, time: float) -> None:
        lif: LIF = self.net.populations[name].neuron  # type: ignore[assignment]
        self.spikes[name].append((time, neuron))
        self.v[name][neuron] = lif.reset
        self.t[name][neuron] = self.free[name][neuron] = time + lif.refractory  # type: ignore[operator]
        self._send(name, neuron, time)
        self._foresee(name, neuron)

    def _foresee(self, name: str, neuron: int) -> None:
        """Queue the spike of a driven neuron that nothing else reaches; outdated once its membrane was touched."""
        lif: LIF = self.net.populations[name].neuron  # type: ignore[assignment]
        aim = lif.rest + lif.drive  # type: ignore[operator]
        if aim > lif.threshold:
            wait = lif.tau * math.log((aim - self.v[name][neuron]) / (aim - lif.threshold))  # type: ignore[operator]
            time = self.t[name][neuron] + wait
            heapq.heappush(self.queue, (time, -1, 0, 0, name, neuron, 0.0, None, self.t[name][neuron]))

    def _send(self, name: str, neuron: int, time: float) -> None:
        seen: dict[int, float] = {}
        for number, k, target, index, weight, delay, device, rail in self.out.get((name, neuron), ()):
            size = seen.setdefault(id(device), -1.0)
            if size < 0:
                size = seen[id(device)] = device.spike(time)
            heapq.heappush(self.queue, (time + delay, number, neuron, k, target, index, weight * size, rail, 0.0))
