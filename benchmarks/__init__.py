"""Programs that measure speed and accuracy, each beside its peers: ``python -m benchmarks.NAME``. Their figures are kept in ``docs/``."""
