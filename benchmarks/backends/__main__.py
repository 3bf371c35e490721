"""``python -m benchmarks.backends``; see :mod:`benchmarks.backends.run`."""

import sys

from benchmarks.backends.run import main

sys.exit(main())
