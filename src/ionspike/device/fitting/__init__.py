"""Measured traces in, a device out."""

from ionspike.device.fitting.fit import Fit, fit
from ionspike.device.fitting.shape import Shape

__all__ = ["Fit", "Shape", "fit"]
