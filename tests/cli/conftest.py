from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from pyscimlode.cli import app

Run = Callable[..., Result]

TINY = ("--ensemble", "1", "--steps", "3")
COLUMNS = ("--states", "GPP,Limonene", "--controls", "GPPS,LS")


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="session")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "strains.csv"
    done = invoke("data", "simulate", "--n", 4, "--times", "0,6,36,72", "--out", path)
    assert done.exit_code == 0, done.output
    return path


@pytest.fixture(scope="session")
def finished(table: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """A run with S4 held out, and what it printed."""
    out = tmp_path_factory.mktemp("runs") / "S4"
    return out, invoke("fit", table, "--test", "S4", *COLUMNS, *TINY, "--out", out)
