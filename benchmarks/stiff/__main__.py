"""``python -m benchmarks.stiff``."""

import sys

from benchmarks.stiff.run import main

sys.exit(main())
