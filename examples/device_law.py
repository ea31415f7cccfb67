"""The figures of the law in ``docs/device.md``: a device, its rate responses, a population with spread, and aging.

``python examples/device_law.py [FOLDER]`` writes ``device-reference.png`` and ``device-trains.png`` there (default: ``docs``).
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from ionspike.device import Aging, DeviceArray, Ecram, PulseUpdate, Spread, run_train
from ionspike.device.trains import Train
from ionspike.plotting import figure, look, png

folder = Path(sys.argv[1] if len(sys.argv) > 1 else "docs")
card = Ecram.load("reference")
(folder / "device-reference.png").write_bytes(png(card.plot()))

with look():
    made, (left, middle, right) = figure(columns=3, width=9.6, height=2.9)

    rates = np.geomspace(1, 1e5, 80)
    first = card.populations[0]
    kinds = {
        "linear": card,
        "c = 8, s = 0.9": replace(card, populations=(replace(first, c=8.0, s=0.9),)),
        "g < 0": replace(card, populations=(replace(first, g=-6e-5),)),
    }
    for label, device in kinds.items():
        train = Train(device, 9e-9)
        left.semilogx(rates, [train.response(float(f)) for f in rates], label=label)
    left.set(xlabel="pulse rate (Hz)", ylabel="A, charge over first pulse's", title="Steady state")
    left.legend()

    spread = replace(card, spread=Spread({"population1.tau": 0.2, "population1.g": 0.1, "gate.J_lim": 0.1}, 0.3))
    array = DeviceArray.sample(spread, 2000, seed=1)
    for pulses in (1, 10, 100):
        state = PulseUpdate(array, 9e-9).train(array.at_rest(), np.full(pulses, 3e-3))
        middle.hist(1e6 * array.conductance(state), bins=40, histtype="step", label=f"{pulses} pulses")
    middle.set(xlabel="G (uS)", ylabel="devices of 2000", title="Spread (synthetic)")
    middle.legend()

    aging = Aging(fatigue_per_pulse=1e-3, recovery=30.0, wear_per_pulse=1e-4)
    rests = np.r_[np.full(600, 0.1), 200.0, np.full(400, 0.1)]
    run = run_train(Train(replace(card, aging=aging), 9e-9), rests, seed=1)
    time = np.cumsum(np.r_[0.0, rests[:-1]])
    right.plot(
        time, 1e6 * (run.conductance_after - run.conductance_before), ".", markersize=2, label="step of one pulse"
    )
    right.plot(time, 1e6 * (run.conductance_after - run.conductance_before)[0] * np.exp(-run.wear), label="wear alone")
    right.set(xlabel="time (s)", ylabel="step of G (uS)", title="Aging, rest in between")
    right.legend()
    (folder / "device-trains.png").write_bytes(png(made))
