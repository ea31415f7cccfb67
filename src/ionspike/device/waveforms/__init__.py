"""Gate waveforms of any number of levels: the law fitted under them, and the next one to measure."""
