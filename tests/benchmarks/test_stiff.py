from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.stiff import julia, report, trained
from benchmarks.stiff.limits import Counted, TimeLimit
from benchmarks.stiff.measure import time_in_turn
from benchmarks.stiff.problems import Measured, first_members, labels, relative_error
from benchmarks.stiff.rows import Row, Solution, Solver, scaled_error
from benchmarks.stiff.run import main
from benchmarks.stiff.solvers import missing, of_functions
from benchmarks.stiff.suite import measure
from pyscimlode.data.stiff_problems import stiff_problem


class Line:
    """A problem whose answer is known; solvers are made up."""

    name = "line"
    atol_factor = 0.1
    reference = np.array([[0.0, 0.0], [1.0, 100.0]])

    def solver(
        self, errors: dict[float, float], status: str = "success", method: str = "m"
    ) -> Solver:
        def prepare(problem: Line, rtol: float, atol: float, limit: float) -> object:
            assert atol == pytest.approx(0.1 * rtol)
            values = self.reference + errors[rtol] * np.array([0.0, 100.0])
            return lambda: Solution(values, status, nfev=7)

        return Solver("made up", method, "implicit", prepare)


def test_errors_are_in_units_of_each_state() -> None:
    reference = np.array([[1.0, 100.0], [-2.0, 50.0]])
    assert scaled_error(reference + np.array([[0.0, 1.0], [0.0, 0.0]]), reference) == 0.01
    assert scaled_error(reference + np.array([[0.125, 0.0], [0.0, 0.0]]), reference) == 0.0625
    assert scaled_error(np.full((2, 2), np.nan), reference) == np.inf
    assert scaled_error(reference[:1], reference) == np.inf
    ensemble = np.stack([reference, reference + 1.0, reference + 9.0])
    assert first_members(ensemble, reference[None]) == 0.0
    assert first_members(ensemble[1:], reference[None]) == 0.5
    assert relative_error(np.array([[3.0, 5.0]]), np.array([[3.0, 4.0]])) == 0.2


def test_every_solver_has_a_row_a_tolerance() -> None:
    good = Line().solver({1e-3: 1e-3, 1e-5: 1e-5})
    rows = measure(Line(), Line.reference, [good], (1e-3, 1e-5), rounds=2)
    assert [row.rtol for row in rows] == [1e-3, 1e-5]
    assert [row.error for row in rows] == pytest.approx([1e-3, 1e-5])
    assert all(row.status == "success" and row.nfev == 7 and row.rounds >= 1 for row in rows)
    assert all(0.0 <= row.seconds < 1.0 for row in rows)


def test_failures_are_rows_and_limits_end_a_solver() -> None:
    limited = Line().solver({1e-3: np.nan, 1e-5: np.nan}, "time limit")
    wrong = Line().solver({1e-3: 1e6, 1e-5: 0.5}, method="wrong")
    rows = measure(Line(), Line.reference, [limited, wrong], (1e-3, 1e-5), rounds=1)
    assert [row.status for row in rows] == [
        "time limit",
        "not tried: time limit at rtol 1e-03",
        "wrong answer",
        "success",
    ]
    assert np.isnan(rows[0].seconds)


def test_known_rows_are_not_measured_again() -> None:
    good = Line().solver({1e-3: 1e-3, 1e-5: 1e-5})
    known = [("line", "made up m", 1e-3)]
    (row,) = measure(Line(), Line.reference, [good], (1e-3, 1e-5), known=known, rounds=1)
    assert row.rtol == 1e-5


def test_calls_take_turns() -> None:
    order: list[str] = []
    calls = [lambda: order.append("a"), lambda: order.append("b")]
    timed = time_in_turn(calls, warm=[True, True], rounds=2)
    assert order == ["a", "b", "b", "a"]
    assert [item.medians[2] for item in timed] == [2, 2]


def test_a_solve_that_takes_too_long_is_ended() -> None:
    counted = Counted(lambda t, y: y, seconds=-1.0)
    with pytest.raises(TimeLimit):
        [counted(0.0, 1.0) for _ in range(1000)]
    counted.restart()
    assert counted.calls == 0


@pytest.mark.parametrize("solver", of_functions(), ids=lambda solver: solver.label)
def test_every_solver_solves_hires(solver: Solver) -> None:
    """The explicit ones of Python would take half a minute: they reach their limit."""
    if missing(solver):
        pytest.skip(f"not installed: {', '.join(missing(solver))}")
    problem = stiff_problem("hires")
    limit = 0.05 if solver.label.startswith("torchdiffeq dopri") else 30.0
    found = solver.prepare(problem, 1e-4, 1e-8, limit)()
    if limit < 1.0:
        assert found.status == "time limit"
    else:
        assert found.status == "success"
        assert scaled_error(found.values, problem.reference(1e-9)) < 1e-2


def test_julia_is_told_everything_as_toml() -> None:
    import tomllib

    problem = stiff_problem("live-stiff")
    reference = problem.reference(1e-6)
    told = julia.description(problem, reference, [1e-3], ["Tsit5"], rounds=1)
    read = tomllib.loads(julia.as_toml(told))
    assert read == told
    assert len(read["probes"][0]) == 1 + len(problem.initial)
    assert set(read["enzymes"]) == {"kf", "km", "kl"}


def test_another_definition_is_found() -> None:
    problem = stiff_problem("robertson")
    probes = [[0.0, 1.0, 1e-5, 0.1]]
    right = problem.rhs(0.0, probes[0][1:])
    julia.checked(problem, probes, [right.tolist()])
    with pytest.raises(ValueError, match=r"defines 'robertson' differently: at t = 0 "):
        julia.checked(problem, probes, [(right * 1.001).tolist()])


def test_without_julia_the_reason_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHON_JULIACALL_EXE", raising=False)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(julia.JuliaMissing, match="no `julia` on PATH"):
        julia.executable()


@pytest.mark.julia
def test_julia_solves_a_problem() -> None:
    try:
        julia.executable()
    except julia.JuliaMissing as error:
        pytest.skip(str(error))
    problem = stiff_problem("robertson")
    try:
        rows, versions = julia.measure(
            problem, problem.reference(1e-10), [1e-4], methods=["Rodas5P", "nonsense"], rounds=1
        )
    except julia.JuliaMissing as error:
        pytest.skip(f"the solver packages are not there: {str(error)[:200]}")
    assert versions["julia"]
    assert [row.status for row in rows] == ["success", "not installed"]
    assert rows[0].error < 1e-3


def test_a_trained_field_is_stiff() -> None:
    field = trained.trained_field(quick=True)
    assert field.stiffness() > 50.0
    assert field.theta.shape == (1, field.problem.layout.size)
    ensemble = trained.trained_field(quick=True, members=3)
    assert ensemble.theta.shape == (3, field.problem.layout.size)
    assert np.array_equal(ensemble.theta[0], field.theta[0])
    assert trained.reference_trajectory(ensemble, 1e-4).shape[:2] == (3, 2)


def example() -> Measured:
    at = {"problem": "hires", "rtol": 1e-6, "atol": 1e-10}
    rows = (
        Row(
            solver="scipy Radau",
            library="scipy",
            kind="implicit",
            error=3e-7,
            seconds=0.02,
            wall_seconds=0.02,
            first_seconds=0.03,
            rounds=3,
            nfev=900,
            **at,
        ),
        Row(
            solver="torchdiffeq dopri5",
            library="torchdiffeq",
            kind="explicit",
            status="time limit",
            **at,
        ),
    )
    facts = {"hires": {"stiffness": 206.0, "length": 321.8, "reference_error": 1e-13}}
    return Measured(rows, facts, {"julia": "no Julia"}, {"processor": "made up"})


def test_what_is_kept_is_read_again(tmp_path: Path) -> None:
    kept = report.merged(report.read(tmp_path), example())
    report.write(kept, tmp_path)
    again = report.read(tmp_path)
    assert again.keys() == kept.keys()
    assert np.isnan(again.rows[("hires", "torchdiffeq dopri5", 1e-6)].seconds)
    assert (tmp_path / "stiff.png").stat().st_size > 1000
    assert not (tmp_path / "stiff-trained.png").exists()
    text = (tmp_path / "stiff.md").read_text(encoding="utf-8")
    assert "| scipy Radau | 20 | 20 | - | 3e-07 | 900 |" in text
    assert "| torchdiffeq dopri5 | - | - | - | - |  |  | time limit |" in text
    assert "Left out: julia (no Julia)." in text
    assert "Not run: scipy BDF, " in text
    assert "runs:" not in text
    assert text == report.markdown(again)


def test_ratios_are_of_one_run() -> None:
    """Solvers of a second run have times, but no ratio to those of the first."""
    (radau, _), facts = example().rows, example().facts
    first = Measured((radau, replace(radau, solver="scipy BDF", seconds=0.05)), facts)
    second = Measured((replace(radau, solver="scipy LSODA", seconds=0.01),))
    text = report.markdown(report.merged(report.merged(report.Kept(), first), second))
    assert "| scipy Radau | 20 | 20 | - |" in text
    assert "| scipy BDF | 50 (2.5) | 50 (2.5) | - |" in text
    assert "| scipy LSODA | 10 | 10 | - |" in text
    assert "Timed in several runs: scipy Radau, scipy BDF; scipy LSODA." in text


def test_what_a_complete_table_has() -> None:
    assert {"julia Rodas5P", "diffrax Kvaerno5", "scipy Radau"} <= set(labels("hires"))
    assert {"pyscimlode auto", "torchdiffeq dopri5"} <= set(labels("trained-ensemble"))
    assert "scipy Radau" not in labels("trained-gradient")


@pytest.mark.slow
def test_the_command_keeps_its_results(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--quick", "--problems", "hires", "--solvers", "scipy", "--out", str(tmp_path)]
    assert main(options) == 0
    printed = capsys.readouterr().out
    assert "| scipy Radau |" in printed
    rows = json.loads((tmp_path / "stiff.json").read_text(encoding="utf-8"))["rows"]
    assert {row["solver"] for row in rows} >= {"scipy Radau", "scipy LSODA"}
    kept = (tmp_path / "stiff.json").read_text(encoding="utf-8")
    assert main(options) == 0
    assert (tmp_path / "stiff.json").read_text(encoding="utf-8") == kept
