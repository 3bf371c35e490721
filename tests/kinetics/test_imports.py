from __future__ import annotations

import subprocess
import sys


def test_kinetic_models_are_imported_without_torch() -> None:
    code = "import sys, pyscimlode.kinetics; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
