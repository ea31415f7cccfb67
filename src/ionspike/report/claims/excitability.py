"""The neuron's own spikes change how excitable it is: through its input, its leak and its delay path."""

from __future__ import annotations

import numpy as np
import xarray as xr

from ionspike import plotting
from ionspike.circuit.excitability import Drive, change, intervals, unevenness
from ionspike.circuit.neurons import Neuron
from ionspike.circuit.simulate import simulate_all
from ionspike.circuit.testbench import Bench
from ionspike.report.claim import Check, Claim, Context, Control, Outcome, Picture, circuit_conditions
from ionspike.report.claims.trimmed import trimmed
from ionspike.spikes import regular

# Regular drive of narrow pulses: more than fifty an interval, so that an interval is known to 2 %; none of them grazes the threshold.
_PERIOD = 3e-6  # s
_INPUT = {"width": 1.8e-9, "switch": 1.0}
_LEAK = {"width": 1.66e-9, "switch": 1.0, "read_rail": 0.6, "fixed_read": 43e3}
_INPUT_SCALE, _LEAK_SCALE = (
    0.15,
    0.1,
)  # channel width against the card's: a wider one moves the membrane too fast for such a drive
_DELAY_RATE, _DELAY_COUNT = 100e3, 60
_RESTS = 6.5  # of tau


def measure(context: Context) -> Outcome:
    """All six benches, live and control, side by side."""
    neuron, card = trimmed(context), context.reference
    rest = _RESTS * max(p.tau for p in card.populations)
    drives = {"input": Drive(_PERIOD, 570, 260, rest), "leak": Drive(_PERIOD, 730)}
    quiet = {"input": Drive(_PERIOD, 420), "leak": Drive(_PERIOD, 270)}
    # in the delay path a channel of low weight: the drop across it has to be seen against kT/q
    cards = {"input": card.scaled(_INPUT_SCALE), "leak": card.scaled(_LEAK_SCALE), "delay": card.with_weight(0.0)}
    benches = {}
    for place, arguments in (("input", _INPUT), ("leak", _LEAK)):
        live = neuron.with_(**{place: cards[place]})
        benches[place] = drives[place].bench(live, **arguments)
        benches[f"{place}-off"] = quiet[place].bench(live.without_volatile(), **arguments)
    live = neuron.with_(delay=cards["delay"])
    # widths are compared to parts in a thousand, so at a tenth of the tolerance
    delays = simulate_all([_delay_bench(n) for n in (live, live.without_volatile())], context.fine, context.workers)
    names = sorted(benches, key=lambda name: -len(benches[name][0].pulses))  # the longest first, so that no core waits
    runs = dict(zip(names, simulate_all([benches[n] for n in names], context.spice, context.workers), strict=True))
    trains = {place: intervals(runs[place], drives[place]) for place in drives}
    flat = {place: intervals(runs[f"{place}-off"], quiet[place])[0] for place in quiet}
    widths, widths_off = (run.widths for run in delays)
    first, again = trains["input"]
    recovery = abs(again[1] / first[1] - 1) if min(len(first), len(again)) > 1 else 1.0
    shortest = min(float(values.min()) for pair in trains.values() for values in pair if len(values))
    checks = (
        Check("input-interval", -100 * change(first), "%", 10.0, None, "predicted"),
        Check("input-recovery", 100 * float(recovery), "%", None, 5.0, "predicted"),
        Check("leak-interval", 100 * change(trains["leak"][0]), "%", 10.0, None, "predicted"),
        Check("delay-width", 100 * abs(change(widths)), "%", 5.0, None, "predicted"),
        Check("drive-period", 100 * _PERIOD / shortest, "%", None, 2.0, "predicted"),
    )
    control = (
        Control("input-off", 100 * unevenness(flat["input"]), "%", None, 1.0),
        Control("leak-off", 100 * unevenness(flat["leak"]), "%", None, 1.0),
        Control("delay-off", 100 * unevenness(widths_off), "%", None, 1.0),
    )
    notes = (
        "input-interval: by how much the mean of the last five intervals is shorter than the second; leak-interval: by how much "
        "longer; delay-width: the same change of the spike's width, by size. input-recovery: second interval after a rest of "
        f"{_RESTS:g} tau against that of the first train. drive-period: drive period over the shortest interval.",
        f"Channels {_INPUT_SCALE} and {_LEAK_SCALE} times as wide as the card's in input and leak path, at w = 0 in the delay path, "
        "where the channel rests at 0 V. Benches: input path, pulses of 1.8 ns from 0.45 V; leak path opened by the input "
        "pulse, pulses of 1.66 ns from 0.6 V over 43 kohm; delay path, pulses of 9 ns at 100 kHz.",
    )
    data = {"intervals": _dataset(trains, flat, widths, widths_off)}
    pictures = _pictures(trains, flat, widths, widths_off)
    return Outcome(checks, control, circuit_conditions(context), pictures, notes, datasets=data)


def _delay_bench(neuron: Neuron) -> tuple[Bench, float]:
    return Bench(neuron=neuron, pulses=tuple(regular(_DELAY_RATE, _DELAY_COUNT))), (_DELAY_COUNT + 1) / _DELAY_RATE


def _dataset(trains: dict, flat: dict, widths: np.ndarray, widths_off: np.ndarray) -> xr.Dataset:
    series = {
        f"{place}_{name}": values
        for place, pair in trains.items()
        for name, values in zip(("first", "again"), pair, strict=True)
    }
    series |= {f"{place}_off": values for place, values in flat.items()}
    series |= {"delay_width": widths, "delay_width_off": widths_off}
    return xr.Dataset({name: (f"k_{name}", values, {"units": "s"}) for name, values in series.items()})


def _pictures(trains: dict, flat: dict, widths: np.ndarray, widths_off: np.ndarray) -> tuple[Picture, ...]:
    made, axes = plotting.figure(1, 3, width=9.4, height=2.9)
    for axis, place in zip(axes, ("input", "leak"), strict=False):
        first, again = trains[place]
        axis.plot(np.arange(1, len(first) + 1), first * 1e6, marker="o", label="first train")
        if len(again):
            axis.plot(np.arange(1, len(again) + 1), again * 1e6, marker="s", label="after a rest")
        axis.plot(np.arange(1, len(flat[place]) + 1), flat[place] * 1e6, marker="+", color="0.5", label="volatile off")
        axis.set(xlabel="interval", ylabel="interval (us)", title=f"ECRAM in the {place} path")
    axes[2].plot(np.arange(1, len(widths) + 1), widths * 1e9, marker="o", label="live")
    axes[2].plot(np.arange(1, len(widths_off) + 1), widths_off * 1e9, marker="+", color="0.5", label="volatile off")
    axes[2].set(xlabel="spike", ylabel="spike width (ns)", title="In the delay path")
    for axis in axes:
        plotting.from_zero(axis)
        axis.legend()
    caption = "Intervals between the neuron's spikes, and their width, while its own spikes gate an ECRAM in one of its paths."
    return (Picture("excitability", caption, made),)


CLAIM = Claim(
    id="excitability",
    statement="A neuron whose own spikes gate an ECRAM in its input, leak or delay path becomes more or less excitable, and recovers.",
    paper="Intrinsic excitability modulation as the second form of short-term plasticity.",
    measure=measure,
)
