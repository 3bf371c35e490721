"""Work-precision of stiff and explicit solvers: ``python -m benchmarks.stiff``."""
