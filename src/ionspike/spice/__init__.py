"""Running netlists: engines, raw files, process kits, and what a netlist may hold."""

from ionspike.spice.batch import run_all
from ionspike.spice.deck import check_netlist, compose
from ionspike.spice.engine import Accuracy, Engine, Job, Limits, PulseCheck, Transient
from ionspike.spice.ngspice import Ngspice
from ionspike.spice.process import Kit, Process, find_process
from ionspike.spice.waveforms import Waveforms

__all__ = [
    "Accuracy",
    "Engine",
    "Job",
    "Kit",
    "Limits",
    "Ngspice",
    "Process",
    "PulseCheck",
    "Transient",
    "Waveforms",
    "check_netlist",
    "compose",
    "find_process",
    "run_all",
]
