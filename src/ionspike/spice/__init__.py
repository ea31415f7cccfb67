"""Running netlists: engines, raw files, process kits, and what a netlist may hold."""

from ionspike.spice.batch import run_all, run_one
from ionspike.spice.cache import Cache
from ionspike.spice.deck import check_netlist, compose
from ionspike.spice.engine import Accuracy, EnergyCheck, Engine, Failure, Job, Limits, PulseCheck, RunFailed, Transient
from ionspike.spice.ngspice import Ngspice
from ionspike.spice.process import Kit, Process, find_process
from ionspike.spice.waveforms import Attempt, Waveforms

__all__ = [
    "Accuracy",
    "Attempt",
    "Cache",
    "EnergyCheck",
    "Engine",
    "Failure",
    "Job",
    "Kit",
    "Limits",
    "Ngspice",
    "Process",
    "PulseCheck",
    "RunFailed",
    "Transient",
    "Waveforms",
    "check_netlist",
    "compose",
    "find_process",
    "run_all",
    "run_one",
]
