"""``python -m benchmarks.recipes``; see :mod:`benchmarks.recipes.run`."""

import sys

from benchmarks.recipes.run import main

sys.exit(main())
