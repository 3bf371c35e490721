from __future__ import annotations

import hashlib
import json
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from pyscimlode.backends.julia import installation
from pyscimlode.backends.julia.installation import (
    Installation,
    find_installation,
    juliapkg_project,
    read_manifest,
    require,
    worker_environment,
)
from pyscimlode.errors import BackendUnavailable

MANIFEST = """
julia_version = "{julia}"
manifest_format = "2.0"

[[deps.PythonCall]]
uuid = "6099a3de-0909-46bc-b1f4-468b9a2dfc0d"
version = "{bridge}"

[[deps.Pyscimlode]]
path = "../julia"
version = "0.1.0"

[[deps.LinearAlgebra]]
"""


@pytest.fixture
def juliacall(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if juliacall 0.9.34 were installed, with no variable of Julia set."""
    monkeypatch.setattr(installation, "find_spec", lambda name: object())
    monkeypatch.setattr(installation, "version", lambda name: "0.9.34")


@pytest.fixture
def executable(tmp_path: Path) -> Path:
    path = tmp_path / "bin" / "julia"
    path.parent.mkdir()
    path.write_text("#!/bin/sh\necho julia version 1.10.8\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def project(folder: Path, julia: str = "1.10.8", bridge: str = "0.9.34") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    text = MANIFEST.format(julia=julia, bridge=bridge)
    (folder / "Manifest.toml").write_text(text, encoding="utf-8")
    return folder


def named(executable: Path, folder: Path) -> dict[str, str]:
    return {
        "PYTHON_JULIACALL_EXE": str(executable),
        "PYTHON_JULIACALL_PROJECT": str(folder),
    }


def test_without_juliacall(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation, "find_spec", lambda name: None)
    found = find_installation({})
    assert found.missing == (
        "juliacall is not installed. Run `pip install 'pyscimlode[julia]'`, then "
        "`pyscimlode julia install`."
    )
    with pytest.raises(BackendUnavailable, match=r"does not run here: juliacall is not installed"):
        require()


def test_juliacall_without_metadata(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(installation, "find_spec", lambda name: object())
    monkeypatch.setattr(installation, "version", absent)
    assert find_installation({}).juliacall == "unknown"


@pytest.mark.usefixtures("juliacall")
def test_a_named_julia_and_project(tmp_path: Path, executable: Path) -> None:
    found = find_installation(named(executable, project(tmp_path / "project")))
    assert found.missing == ""
    assert found.executable == executable
    assert found.project == tmp_path / "project"
    assert (found.chosen_by, found.julia) == ("environment", "1.10.8")
    assert found.packages["Pyscimlode"] == "0.1.0"
    environ = worker_environment(found, threads=2)
    assert environ["PYTHON_JULIACALL_EXE"] == str(executable)
    assert environ["PYTHON_JULIACALL_PROJECT"] == str(tmp_path / "project")
    assert environ["PYTHON_JULIACALL_THREADS"] == "2"


@pytest.mark.usefixtures("juliacall")
def test_what_can_be_wrong_with_named_ones(tmp_path: Path, executable: Path) -> None:
    folder = project(tmp_path / "project")

    def said(**changes: str) -> str:
        environ = {**named(executable, folder), **changes}
        return find_installation({k: v for k, v in environ.items() if v}).missing

    exe, where = "PYTHON_JULIACALL_EXE", "PYTHON_JULIACALL_PROJECT"
    assert said(**{exe: ""}) == (
        f"{where} is set without {exe}: set both, or neither and run `pyscimlode julia install`."
    )
    assert f"{exe} is set without {where}" in said(**{where: ""})
    assert f"{exe}=/nowhere/julia is no executable file" in said(**{exe: "/nowhere/julia"})
    assert f"{where}=/nowhere is no folder" in said(**{where: "/nowhere"})
    empty = tmp_path / "empty"
    empty.mkdir()
    assert f"The project {empty} has no manifest. Run `{executable} --project={empty}" in said(
        **{where: str(empty)}
    )
    (empty / "Manifest.toml").write_text('julia_version = "1.10.8"\n[deps]\n', encoding="utf-8")
    assert "has no manifest" in said(**{where: str(empty)})
    other = project(tmp_path / "other", bridge="0.9.20")
    assert "has PythonCall 0.9.20, but juliacall is 0.9.34; they must be equal" in said(
        **{where: str(other)}
    )
    old = project(tmp_path / "old", julia="1.9.4")
    assert "is of Julia 1.9.4; 1.10 or newer is needed" in said(**{where: str(old)})
    text = (folder / "Manifest.toml").read_text(encoding="utf-8")
    (folder / "Manifest.toml").write_text(text.replace("Pyscimlode", "Other"), encoding="utf-8")
    assert f"The project {folder} lacks Pyscimlode" in said()
    (folder / "Manifest.toml").write_text("no toml [", encoding="utf-8")
    assert "has no manifest" in said()


@pytest.mark.usefixtures("juliacall")
def test_what_juliapkg_has_installed(
    tmp_path: Path, executable: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = project(tmp_path / "julia_env")
    environ = {"PYTHON_JULIAPKG_PROJECT": str(folder)}
    assert find_installation(environ).missing == (
        "Julia and its packages are not installed yet. Run `pyscimlode julia install`."
    )
    declared = tmp_path / "juliapkg.json"
    declared.write_text('{"julia": "~1.10"}', encoding="utf-8")
    monkeypatch.setattr(installation, "DECLARED", declared)
    digest = hashlib.sha256(declared.read_bytes()).hexdigest()
    meta = {
        "executable": str(executable),
        "deps_files": {str(declared): {"timestamp": 0, "hash_sha256": digest}},
    }
    (folder / "pyjuliapkg").mkdir()
    (folder / "pyjuliapkg" / "meta.json").write_text(json.dumps(meta), encoding="utf-8")
    found = find_installation(environ)
    assert (found.missing, found.chosen_by) == ("", "juliapkg")
    assert (found.executable, found.project) == (executable, folder)
    declared.write_text('{"julia": "~1.11"}', encoding="utf-8")
    assert (
        "was installed for other packages than this version" in find_installation(environ).missing
    )
    (folder / "pyjuliapkg" / "meta.json").write_text("no json", encoding="utf-8")
    assert "not installed yet" in find_installation(environ).missing


def test_where_juliapkg_keeps_its_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert juliapkg_project({}) == tmp_path / "julia_env"
    monkeypatch.setattr(sys, "prefix", sys.base_prefix)
    assert juliapkg_project({"CONDA_PREFIX": "/conda"}) == Path("/conda/julia_env")
    depot = {"JULIA_DEPOT_PATH": "/depot:/other"}
    assert juliapkg_project(depot) == Path("/depot/environments/pyjuliapkg")
    assert juliapkg_project({}).parts[-3:] == (".julia", "environments", "pyjuliapkg")


def test_the_workers_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PYTHON_JULIACALL_THREADS", "JULIA_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTHON_JULIACALL_HANDLE_SIGNALS", "no")
    monkeypatch.setenv("JULIA_CONDAPKG_BACKEND", "Null")
    monkeypatch.setenv("PYTHONPATH", "/mine")
    environ = worker_environment(Installation())
    assert environ["PYTHON_JULIACALL_HANDLE_SIGNALS"] == "yes"
    assert environ["JULIA_CONDAPKG_BACKEND"] == "Null"
    assert int(environ["PYTHON_JULIACALL_THREADS"]) >= 1
    assert environ["PYTHONPATH"].split(":") == [str(installation.PACKAGE.parent), "/mine"]
    monkeypatch.setenv("JULIA_NUM_THREADS", "3")
    assert "PYTHON_JULIACALL_THREADS" not in worker_environment(Installation())


def test_a_project_without_a_manifest(tmp_path: Path) -> None:
    assert read_manifest(tmp_path) == ("", {})


def test_a_manifest_of_one_version_of_julia(tmp_path: Path) -> None:
    project(tmp_path)
    (tmp_path / "Manifest.toml").rename(tmp_path / "Manifest-v1.10.toml")
    julia, packages = read_manifest(tmp_path)
    assert julia == "1.10.8"
    assert packages["PythonCall"] == "0.9.34"
