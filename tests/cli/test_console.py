"""How expected errors end a command."""

from __future__ import annotations

import pytest
import typer
from typer.testing import CliRunner

from pyscimlode.cli.console import GuardedGroup
from pyscimlode.errors import EngineDied


@pytest.fixture
def commands() -> typer.Typer:
    app = typer.Typer(cls=GuardedGroup)

    @app.command()
    def fails() -> None:
        error = EngineDied("The worker ended.")
        error.add_note("What was reached before is in run/checkpoint.")
        raise error

    @app.command()
    def works() -> None:
        pass

    return app


def test_an_error_is_one_line_with_its_notes(commands: typer.Typer) -> None:
    result = CliRunner().invoke(commands, ["fails"])
    assert result.exit_code == 1
    assert result.stderr == (
        "Error: The worker ended. What was reached before is in run/checkpoint.\n"
    )
