"""One neuron under what varies: corners, temperature and supply, process and mismatch with the ECRAM's own spread, yield."""

from ionspike.circuit.variation.corners import corners
from ionspike.circuit.variation.measure import METRICS, Measured, measure_all
from ionspike.circuit.variation.montecarlo import ASSUMED_SPREAD, chips, monte_carlo
from ionspike.circuit.variation.specification import Specification, Yield, yield_of
from ionspike.circuit.variation.trim import Trim, trim_of

__all__ = [
    "ASSUMED_SPREAD",
    "METRICS",
    "Measured",
    "Specification",
    "Trim",
    "Yield",
    "chips",
    "corners",
    "measure_all",
    "monte_carlo",
    "trim_of",
    "yield_of",
]
