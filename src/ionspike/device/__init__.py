"""ECRAM devices: the law, cards, measured records, fits, and the law written out for circuit simulators."""

from ionspike.device.cards import library
from ionspike.device.ecram import Ecram, Gate, Population, Temperature, Weight
from ionspike.device.subckt import subckt, subckt_name

__all__ = ["Ecram", "Gate", "Population", "Temperature", "Weight", "library", "subckt", "subckt_name"]
