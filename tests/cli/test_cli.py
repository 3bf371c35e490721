from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

import pyscimlode
from pyscimlode.errors import DataError, DataWarning
from tests.cli.conftest import invoke

COMMANDS = [
    ["fit"],
    ["predict"],
    ["demo"],
    ["data", "list"],
    ["data", "show"],
    ["data", "audit"],
    ["data", "export"],
    ["data", "simulate"],
]
MAIN = "import sys; from pyscimlode.cli import main; main()"


def _process(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", MAIN, *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        check=False,
    )


def test_version() -> None:
    done = invoke("--version")
    assert (done.exit_code, done.output) == (0, f"pyscimlode {pyscimlode.__version__}\n")


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_shows_an_example(command: list[str]) -> None:
    done = invoke(*command, "--help")
    assert done.exit_code == 0
    assert f"pyscimlode {' '.join(command)}" in done.output.split("Example")[1]


def test_help_of_the_whole_names_all_commands() -> None:
    done = invoke("--help")
    assert done.exit_code == 0
    assert all(name in done.output for name in ("fit", "predict", "data", "demo"))


def test_help_loads_nothing_heavy() -> None:
    program = (
        "import json, sys\n"
        "sys.argv = ['pyscimlode', '--help']\n"
        "from pyscimlode.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(json.dumps(sorted(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    loaded = set(json.loads(done.stdout.splitlines()[-1]))
    assert "pyscimlode.cli" in loaded
    assert not loaded & {"torch", "pandas", "matplotlib", "scipy", "sklearn"}


def test_a_users_mistake_is_one_line_on_stderr_and_exit_code_1() -> None:
    done = _process("data", "show", "limnene")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.splitlines() == [
        "Error: data='limnene' is neither a file nor a named data set (simulated, limonene, "
        "isopentenol, costello2018-all). Did you mean 'limonene'?"
    ]


def test_debug_shows_the_traceback() -> None:
    done = _process("data", "show", "limnene", PYSCIMLODE_DEBUG="1")
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert "DataError" in done.stderr


def test_a_mistake_in_the_command_line_is_exit_code_2() -> None:
    done = _process("fit", "--ensembel", "3")
    assert done.returncode == 2
    assert "No such option: --ensembel" in done.stderr
    assert "Traceback" not in done.stderr
    assert _process("predict").returncode == 2


def test_ctrl_c_is_exit_code_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pyscimlode.data.registry.available", stop)
    done = invoke("data", "list")
    assert done.exit_code == 130
    assert done.stderr == "Error: Interrupted.\n"


def test_the_systems_errors_are_one_line_too(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = invoke("data", "export", "simulated", tmp_path / "file" / "x.csv")
    assert done.exit_code == 1
    assert len(done.stderr.splitlines()) == 1
    assert "cannot be written" in done.stderr or "Not a directory" in done.stderr


def test_an_error_of_the_program_itself_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("pyscimlode.data.registry.available", broken)
    assert isinstance(invoke("data", "list").exception, RuntimeError)


def test_data_warnings_are_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def warn() -> dict[str, str]:
        warnings.warn("values look\n  like percent", DataWarning, stacklevel=2)
        return {"x": "y"}

    monkeypatch.setattr("pyscimlode.data.registry.available", warn)
    done = invoke("data", "list")
    assert done.stderr == "Note: values look like percent\n"
    assert done.stdout == "x  y\n"


def test_a_flood_of_warnings_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    def warn() -> dict[str, str]:
        for strain in (1, 1, 2, 3, 4, 5, 6):
            warnings.warn(f"strain {strain}", DataWarning, stacklevel=2)
        return {"x": "y"}

    monkeypatch.setattr("pyscimlode.data.registry.available", warn)
    assert invoke("data", "list").stderr.splitlines() == [
        *(f"Note: strain {strain}" for strain in (1, 2, 3, 4)),
        "Note: 2 more remarks about these data.",
    ]


def test_errors_with_line_breaks_stay_on_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise DataError("first\nsecond")

    monkeypatch.setattr("pyscimlode.data.registry.available", fail)
    assert invoke("data", "list").stderr == "Error: first second\n"
