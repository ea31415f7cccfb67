"""Spiking networks of ideal neurons and of cells that were measured on transistors, event by event."""

from typing import TYPE_CHECKING

from ionspike.later import later
from ionspike.network.cell import Cell
from ionspike.network.connectivity import AllToAll, FixedInDegree, Matrix, OneToOne, Pairs, PairwiseProbability
from ionspike.network.distributions import LogNormal, Normal, Uniform
from ionspike.network.inputs import InhomogeneousPoisson, ModulatedPoisson, Poisson, Recorded, Regular
from ionspike.network.network import Network
from ionspike.network.neurons import LIF
from ionspike.network.recording import Record, Result
from ionspike.network.synapses import CellSynapse, DeviceSynapse, Static, TsodyksMarkram

if TYPE_CHECKING:
    from ionspike.network.calibration import calibrate
    from ionspike.network.compare import intervals_from_resets, run_free

__all__ = [
    "LIF",
    "AllToAll",
    "Cell",
    "CellSynapse",
    "DeviceSynapse",
    "FixedInDegree",
    "InhomogeneousPoisson",
    "LogNormal",
    "Matrix",
    "ModulatedPoisson",
    "Network",
    "Normal",
    "OneToOne",
    "Pairs",
    "PairwiseProbability",
    "Poisson",
    "Record",
    "Recorded",
    "Regular",
    "Result",
    "Static",
    "TsodyksMarkram",
    "Uniform",
    "calibrate",
    "intervals_from_resets",
    "run_free",
]

# what measures circuits is not needed to run nets
__getattr__ = later(__name__, {"calibrate": "calibration", "intervals_from_resets": "compare", "run_free": "compare"})
