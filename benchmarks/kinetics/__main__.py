"""``python -m benchmarks.kinetics``; see :mod:`benchmarks.kinetics.run`."""

import sys

from benchmarks.kinetics.run import main

# Workers of a process pool import this file too.
if __name__ == "__main__":
    sys.exit(main())
