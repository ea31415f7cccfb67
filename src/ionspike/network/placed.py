"""An ECRAM in a path of the neuron that its own spikes gate: what a :class:`~ionspike.network.cell.Cell` knows of intrinsic excitability."""

from __future__ import annotations

from dataclasses import dataclass

from ionspike.device import Ecram

PLACES = ("input", "leak")  # those that a cell has a form for


@dataclass(frozen=True)
class Placed:
    """A device that every output spike gates, at one of :data:`PLACES`. SI units.

    ``input``: its channel stands in series behind the synapse, so that a pulse meets ``series + 1/G`` beside the synapse's own channel.
    ``leak``: an input pulse opens it to ground, too, for ``opening`` times as long as the synapse and through a switch of the same ``series``.

    Args:
        placement: the path it sits in.
        ion_time: effective time (s) of a spike for its ions; ion_shift: what edges and reset take off the overpotential (V), beside the
            membrane's voltage at the spike.
        device: its card; mean_state: its mean state over the calibration run.
        moves: ``False`` freezes it at ``mean_state``.
    """

    placement: str
    ion_time: float
    ion_shift: float
    device: Ecram
    mean_state: tuple[float, ...]
    opening: float = 0.0
    moves: bool = True

    @property
    def start(self) -> tuple[float, ...]:
        """The state a run starts from."""
        return tuple(float(x) for x in self.device.at_rest()) if self.moves else self.mean_state
