"""One neuron under what varies: corners, temperature and supply, process and mismatch with the ECRAM's own spread, yield."""

from ionspike.circuit.variation.corners import corners
from ionspike.circuit.variation.measure import METRICS, Measured, measure_all, retrimmed
from ionspike.circuit.variation.montecarlo import ASSUMED_SPREAD, chips, monte_carlo
from ionspike.circuit.variation.specification import Specification, Yield, yield_of

__all__ = [
    "ASSUMED_SPREAD",
    "METRICS",
    "Measured",
    "Specification",
    "Yield",
    "chips",
    "corners",
    "measure_all",
    "monte_carlo",
    "retrimmed",
    "yield_of",
]
