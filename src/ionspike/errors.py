"""What a user is told when something is wrong, and the exit status that goes with it."""

from __future__ import annotations


class InputError(ValueError):
    """Wrong input: one sentence that says what, where (file, row, key) and what would be right. Exit status 2."""


class RunError(RuntimeError):
    """A run that failed (a simulator that stopped, a lost input pulse, a full disk). Exit status 1."""
