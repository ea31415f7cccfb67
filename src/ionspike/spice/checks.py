"""What a finished run must show before it is believed: a simulator exits with 0 after losing pulses or finding a wild solution."""

from __future__ import annotations

from ionspike.errors import RunError
from ionspike.spice.engine import Job
from ionspike.spice.waveforms import Waveforms


def check(job: Job, waveforms: Waveforms) -> None:
    """Check the pulses, the signs and the energy of a run. Raises RunError with what is wrong."""
    lost = lost_pulses(job, waveforms)
    if lost:
        raise RunError(lost)
    for name in job.positive:
        lowest = float(waveforms[name].min())
        if not lowest > 0:
            raise RunError(f"{name} fell to {lowest:g}; it is positive by its law: a wild solution of the simulator")
    if job.energy is None:
        return
    start, stop = float(waveforms.time[0]), float(waveforms.time[-1])
    # a source that gives energy has its current against its voltage
    given = -sum(volts * waveforms.integral(waveforms[name], start, stop) for name, volts in job.energy.sources)
    if not given > -job.energy.stored:
        raise RunError(
            f"the circuit gave its sources {-given:g} J; it can only take energy: a wild solution of the simulator"
        )


def lost_pulses(job: Job, waveforms: Waveforms) -> str:
    """Which input pulses are missing, in words; nothing if none is."""
    for pulse in job.pulses:
        seen = len(waveforms.rises(pulse.node, pulse.level))
        if seen != pulse.count:
            verdict = "the simulator lost some" if seen < pulse.count else "some are not of the input"
            return f"{seen} of {pulse.count} input pulses reached {pulse.node}: {verdict}"
    return ""
