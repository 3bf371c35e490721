from __future__ import annotations

import json
from pathlib import Path

import pytest

from pyscimlode.backends.julia import doctor, installation
from pyscimlode.backends.julia.backend import JuliaBackend
from pyscimlode.backends.julia.doctor import Check, Diagnosis, contradictions, diagnose
from tests.backends.julia.test_installation import MANIFEST
from tests.backends.julia.workers import standin_engine


@pytest.fixture
def complete(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """As if everything were there; Julia is a shell script."""
    for name in ("PYTHON_JULIACALL_THREADS", "JULIA_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(installation, "find_spec", lambda name: object())
    monkeypatch.setattr(installation, "version", lambda name: "0.9.34")
    executable = tmp_path / "julia"
    executable.write_text("#!/bin/sh\necho julia version 1.10.8\n", encoding="utf-8")
    executable.chmod(0o755)
    text = MANIFEST.format(julia="1.10.8", bridge="0.9.34")
    (tmp_path / "Manifest.toml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("PYTHON_JULIACALL_EXE", str(executable))
    monkeypatch.setenv("PYTHON_JULIACALL_PROJECT", str(tmp_path))
    return executable


def by_name(found: Diagnosis) -> dict[str, Check]:
    return {check.name: check for check in found.checks}


def test_a_machine_without_juliacall(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation, "find_spec", lambda name: None)
    found = diagnose()
    assert not found.ok
    assert found.next_step == "pip install 'pyscimlode[julia]'"
    checks = by_name(found)
    assert list(checks) == ["Python", "juliacall", "environment", "Julia", "project", "worker"]
    assert checks["Julia"].ok is None
    assert checks["worker"].found == "not tried: see above"
    assert json.loads(json.dumps(found.to_json()))["ok"] is False


@pytest.mark.usefixtures("complete")
def test_a_machine_that_has_everything() -> None:
    engine = standin_engine()
    found = diagnose(backend=JuliaBackend(engine))
    assert found.ok
    assert found.next_step == "Nothing to do: fit(backend='julia') works here."
    checks = by_name(found)
    assert checks["Julia"].found.startswith("julia version 1.10.8 at ")
    assert "chosen by environment" in checks["project"].found
    assert "Pyscimlode 0.1.0, PythonCall 0.9.34" in checks["project"].found
    assert "PYTHON_JULIACALL_PROJECT=" in checks["environment"].found
    assert "first gradient" in checks["worker"].found
    assert "field equal to NumPy's within" in checks["worker"].found
    engine.close()


@pytest.mark.usefixtures("complete")
def test_nothing_is_started_when_it_shall_be_quick() -> None:
    found = diagnose(quick=True)
    assert found.ok
    assert by_name(found)["worker"].found == "not asked for (--quick)"
    assert by_name(found)["Julia"].found.endswith("(not started)")


@pytest.mark.usefixtures("complete")
def test_a_worker_that_does_not_start() -> None:
    found = diagnose(backend=JuliaBackend(standin_engine("--at-start", "exit")))
    assert not found.ok
    worker = by_name(found)["worker"]
    assert worker.found.startswith("EngineDied: The Julia worker ended with exit code 3")
    assert found.next_step == "Run `pyscimlode julia warm`, and read what the worker says."


def test_an_old_julia(complete: Path) -> None:
    complete.write_text("#!/bin/sh\necho julia version 1.9.4\n", encoding="utf-8")
    found = diagnose()
    assert by_name(found)["Julia"].ok is False
    assert found.next_step.startswith("Julia 1.10 or newer is needed")


def test_a_julia_that_does_not_run(complete: Path) -> None:
    complete.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    found = diagnose()
    assert found.next_step.endswith("does not run; name another one with PYTHON_JULIACALL_EXE.")


@pytest.mark.parametrize(
    ("environ", "text"),
    [
        ({"PYTHON_JULIACALL_EXE": "julia"}, "EXE is set without PYTHON_JULIACALL_PROJECT"),
        ({"PYTHON_JULIACALL_PROJECT": "/p"}, "PROJECT is set without PYTHON_JULIACALL_EXE"),
        (
            {"PYTHON_JULIACALL_HANDLE_SIGNALS": "no", "PYTHON_JULIACALL_THREADS": "4"},
            "HANDLE_SIGNALS=no with 4 threads",
        ),
        (
            {"JULIA_NUM_THREADS": "2", "PYTHON_JULIACALL_THREADS": "4"},
            "PYTHON_JULIACALL_THREADS=4 and JULIA_NUM_THREADS=2 differ",
        ),
    ],
)
def test_contradictions(environ: dict[str, str], text: str) -> None:
    (said,) = contradictions(environ)
    assert text in said


def test_no_contradictions() -> None:
    assert contradictions({}) == []
    assert contradictions({"PYTHON_JULIACALL_HANDLE_SIGNALS": "no"}) == []


def test_a_field_that_differs_is_found(complete: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = standin_engine()
    made = doctor._small_problem()
    monkeypatch.setattr(type(made.model), "field", lambda *given: 2.0 + given[2])
    found = diagnose(backend=JuliaBackend(engine))
    assert by_name(found)["worker"].ok is False
    assert found.next_step == "Reinstall: `pyscimlode julia install`."
    engine.close()
