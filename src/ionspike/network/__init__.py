"""Networks of cells that were measured on transistors, event by event."""

from ionspike.network.calibrate import calibrate
from ionspike.network.cell import Cell
from ionspike.network.compare import intervals_from_resets, run_free
from ionspike.network.network import Network

__all__ = ["Cell", "Network", "calibrate", "intervals_from_resets", "run_free"]
