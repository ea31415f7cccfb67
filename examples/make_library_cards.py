"""Make the library cards that stand for measured or published devices, each as far as its source goes.

    python examples/make_library_cards.py DATA [--out FOLDER] [--only NAME]

DATA is a folder of public records (`ionspike data list`). Cards of records are what the package's own fit says, with the intervals it
gives; cards of published numbers are derived here, line by line.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any

import typer

import ionspike as isp
from ionspike.device import Ecram, Fit, Gate, Population, Spread, Weight
from ionspike.device.fitting import Shape
from ionspike.device.fitting.ramps import fit_ramps
from ionspike.device.fitting.summary import LEVEL, Target, fit_summary
from ionspike.device.parameters import Origin

LIBRARY = Path(isp.device.__file__).parent / "cards"
DIGITS = 6
AGING = {
    "aging.wear_per_pulse": "the dose of one pulse: only its products with wear_on_g, wear_on_a and wear_on_tau exist",
    "aging.fatigue_per_pulse": "the dose of one pulse: only its products with fatigue_on_g, fatigue_on_a and fatigue_on_tau exist",
    "aging.fatigue_on_g": "no fatigue",
    "aging.wear_on_g": "no wear",
}


def oect_1khz(data: Path) -> Ecram:
    """The transistor of the 1 kHz record, under a gate that was inferred."""
    fit = isp.device.fit(isp.device.fetch("oect-1khz", data).read(), name="oect-1khz")
    about = (
        "An ion-gated transistor as fitted to 163 cycles at 1 kHz (record oect-1khz, apparently measured). Its gate was not recorded and "
        "stands for pulses of 1 V; its drain voltage is not known, so conductances are currents over 1 V. "
        + law_of(fit)
    )
    return told(fit.card(), about, {"gate.polarity": "of the inferred gate"})


def oect_slow(data: Path) -> Ecram:
    """The transistor of the slow record, with its loss from cycle to cycle."""
    # of the laws with two populations the one that predicts cycles 8 to 10 from 1 to 7 best (0.75 % of the swing; without c 0.92 %, and an
    # amplitude at its bound)
    shape = Shape(populations=2, cooperative=False, insertion=True, aging=True)
    fit = isp.device.fit(isp.device.fetch("oect-slow", data).read(), name="oect-slow", shape=shape)
    about = (
        "An organic electrochemical transistor (W/L 400/20 um, aqueous KPF6) as fitted to ten 40 s gate pulses of -0.8 V at V_DS = -0.6 V "
        "(record oect-slow). Its channel conducts 1.2 mS when on and next to nothing when off. " + law_of(fit)
    )
    return told(fit.card(), about, {"gate.polarity": "negative pulses make the channel conduct"})


def analog_ramps(data: Path) -> Ecram:
    """The device of the measured weight ramps."""
    fit = fit_ramps(isp.device.fetch("analog-ramps", data).read(), name="analog-ramps")
    about = (
        "An analog memory, not named by its source, as fitted to 39 ramps up and 40 down (record analog-ramps). Voltage, width and pause "
        f"of its pulses are not published: {fit.v_up:.4g} V up and {fit.v_down:.4g} V down, {fit.width:g} s long and {fit.pause:g} s apart, "
        f"are assumed, and every rate stands with them. The law ({fit.shape}) is within {100 * fit.error:.2g} % of the range of the reads, rms. "
        "Its numbers are known together; one by one only where they have an interval."
    )
    falls = {
        f"population{k}.polarity": "filled by pulses down"
        for k, p in enumerate(fit.device.populations, 1)
        if p.polarity < 0
    }
    return told(fit.card(), about, falls)


def zhu_2014(data: Path) -> Ecram:
    """A proton-gated IZO transistor from the summary numbers of its paper."""
    targets = [
        Target("paired", 1.8, time=30e-3),
        Target("gain", 1.0, number=10, rate=1.0),
        Target("gain", 6.6, number=10, rate=50.0),
        Target("tail", math.exp(-1), time=25e-3),
    ]
    made = fit_summary(targets, 10e-3, name="zhu-2014").device
    spike = 0.3 / LEVEL  # the paper's spikes are 0.3 V: the same overpotential in units of V_0
    made = replace(made, gate=replace(made.gate, V_T=made.gate.V_T * spike, V_0=made.gate.V_0 * spike))
    about = (
        "An IZO transistor gated through a proton electrolyte: the law fitted to four numbers of Zhu et al., Nat. Commun. 5, 3158 (2014): "
        "paired-pulse ratio 1.8 at 30 ms, A10/A1 of 1.0 at 1 Hz and 6.6 at 50 Hz, decay to 1/e in 25 ms, for spikes of 0.3 V and 10 ms. "
        "The numbers were read in a secondary digest, not in the paper. Conductances are not published as such and are assumed."
    )
    fitted = "to four summary numbers of the paper, read in a secondary digest; they fix c and s only together"
    values = {"gate.J_lim": made.gate.J_lim} | {
        f"population1.{name}": getattr(made.populations[0], name) for name in ("tau", "c", "s")
    }
    origins = {key: Origin(value, "fitted", fitted, "10.1038/ncomms4158") for key, value in values.items()}
    shares = "assumed", "four ratios of responses do not tell it"
    origins |= {
        "gate.V_T": Origin(made.gate.V_T, "assumed", "half of the 0.3 V spike: one spike amplitude does not tell it"),
        "gate.V_0": Origin(made.gate.V_0, "assumed", "0.3 V is on the plateau and 0 V below the threshold"),
        "population1.g": Origin(made.populations[0].g, *shares),
        "weight.G_min": Origin(made.weight.G_min, *shares),
    }
    return told(replace(made, origins=MappingProxyType(origins)), about, {})


def li_wo3(data: Path) -> Ecram:
    """Li-WO3 ECRAM (Tang et al. 2018) by the step statistics of aihwkit's preset.

    The preset is a linear-step device: steps ``dw (1 - gamma_up w/w_max)`` up and ``dw (1 - gamma_down w/w_min)`` down between hard
    bounds. A weight y of the law with c = d = 0 has steps in proportion to 1 - y and to y: the same two lines, once the bounds are put
    where their ratios are right.
    """
    step, top, bottom, slope_up, slope_down = 0.002, 1.1724, -0.8276, 0.1153, 0.5085
    deviation, step_noise = 0.10, 0.30
    falls = (1 - slope_up) / (1 - slope_up * bottom / top)  # step up at w_max over that at w_min: (1 - y1)/(1 - y0)
    grows = (1 - slope_down * top / bottom) / (1 - slope_down)  # step down likewise: y1/y0
    y0 = (1 - falls) / (grows - falls)
    y1 = grows * y0
    middle = y0 - bottom * (y1 - y0) / (top - bottom)  # w = 0
    moved = step * (y1 - y0) / (top - bottom) / math.sqrt(1 + step_noise**2)  # a pulse's factor has mean sqrt(1 + sd^2)
    up, down = -math.log1p(-moved / (1 - middle)), -math.log1p(-moved / middle)
    width, v_0, threshold, level = 1e-6, 0.052, 1.0, 1.5
    lift = math.log(up / down)  # the pulse up is weaker: its flux lies below the plateau by this ratio
    v_up = threshold + v_0 * (lift - math.log1p(-math.exp(lift)))
    low, window = 10e-6, 10e-6
    whole = window / (y1 - y0)
    preset = "EcRamPresetDevice of aihwkit (IBM/aihwkit 4545f11b), which gives it for Tang et al., IEDM 2018"
    doi = "10.1109/IEDM.2018.8614551"
    scale = "a window of 10 to 20 uS between the preset's bounds: it gives weights without a unit"
    none = "the preset has no volatile state"
    at = "the preset counts pulses and gives no voltage: pulses of 1 us"
    origins = {
        "gate.V_T": Origin(threshold, "assumed", at),
        "gate.V_0": Origin(v_0, "assumed", "2RT/F at 27 C, one electron"),
        "gate.J_lim": Origin(1 / width, "assumed", "a pulse down of 1 us at -1.5 V inserts a share a on the plateau"),
        "population1.tau": Origin(width, "assumed", none),
        "population1.g": Origin(0.0, "assumed", none),
        "population1.a": Origin(0.0, "assumed", none),
        "weight.G_min": Origin(
            low - y0 * whole, "derived", f"y = {y0:.4g} to {y1:.4g} are the preset's bounds; {scale}"
        ),
        "weight.G_max": Origin(
            low + (1 - y0) * whole, "derived", f"y = {y0:.4g} to {y1:.4g} are the preset's bounds; {scale}"
        ),
        "weight.w": Origin(middle, "derived", "the preset's weight 0"),
        "weight.a": Origin(
            down, "derived", "dw_min = 0.002 at weight 0 (gamma_up 0.1153, gamma_down 0.5085), as the mean over pulses"
        ),
        "spread.weight.a": Origin(deviation, "published", f"dw_min_dtod, {preset}", doi),
        "spread.pulse": Origin(step_noise, "published", f"dw_min_std, {preset}", doi),
    }
    card = Ecram(
        "li-wo3-tang-2018",
        Gate(V_T=threshold, V_0=v_0, J_lim=1 / width),
        (Population(tau=width, g=0.0, a=0.0),),
        Weight(G_min=low - y0 * whole, G_max=low + (1 - y0) * whole, w=middle, a=down),
        spread=Spread({"weight.a": deviation}, pulse=step_noise),
        origins=MappingProxyType(origins),
    )
    about = (
        "A non-volatile Li-WO3 ECRAM (Tang et al., IEDM 2018) by the step statistics of aihwkit's preset: size and asymmetry of the steps "
        f"along the range, 10 % from device to device, 30 % from pulse to pulse. Pulses of 1 us: {v_up:.4f} V up, {-level} V down. Without "
        "the preset's hard bounds (the law goes on beyond 10 and 20 uS) and without its spread of range, slope and asymmetry."
    )
    return told(card, about, {})


def nanowire_memristor(data: Path) -> Ecram:
    """A volatile two-terminal nanowire memristor by its rate-balance parameters.

    ``dg/dt = kp (1 - g) - kd g`` with ``kp = kp0 exp(etap V)``, ``kd = kd0 exp(-etad V)``: below the plateau the law's J+ is that kp, and
    its release that kd as far as exp(-etad V) is linear.
    """
    kp0, etap, kd0, etad, g_min, g_max = 3.933e-8, 38.0, 7.5e-3, 0.03, 1.097e-3, 14e-3
    plateau = 1e3
    threshold = math.log(plateau / kp0) / etap
    source = (
        "Miranda, Milano, Ricciardi, IEEE Trans. Nanotechnol. 19, 609 (2020): rate balance; values of "
        "MilanoGianluca/Grid-Graph_Modeling_Memristive_Nanonetworks 5289ba79, an edge of its grid"
    )

    def derived(value: float, how: str) -> Origin:
        return Origin(value, "derived", f"{how}; {source}")

    origins = {
        "gate.V_T": derived(threshold, "kp0 = J_lim exp(-V_T/V_0) = 3.933e-8 s^-1"),
        "gate.V_0": derived(1 / etap, "1/etap, etap = 38 V^-1"),
        "gate.J_lim": Origin(
            plateau, "assumed", "the source has no plateau; far above the rates within 0.5 V, where it holds"
        ),
        "population1.tau": derived(1 / kd0, "1/kd0, kd0 = 7.5e-3 s^-1"),
        "population1.V_d": derived(1 / (2 * etad), "1/(2 etad), etad = 0.03 V^-1"),
        "population1.g": derived(g_max - g_min, "Gmax - Gmin, Gmax = 14 mS"),
        "weight.G_min": Origin(g_min, "published", source),
    }
    card = Ecram(
        "nanowire-memristor",
        Gate(V_T=threshold, V_0=1 / etap, J_lim=plateau, drive="channel"),
        (Population(tau=1 / kd0, g=g_max - g_min, V_d=1 / (2 * etad)),),
        Weight(G_min=g_min),
        origins=MappingProxyType(origins),
    )
    about = (
        "A volatile two-terminal memristor driven by its own bias: one edge of a nanowire network's grid in the rate-balance model "
        "of Miranda, Milano and Ricciardi (2020), for 0 to 0.5 V. The source potentiates at either sign of the bias, the law at the "
        "positive one."
    )
    return told(card, about, {})


def law_of(fit: Fit) -> str:
    """What was fitted and how well, and which amplitudes ended at their bound."""
    swing = max(record.swing for record in fit.records)
    bound = [k for k, p in enumerate(fit.device.populations, 1) if abs(p.g) > 2.97 * swing]
    text = f"The law ({fit.shape}) is within {100 * fit.error:.2g} % of the swing of the record, rms."
    if bound:
        text += f" Amplitude {' and '.join(map(str, bound))} ended at its bound of three swings: the amplitudes are known together, not one by one."
    return text


def told(device: Ecram, about: str, why: dict[str, str]) -> Ecram:
    """The card with its text, every number to six digits, and a reason for values that follow from others."""
    origins = dict(device.origins)
    for name, reason in {**AGING, **why}.items():
        section, _, key = name.partition(".")
        number = section.removeprefix("population")
        part = device.populations[int(number) - 1] if number.isdigit() else getattr(device, section)
        if name in why or part != type(part)():  # a card that does not age says nothing of it
            origins.setdefault(name, Origin(getattr(part, key), "derived", reason))
    rounded = {
        name: replace(o, value=_short(o.value), interval=o.interval and tuple(map(_short, o.interval)))
        for name, o in origins.items()
    }
    members = tuple(_shortened(p, f"population{k}", rounded) for k, p in enumerate(device.populations, 1))
    return replace(
        device,
        gate=_shortened(device.gate, "gate", rounded),
        populations=members,
        weight=_shortened(device.weight, "weight", rounded),
        aging=_shortened(device.aging, "aging", rounded),
        origins=MappingProxyType(rounded),
        about=about,
    )


def _shortened(section: Any, where: str, origins: dict[str, Origin]) -> Any:
    changes = {name.partition(".")[2]: o.value for name, o in origins.items() if name.partition(".")[0] == where}
    if where == "weight":
        changes = {"G_max": 0.0, "G_off": 0.0, **changes}  # where nothing is said of them, they follow G_min
    return replace(section, **changes)


def _short(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


CARDS: dict[str, Callable[[Path], Ecram]] = {
    "oect-1khz": oect_1khz,
    "oect-slow": oect_slow,
    "analog-ramps": analog_ramps,
    "zhu-2014": zhu_2014,
    "li-wo3-tang-2018": li_wo3,
    "nanowire-memristor": nanowire_memristor,
}


def main(
    data: Annotated[Path, typer.Argument(help="Folder of public records.")],
    out: Annotated[Path, typer.Option(help="Folder to write the cards to.")] = LIBRARY,
    only: Annotated[list[str] | None, typer.Option(help="Make this card only; may be repeated.")] = None,
) -> None:
    """Make the library cards."""
    for name in only or CARDS:
        made = CARDS[name](data)
        made.save(out / f"{name}.toml")
        print(made)


if __name__ == "__main__":
    typer.run(main)
