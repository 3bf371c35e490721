"""``python -m benchmarks.published``; see :mod:`benchmarks.published.run`."""

import sys

from benchmarks.published.run import main

sys.exit(main())
