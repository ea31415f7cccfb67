"""A stage whose output feeds the membrane through a capacitor: where the two lift each other, and what it draws while it waits below.

A membrane that the bench holds feels no such capacitor. At rest the output of the second inverter moves by some volts a volt of the
membrane; where that is more than the membrane's capacitors divide, the two run away: a spike, whatever the inner node does then.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ionspike.circuit.neurons import Neuron
from ionspike.circuit.simulate import Run
from ionspike.errors import RunError

Array = NDArray[np.float64]

FED_BACK = {"axon-hillock": "cfb"}  # the capacitor
_BEGUN = 2e-9  # s after which the bench holds the membrane: before, it charges the capacitors around it
FIRST_GUESS = 0.83  # V of drop, before it is known where the stage runs away
REST = 20e-6  # s until the inner node stands
# V around the lowest voltage that fires at last, where the supply current takes a decade in two of them
CLOSE = (
    np.array([-16, -12, -9, -7, -5.5, -4.5, -3.5, -2.8, -2.2, -1.7, -1.3, -1.0, -0.7, -0.5, -0.3, -0.1, 0.1, 0.3, 0.5])
    * 1e-3
)


def feedback(neuron: Neuron) -> float:
    """Capacitance (F) between output and membrane; 0 where a topology has none."""
    name = FED_BACK.get(neuron.topology)
    return 0.0 if name is None else float({**dict(neuron.kind.circuit.parameters), **neuron.parameters}[name])


@dataclass(frozen=True)
class Waiting:
    """Membrane voltage and drop of the inner node (V) from which the stage runs away; and against the membrane's ``voltage`` (V) up to
    there the ``current`` (A) that the stage draws at rest, and what its nodes have added (V) to a membrane that is free on their way."""

    runaway: float
    drop: float
    voltage: tuple[float, ...]
    current: tuple[float, ...]
    added: tuple[float, ...]


def waiting(runs: list[Run]) -> Waiting:
    """From runs at rest on an ascending ladder of held membranes, the lowest far below the threshold, the highest above it.

    Raises:
        RunError: the output does not run away on the ladder.
    """
    bench = runs[0].bench
    held = np.array([run.bench.hold for run in runs], float)
    output = np.array([run["v(spk)"][-1] for run in runs])
    drop = np.array([bench.supply - run["v(xn.n1)"][-1] for run in runs])
    current = np.array([_mean(run, "i(vth)") + _mean(run, "i(vdl)") for run in runs])
    needed = 1 + bench.neuron.membrane / feedback(bench.neuron)
    middle, gain = 0.5 * (held[1:] + held[:-1]), np.diff(output) / np.diff(held)
    above = gain >= needed
    if not above.any() or above[0]:
        raise RunError(
            f"the output does not pass a gain of {needed:.3g} between {held[0]:.4f} and {held[-1]:.4f} V of the membrane"
        )
    k = int(np.argmax(above))
    # the gain grows by the exponential of the membrane
    low, high = np.log(np.maximum(gain[k - 1], 1e-3 * needed)), np.log(gain[k])
    share = (np.log(needed) - low) / (high - low)
    runaway = float(middle[k - 1] + share * (middle[k] - middle[k - 1]))
    drawn = current - current[0]
    added = np.array([_added(run) for run in runs])
    below = (held < runaway) & (drawn > 0.0)
    last = np.exp(np.interp(runaway, held, np.log(np.maximum(drawn, 1e-18))))
    return Waiting(
        runaway,
        float(np.interp(runaway, held, drop)),
        (*held[below].tolist(), runaway),
        (*drawn[below].tolist(), float(last)),
        (*added[below].tolist(), float(np.interp(runaway, held, added))),
    )


def _added(run: Run) -> float:
    """What the stage's nodes add to the membrane (V) on their way to rest: the charge that the bench takes instead."""
    total = run.bench.neuron.membrane + feedback(run.bench.neuron)
    current, stop = run["i(vhold)"], float(run.time[-1])
    return run.waveforms.integral(current - current[-1], _BEGUN, stop) / total


def _mean(run: Run, name: str) -> float:
    """Mean of a supply current (A) over the last half of a run."""
    stop = float(run.time[-1])
    return run.waveforms.integral(run[name], stop / 2, stop) / (stop / 2)
