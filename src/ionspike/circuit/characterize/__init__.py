"""What a neuron does, measured: rates, thresholds, retention, widths, energy, plasticity, the supplies it works at; one subject a file."""

from ionspike.circuit.characterize.battery import SUBJECTS, characterize
from ionspike.circuit.characterize.table import summary, table_text

__all__ = ["SUBJECTS", "characterize", "summary", "table_text"]
