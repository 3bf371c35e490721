"""Benchmarks: ``python -m benchmarks`` runs every suite; none of them sits in a test as a limit."""
