"""ECRAM devices: the law, cards, measured records, fits, and the law written out for circuit simulators."""

from typing import TYPE_CHECKING

from ionspike.device.ecram import Ecram, Gate, Population, Temperature, Weight
from ionspike.later import later

if TYPE_CHECKING:
    from ionspike.device.aging import Aging, Dose, aged
    from ionspike.device.arrays import DeviceArray, propagate
    from ionspike.device.cards import library
    from ionspike.device.export.subckt import subckt, subckt_name
    from ionspike.device.fitting import Fit, fit
    from ionspike.device.lifetime import Lifetime, run_train
    from ionspike.device.measured.catalogue import fetch, public_records
    from ionspike.device.measured.geometry import DeviceGeometry, read_geometry
    from ionspike.device.measured.ramps import RampRecord, read_ramps
    from ionspike.device.measured.reading import read
    from ionspike.device.measured.records import PulseRecord, read_pulses
    from ionspike.device.measured.sweeps import SweepRecord, read_sweep
    from ionspike.device.pulses import PulseUpdate
    from ionspike.device.spread import Spread, fit_population
    from ionspike.device.uncertainty.intervals import Intervals, intervals
    from ionspike.device.uncertainty.posterior import Posterior, sample_posterior
    from ionspike.device.waveforms.next_pulses import NextPulses, next_pulses
    from ionspike.device.waveforms.pulse_blocks import PulseFamily
    from ionspike.device.waveforms.waveform import Waveform
    from ionspike.device.waveforms.waveform_fit import WaveformFit, fit_waveform
    from ionspike.device.waveforms.waveform_problem import Trace, WaveformProblem

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

# most of what there is to do with devices fits and reads records, and imports much for it
__getattr__ = later(
    __name__,
    {
        "Aging": "aging",
        "Dose": "aging",
        "aged": "aging",
        "DeviceArray": "arrays",
        "propagate": "arrays",
        "library": "cards",
        "subckt": "export.subckt",
        "subckt_name": "export.subckt",
        "Fit": "fitting",
        "fit": "fitting",
        "Lifetime": "lifetime",
        "run_train": "lifetime",
        "fetch": "measured.catalogue",
        "public_records": "measured.catalogue",
        "DeviceGeometry": "measured.geometry",
        "read_geometry": "measured.geometry",
        "RampRecord": "measured.ramps",
        "read_ramps": "measured.ramps",
        "read": "measured.reading",
        "PulseRecord": "measured.records",
        "read_pulses": "measured.records",
        "SweepRecord": "measured.sweeps",
        "read_sweep": "measured.sweeps",
        "PulseUpdate": "pulses",
        "Spread": "spread",
        "fit_population": "spread",
        "Intervals": "uncertainty.intervals",
        "intervals": "uncertainty.intervals",
        "Posterior": "uncertainty.posterior",
        "sample_posterior": "uncertainty.posterior",
        "NextPulses": "waveforms.next_pulses",
        "next_pulses": "waveforms.next_pulses",
        "PulseFamily": "waveforms.pulse_blocks",
        "Waveform": "waveforms.waveform",
        "WaveformFit": "waveforms.waveform_fit",
        "fit_waveform": "waveforms.waveform_fit",
        "Trace": "waveforms.waveform_problem",
        "WaveformProblem": "waveforms.waveform_problem",
    },
)
