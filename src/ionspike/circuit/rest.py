"""Where an ECRAM rests: what the bias between spikes takes out of its channel, against what leaves by itself.

Between spikes the gate is at ground and the channel where the circuit leaves it, a million times longer than a spike lasts. The flux
there must stay small against 1/tau, or the synapse is erased by being connected: an ECRAM between nodes at the supply loses its ions
within nanoseconds, one on a membrane at half a volt keeps them. Judged from a run's recorded voltages and the device's own law.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ionspike.units import show

if TYPE_CHECKING:
    from ionspike.circuit.simulate import Run

ERASED = (
    1.0  # the rest bias moves as many ions as leave by themselves: time constant and gain are no longer the device's
)
_LOW = 0.05  # of the supply: a gate between spikes


class ErasedChannel(UserWarning):
    """An ECRAM rests where the bias between spikes moves more ions than its own relaxation does."""


@dataclass(frozen=True)
class Rest:
    """How the ECRAM at ``placement`` rests: ``eta``, its mean overpotential (V) between spikes; ``removal`` and ``insertion``, the mean
    rates (1/s) at which that bias takes ions out and puts them in; ``erasure``, both against the device's own 1/tau, of the volatile
    population that suffers most."""

    placement: str
    eta: float
    removal: float
    insertion: float
    erasure: float

    @property
    def erased(self) -> bool:
        """Whether the rest bias, and not the relaxation, decides how long the device remembers."""
        return self.erasure >= ERASED

    def __str__(self) -> str:
        return (
            f"the ECRAM in the {self.placement} path rests at an overpotential of {show(self.eta, 'V')}, which moves "
            f"{self.removal + self.insertion:.3g} of its ions per s, {self.erasure:.3g} times its own relaxation"
        )


def rest(run: Run, placement: str) -> Rest:
    """How the ECRAM at ``placement`` rested in ``run``, averaged over the time in which its gate was low."""
    device = run.device(placement)
    gate, drain, source = run.terminals(placement)
    quiet = np.abs(gate) < _LOW * run.bench.supply
    spans = np.diff(run.time) * (quiet[:-1] & quiet[1:])
    total = float(spans.sum()) or 1.0

    def mean(values: np.ndarray) -> float:
        return float((values[:-1] + values[1:]) @ spans / 2) / total

    eta = device.overpotential(gate, drain, source)
    worst = Rest(placement, mean(eta), 0.0, 0.0, -1.0)
    for population in device.populations:
        inserted, removed = device.fluxes(population.polarity * eta)
        taken = population.a * (1 + population.d) * mean(removed)
        put = population.a * (1 + population.c) * mean(inserted)
        if (taken + put) * population.tau > worst.erasure:
            worst = Rest(placement, worst.eta, taken, put, (taken + put) * population.tau)
    return worst


def rests(run: Run) -> tuple[Rest, ...]:
    """:func:`rest` of every ECRAM in a run."""
    return tuple(rest(run, placement) for placement, _ in run.bench.neuron.devices)


def tell_erased(run: Run) -> None:
    """Warn, with :class:`ErasedChannel`, of every ECRAM that the rest bias of a run erases."""
    for found in rests(run):
        if found.erased:
            warnings.warn(f"{found}: it is erased between spikes", ErasedChannel, stacklevel=3)
