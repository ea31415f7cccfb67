"""Measured records: read from the text files of instruments, checked, or fetched from their public repositories by name."""
