from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from benchmarks.backends import report
from benchmarks.backends.interleaved import time_in_turn
from benchmarks.backends.judge import errors
from benchmarks.backends.problems import NAMES, make
from benchmarks.backends.processes import call_module, cpu_seconds, peak_mib, workers
from benchmarks.backends.run import main
from benchmarks.backends.suite import engines_here
from pyscimlode.backends.registry import get_backend


@pytest.mark.slow
def test_a_problem_is_measured_printed_and_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--quick", "--problem", "identity", "--engine", "torch", "--out", str(tmp_path)]
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    assert "## identity, 1 thread\n" in printed
    assert (tmp_path / "backends.md").read_text(encoding="utf-8") in printed
    kept = json.loads((tmp_path / "backends.json").read_text(encoding="utf-8"))
    torch = kept["rows"]["identity, 1 thread"]["engines"]["torch"]
    assert torch["gradient_error"] < 1e-5
    assert torch["cold_s"] > torch["engine_s"] > 0.0
    assert torch["training"]["shared"]["last_loss"] < torch["training"]["shared"]["first_loss"]
    assert main(arguments) == 0
    assert "identity" not in capsys.readouterr().err


def test_an_engine_that_is_not_here_is_named_with_the_reason(
    capsys: pytest.CaptureFixture[str],
) -> None:
    here, absent = engines_here(["torch", "torsch"])
    assert here == ["torch"]
    assert "'torsch' is not installed" in absent["torsch"]
    assert main(["--quick", "--engine", "torsch", "--problem", "identity"]) == 0
    assert "Not measured: `torsch`." in capsys.readouterr().out


@pytest.mark.parametrize("name", NAMES)
def test_problems_are_solved_by_every_engine_to_their_tolerance(name: str) -> None:
    timed = make(name, quick=True)
    assert timed.theta.shape == (1, timed.problem.layout.size)
    assert max(timed.judged) < timed.problem.n_experiments
    assert f"{timed.problem.n_experiments} experiments" in timed.described()
    if name == "identity":
        backend = get_backend("torch")
        with backend.open(timed.problem, timed.solver, device="cpu", dtype="float64") as session:
            found = errors(timed, session)
        assert 0.0 < found.trajectory_error < 1e-5
        assert 0.0 < found.gradient_error < 1e-5


def test_the_stiff_problem_has_a_fast_state() -> None:
    timed = make("stiff", quick=True)
    problem = timed.problem
    model, scaling = problem.model, problem.scaling
    from pyscimlode.models.scaling import member

    z, p = problem.initial[:1], problem.knot_values[0, :1]
    step = 1e-6 * scaling.state_scale[0, 0] * np.eye(problem.n_states)[0]
    one = member(scaling, 0)
    change = model.field(timed.theta[0], z + step, p, one) - model.field(timed.theta[0], z, p, one)
    rate = -change[0, 0] / step[0]
    assert rate * problem.times.max() > 1e3


def test_calls_are_timed_in_turn_with_their_workers() -> None:
    order: list[str] = []
    calls = {name: (lambda name=name: order.append(name)) for name in ("a", "b")}
    found = time_in_turn(calls, budget=0.0, min_rounds=2)
    assert order == ["a", "a", "b", "b", "b", "b", "a", "a"]
    assert found["a"].rounds == 2
    assert found["a"].wall_ms >= 0.0


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="no /proc")
def test_time_and_memory_of_workers_count() -> None:
    before, memory = cpu_seconds(), peak_mib()
    assert memory is not None
    program = "x = bytearray(60_000_000)\nwhile True: pass"
    with subprocess.Popen([sys.executable, "-c", program]) as worker:
        try:
            while cpu_seconds() - before < 0.3:
                time.sleep(0.02)
            assert worker.pid in workers()
            larger = peak_mib()
        finally:
            worker.kill()
    assert larger is not None
    assert larger - memory > 50.0


def test_a_process_that_fails_is_said(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RuntimeError, match=r"benchmarks\.backends\.cold nothing torch --quick"):
        call_module("cold", ["nothing", "torch", "--quick"], 1)
    assert "KeyError" in capfd.readouterr().err
    assert "BENCHMARK_STARTED" not in os.environ


def test_the_report_has_no_column_too_few() -> None:
    engine = {
        "cold_s": 1.0,
        "peak_mib": None,
        "trajectory_error": 1e-7,
        "gradient_error": 1e-6,
        "gradient": {"wall_ms": 2.0, "cpu_ms": 1.0},
        "forecast": {"wall_ms": 1.0, "cpu_ms": 0.5},
        "training": {"shared": {"wall_s": 3.0, "last_loss": 0.5}},
    }
    row = {
        "problem": "small",
        "solver": {"method": "tsit5", "rtol": 1e-6, "atol": 1e-8},
        "judged": 2,
        "stages": ["adam 2"],
        "engines": {"torch": engine},
    }
    found = {"machine": {"python": "3"}, "absent": {"julia": "no Julia."}, "rows": {"x": row}}
    lines = report.markdown(found).splitlines()
    assert "Not measured: `julia`. no Julia." in lines
    table = [line for line in lines if line.startswith("|")]
    assert {line.count("|") for line in table} == {len(report.HEADER) + 1}
    assert "| torch | 1.0 | 2 (1) | 1 (0.5) | 3 (0.5) | shared |  | 1e-07 | 1e-06 |" in table
