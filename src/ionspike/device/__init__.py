"""ECRAM devices: the law, cards, measured records, fits, and the law written out for circuit simulators."""

from ionspike.device.aging import Aging, Dose, aged
from ionspike.device.cards import library
from ionspike.device.ecram import Ecram, Gate, Population, Temperature, Weight
from ionspike.device.fitting import Fit, fit
from ionspike.device.records import PulseRecord, read_pulses
from ionspike.device.spread import Spread, fit_population
from ionspike.device.subckt import subckt, subckt_name

__all__ = [
    "Aging",
    "Dose",
    "Ecram",
    "Fit",
    "Gate",
    "Population",
    "PulseRecord",
    "Spread",
    "Temperature",
    "Weight",
    "aged",
    "fit",
    "fit_population",
    "library",
    "read_pulses",
    "subckt",
    "subckt_name",
]
