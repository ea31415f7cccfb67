"""ECRAM devices: the law, cards, measured records, fits, and the law written out for circuit simulators."""

from ionspike.device.aging import Aging, Dose, aged
from ionspike.device.arrays import DeviceArray, propagate
from ionspike.device.cards import library
from ionspike.device.catalogue import fetch, public_records
from ionspike.device.ecram import Ecram, Gate, Population, Temperature, Weight
from ionspike.device.fitting import Fit, fit
from ionspike.device.geometry import DeviceGeometry, read_geometry
from ionspike.device.intervals import Intervals, intervals
from ionspike.device.lifetime import Lifetime, run_train
from ionspike.device.next_pulses import NextPulses, next_pulses
from ionspike.device.posterior import Posterior, sample_posterior
from ionspike.device.pulse_blocks import PulseFamily
from ionspike.device.pulses import PulseUpdate
from ionspike.device.ramps import RampRecord, read_ramps
from ionspike.device.reading import read
from ionspike.device.records import PulseRecord, read_pulses
from ionspike.device.spread import Spread, fit_population
from ionspike.device.subckt import subckt, subckt_name
from ionspike.device.sweeps import SweepRecord, read_sweep
from ionspike.device.waveform import Waveform
from ionspike.device.waveform_fit import WaveformFit, fit_waveform
from ionspike.device.waveform_problem import Trace, WaveformProblem

__all__ = [
    "Aging",
    "DeviceArray",
    "DeviceGeometry",
    "Dose",
    "Ecram",
    "Fit",
    "Gate",
    "Intervals",
    "Lifetime",
    "NextPulses",
    "Population",
    "Posterior",
    "PulseFamily",
    "PulseRecord",
    "PulseUpdate",
    "RampRecord",
    "Spread",
    "SweepRecord",
    "Temperature",
    "Trace",
    "Waveform",
    "WaveformFit",
    "WaveformProblem",
    "Weight",
    "aged",
    "fetch",
    "fit",
    "fit_population",
    "fit_waveform",
    "intervals",
    "library",
    "next_pulses",
    "propagate",
    "public_records",
    "read",
    "read_geometry",
    "read_pulses",
    "read_ramps",
    "read_sweep",
    "run_train",
    "sample_posterior",
    "subckt",
    "subckt_name",
]
