"""Charge of a pulse in the steady state of a train against its rate, measured on transistors, and the rate where it is half-way up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from ionspike.circuit.facilitation import Facilitation, read_train, train_bench
from ionspike.circuit.neurons import Neuron
from ionspike.circuit.simulate import Setting, simulate_all
from ionspike.device.ecram import Ecram
from ionspike.device.follow import follow
from ionspike.device.trains import Train
from ionspike.errors import InputError

Array = NDArray[np.float64]

_HOLD = 0.2  # V, the membrane
_SETTLING = 2.5  # of the slowest tau; near the half-rise a train settles twice as fast as its device relaxes
_FAST = 150e3  # Hz: pulses so close that the gate is nearly held on; the state they end in says how nearly


@dataclass(frozen=True)
class RateResponse:
    """A(f) at a few rates (Hz) around the half-rise, its value with the gate held on, and the half-rise by SPICE and by the law.

    ``train`` is the law's closed form for the pulse that SPICE made: as wide as gives the state that SPICE's first pulse left, with the
    read switch's resistance in series.
    """

    rates: Array
    gains: Array
    held: float
    width: float
    half_rise: float
    law_half_rise: float
    train: Train


def rate_responses(
    neuron: Neuron,
    sources: Sequence[Neuron],
    around: Sequence[Sequence[float]],
    setting: Setting,
    workers: int | None = None,
    fast_count: int = 44,
) -> list[RateResponse]:
    """For each of ``sources``, whose spikes gate and read the synapse of ``neuron``: trains at each of its rates (Hz) in ``around``,
    long enough to settle, membrane held. All runs go side by side. ``fast_count`` pulses stand for a gate held on."""
    device = neuron.synapse
    if device is None:
        raise InputError("the neuron has no synapse; expected an ECRAM at 'synapse'")
    settle = _SETTLING * max(p.tau for p in device.populations)
    plans = [
        (k, rate, count)
        for k, rates in enumerate(around)
        for rate, count in [*((r, max(round(settle * r), 2)) for r in rates), (_FAST, fast_count)]
    ]
    # the longest first, so that no core waits at the end
    plans.sort(key=lambda plan: -plan[2])
    work = [train_bench(neuron, sources[k], rate, count, _HOLD) for k, rate, count in plans]
    done: dict[tuple[int, float], Facilitation] = {}
    for (k, rate, _), run in zip(plans, simulate_all(work, setting, workers), strict=True):
        done[k, rate] = read_train(run, rate)
    return [_response([done[k, r] for r in rates], done[k, _FAST]) for k, rates in enumerate(around)]


def _response(items: list[Facilitation], fast: Facilitation) -> RateResponse:
    device = fast.run.device("synapse")
    gains, rates = np.array([item.gains[-1] for item in items]), np.array([item.rate for item in items])
    first = items[0]
    width = float(first.run.input_ends[0] - first.run.input_times[0])
    held = _held_on(device, fast)
    train = _equivalent_train(device, first)
    level = 0.5 * (1 + held)
    try:
        law = train.half_rise()
    except InputError:
        return RateResponse(rates, gains, held, width, float(rates[0]), 0.0, train)
    return RateResponse(rates, gains, held, width, _crossing(rates, gains, level, train), law, train)


def _crossing(rates: Array, gains: Array, level: float, train: Train) -> float:
    """The rate (Hz) at which the measured A is at ``level``: from each measured point along the law's slope there, in the mean."""
    found = []
    for rate, gain in zip(rates, gains, strict=True):
        slope = (train.response(rate * 1.05) - train.response(rate / 1.05)) / (2 * np.log(1.05))
        found.append(np.log(rate) + (level - gain) / slope)
    return float(np.exp(np.mean(found)))


def half_rise_guess(device: Ecram, width: float) -> float:
    """Where to look for the half-rise (Hz) with pulses of ``width`` (s); 1/tau where the device has no gain."""
    try:
        return Train(device, width, v_channel=_HOLD, v_idle=_HOLD).half_rise()
    except InputError:
        return 1 / device.populations[0].tau


def _held_on(device: Ecram, fast: Facilitation) -> float:
    """A for a gate held on: that of the fast train, carried over the last per cents to where its slowest state would end."""
    run = fast.run
    before = run.states("synapse")[np.searchsorted(run.time, run.input_times[-1] - 3e-9)]
    on = device.at_rest(run.bench.supply, _HOLD, _HOLD)
    resting = device.at_rest(0.0, _HOLD, _HOLD)
    share = (device.conductance(before) - device.conductance(resting)) / (
        device.conductance(on) - device.conductance(resting) or 1.0
    )
    gain = float(fast.gains[-1]) - 1
    return 1 + (gain / float(share) if share > 0.5 else gain)


def _equivalent_train(device: Ecram, first: Facilitation) -> Train:
    run = first.run
    states = follow(device, run.time, *run.terminals("synapse"))
    reached = float(np.interp(run.input_ends[0] + 10e-9, run.time, states[:, 0]))
    rest = device.at_rest(0.0, _HOLD, _HOLD)

    def miss(width: float) -> float:
        return float(device.advance(rest, run.bench.supply, _HOLD, _HOLD, width)[0]) - reached

    guess = float(run.input_ends[0] - run.input_times[0])
    width = float(brentq(miss, 0.2 * guess, 3 * guess, xtol=1e-14))  # type: ignore[arg-type]
    # what the read switch drops bends A(f) and moves its half-way point by some per cent
    middle = 0.5 * (run.input_times[0] + run.input_ends[0])
    drain = float(run.waveforms.at("v(a)", middle))
    current = float(np.interp(middle, run.time, run.conductance("synapse"))) * (drain - _HOLD)
    series = (run.bench.read_rail - drain) / current
    return Train(device, width, run.bench.supply, _HOLD, _HOLD, series)
