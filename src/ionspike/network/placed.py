"""An ECRAM in a path of the neuron that its own spikes gate: what a :class:`~ionspike.network.cell.Cell` knows of intrinsic excitability."""

from __future__ import annotations

from dataclasses import dataclass

from ionspike.device import Ecram

PLACES = ("input", "leak", "delay")


@dataclass(frozen=True)
class Placed:
    """A device that every output spike gates, at one of :data:`PLACES`. SI units.

    ``input``: its channel stands in series behind the synapse, so that a pulse meets ``series + 1/G`` beside the synapse's own channel.
    ``leak``: an input pulse opens it to ground, too, for ``opening`` times as long as the synapse and through a switch of the same ``series``.

    ``delay``: its resistance R sets the width of the spike, ``w_0 + w_1 R + w_2 R^2`` by ``widths``; dead time and ion time go with it from what they
    are at ``mean_width``, and so does every pulse of a calibrated synapse that the spike opens.

    Args:
        placement: the path it sits in.
        ion_time: effective time (s) of a spike for its ions; ion_shift: what edges and reset take off the overpotential (V), beside the
            membrane's voltage at the spike where the channel is at the membrane.
        device: its card; mean_state: its mean state over the calibration run.
        moves: ``False`` freezes it at ``mean_state``.
    """

    placement: str
    ion_time: float
    ion_shift: float
    device: Ecram
    mean_state: tuple[float, ...]
    opening: float = 0.0
    widths: tuple[float, ...] = ()
    mean_width: float = 0.0
    moves: bool = True

    @property
    def at_membrane(self) -> bool:
        """Whether both ends of its channel are at the membrane's voltage between pulses; else they are at ground."""
        return self.placement != "delay"

    @property
    def start(self) -> tuple[float, ...]:
        """The state a run starts from."""
        return tuple(float(x) for x in self.device.at_rest()) if self.moves else self.mean_state
