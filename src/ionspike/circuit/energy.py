"""Energy of a run: every rail, by block, per output spike. Ions are counted: their charge is drawn through the gates from the rails."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ionspike.circuit.simulate import Run, Setting, simulate
from ionspike.circuit.testbench import Bench
from ionspike.errors import RunError

IDLE = 20e-3  # s, a run without input
SHARE = 64  # neurons on one bias cell, where a share of it is counted
BLOCKS = ("threshold", "delay", "read", "driver", "bias")


@dataclass(frozen=True)
class Energy:
    """Energy of ``spikes`` output spikes in a window that starts and ends at an end of reset.

    ``blocks`` (J) holds threshold, delay, read, driver and bias over the whole window; ``rate`` (Hz) is the output rate;
    ``inputs`` the number of input pulses per output spike.
    """

    window: float
    spikes: int
    rate: float
    inputs: float
    blocks: dict[str, float]

    @property
    def core(self) -> float:
        """J per output spike, all rails but the bias cell's."""
        return sum(value for name, value in self.blocks.items() if name != "bias") / self.spikes

    def total(self, share: int = 1) -> float:
        """J per output spike with a bias cell shared by ``share`` neurons."""
        return self.core + self.blocks["bias"] / share / self.spikes

    def dynamic(self, idle_power: float) -> float:
        """J per output spike with the idle power (W, bias left out) of the same circuit taken off."""
        return self.core - idle_power * self.window / self.spikes


def energy(run: Run, first: int = 0, last: int = -1) -> Energy:
    """Energy between the ends of reset ``first`` and ``last`` of a run.

    Raises:
        RunError: fewer than two output spikes in the window, or an energy that turned negative (a wild solution).
    """
    ends = run.reset_ends
    if len(ends) < 2 or ends[first] >= ends[last]:
        raise RunError(f"{len(ends)} complete output spikes in the run; energy per spike needs at least two")
    start, stop = ends[first], ends[last]
    spikes = len(ends[(ends > start) & (ends <= stop)])
    blocks = block_energy(run, start, stop)
    if sum(blocks.values()) <= 0:
        raise RunError(f"the energy of the run is {sum(blocks.values()):g} J: a wild solution of the simulator")
    given = np.count_nonzero((run.input_times > start) & (run.input_times <= stop))
    return Energy(stop - start, spikes, spikes / (stop - start), given / spikes, blocks)


def block_energy(run: Run, start: float, stop: float) -> dict[str, float]:
    """Energy (J) drawn from each rail between two times."""
    wf, bench = run.waveforms, run.bench
    # i(v...) of a source is the current into its + pin; vth and vdl are ammeters from vdd to the stages
    powers = {
        "threshold": bench.supply * wf["i(vth)"],
        "delay": bench.supply * wf["i(vdl)"],
        "read": -bench.read_rail * wf["i(vrd)"],
        "driver": -bench.supply * wf["i(vdr)"],
        "bias": -bench.supply * wf["i(vdb)"],
    }
    if bench.capacitor is not None:
        powers["synapse"] = -bench.supply * wf["i(vsy)"]
        powers["bias"] = powers["bias"] - bench.supply * wf["i(vsb)"]
    return {name: float(wf.integral(power, start, stop)) for name, power in powers.items()}


def idle_power(bench: Bench, setting: Setting) -> tuple[float, float]:
    """Power (W) of the neuron and of its bias cell with silent inputs and a reset membrane."""
    return idle_power_of(simulate(bench.with_(pulses=()), IDLE, setting))


def idle_power_of(run: Run) -> tuple[float, float]:
    """The same from a run without input pulses, over its second half."""
    stop = float(run.time[-1])
    blocks = block_energy(run, stop / 2, stop)
    bias = blocks.pop("bias")
    return sum(blocks.values()) / (stop / 2), bias / (stop / 2)
