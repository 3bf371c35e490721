"""The package as installed: version, entry points, and what importing it loads."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import entry_points, version

import pytest

import pyscimlode

HEAVY = {"torch", "torchdiffeq", "sklearn", "tpot", "juliacall", "matplotlib"}


def _modules_loaded_by(statement: str) -> set[str]:
    program = f"{statement}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout))


@pytest.mark.parametrize("module", ["pyscimlode", "pyscimlode.data"])
def test_import_loads_no_heavy_package(module: str) -> None:
    loaded = _modules_loaded_by(f"import {module}")
    assert module in loaded
    assert not loaded & HEAVY


def test_the_probe_sees_a_heavy_package() -> None:
    assert "matplotlib" in _modules_loaded_by("import matplotlib")


def test_version_is_that_of_the_distribution() -> None:
    assert pyscimlode.__version__ == version("pyscimlode")


def test_torch_engine_is_registered() -> None:
    (engine,) = entry_points(group="pyscimlode.backends", name="torch")
    assert engine.value == "pyscimlode.backends.torch:TorchBackend"


def test_console_script_is_registered() -> None:
    (script,) = entry_points(group="console_scripts", name="pyscimlode")
    assert script.value == "pyscimlode.cli:main"
