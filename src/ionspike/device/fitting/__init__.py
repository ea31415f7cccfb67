"""Measured traces, ramps or summary numbers in, a device out."""

from ionspike.device.fitting.fit import Fit, fit
from ionspike.device.fitting.ramp_problem import RampShape
from ionspike.device.fitting.ramps import RampFit, fit_ramps
from ionspike.device.fitting.shape import Shape
from ionspike.device.fitting.summary import SummaryFit, Target, fit_summary

__all__ = ["Fit", "RampFit", "RampShape", "Shape", "SummaryFit", "Target", "fit", "fit_ramps", "fit_summary"]
