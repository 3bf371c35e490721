"""``python -m benchmarks.renaissance``; see :mod:`benchmarks.renaissance.run`."""

import sys

from benchmarks.renaissance.run import main

sys.exit(main())
