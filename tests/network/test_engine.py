"""The engine against a plain event loop, and the laws it keeps: threads, checkpoints and recordings change no spike."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import plain_cells
import pytest
from plain_net import PlainNet
from random_nets import random_net

from ionspike.errors import InputError
from ionspike.network import (
    LIF,
    AllToAll,
    Cell,
    FixedInDegree,
    Network,
    OneToOne,
    Pairs,
    Poisson,
    Record,
    Recorded,
    Regular,
    Result,
    Static,
    TsodyksMarkram,
    Uniform,
)
from ionspike.network.neuron_arrays import self_fired
from ionspike.network.simulation import Simulation

# Spikes at arrivals are the arrivals' times, to a rounding of their sums. Those of a driven neuron go by its membrane, and the engine's form for
# one linear population leaves out the floor of a conductance: 3.6e-9 of a size of the reference card, up to 4 ns of such a spike
TIME_ERROR = 1e-8  # s


def in_order(times: np.ndarray, neurons: np.ndarray) -> list[tuple[int, float]]:
    """Spikes neuron by neuron: simultaneous spikes of two neurons have no order."""
    order = np.lexsort((times, neurons))
    return [(int(k), float(t)) for k, t in zip(neurons[order], times[order], strict=True)]


def assert_spike_for_spike(net: Network, duration: float, tolerance: float) -> int:
    """The engine's spikes are those of the reference, each within ``tolerance`` (s)."""
    found = net.run(duration, precision="double")
    reference = PlainNet(net).run(duration)
    for name, expected in reference.items():
        mine = in_order(found.spikes(name), found.neurons(name))
        theirs = in_order(np.array([t for t, _ in expected]), np.array([k for _, k in expected], int))
        assert [k for k, _ in mine] == [k for k, _ in theirs]
        np.testing.assert_allclose([t for _, t in mine], [t for _, t in theirs], rtol=0, atol=tolerance)
    return sum(map(len, reference.values()))


@pytest.mark.parametrize("seed", range(20))
def test_random_nets_fire_spike_for_spike_as_a_plain_event_loop(seed: int):
    assert_spike_for_spike(random_net(seed), 0.1, TIME_ERROR)


def same_spikes(a: Result, b: Result, name: str) -> bool:
    """Whether two runs gave the same spikes, bit for bit."""
    return np.array_equal(a.spikes(name), b.spikes(name)) and np.array_equal(a.neurons(name), b.neurons(name))


@pytest.fixture(scope="module")
def wide() -> Network:
    """A net that is cut into several blocks, with every kind of source of a difference between threads: recurrence, inhibition, delays."""
    net = Network(seed=3)
    net.add_population("e", LIF(tau=20e-3, threshold=15e-3, refractory=2e-3), 4000)
    net.add_population("i", LIF(tau=10e-3, threshold=15e-3, refractory=1e-3), 500)
    net.add_input("drive", Poisson(900.0), 4000)
    net.add_input("beat", Regular(50.0), 5)
    own = TsodyksMarkram(0.2, 0.3, devices="own")
    net.connect("drive", "e", own, weight=1.1e-3, connectivity=OneToOne())
    net.connect("beat", "i", weight=4e-3, connectivity=AllToAll())
    net.connect("e", "e", own, weight=0.1e-3, delay=1e-3, connectivity=FixedInDegree(70))
    net.connect("e", "i", weight=0.4e-3, delay=Uniform(1e-3, 3e-3), connectivity=FixedInDegree(70))
    net.connect("i", "e", weight=-0.3e-3, delay=1e-3, connectivity=FixedInDegree(40))
    return net


@pytest.fixture(scope="module")
def wide_result(wide: Network) -> Result:
    return wide.run(0.12)


def test_the_spikes_are_the_same_on_any_number_of_threads(wide: Network, wide_result: Result):
    assert len(wide_result.spikes("e")) > 1000 and len(wide_result.spikes("i")) > 20
    found = wide.run(0.12, threads=2)
    assert same_spikes(found, wide_result, "e") and same_spikes(found, wide_result, "i")
    assert found.arrivals == wide_result.arrivals


def test_a_run_in_two_parts_is_the_run_in_one(wide: Network, wide_result: Result):
    run = wide.start()
    first, second = run.run(0.0477), run.run(0.0723)  # a stop within a window
    for name in ("e", "i"):
        assert np.array_equal(np.concatenate([first.spikes(name), second.spikes(name)]), wide_result.spikes(name))


def test_a_checkpoint_carries_on_bit_for_bit(wide: Network, wide_result: Result, tmp_path: Path):
    run = wide.start()
    run.run(0.0477)
    resumed = Simulation.load(wide, run.save(tmp_path / "stop.npz"))
    last = resumed.run(0.0723)
    assert last.start == pytest.approx(0.0477)
    for name in ("e", "i"):
        kept = wide_result.spikes(name) >= 0.0477
        assert np.array_equal(last.spikes(name), wide_result.spikes(name)[kept])
        assert np.array_equal(last.neurons(name), wide_result.neurons(name)[kept])


def test_a_checkpoint_that_does_not_fit_is_refused(wide: Network, tmp_path: Path):
    run = wide.start()
    run.run(0.01)
    path = run.save(tmp_path / "stop.npz")
    content = path.read_bytes()
    (tmp_path / "cut.npz").write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match="cut short"):
        Simulation.load(wide, tmp_path / "cut.npz")
    with pytest.raises(InputError, match="there is no checkpoint"):
        Simulation.load(wide, tmp_path / "none.npz")
    with pytest.raises(InputError, match="another net"):
        Simulation.load(random_net(1), path)
    parts = dict(np.load(path))
    np.savez(tmp_path / "old.npz", **(parts | {"version": np.array("0.0.1")}))
    with pytest.raises(InputError, match=r"ionspike 0\.0\.1"):
        Simulation.load(wide, tmp_path / "old.npz")
    np.savez(tmp_path / "less.npz", **{k: v for k, v in parts.items() if k != "pending_2_time"})
    with pytest.raises(InputError, match="not complete"):
        Simulation.load(wide, tmp_path / "less.npz")


def test_single_precision_moves_no_spike_far_and_no_rate(wide: Network, wide_result: Result):
    # a jump of single precision is right to 6e-8 of 0.1 mV, a billionth of the threshold: a spike is lost to it once in millions of
    # arrivals, and after it the nets part ways as chaos wills; until then they are one
    double = wide.run(0.12, precision="double")
    assert same_spikes(wide.run(0.04), wide.run(0.04, precision="double"), "e")
    assert len(double.spikes("e")) == pytest.approx(len(wide_result.spikes("e")), rel=0.01)


def test_a_net_of_cells_fires_as_the_plain_loop_of_cells():
    cell = Cell.load("high-pass")
    times = np.cumsum(np.random.default_rng(2).exponential(2.5e-3, 200))
    plain, net = plain_cells.Network(), Network()
    plain.add_input("train", times)
    net.add_input("train", times)
    for name in ("a", "b"):
        plain.add_neuron(name, cell)
        net.add_population(name, cell)
    for source, target, delay in (("train", "a", 1e-4), ("a", "b", 2e-3), ("b", "a", 1e-3)):
        plain.connect(source, target, delay)
        net.connect(source, target, delay=delay)
    expected, found = plain.run(0.5), net.run(0.5)
    assert len(expected.spikes["a"]) > 10
    for name in ("a", "b"):
        # windows cut the integrator's steps elsewhere: a wait moves by a part in ten thousand
        np.testing.assert_allclose(found.spikes(name), expected.spikes[name], atol=2e-7)
        assert found.charge[name] == pytest.approx(expected.charge[name], rel=1e-3)
    energy = found.energies["a"]
    assert set(energy) == {"read", "input", "threshold", "output", "static"} and min(energy.values()) > 0


def test_states_are_those_of_the_law_at_the_chosen_times():
    net = Network()
    net.add_input("in", [0.010, 0.013])
    net.add_population("n", LIF(tau=10e-3, threshold=1.0))
    net.connect("in", "n", TsodyksMarkram(0.3, 50e-3, devices="own"), weight=1e-3, delay=2e-3, name="p")
    record = Record(membranes={"n": [0]}, synapses={"p": [0]}, times=[0.0125, 0.0145, 0.0205])
    found = net.run(0.03, precision="double", record=record)
    u2 = 0.3 + 0.7 * 0.3 * np.exp(-3 / 50)
    u = [0.3 * np.exp(-0.5 / 50), 0.3 * np.exp(-2.5 / 50), u2 * np.exp(-5.5 / 50)]
    v = [0.3 * np.exp(-0.05), 0.3 * np.exp(-0.25), 0.3 * np.exp(-0.85) + u2 * np.exp(-0.55)]
    np.testing.assert_allclose(found.synapses["p"][:, 0], u, rtol=1e-12)
    np.testing.assert_allclose(found.membranes["n"][:, 0], 1e-3 * np.array(v), rtol=1e-12)
    data = found.to_xarray()
    assert data["n_v"].attrs["units"] == "V" and data["time"].attrs["units"] == "s"


@pytest.mark.parametrize("level", [0.0, 5e-3])
def test_membranes_near_the_threshold_are_where_their_arrivals_one_by_one_leave_them(level: float):
    tau, threshold, refractory, lag = 20e-3, 15e-3, 2e-3, 1e-3
    rng = np.random.default_rng(3)
    times, sources, targets = np.sort(rng.uniform(0.0, 0.5, 20_000)), rng.integers(0, 40, 20_000), np.arange(40) % 20
    sizes = 1e-3 * np.concatenate([rng.uniform(0.5, 1.2, 20), rng.uniform(-0.4, -0.1, 20)])  # each is inhibited, too
    net = Network()
    net.add_input("in", Recorded(times, sources), 40)
    net.add_population("n", LIF(tau=tau, threshold=threshold, refractory=refractory, rest=level), 20)
    net.connect("in", "n", Static(), weight=sizes, delay=lag, connectivity=Pairs(np.arange(40), targets))
    at = np.linspace(0.02, 0.5, 200)
    found = net.run(0.52, precision="double", record=Record(membranes={"n": range(20)}, times=at))
    for k in range(20):
        v, t, until, spikes, seen = level, 0.0, -1.0, 0, []
        mine = targets[sources] == k
        events = [(x + lag, size) for x, size in zip(times[mine], sizes[sources[mine]], strict=True)]
        events = sorted([*events, *((x, None) for x in at)], key=lambda event: event[0])
        for x, size in events:
            if x < until:
                seen += [0.0] if size is None else []
                continue
            v, t = level + (v - level) * np.exp(-(x - max(t, until)) / tau), x
            if size is None:
                seen.append(v)
                continue
            v += size
            if v >= threshold:
                v, until, spikes = 0.0, x + refractory, spikes + 1
        assert spikes == np.count_nonzero(found.neurons("n") == k)
        # a thousand sums of charges of 1e-3
        np.testing.assert_allclose(found.membranes["n"][:, k], seen, rtol=0, atol=1e-14)


def test_tsodyks_markram_is_a_device_card():
    synapse = TsodyksMarkram(0.25, 40e-3)
    card = synapse.card(width=1e-9)
    x, u = card.at_rest(), 0.0
    for gap in (np.inf, 5e-3, 20e-3, 1e-3):
        rest = min(gap, 10.0)
        x = card.advance(card.advance(x, 0.0, duration=rest), 1.8, duration=1e-9)
        u = u * np.exp(-rest / 40e-3)
        u += 0.25 * (1 - u)
        assert x[0] == pytest.approx(u, rel=1e-6)  # a pulse of a nanosecond against one that takes no time


def test_ctrl_c_leaves_what_was_run(wide: Network, wide_result: Result):
    run = wide.start()
    inner, calls = run._loop, []

    def loop(edges: np.ndarray):
        calls.append(edges)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return inner(edges)

    run._loop = loop
    found = run.run(0.12)
    assert not found.complete and 0 < found.stop < 0.12
    assert np.array_equal(found.spikes("e"), wide_result.spikes("e")[wide_result.spikes("e") < found.stop])


def test_a_cell_that_nothing_feeds_needs_no_room_for_spikes_of_its_own():
    soma = Cell.load("band-pass").soma
    assert self_fired(soma) == 0.0
    fed = replace(soma, leak_current=tuple(-1e-12 for _ in soma.leak_current))
    # 1 pA charges 1 pF from the reset to the threshold of 0.25 V in about 0.25 s
    assert self_fired(fed) == pytest.approx(1e-12 / (soma.capacitance * soma.threshold), rel=0.05)
    assert self_fired(replace(soma, residue=1.0)) == 1 / soma.dead


def test_a_spike_on_the_edge_of_a_window_arrives():
    # arrivals of the chain lie on multiples of the delay, on which a window would begin; a rounding puts some of them before it
    net = Network()
    net.add_input("beat", [1e-3 * k for k in range(1, 60)], 1)
    names = [f"n{k}" for k in range(6)]
    for source, target in zip(["beat", *names], names, strict=False):
        net.add_population(target, LIF(tau=20e-3, threshold=10e-3, refractory=0.2e-3), 1)
        net.connect(source, target, weight=20e-3, delay=0.4e-3, connectivity=AllToAll())
    found = net.run(0.1)
    assert [len(found.spikes(name)) for name in names] == [59] * 6
