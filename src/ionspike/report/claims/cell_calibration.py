"""A cell extracted from a few SPICE runs predicts unseen ones: the next spike, the rate and the energy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from ionspike import plotting
from ionspike.circuit.simulate import Run, simulate_all
from ionspike.circuit.testbench import Bench
from ionspike.network.calibration import COUNTS, FEW, calibrate
from ionspike.network.cell import Cell
from ionspike.network.compare import Free, Interval, intervals_from_resets, run_free
from ionspike.network.held_membrane import Held
from ionspike.report.claim import Check, Claim, Context, Control, Outcome, Picture, circuit_conditions
from ionspike.report.claims.trimmed import soma, spike_width, trimmed
from ionspike.spikes import poisson
from ionspike.units import show

# channel width against the card's, and input pulses a run: about 4, 8 and 16 pulses per output spike
_WEIGHTS = {"weight 0.33": (0.33, 100), "weight 0.15": (0.15, 190), "weight 0.08": (0.08, 360)}
_RATES = (1e3, 3e3, 10e3, 30e3)  # Hz; the cell is calibrated at 3 kHz
_CALIBRATED = 3e3
_SEEDS = (11, 12, 13)  # the calibration runs use seeds 1 and 2
# ten runs are the fewest in which nine of ten can be told from all
_QUICK_RATES, _QUICK_SEEDS, _QUICK_PULSES = (1e3, 30e3), (11, 12, 13, 14, 15), 150
_REPEATED = "weight 0.15"  # the weight at which SPICE is run against itself


@dataclass(frozen=True)
class Condition:
    """Unseen runs of one weight and rate, all seeds, with what the cell and its control make of them."""

    weight: str
    rate: float
    runs: list[Run]
    cell: list[list[Interval]]
    plain: list[list[Interval]]
    free: list[Free]
    plain_free: list[Free]

    def share(self, intervals: list[list[Interval]], within: int = 0) -> tuple[int, int]:
        """Intervals whose next spike falls on the same input pulse (give or take ``within``), and all intervals."""
        every = [i for run in intervals for i in run]
        return sum(i.hits(within) for i in every), len(every)

    def rate_error(self, free: list[Free]) -> float:
        """Free-running rate against SPICE's, all seeds pooled, as a share."""
        return sum(len(f.spikes) for f in free) / sum(len(r.spike_times) for r in self.runs) - 1

    def energy_errors(self, cell: Cell) -> list[float]:
        """Free-running energy against SPICE's, run by run, as a share."""
        return [f.energy_error(cell, run) for f, run in zip(self.free, self.runs, strict=True)]


def measure(context: Context) -> Outcome:
    """Calibrate at each weight, then meet runs that no calibration has seen."""
    held = soma(context)
    names = [_REPEATED] if context.quick else list(_WEIGHTS)
    rates, seeds = (_QUICK_RATES, _QUICK_SEEDS) if context.quick else (_RATES, _SEEDS)
    benches, cells = {}, {}
    for name in names:
        device = context.reference.scaled(_WEIGHTS[name][0])
        benches[name] = Bench(neuron=trimmed(context).with_(synapse=device), width=spike_width(context))
        given = FEW if context.quick else COUNTS
        cells[name] = calibrate(benches[name], context.spice, held, context.workers, counts=given)
        context.progress(f"{name} calibrated")
    counts = {name: _QUICK_PULSES if context.quick else _WEIGHTS[name][1] for name in names}
    conditions = _conditions(context, benches, cells, rates, seeds, counts)
    repeated = [c for c in conditions if c.weight == _REPEATED]
    again = _spice_against_itself(context, repeated[-1:] if context.quick else repeated)
    checks, control = _checks(conditions, cells)
    return Outcome(
        checks,
        control,
        circuit_conditions(context),
        _pictures(conditions, cells, held),
        _notes(conditions, cells, held, again, len(seeds)),
        datasets={"conditions": _dataset(conditions), "waits": _waits(held, trimmed(context).membrane)},
    )


def _conditions(
    context: Context,
    benches: dict[str, Bench],
    cells: dict[str, Cell],
    rates: Sequence[float],
    seeds: Sequence[int],
    counts: dict[str, int],
) -> list[Condition]:
    jobs = [(name, rate, seed) for name in benches for rate in rates for seed in seeds]
    work = []
    for name, rate, seed in jobs:
        pulses = poisson(rate, counts[name], seed)
        work.append((benches[name].with_(pulses=tuple(pulses)), pulses[-1] + 1 / rate))
    # the longest first, so that no core waits at the end
    order = sorted(range(len(work)), key=lambda k: -len(work[k][0].pulses) - 1e3 * work[k][1])
    done = simulate_all([work[k] for k in order], context.spice, context.workers)
    runs = dict(zip([jobs[k] for k in order], done, strict=True))
    context.progress(f"{len(runs)} unseen runs finished")
    conditions = []
    for name in benches:
        cell, plain = cells[name], cells[name].without_plasticity()
        for rate in rates:
            own = [runs[name, rate, seed] for seed in seeds]
            conditions.append(
                Condition(
                    name,
                    rate,
                    own,
                    [intervals_from_resets(cell, run) for run in own],
                    [intervals_from_resets(plain, run) for run in own],
                    [run_free(cell, run.input_times, float(run.time[-1])) for run in own],
                    [run_free(plain, run.input_times, float(run.time[-1])) for run in own],
                )
            )
    return conditions


def _spice_against_itself(context: Context, conditions: list[Condition]) -> float:
    """Share of output spikes on the same input pulse in SPICE at a tenth of the tolerance, both running free."""
    first = [c.runs[0] for c in conditions]
    again = simulate_all([(run.bench, float(run.time[-1])) for run in first], context.fine, context.workers)
    same = total = 0
    for loose, tight in zip(first, again, strict=True):
        a, b = _after(loose), _after(tight)
        same, total = same + len(np.intersect1d(a, b)), total + len(b)
    return same / max(total, 1)


def _after(run: Run) -> np.ndarray:
    """The index of the last input pulse before each output spike."""
    return np.searchsorted(run.input_times, run.spike_times) - 1


def _pooled(conditions: list[Condition], kind: str, within: int = 0) -> float:
    counts = [c.share(getattr(c, kind), within) for c in conditions]
    return 100 * sum(a for a, _ in counts) / sum(n for _, n in counts)


def _checks(conditions: list[Condition], cells: dict[str, Cell]) -> tuple[tuple[Check, ...], tuple[Control, ...]]:
    lowest = min(100 * a / n for a, n in (c.share(c.cell) for c in conditions))
    rate = 100 * max(abs(c.rate_error(c.free)) for c in conditions)
    errors = np.sort([abs(e) for c in conditions for e in c.energy_errors(cells[c.weight])])
    ninth = 100 * float(errors[int(np.ceil(0.9 * len(errors))) - 1])
    ends = {c.rate for c in conditions if c.rate != _CALIBRATED}
    ends = {min(ends), max(ends)}
    off = [max(100 * abs(c.rate_error(c.plain_free)) for c in conditions if c.rate == end) for end in ends]
    checks = (
        Check("same-pulse", _pooled(conditions, "cell"), "%", 95.0, None, "predicted"),
        Check("same-pulse-lowest", lowest, "%", 90.0, None, "predicted"),
        Check("within-one-pulse", _pooled(conditions, "cell", 1), "%", 99.0, None, "predicted"),
        Check("rate-error", rate, "%", None, 3.0, "predicted"),
        Check("energy-error", ninth, "%", None, 5.0, "predicted"),
    )
    control = (
        Control("same-pulse-no-stp", _pooled(conditions, "plain"), "%", None, 60.0),
        Control("rate-error-no-stp", min(off), "%", 10.0, None),
    )
    return checks, control


def _notes(
    conditions: list[Condition], cells: dict[str, Cell], held: Held, again: float, seeds: int
) -> tuple[str, ...]:
    free = [
        np.intersect1d(f.after_pulse, _after(r)).size for c in conditions for f, r in zip(c.free, c.runs, strict=True)
    ]
    spikes = sum(len(r.spike_times) for c in conditions for r in c.runs)
    counts = [np.array([i.given for run in c.cell for i in run]) for c in conditions]
    constant = sum(np.bincount(n).max() for n in counts) / sum(len(n) for n in counts)
    chance = sum(float((np.bincount(n) / len(n) @ np.bincount(n) / len(n)) * len(n)) for n in counts)
    chance /= sum(len(n) for n in counts)
    pulses = [len(r.input_times) / len(r.spike_times) for c in conditions for r in c.runs]
    rates = ", ".join(show(r, "Hz") for r in sorted({c.rate for c in conditions}))
    return (
        f"{sum(len(c.runs) for c in conditions)} unseen runs ({spikes} output spikes, {seeds} seeds pooled), Poisson input with a dead "
        f"time of 1 us at {rates}, {min(pulses):.1f} to {max(pulses):.1f} input pulses per output spike; calibrated at 3 and 30 kHz "
        "on another seed, at the same tolerance. same-pulse: the cell is put into the reset state at every SPICE output spike, "
        "with its own synaptic state, and has to find the input pulse of the next one.",
        f"Beside it: best constant count {100 * constant:.0f} %, chance {100 * chance:.0f} %, the cell running free to the end "
        f"{100 * sum(free) / spikes:.0f} % of spikes on the same pulse, SPICE against itself at a tenth of the tolerance, "
        f"running free ({_REPEATED}), {100 * again:.0f} %.",
        "energy-error: error that nine runs of ten stay below. rate-error-no-stp: largest error of the rate at the slowest and at "
        "the fastest input, the smaller of the two. The cell without short-term plasticity keeps the mean state of the "
        "calibration run.",
        f"Threshold stage: waits from {held.waits[:, 1].min() * 1e6:.2g} to {held.waits[:, 1].max() * 1e6:.3g} us with the membrane held, "
        f"met within {100 * held.error:.1f} %. A spike costs {next(iter(cells.values())).soma.spike_energy * 1e15:.0f} fJ, a pulse "
        f"{next(iter(cells.values())).synapse.pulse_energy * 1e15:.0f} fJ, beside the charge and the static current.",
    )


def _dataset(conditions: list[Condition]) -> xr.Dataset:
    def column(kind: str, within: int = 0) -> list[float]:
        return [100 * a / n for a, n in (c.share(getattr(c, kind), within) for c in conditions)]

    return xr.Dataset(
        {
            "weight": ("condition", [c.weight for c in conditions]),
            "rate": ("condition", [c.rate for c in conditions], {"units": "Hz"}),
            "same_pulse": ("condition", column("cell"), {"units": "%"}),
            "within_one": ("condition", column("cell", 1), {"units": "%"}),
            "same_pulse_no_stp": ("condition", column("plain"), {"units": "%"}),
            "rate_error": ("condition", [c.rate_error(c.free) for c in conditions], {"units": "1"}),
            "rate_error_no_stp": ("condition", [c.rate_error(c.plain_free) for c in conditions], {"units": "1"}),
        }
    )


def _waits(held: Held, membrane: float) -> xr.Dataset:
    return xr.Dataset(
        {
            "spice": ("voltage", held.waits[:, 1], {"units": "s"}),
            "cell": ("voltage", held.waits[:, 2], {"units": "s"}),
        },
        {"voltage": ("voltage", held.waits[:, 0], {"units": "V"})},
        {
            "leak_A": float(np.interp(0.5 * held.threshold, held.voltage, held.leak)),
            "threshold_V": held.threshold,
            "membrane_F": membrane,
        },
    )


def _pictures(conditions: list[Condition], cells: dict[str, Cell], held: Held) -> tuple[Picture, ...]:
    made, axes = plotting.figure(1, 3, width=9.6, height=3.0)
    names = list(dict.fromkeys(c.weight for c in conditions))
    for k, name in enumerate(names):
        own = [c for c in conditions if c.weight == name]
        rates = [c.rate for c in own]
        style = {"color": plotting.COLOURS[k], "marker": plotting.MARKERS[k]}
        axes[0].semilogx(rates, [_pooled([c], "cell") for c in own], label=name, **style)
        axes[0].semilogx(rates, [_pooled([c], "plain") for c in own], linestyle=":", markerfacecolor="none", **style)
        axes[1].semilogx(rates, [100 * c.rate_error(c.free) for c in own], label=name, **style)
        axes[1].semilogx(
            rates, [100 * c.rate_error(c.plain_free) for c in own], linestyle=":", markerfacecolor="none", **style
        )
    axes[0].axhline(95, color="0.5", linewidth=0.8)
    axes[0].set(xlabel="input rate (Hz)", ylabel="next spike on the same pulse (%)", ylim=(0, 104))
    axes[0].set_title("Next spike (dotted: without STP)")
    axes[0].legend()
    axes[1].set(xlabel="input rate (Hz)", ylabel="error of the rate (%)", title="Rate, running free")
    axes[2].loglog(held.waits[:, 0] * 1e3, held.waits[:, 1] * 1e6, "o", label="ngspice")
    axes[2].loglog(held.waits[:, 0] * 1e3, held.waits[:, 2] * 1e6, "-", color="black", label="cell")
    axes[2].set(xlabel="membrane held at (mV)", ylabel="wait before the spike (us)", title="The threshold is a wait")
    axes[2].set_xticks([260, 300, 350, 420], ["260", "300", "350", "420"], minor=False)
    axes[2].minorticks_off()
    axes[2].legend()
    caption = "The calibrated cell on unseen SPICE runs with irregular input, with and without short-term plasticity, and its wait."
    return (Picture("cell-calibration", caption, made),)


CLAIM = Claim(
    id="cell-calibration",
    statement="A cell extracted from SPICE finds the next output spike, the rate and the energy of runs it has not seen.",
    paper="Circuit-level short-term plasticity carried to network simulation.",
    measure=measure,
)
