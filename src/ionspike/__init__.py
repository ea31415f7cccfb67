"""ionspike: from the measured pulse response of an ECRAM to spiking networks that compute with it.

    >>> import ionspike as isp
    >>> ecram = isp.device.Ecram.load("reference")
    >>> neuron = isp.circuit.DelayFeedbackLIF(delay_bias="1.56 nA", synapse=ecram)
    >>> run = isp.circuit.simulate_pulses(neuron, isp.spikes.regular(rate="1 kHz", count=20))

Layers are imported when they are first used, so that ``import ionspike`` is quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ionspike import circuit, device, network, plotting, report, spice, spikes, units

__version__ = "0.1.0"
__all__ = ["__version__", "circuit", "cite", "device", "network", "plotting", "report", "spice", "spikes", "units"]

_LAYERS = frozenset(__all__) - {"__version__", "cite"}


def __getattr__(name: str) -> Any:
    if name in _LAYERS:
        return import_module(f"ionspike.{name}")
    raise AttributeError(f"module 'ionspike' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)


def cite() -> str:
    """What to cite when results of this package are used."""
    return (
        f"ionspike {__version__}; the system: Currie, Borkholder, Manimaran, Han, Merkel, Xu, Das, arXiv:2605.11243 (2026). "
        "Circuit results: ngspice, and the SkyWater SKY130 models (Apache-2.0). See CITATION.cff."
    )
