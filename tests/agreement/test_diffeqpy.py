"""Trajectories of Julia's solvers through diffeqpy; what surrounds it is tested without Julia."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from pyscimlode.agreement import diffeqpy as parent
from pyscimlode.agreement import diffeqpy_rung, diffeqpy_worker, solve_with_diffeqpy
from pyscimlode.agreement.levels import compare_trajectories
from pyscimlode.backends.base import Trajectory
from pyscimlode.backends.registry import get_backend
from pyscimlode.backends.solvers import SolverSpec
from pyscimlode.backends.status import Status
from pyscimlode.errors import BackendUnavailable, EngineTimeout, SolverError
from tests.backends.contract_problems import TIGHT, Case, case

WORKER = """
import json, sys
import numpy as np
with np.load(sys.argv[1]) as arrays:
    words, theta = json.loads(str(arrays["words"])), arrays["theta"]
    shape = (len(theta), *arrays["times"].shape)
assert "torch" not in sys.modules
np.savez(
    sys.argv[2],
    z=np.full((*shape, len(words["state_names"])), 7.0),
    status=np.zeros(shape[:2], dtype=np.int64),
    failed_at=np.full(shape[:2], np.nan),
    nfev=np.ones(shape[:2], dtype=np.int64),
)
"""


def scipy_step(f: Any, y: Any, start: float, stop: float) -> Any:
    solution = solve_ivp(f, (start, stop), y, method="DOP853", rtol=1e-11, atol=1e-13)
    return solution.y[:, -1], Status.SUCCESS


def stand_in(monkeypatch: pytest.MonkeyPatch, folder: Path, program: str) -> None:
    """Start this program instead of the worker."""
    (folder / "stand_in.py").write_text(program, encoding="utf-8")
    monkeypatch.setattr(parent, "WORKER", "stand_in")
    monkeypatch.setattr(parent, "why_not", lambda: "")
    monkeypatch.setenv("PYTHONPATH", str(folder))


def carried(chosen: Case) -> tuple[Any, Any]:
    """Return problem and parameters as the worker reads them."""
    arrays = parent.described(chosen.problem, chosen.theta, TIGHT)
    problem, theta, words = diffeqpy_worker.read(arrays)
    assert words["algorithm"] == "Vern7"
    return problem, theta


@pytest.mark.parametrize("name", ["measured-inputs", "steps-and-masks", "branched-pathway"])
def test_the_worker_integrates_the_problem_that_was_sent(name: str) -> None:
    chosen = case(name)
    problem, theta = carried(chosen)
    found = diffeqpy_worker.solve(problem, theta, TIGHT, scipy_step)
    path = Trajectory(problem.times, **found)
    with get_backend("torch").open(chosen.problem, TIGHT, dtype="float64") as session:
        expected = session.solve(chosen.theta)
    assert compare_trajectories(chosen.problem, path, expected, 1e-7)[0] <= 1e-7
    assert (path.nfev > 0).all()


def test_a_failed_leg_ends_its_experiment_alone() -> None:
    problem, theta = carried(case("measured-inputs"))
    calls = []

    def step(f: Any, y: Any, start: float, stop: float) -> Any:
        calls.append(start)
        return y, Status.NON_FINITE if len(calls) == 2 else Status.SUCCESS

    found = diffeqpy_worker.solve(problem, theta, TIGHT, step)
    assert found["status"][0, 0] == Status.NON_FINITE
    assert found["failed_at"][0, 0] == calls[1]
    assert np.isnan(found["z"][0, 0, -1]).all()
    assert (found["status"].ravel()[1:] == 0).all()
    assert np.isfinite(found["z"][1]).all()


def test_the_worker_is_a_fresh_process_that_answers_with_arrays(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stand_in(monkeypatch, tmp_path, WORKER)
    chosen = case("measured-inputs")
    path = solve_with_diffeqpy(chosen.problem, chosen.theta)
    assert path.z.shape == (2, 3, 6, 4)
    assert (path.z == 7.0).all()
    rung = diffeqpy_rung(chosen.problem, chosen.theta, "torch")
    assert (rung.level, rung.backend, rung.verdict) == ("trajectory", "diffeqpy", "differs")


def test_a_worker_that_fails_or_hangs_is_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    chosen = case("measured-inputs")
    stand_in(monkeypatch, tmp_path, "raise SystemExit('no package OrdinaryDiffEq')")
    with pytest.raises(
        BackendUnavailable, match=r"call with install=True(.|\n)*no package OrdinaryDiffEq"
    ):
        solve_with_diffeqpy(chosen.problem, chosen.theta)
    stand_in(monkeypatch, tmp_path, "import time; time.sleep(60)")
    with pytest.raises(EngineTimeout, match=r"within 0\.3 s and was ended; raise `seconds`"):
        solve_with_diffeqpy(chosen.problem, chosen.theta, seconds=0.3)


def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    chosen = case("measured-inputs")
    with pytest.raises(SolverError, match=r"solver='bdf': with diffeqpy there are auto, tsit5"):
        solve_with_diffeqpy(chosen.problem, chosen.theta, solver=SolverSpec("bdf"))
    monkeypatch.delenv("PYTHON_JULIACALL_EXE", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(BackendUnavailable, match=r"pip install 'pyscimlode\[diffeqpy\]'"):
        solve_with_diffeqpy(chosen.problem, chosen.theta)
    rung = diffeqpy_rung(chosen.problem, chosen.theta)
    assert rung.verdict == "not run"
    assert "diffeqpy is not installed" in rung.note
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    with pytest.raises(BackendUnavailable, match=r"add the folder of the executable `julia`"):
        solve_with_diffeqpy(chosen.problem, chosen.theta)


def test_nothing_is_downloaded_unless_asked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("PYTHON_JULIAPKG_OFFLINE", raising=False)
    monkeypatch.setenv("PYTHON_JULIACALL_EXE", str(tmp_path / "bin" / "julia"))
    assert parent._environment(install=False)["PYTHON_JULIAPKG_OFFLINE"] == "yes"
    assert "PYTHON_JULIAPKG_OFFLINE" not in parent._environment(install=True)
    path = parent._environment(install=False)["PATH"].split(os.pathsep)
    assert path[0] == str(tmp_path / "bin")


def test_the_worker_imports_neither_torch_nor_juliacall() -> None:
    program = (
        "import sys, pyscimlode.agreement.diffeqpy_worker; "
        "sys.exit(bool({'torch', 'juliacall', 'diffeqpy'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.julia
@pytest.mark.slow
def test_julia_agrees_with_the_reference() -> None:
    reason = parent.why_not()
    if reason:
        pytest.skip(reason)
    chosen = case("branched-pathway")
    rung = diffeqpy_rung(chosen.problem, chosen.theta)
    assert rung.verdict == "agrees", rung.note
