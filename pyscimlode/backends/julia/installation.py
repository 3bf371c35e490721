"""Which Julia and which project the worker would use, found without starting or loading either."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pyscimlode
from pyscimlode.errors import BackendUnavailable

PACKAGE = Path(pyscimlode.__file__).resolve().parent
DECLARED = PACKAGE / "juliapkg.json"
"""What juliapkg is to install."""

EXE = "PYTHON_JULIACALL_EXE"
PROJECT = "PYTHON_JULIACALL_PROJECT"
THREADS = "PYTHON_JULIACALL_THREADS"
OLDEST = (1, 10)
NEEDED = ("Pyscimlode", "PythonCall")
INSTALL = "Run `pyscimlode julia install`."


@dataclass(frozen=True)
class Installation:
    """What was found.

    Attributes:
        juliacall: its version, empty if it is not installed.
        executable: the Julia that the worker loads, None if there is none.
        project: its project, None if there is none.
        chosen_by: ``"environment"`` or ``"juliapkg"``.
        julia: version that the project was resolved with, empty if unknown.
        packages: versions in the project's manifest.
        missing: what is missing and what to do, empty if nothing is.
    """

    juliacall: str = ""
    executable: Path | None = None
    project: Path | None = None
    chosen_by: str = ""
    julia: str = ""
    packages: Mapping[str, str] = field(default_factory=dict)
    missing: str = ""


def find_installation(environ: Mapping[str, str] | None = None) -> Installation:
    """Look for juliacall, Julia and the project; nothing is downloaded, started or imported."""
    environ = os.environ if environ is None else environ
    juliacall = _juliacall_version()
    if not juliacall:
        return Installation(
            missing="juliacall is not installed. Run `pip install 'pyscimlode[julia]'`, then "
            "`pyscimlode julia install`."
        )
    if EXE in environ or PROJECT in environ:
        return _named(juliacall, environ)
    return _resolved(juliacall, environ)


def require() -> Installation:
    """Return what was found, complete.

    Raises:
        BackendUnavailable: something is missing; the message says what to do.
    """
    found = find_installation()
    if found.missing:
        raise BackendUnavailable(f"backend='julia' does not run here: {found.missing}")
    return found


def worker_environment(found: Installation, threads: int | str | None = None) -> dict[str, str]:
    """Return the environment of the worker: nothing is resolved or downloaded when it starts.

    Julia handles signals in the worker, whatever the user's own juliacall does: with more than one
    thread the process dies otherwise, and Ctrl-C does not reach it.
    """
    environ = dict(os.environ)
    path = [str(PACKAGE.parent), *filter(None, [environ.get("PYTHONPATH")])]
    environ["PYTHONPATH"] = os.pathsep.join(path)
    environ["PYTHON_JULIACALL_HANDLE_SIGNALS"] = "yes"
    if threads is not None:
        environ[THREADS] = str(threads)
    elif THREADS not in environ and "JULIA_NUM_THREADS" not in environ:
        environ[THREADS] = str(_cores())
    if found.executable is not None and found.project is not None:
        environ[EXE], environ[PROJECT] = str(found.executable), str(found.project)
    return environ


def juliapkg_project(environ: Mapping[str, str]) -> Path:
    """Return where juliapkg keeps its project."""
    if environ.get("PYTHON_JULIAPKG_PROJECT"):
        return Path(environ["PYTHON_JULIAPKG_PROJECT"])
    if sys.prefix != sys.base_prefix:
        return Path(sys.prefix) / "julia_env"
    if environ.get("CONDA_PREFIX"):
        return Path(environ["CONDA_PREFIX"]) / "julia_env"
    depot = environ.get("JULIA_DEPOT_PATH", "").split(os.pathsep)[0]
    home = Path(depot) if depot else Path.home() / ".julia"
    return home / "environments" / "pyjuliapkg"


def read_manifest(project: Path) -> tuple[str, dict[str, str]]:
    """Return Julia's version and those of the packages; empty where there is no manifest."""
    names = ("JuliaManifest.toml", "Manifest.toml")
    files = [*(project / name for name in names), *sorted(project.glob("Manifest-v*.toml"))]
    found = next((file for file in files if file.is_file()), None)
    if found is None:
        return "", {}
    try:
        content = tomllib.loads(found.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return "", {}
    entries = content.get("deps", {})
    packages = {key: str(items[0].get("version", "")) for key, items in entries.items()}
    return str(content.get("julia_version", "")), packages


def version_tuple(text: str) -> tuple[int, ...]:
    """Return the leading numbers of a version.

    >>> version_tuple("1.10.8+0")
    (1, 10, 8)
    """
    numbers = []
    for part in text.split("+")[0].split("-")[0].split("."):
        if not part.isdigit():
            break
        numbers.append(int(part))
    return tuple(numbers)


def _cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _juliacall_version() -> str:
    if find_spec("juliacall") is None:
        return ""
    try:
        return version("juliacall")
    except PackageNotFoundError:
        return "unknown"


def _named(juliacall: str, environ: Mapping[str, str]) -> Installation:
    """Return what ``PYTHON_JULIACALL_EXE`` and ``PYTHON_JULIACALL_PROJECT`` name."""
    absent = [name for name in (EXE, PROJECT) if not environ.get(name)]
    if absent:
        there = PROJECT if absent[0] == EXE else EXE
        return Installation(
            juliacall,
            missing=f"{there} is set without {absent[0]}: set both, or neither and "
            "run `pyscimlode julia install`.",
        )
    executable = shutil.which(environ[EXE])
    if executable is None:
        return Installation(
            juliacall,
            missing=f"{EXE}={environ[EXE]} is no executable file: name the program julia itself.",
        )
    project = Path(environ[PROJECT])
    if not project.is_dir():
        return Installation(
            juliacall,
            Path(executable),
            missing=f"{PROJECT}={project} is no folder: name the one with Project.toml.",
        )
    return _with_project(juliacall, Path(executable), project.resolve(), "environment")


def _resolved(juliacall: str, environ: Mapping[str, str]) -> Installation:
    """Return what juliapkg has installed before."""
    project = juliapkg_project(environ)
    known = _json(project / "pyjuliapkg" / "meta.json")
    executable = Path(str(known.get("executable") or ""))
    if not known or not executable.is_file():
        return Installation(
            juliacall, missing=f"Julia and its packages are not installed yet. {INSTALL}"
        )
    if not _is_current(known):
        return Installation(
            juliacall,
            executable,
            project,
            "juliapkg",
            missing=f"{project} was installed for other packages than this version of pyscimlode "
            f"needs. {INSTALL}",
        )
    return _with_project(juliacall, executable, project, "juliapkg")


def _with_project(juliacall: str, executable: Path, project: Path, chosen_by: str) -> Installation:
    julia, packages = read_manifest(project)
    remedy = INSTALL if chosen_by == "juliapkg" else _by_hand(executable, project)
    missing = ""
    lacking = [name for name in NEEDED if name not in packages]
    bridge = packages.get("PythonCall", "")
    if not packages:
        missing = f"The project {project} has no manifest. {remedy}"
    elif lacking:
        missing = f"The project {project} lacks {' and '.join(lacking)}. {remedy}"
    elif "unknown" not in (juliacall, bridge) and bridge != juliacall:
        missing = (
            f"The project {project} has PythonCall {bridge}, but juliacall is {juliacall}; they "
            f"must be equal. Run `pip install juliacall=={bridge}`, or add PythonCall {juliacall}."
        )
    elif julia and version_tuple(julia) < OLDEST:
        missing = f"The project {project} is of Julia {julia}; 1.10 or newer is needed. {remedy}"
    return Installation(juliacall, executable, project, chosen_by, julia, packages, missing)


def _by_hand(executable: Path, project: Path) -> str:
    return (
        f"Run `{executable} --project={project} -e 'using Pkg; Pkg.instantiate()'` in a project "
        "that has Pyscimlode and PythonCall."
    )


def _is_current(known: Mapping[str, Any]) -> bool:
    """Whether juliapkg has resolved what this version declares."""
    if not DECLARED.is_file():
        return True
    digest = hashlib.sha256(DECLARED.read_bytes()).hexdigest()
    return any(
        Path(name).resolve() == DECLARED and entry.get("hash_sha256") == digest
        for name, entry in known.get("deps_files", {}).items()
    )


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
