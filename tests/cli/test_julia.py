from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pyscimlode.backends.julia import doctor, install, installation
from pyscimlode.backends.julia.doctor import Check, Diagnosis
from pyscimlode.backends.julia.installation import Installation
from tests.cli.conftest import invoke


@pytest.fixture
def no_julia(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation, "find_spec", lambda name: None)


@pytest.mark.usefixtures("no_julia")
def test_doctor_without_julia() -> None:
    done = invoke("julia", "doctor", "--quick")
    assert done.exit_code == 1
    assert "NO  juliacall    not installed" in done.output
    assert done.output.endswith("pip install 'pyscimlode[julia]'\n")


@pytest.mark.usefixtures("no_julia")
def test_doctor_as_json() -> None:
    done = invoke("julia", "doctor", "--quick", "--json")
    assert done.exit_code == 1
    found = json.loads(done.stdout)
    assert found["ok"] is False
    assert found["next"] == "pip install 'pyscimlode[julia]'"
    assert [check["name"] for check in found["checks"]][:2] == ["Python", "juliacall"]


def test_doctor_with_julia(monkeypatch: pytest.MonkeyPatch) -> None:
    ready = Diagnosis((Check("juliacall", True, "0.9.34"), Check("worker", None, "not asked")))
    monkeypatch.setattr(doctor, "diagnose", lambda quick: ready)
    done = invoke("julia", "doctor")
    assert done.exit_code == 0
    assert "ok  juliacall  0.9.34" in done.output
    assert "--  worker     not asked" in done.output
    assert "Nothing to do" in done.output


@pytest.mark.usefixtures("no_julia")
def test_install_and_warm_without_juliacall() -> None:
    for command in ("install", "warm"):
        done = invoke("julia", command)
        assert done.exit_code == 1
        assert "pip install 'pyscimlode[julia]'" in done.output


def test_install_says_what_it_does_and_keeps_a_log(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def installed(on_line: Any) -> Installation:
        on_line("[juliapkg] Installing")
        return Installation(project=tmp_path)

    monkeypatch.setattr(install, "plan", lambda: ["Julia ~1.10: downloaded."])
    monkeypatch.setattr(install, "install", installed)
    log = tmp_path / "install.log"
    said = invoke("julia", "install", "--dry-run", "--log", log)
    assert said.output == "Julia ~1.10: downloaded.\n"
    assert not log.exists()
    done = invoke("julia", "install", "--log", log)
    assert done.exit_code == 0
    assert log.read_text(encoding="utf-8") == "[juliapkg] Installing\n"
    assert f"Installed in 0 s: {tmp_path}" in done.output
    assert "Next: pyscimlode julia warm" in done.output


def test_install_with_a_julia_of_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(install, "plan", lambda: [])
    done = invoke("julia", "install")
    assert done.exit_code == 0
    assert "Nothing to install: the environment names a Julia and a project." in done.output


def test_warm_shows_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    def warmed(on_progress: Any) -> float:
        on_progress({"done": 2, "total": 2, "what": "Rodas5P"})
        return 9.5

    monkeypatch.setattr(install, "warm", warmed)
    monkeypatch.setattr(installation, "require", Installation)
    done = invoke("julia", "warm")
    assert done.exit_code == 0
    assert "Rodas5P" in done.output
    assert "2/2" in done.output
    assert "The engine is warm; the worker was ready after 9.5 s." in done.output
