"""``python -m benchmarks.coverage``; see :mod:`benchmarks.coverage.run`."""

import sys

from benchmarks.coverage.run import main

sys.exit(main())
