"""The rival of the ECRAM: what its netlist holds, that it facilitates as the reference card does, and that its control does not."""

from __future__ import annotations

import numpy as np
import pytest

from ionspike.circuit.area import drawn
from ionspike.circuit.capacitor_synapse import SHARED, CapacitorSynapse
from ionspike.circuit.decay import fit_decay
from ionspike.circuit.energy import block_energy
from ionspike.circuit.facilitation import passed
from ionspike.circuit.neurons import Neuron
from ionspike.circuit.simulate import Setting, resting_state, simulate, simulate_all
from ionspike.circuit.subcircuit import read_subcircuits
from ionspike.circuit.testbench import Bench
from ionspike.circuit.time_constant import own_decay, paired_pulses
from ionspike.device import Ecram
from ionspike.errors import InputError
from ionspike.spikes import regular

_RESTING = 1.211  # V, where the state rests: measured once here, as a run without it does, to spare every test that run
_HOLD = 0.1  # V, where the bench holds the membrane: its resting side of the threshold


def _bench(**arguments: object) -> Bench:
    return Bench(Neuron(), hold=_HOLD, **arguments)  # type: ignore[arg-type]


@pytest.mark.spice
def test_it_facilitates_as_the_reference_card_does_and_neither_control_does(setting: Setting, reference: Ecram):
    pulses = tuple(regular(1e3, 5))
    capacitor = _bench(pulses=pulses, capacitor=CapacitorSynapse(start=_RESTING))
    ecram = Bench(Neuron(synapse=reference), pulses, hold=_HOLD)
    runs = simulate_all([(b, 4.5e-3) for b in (capacitor, capacitor.control(), ecram, ecram.control())], setting)
    own, own_control, card, card_control = (passed(run) for run in runs)
    assert card[-1] / card[0] > 1.3
    # matched by size: the first charge, and what five spikes make of it
    assert own[0] == pytest.approx(card[0], rel=0.05)
    assert own / own[0] == pytest.approx(card / card[0], rel=0.03)
    for control in (own_control, card_control):
        assert control == pytest.approx(control[0], rel=0.01)
    assert block_energy(runs[0], 1e-4, 4e-3)["synapse"] > 0


@pytest.mark.spice
def test_its_time_constant_is_the_clocks_by_pairs_of_pulses_and_by_its_capacitor(setting: Setting):
    synapse = CapacitorSynapse(tau=1e-3, start=_RESTING)
    bench = _bench(capacitor=synapse)
    pairs = paired_pulses(bench, [5 * synapse.period, 15 * synapse.period, 30 * synapse.period], setting)
    first = synapse.period
    own = own_decay(simulate(bench.with_(pulses=(first, first + 2e-5)), 2e-3, setting))
    # the read is a little steeper at a higher state, so pairs see the same decay through a slightly bent glass
    assert pairs.decay.tau == pytest.approx(own.tau, rel=0.05)
    assert own.tau == pytest.approx(1e-3, rel=0.03)
    assert own.error < 0.01


@pytest.mark.spice
def test_each_tick_of_its_clock_on_transistors_takes_a_share_of_the_state(setting: Setting):
    run = simulate(_bench(capacitor=CapacitorSynapse(tick_bias=5e-9, start=1.5)), 0.35e-3, setting)
    ticks = run.waveforms.rises("v(tk)", 0.9)
    assert len(ticks) >= 2
    state = np.append(
        run.waveforms.at("v(x)", ticks - 1e-8), run.waveforms.at("v(x)", ticks[-1] + 1e-6)
    ) - run.waveforms.at("v(rest)", 1e-5)
    # cl / (cl + cx) of what is above rest, up to the charge that a switch takes along
    assert 1 - state[1:] / state[:-1] == pytest.approx(1 / 20.35, rel=0.1)


@pytest.mark.spice
def test_a_transistor_leak_is_no_exponential(setting: Setting):
    synapse = CapacitorSynapse(leak="transistor", leak_bias=1e-12, start=1.4)
    run = simulate(_bench(capacitor=synapse, edge=5e-9, max_step=4e-5), 60e-3, setting)
    times = np.linspace(1e-4, 60e-3, 60)
    line = fit_decay(times, run.waveforms.at("v(x)", times))
    assert line.error > 0.05


def test_transistors_and_area_are_counted_in_the_netlist():
    circuits = CapacitorSynapse().circuits
    own = drawn([c for c in circuits if c.name not in SHARED])
    bare = drawn([c for c in CapacitorSynapse(compensated=False).circuits if c.name not in SHARED])
    assert own.transistors == 8 and bare.transistors == 7
    assert own.transistors + 3 == sum(len(c.transistors) for c in circuits if c.name not in SHARED)  # three capacitors
    assert own.capacitors == pytest.approx(5 * 5 + 5 * 0.39 + 5 * 0.2)
    assert drawn([c for c in circuits if c.name in SHARED]).transistors == 34


def test_wires_are_no_capacitors_and_sizes_may_differ():
    text = ".subckt s a\nc1 a 0 1p\ncw1 a 0 1p\nxm a a 0 0 nf w={w} l=0.5\n.ends\n"
    (circuit,) = read_subcircuits(text.replace(".subckt s a", ".subckt s a params: w=0.42"))
    assert drawn([circuit]).capacitance == pytest.approx(1e-12)
    assert drawn([circuit], {"w": 2.0}).gates == pytest.approx(1.0)


def test_a_decay_is_found_with_its_level():
    t = np.linspace(0, 3, 30)
    found = fit_decay(t, 1.2 + 0.2 * np.exp(-t / 0.7))
    assert (found.tau, found.level, found.amplitude) == pytest.approx((0.7, 1.2, 0.2), rel=1e-5)


@pytest.mark.spice
def test_where_its_state_rests_is_measured(setting: Setting):
    assert resting_state(CapacitorSynapse(tau=1e-3, inject=False), 1.8, setting) == pytest.approx(_RESTING, abs=3e-3)


def test_wrong_input_is_told(reference: Ecram):
    with pytest.raises(InputError, match=r"no leak 'wire'; expected one of packet"):
        CapacitorSynapse(leak="wire")
    with pytest.raises(InputError, match=r"tau is 0; expected a number above 0"):
        CapacitorSynapse(tau=0.0)
    with pytest.raises(InputError, match=r"an ECRAM and a capacitor synapse; expected one"):
        Bench(Neuron(synapse=reference), capacitor=CapacitorSynapse())
    with pytest.raises(InputError, match=r"expected one that holds it"):
        paired_pulses(Bench(Neuron()), [1e-3], None)  # type: ignore[arg-type]
