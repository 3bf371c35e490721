"""Installing Julia and its packages through juliapkg, and compiling them beforehand."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from pyscimlode.backends.julia.backend import julia_engine
from pyscimlode.backends.julia.installation import (
    DECLARED,
    EXE,
    PROJECT,
    Installation,
    find_installation,
    juliapkg_project,
    require,
    worker_environment,
)
from pyscimlode.backends.julia.limits import Limits
from pyscimlode.backends.julia.shared import Engine
from pyscimlode.errors import BackendUnavailable, MissingDependencyError

SCRIPT = "import juliapkg; juliapkg.resolve(force=True)"


def plan() -> list[str]:
    """Return what :func:`install` would do, as sentences; empty if the user's own Julia is named.

    Raises:
        MissingDependencyError: juliacall is not installed.
        BackendUnavailable: a Julia of the user's own is named, but is not complete.
    """
    found = find_installation()
    if not found.juliacall:
        raise MissingDependencyError(
            "juliacall is not installed. Run `pip install 'pyscimlode[julia]'` first."
        )
    if EXE in os.environ or PROJECT in os.environ:
        if found.missing:
            raise BackendUnavailable(
                f"{found.missing} (A Julia that {EXE} and {PROJECT} name is yours: nothing is "
                "installed into it.)"
            )
        return []
    declared = json.loads(DECLARED.read_text(encoding="utf-8")) if DECLARED.is_file() else {}
    packages = declared.get("packages", {})
    julia = shutil.which("julia") or shutil.which("juliaup")
    return [
        f"Julia {declared.get('julia', '')}: "
        + (f"{julia} if it fits, otherwise " if julia else "")
        + "downloaded.",
        f"Packages {', '.join(packages)}, with all that they depend on: downloaded into Julia's "
        f"depot ({_depot()}) and compiled, which takes minutes.",
        f"The project: {juliapkg_project(os.environ)}.",
    ]


def install(on_line: Callable[[str], None], *, python: str = sys.executable) -> Installation:
    """Let juliapkg resolve what pyscimlode declares, in a process of its own.

    Args:
        on_line: called with every line that is printed on the way.
        python: the interpreter that has juliapkg.

    Raises:
        BackendUnavailable: it failed, or the result does not have what is needed.
    """
    environ = {**worker_environment(Installation()), "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        [python, "-P", "-c", SCRIPT],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=environ,
    )
    last = ""
    with process:
        for line in process.stdout or ():
            last = line.strip() or last
            on_line(line.rstrip("\n"))
    if process.returncode != 0:
        raise BackendUnavailable(
            f"juliapkg could not install the Julia engine (exit code {process.returncode}): {last}"
        )
    found = find_installation()
    if found.missing:
        raise BackendUnavailable(found.missing)
    return found


def warm(on_progress: Callable[[dict[str, Any]], None], engine: Engine | None = None) -> float:
    """Start the worker and let it compile a small problem of each kind; return the start's seconds.

    Args:
        on_progress: called with ``done``, ``total`` and ``what``.
        engine: whose worker; Julia's by default.

    Raises:
        BackendUnavailable: Julia is not installed.
        EngineError: the worker fails.
    """
    if engine is None:
        require()
        engine = julia_engine()
    limits = Limits.chosen()
    with engine.worker(limits) as worker:
        worker.request("warm", {}, {}, limits, on_progress)
        return worker.seconds


def _depot() -> str:
    return os.environ.get("JULIA_DEPOT_PATH", "").split(os.pathsep)[0] or "~/.julia"
