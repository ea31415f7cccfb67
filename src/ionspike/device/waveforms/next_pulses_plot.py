"""The picture of :class:`~ionspike.device.waveforms.next_pulses.NextPulses`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ionspike.device.waveforms.next_pulses import NextPulses
from ionspike.device.waveforms.waveform import simulate
from ionspike.plotting import COLOURS, MARKERS, figure, look

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def next_pulses_figure(proposal: NextPulses) -> Figure:
    """Gate and conductance of the proposed waveform above, standard deviations before and after below."""
    made, axes = figure(3, 1, height=6.4, height_ratios=[1, 1, 1.7])
    waveform, unknown = proposal.waveform, 1.0
    fine = np.linspace(waveform.start, waveform.start + waveform.duration, 6000)
    with look():
        axes[0].plot(fine, waveform.at(fine), linewidth=0.8, drawstyle="steps-post", color=COLOURS[0])
        axes[0].set_ylabel("gate (V)")
        axes[0].set_title(
            f"proposed for {proposal.device.name}: {len(waveform.levels)} levels in {waveform.duration:g} s"
        )
        axes[1].plot(fine, 1e6 * simulate(proposal.device, waveform, fine), linewidth=0.8, color=COLOURS[0])
        axes[1].set_ylabel("conductance (µS)")
        axes[1].set_xlabel("time (s)")
        place = np.arange(len(proposal.before.names))
        series = [
            ("records in hand", proposal.before),
            ("with the fixed ladder", proposal.ladder),
            ("with the proposal", proposal.after),
        ]
        for k, (label, deviations) in enumerate(series):
            share = 100 * np.minimum(deviations.shares, unknown)
            axes[2].plot(place, share, linestyle="", marker=MARKERS[k], color=COLOURS[k], label=label)
        axes[2].set_yscale("log")
        axes[2].set_ylabel("standard deviation (%)")
        axes[2].set_xticks(
            place, [name.replace("population", "pop. ") for name in proposal.before.names], rotation=40, ha="right"
        )
        axes[2].set_title("volts as a share of V_0; 100 %: not known")
        axes[2].legend()
    return made
