"""The hand-over from device to circuit: the .subckt written from a card behaves as the Python law does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ionspike.circuit.simulate import Setting
from ionspike.device import Ecram, subckt, subckt_name
from ionspike.device.follow import follow
from ionspike.spice import Accuracy, Job, Transient, check_netlist


def _variants() -> list[Ecram]:
    reference, band = Ecram.load("reference"), Ecram.load("band-pass")
    cooperative = replace(reference.populations[0], c=5.0, d=2.0, s=0.9, V_d=0.4)
    return [
        reference,
        band,
        replace(reference, name="cooperative", populations=(cooperative,)),
        replace(reference, name="negative", gate=replace(reference.gate, polarity=-1.0, V_rest=-0.1, R_g=1e9)),
    ]


@pytest.mark.parametrize("device", _variants(), ids=lambda d: d.name)
def test_the_text_passes_the_allow_list(device: Ecram):
    check_netlist(subckt(device))


@pytest.mark.spice
@pytest.mark.parametrize("device", _variants(), ids=lambda d: d.name)
def test_random_pulses_of_both_signs_leave_the_same_conductance(device: Ecram, setting: Setting):
    rng = np.random.default_rng(3)
    points, t = ["0 0"], 0.0
    for _ in range(30):
        level, width, rest = rng.choice([-1.8, 1.0, 1.8]), rng.uniform(3e-9, 30e-9), rng.uniform(5e-8, 2e-4)
        points += [
            f"{t + rest!r} 0",
            f"{t + rest + 1e-9!r} {level}",
            f"{t + rest + width!r} {level}",
            f"{t + rest + width + 1e-9!r} 0",
        ]
        t += rest + width + 1e-9
    rows = "\n+ ".join(points)
    netlist = f"{subckt(device)}\nvg g 0 pwl({rows})\nvd d 0 0.3\nvs s 0 0.1\nx1 g d s {subckt_name(device)}\n"
    save = ("v(g)", "v(x1.gch)")
    # a tenth of the usual tolerance: pulses of 3 ns are a few time steps long
    job = Job(netlist, Transient(t + 1e-6, 1e-6), save, setting.process, accuracy=Accuracy().tighter())
    run = setting.engine.run(job)
    states = follow(device, run.time, run["v(g)"], 0.3, 0.1)
    law, spice = device.conductance(states), 1e-6 * run["v(x1.gch)"]
    swing = float(np.ptp(law))
    assert swing > 0
    # DESIGN's bound for ngspice: half a per cent of the swing
    assert np.abs(spice - law).max() < 5e-3 * swing
