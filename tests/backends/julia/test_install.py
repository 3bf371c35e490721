from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pyscimlode.backends.julia import install as installing
from pyscimlode.backends.julia import installation
from pyscimlode.backends.julia.install import install, plan, warm
from pyscimlode.errors import BackendUnavailable, MissingDependencyError
from tests.backends.julia.workers import standin_engine


@pytest.fixture
def juliacall(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """As if juliacall were installed, and nothing else; returns where juliapkg's project goes."""
    monkeypatch.setattr(installation, "find_spec", lambda name: object())
    monkeypatch.setattr(installation, "version", lambda name: "0.9.34")
    for name in ("PYTHON_JULIACALL_EXE", "PYTHON_JULIACALL_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTHON_JULIAPKG_PROJECT", str(tmp_path / "env"))
    monkeypatch.setenv("JULIA_DEPOT_PATH", "/depot")
    declared = tmp_path / "juliapkg.json"
    declared.write_text(
        json.dumps({"julia": "~1.10", "packages": {"Lux": {}, "Optim": {}}}), encoding="utf-8"
    )
    monkeypatch.setattr(installing, "DECLARED", declared)
    return tmp_path / "env"


def test_what_will_be_downloaded_is_said_before(juliacall: Path) -> None:
    julia, packages, project = plan()
    assert julia.startswith("Julia ~1.10: ")
    assert julia.endswith("downloaded.")
    assert "Packages Lux, Optim, with all that they depend on" in packages
    assert "(/depot)" in packages
    assert str(juliacall) in project


def test_nothing_is_installed_without_juliacall(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation, "find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match=r"`pip install 'pyscimlode\[julia\]'`"):
        plan()


@pytest.mark.usefixtures("juliacall")
def test_nothing_is_installed_into_a_julia_of_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_JULIACALL_EXE", "/my/julia")
    with pytest.raises(BackendUnavailable, match=r"is yours: nothing is installed into it"):
        plan()


def interpreter(folder: Path, script: str) -> str:
    path = folder / "python"
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


@pytest.mark.usefixtures("juliacall")
def test_lines_are_passed_on_and_a_failure_is_told(tmp_path: Path) -> None:
    lines: list[str] = []
    python = interpreter(tmp_path, "echo '[juliapkg] Installing'; echo 'no network' >&2; exit 4")
    with pytest.raises(BackendUnavailable, match=r"exit code 4\): no network"):
        install(lines.append, python=python)
    assert lines == ["[juliapkg] Installing", "no network"]


@pytest.mark.usefixtures("juliacall")
def test_an_installation_without_a_result_is_no_success(tmp_path: Path) -> None:
    with pytest.raises(BackendUnavailable, match=r"not installed yet"):
        install(lambda line: None, python=interpreter(tmp_path, "exit 0"))


def test_warming_reports_what_it_does() -> None:
    engine = standin_engine()
    seen: list[dict[str, Any]] = []
    assert warm(seen.append, engine) > 0.0
    assert [item["what"] for item in seen] == ["solver 1", "solver 2", "solver 3"]
    engine.close()


def test_warming_without_julia(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation, "find_spec", lambda name: None)
    with pytest.raises(BackendUnavailable, match=r"juliacall is not installed"):
        warm(lambda report: None)
