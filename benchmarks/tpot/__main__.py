"""``python -m benchmarks.tpot``; see :mod:`benchmarks.tpot.run`."""

import sys

from benchmarks.tpot.run import main

sys.exit(main())
