"""ECRAM devices: the law, cards, measured records, fits, and the law written out for circuit simulators."""

from ionspike.device.cards import library
from ionspike.device.ecram import Ecram, Gate, Population, Temperature, Weight
from ionspike.device.fitting import Fit, fit
from ionspike.device.records import PulseRecord, read_pulses
from ionspike.device.subckt import subckt, subckt_name

__all__ = [
    "Ecram",
    "Fit",
    "Gate",
    "Population",
    "PulseRecord",
    "Temperature",
    "Weight",
    "fit",
    "library",
    "read_pulses",
    "subckt",
    "subckt_name",
]
