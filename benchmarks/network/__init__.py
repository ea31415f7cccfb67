"""Network W1, ours and the peers in one run: ``python -m benchmarks.network --peer brian2 --peer nest --peer annarchy --json FILE``."""
