"""``python -m benchmarks.options``; see :mod:`benchmarks.options.run`."""

import sys

from benchmarks.options.run import main

sys.exit(main())
