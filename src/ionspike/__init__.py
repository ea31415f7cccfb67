"""ionspike: from the measured pulse response of an ECRAM to spiking networks that compute with it."""

__version__ = "0.1.0"
