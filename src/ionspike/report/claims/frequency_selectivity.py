"""Synapses as tunable temporal filters: a corner that one bias moves, a neuron with a band, a network that tells rates apart."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from ionspike import plotting
from ionspike.circuit.energy import energy
from ionspike.circuit.facilitation import Facilitation, facilitation
from ionspike.circuit.neurons import Neuron
from ionspike.circuit.rate_response import RateResponse, half_rise_guess, rate_responses
from ionspike.circuit.simulate import Run, simulate_all
from ionspike.circuit.testbench import Bench
from ionspike.device import Ecram
from ionspike.device.trains import Train
from ionspike.network.calibration import COUNTS, FEW, calibrate
from ionspike.network.cell import Cell
from ionspike.network.compare import run_free
from ionspike.network.held_membrane import measure_held
from ionspike.report.claim import Check, Claim, Conditions, Context, Control, Outcome, Picture, circuit_conditions
from ionspike.report.claims.rate_separation import MIXED, SEED, WINDOWS, Separation
from ionspike.report.claims.trimmed import soma, spike_width, trimmed
from ionspike.spikes import regular
from ionspike.units import show

_BIASES = (2.0, 1.0, 0.5)  # of the trimmed delay bias
_OFF_COUNT = 20  # pulses of the control
_LIBRARY_WIDTHS = (4.8e-9, 9.0e-9, 17.6e-9)  # s, the widths these biases gave; used where nothing can be measured
_LOW_EDGE, _BAND, _HIGH_EDGE = (15.0, 20.0, 30.0), (60.0, 80.0, 100.0, 120.0), (240.0, 320.0, 480.0)
_SECONDS, _SKIPPED = 0.3, 10  # counted time at each rate, after the first input pulses
_WIDTH = 19e-9  # s, input pulses of the band
_HIGH_SCALE = 0.05  # channel width of the second neuron against the reference card


def band_bench(neuron: Neuron) -> Bench:
    """The bench of the band: a small membrane, a constant leak, pulses of 19 ns from 0.57 V."""
    small = neuron.with_(membrane=1e-12, leak_bias=5.7e-12)
    return Bench(neuron=small, width=_WIDTH, read_rail=0.57, switch=1.0, edge=5e-9, max_step=5e-5)


def measure(context: Context) -> Outcome:
    """Corner, band and network; without transistors what the law and the library's cells say."""
    corners, off = _corners(context)
    cells = _cells(context)
    band = _band(context, cells["band-pass"])
    separation = Separation.measure(cells["band-pass"], cells["high-pass"])
    static = separation.control()
    checks = [*_corner_checks(corners, context), *_band_checks(band)]
    checks.append(Check("dprime", separation.dprime, "", 2.0, None, "predicted"))
    control = [*_band_controls(band)]
    if context.setting is not None:
        flat = max(float(np.abs(item.gains - 1).max()) for item in off)
        control.insert(0, Control("response-off", 100 * flat, "%", None, 2.0))
    control.append(Control("dprime-off", static.dprime, "", None, max(separation.dprime / 3, 0.0)))
    if context.setting is not None:
        conditions = circuit_conditions(context)
    else:
        conditions = Conditions(engine="network", version="cells of the package")
    return Outcome(
        tuple(checks),
        tuple(control),
        conditions,
        _pictures(corners, band, separation, context),
        _notes(context, corners, cells, band, separation, static),
        datasets={"band": band.dataset(), "mixed": separation.dataset()},
    )


# --- (a) the corner -----------------------------------------------------------------------------------------------------------


def _corners(context: Context) -> tuple[list[RateResponse], list[Facilitation]]:
    """The rate response at three delay biases, and a train at one of them with the volatile part off."""
    if context.setting is None:
        return [], []
    neuron, device = trimmed(context), context.reference
    shares = (1.0,) if context.quick else (0.87, 1.15)
    sources = [neuron.with_(delay_bias=factor * neuron.delay_bias) for factor in _BIASES]
    # the width goes about as the inverse of the bias: near enough to know where to look
    guesses = [half_rise_guess(device, spike_width(context) / factor) for factor in _BIASES]
    live = neuron.with_(synapse=device)
    around = [[share * guess for share in shares] for guess in guesses]
    fast_count = 28 if context.quick else 44
    found = rate_responses(live, sources, around, context.fine, context.workers, fast_count)
    context.progress(f"half-rise at {', '.join(f'{item.half_rise:.0f}' for item in found)} Hz")
    return found, facilitation(live.without_volatile(), neuron, guesses[1:2], context.fine, _OFF_COUNT, workers=1)


def _half_rises(corners: list[RateResponse], context: Context) -> tuple[list[float], list[float]]:
    """By SPICE and by the law (Hz); the law alone where nothing could be measured."""
    if corners:
        return [item.half_rise for item in corners], [item.law_half_rise for item in corners]
    law = [half_rise_guess(context.reference, width) for width in _LIBRARY_WIDTHS]
    return law, law


def _corner_checks(corners: list[RateResponse], context: Context) -> list[Check]:
    rates, law = _half_rises(corners, context)
    octaves = float(np.log2(max(rates) / min(rates))) if all(value > 0 for value in law) else 0.0
    error = max(abs(r / value - 1) if value > 0 else 1.0 for r, value in zip(rates, law, strict=True))
    checks = [Check("octaves", octaves, "", 1.0, None, "predicted")]
    return [*checks, Check("half-rise-law", 100 * error, "%", None, 2.0, "independent")] if corners else checks


# --- (b) the band -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Band:
    """Output spikes in 0.3 s against the rate of the input, in ngspice (live and with the volatile part off) and in the network."""

    rates: np.ndarray
    spice: np.ndarray | None
    off: np.ndarray | None
    network: np.ndarray
    runs: list[Run]

    def counts(self, rates: tuple[float, ...]) -> np.ndarray:
        """All counts at these rates, of every engine that ran."""
        chosen = np.isin(self.rates, rates)
        return np.concatenate([c[chosen] for c in (self.spice, self.network) if c is not None])

    def dataset(self) -> xr.Dataset:
        """The counts."""
        columns = {"network": self.network, "spice": self.spice, "volatile_off": self.off}
        made = {name: ("rate", values) for name, values in columns.items() if values is not None}
        return xr.Dataset(made, {"rate": ("rate", self.rates, {"units": "Hz"})}, {"seconds": _SECONDS})


def _cells(context: Context) -> dict[str, Cell]:
    if context.setting is None:
        return {name: Cell.load(name) for name in ("band-pass", "high-pass")}
    return calibrated_cells(context)


def calibrated_cells(context: Context) -> dict[str, Cell]:
    """The cells of band and network, calibrated on the context's engine."""
    neuron = trimmed(context)
    benches = {
        "band-pass": band_bench(neuron.with_(synapse=context.band_pass)),
        "high-pass": band_bench(neuron.with_(synapse=high_card(context.reference, spike_width(context)))),
    }
    held = measure_held(benches["band-pass"], context.spice, context.workers, like=soma(context))
    rates = {"band-pass": (90.0, 200.0), "high-pass": (800.0, 2000.0)}
    counts = FEW if context.quick else COUNTS
    cells = {n: calibrate(b, context.spice, held, context.workers, rates[n], counts) for n, b in benches.items()}
    context.progress("cells of band and network calibrated")
    return cells


def high_card(reference: Ecram, width: float) -> Ecram:
    """The reference device in a narrower channel, its flux scaled so that a pulse of the band inserts what a spike does."""
    narrow = reference.scaled(_HIGH_SCALE, "high-pass")
    return replace(narrow, gate=replace(narrow.gate, J_lim=narrow.gate.J_lim * width / _WIDTH))


def _band(context: Context, cell: Cell) -> Band:
    rates = (30.0, 60.0, 120.0, 240.0) if context.quick else (*_LOW_EDGE, *_BAND, *_HIGH_EDGE)
    trains = [regular(rate, round(_SECONDS * rate) + _SKIPPED + 1) for rate in rates]
    network = [_count(run_free(cell, t, t[-1] + 1 / r).spikes, t) for t, r in zip(trains, rates, strict=True)]
    if context.setting is None:
        return Band(np.array(rates), None, None, np.array(network), [])
    plans = [("on", k, rate) for k, rate in enumerate(rates)]
    # the control asks for the upper edge only
    plans += [("off", k, rate) for k, rate in enumerate(rates) if rate in (*_BAND[-1:], *_HIGH_EDGE[:1])]
    plans.sort(key=lambda plan: -len(trains[plan[1]]))
    cards = {"on": context.band_pass, "off": context.band_pass.without_volatile()}
    work = []
    for name, k, rate in plans:
        bench = band_bench(trimmed(context).with_(synapse=cards[name]))
        work.append((bench.with_(pulses=tuple(trains[k])), trains[k][-1] + 1 / rate))
    runs = dict(zip(plans, simulate_all(work, context.spice, context.workers), strict=True))
    counts = {name: np.full(len(rates), -1) for name in cards}
    for (name, k, _), run in runs.items():
        counts[name][k] = _count(run.spike_times, trains[k])
    live = [run for (name, _, _), run in runs.items() if name == "on"]
    return Band(np.array(rates), counts["on"], counts["off"], np.array(network), live)


def _count(spikes: np.ndarray, train: np.ndarray) -> int:
    return int(np.count_nonzero(spikes > train[_SKIPPED] - 1e-6))


def _band_checks(band: Band) -> list[Check]:
    return [
        Check("low-edge-outputs", float(band.counts(_LOW_EDGE).max()), "", None, 0.0, "predicted"),
        Check("high-edge-outputs", float(band.counts(_HIGH_EDGE).max()), "", None, 0.0, "predicted"),
        Check("band-outputs", float(band.counts(_BAND).min()), "", 2.0, None, "predicted"),
    ]


def _band_controls(band: Band) -> list[Control]:
    if band.off is None:
        return []
    inside, above = (band.off[np.isin(band.rates, rates)].max() for rates in (_BAND[-1:], _HIGH_EDGE[:1]))
    return [Control("outputs-above-band-off", float(above / max(inside, 1)), "", 1.0, None)]


# --- what the report shows ----------------------------------------------------------------------------------------------------


def _notes(
    context: Context,
    corners: list[RateResponse],
    cells: dict[str, Cell],
    band: Band,
    separation: Separation,
    static: Separation,
) -> tuple[str, ...]:
    rates, law = _half_rises(corners, context)
    origin = cells["band-pass"].origin
    made = (
        f"cells calibrated on {origin.engine}, {origin.process}, {origin.corner}, {origin.temperature}, {origin.date}"
    )
    first = f"(a) half-rise {', '.join(f'{r:.0f}' for r in rates)} Hz at {', '.join(f'{b:g}' for b in _BIASES)} times the delay bias"
    if corners:
        widths = ", ".join(show(item.width, "s") for item in corners)
        first += f" (spikes of {widths}); the law says {', '.join(f'{r:.0f}' for r in law)} Hz."
    else:
        first += ", by the law alone: without transistors nothing could be measured here."
    second = f"(b) band-pass card, counts in {_SECONDS} s after the first {_SKIPPED} input pulses; network: {made}."
    spent = [energy(run).core for run in band.runs if len(run.reset_ends) > 2]
    if spent:
        second += f" Energy per output spike in the band {min(spent) * 1e12:.2f} to {max(spent) * 1e12:.2f} pJ, idle power included."
        second += " Control: outputs at 240 Hz over those at 120 Hz, volatile part off."
    third = (
        f"(c) {WINDOWS} windows of 1 s, Poisson at {MIXED[0]:g} or {MIXED[1]:g} Hz in random order (seed {SEED}), one train into both "
        f"neurons. d' {separation.in_windows(0):.1f} in the low windows (mean counts {separation.low[separation.kinds == 0].mean():.1f} and "
        f"{separation.high[separation.kinds == 0].mean():.1f}), {separation.in_windows(1):.1f} in the high ones; the smaller counts. With "
        f"static synapses of the same total charge: {static.in_windows(0):.1f} and {static.in_windows(1):.1f}."
    )
    return first, second, third


def _pictures(corners: list[RateResponse], band: Band, separation: Separation, context: Context) -> tuple[Picture, ...]:
    made, axes = plotting.figure(1, 3, width=9.8, height=3.1)
    sweep = np.geomspace(10, 1e5, 160)
    trains = [item.train for item in corners] or [Train(context.reference, w) for w in _LIBRARY_WIDTHS]
    for k, train in enumerate(trains):
        label = f"{show(train.width, 's', 2)} pulse"
        axes[0].semilogx(sweep, [train.response(f) for f in sweep], color=plotting.COLOURS[k], label=label)
    for k, item in enumerate(corners):
        axes[0].plot(item.rates, item.gains, plotting.MARKERS[k], color=plotting.COLOURS[k])
    axes[0].set(xlabel="rate (Hz)", ylabel="A(f), charge over the first", title="(a) One bias moves the corner")
    axes[0].legend(title="line: law; marks: ngspice")
    if band.spice is not None and band.off is not None:
        axes[1].semilogx(band.rates, band.spice / _SECONDS, marker="o", label="ngspice")
        seen = band.off >= 0
        axes[1].semilogx(band.rates[seen], band.off[seen] / _SECONDS, marker="+", color="0.5", label="volatile off")
    axes[1].semilogx(band.rates, band.network / _SECONDS, "x", color="black", markersize=8, label="network")
    axes[1].set(xlabel="input rate (Hz)", ylabel="output rate (Hz)", title="(b) A neuron with a band")
    # none and hundreds on one axis: the control fires at every input pulse
    axes[1].set_yscale("symlog", linthresh=10.0)
    axes[1].set_ylim(-2.0, 600.0)
    axes[1].set_yticks([0, 10, 30, 100, 300], ["0", "10", "30", "100", "300"])
    axes[1].set_xticks([15, 30, 60, 120, 240, 480], ["15", "30", "60", "120", "240", "480"])
    axes[1].minorticks_off()
    axes[1].legend()
    for kind, marker, label in ((0, "o", f"{MIXED[0]:g} Hz window"), (1, "^", f"{MIXED[1]:g} Hz window")):
        chosen = separation.kinds == kind
        axes[2].plot(separation.low[chosen], separation.high[chosen], marker, alpha=0.7, label=label, linestyle="none")
    axes[2].set(xlabel="spikes of the low neuron in 1 s", ylabel="spikes of the high neuron in 1 s")
    axes[2].set_title("(c) Two neurons, one train")
    axes[2].legend()
    caption = "Frequency selectivity: rate response for three delay biases, a band-pass neuron in both engines, and a two-neuron network."
    return (Picture("frequency-selectivity", caption, made),)


CLAIM = Claim(
    id="frequency-selectivity",
    statement="Synapses act as temporal filters: a bias moves the corner, a neuron passes a band, and a network tells two rates apart.",
    paper="Frequency-selective synapses in networks.",
    measure=measure,
    needs_transistors=False,
)
