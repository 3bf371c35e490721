from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import Result

from pyscimlode.report.html import number
from pyscimlode.results import FitResult
from pyscimlode.training import Event
from tests.cli.conftest import COLUMNS, TINY, invoke


def test_a_run_writes_everything(finished: tuple[Path, Result]) -> None:
    out, done = finished
    assert done.exit_code == 0, done.output
    assert sorted(item.name for item in out.iterdir()) == [
        "figures",
        "model",
        "predictions.csv",
        "report.html",
        "run.json",
        "scores.csv",
    ]
    assert sorted(item.name for item in (out / "figures").iterdir()) == [
        "data.png",
        "field.png",
        "forecast-S4.png",
        "history.png",
        "scores.png",
    ]
    for path in ("model", "scores.csv", "predictions.csv", "figures", "report.html"):
        assert str(out / path) in done.stdout


def test_files_table_and_report_agree(finished: tuple[Path, Result]) -> None:
    out, done = finished
    result = FitResult.load(out / "model")
    assert result.train.strains == ("S1", "S2", "S3")
    assert result.train.state_names == ("GPP", "Limonene")
    assert result.train.control_names == ("GPPS", "LS")
    scores = pd.read_csv(out / "scores.csv")
    np.testing.assert_allclose(scores["nrmse"], result.scores.table["nrmse"])
    report = (out / "report.html").read_text(encoding="utf-8")
    for model, value in result.scores.summary()["NRMSE clean"].items():
        label = str(model) if model == result.name else f"{model} (control)"
        (line,) = [text for text in done.stdout.splitlines() if text.startswith(label)]
        assert number(value) in line
        assert number(value) in report
    assert (f"pyscimlode.load(&quot;{out / 'model'}&quot;)") in report


def test_predictions_are_the_models_at_the_measured_times(finished: tuple[Path, Result]) -> None:
    out, _ = finished
    result = FitResult.load(out / "model")
    assert result.test is not None
    table = pd.read_csv(out / "predictions.csv")
    assert list(table.columns) == [
        "experiment",
        "time",
        "state",
        "median",
        "lower",
        "upper",
        "measured",
        "unit",
        "interval",
    ]
    limonene = table[table["state"] == "Limonene"]
    np.testing.assert_allclose(limonene["median"], result.predict("S4").series("S4", "Limonene"))
    np.testing.assert_allclose(limonene["measured"], result.test["S4"].states[:, 1])
    assert list(limonene["time"]) == [0, 6, 36, 72]


def test_without_a_test_strain_there_are_no_scores(table: Path, tmp_path: Path) -> None:
    out = tmp_path / "all"
    done = invoke("fit", table, *COLUMNS, *TINY, "--out", out)
    assert done.exit_code == 0, done.output
    assert "No strain was held out (--test), so there are no scores." in done.stdout
    assert not (out / "scores.csv").exists()
    assert set(pd.read_csv(out / "predictions.csv")["experiment"]) == {"S1", "S2", "S3", "S4"}


def test_options_reach_the_fit(
    monkeypatch: pytest.MonkeyPatch, table: Path, tmp_path: Path
) -> None:
    seen: dict[str, Any] = {}

    def stop(train: Any, **options: Any) -> None:
        seen.update(options, train=train)
        raise KeyboardInterrupt

    monkeypatch.setattr("pyscimlode.api.fit", stop)
    out = tmp_path / "run"
    done = invoke(
        *("fit", table, *COLUMNS, "--test", "S1,S2", "--model", "node", "--solver", "dopri5"),
        *("--pir", 10, "--lipschitz", 1e-3, "--seed", 5, "--ensemble", 2, "--steps", 7),
        *("--early-stopping", "S3"),
        *("--device", "cpu", "--out", out, "--quiet"),
    )
    assert done.exit_code == 130
    assert done.stderr == "Error: Interrupted. Nothing was kept.\n"
    assert seen["train"].strains == ("S3", "S4")
    assert seen["test"].strains == ("S1", "S2")
    assert (seen["model"], seen["solver"]) == ("neural-ode", "dopri5")
    assert (seen["pir"], seen["seed"], seen["ensemble"]) == (10.0, 5, 2)
    assert seen["lipschitz"] == 1e-3
    assert [stage.steps for stage in seen["stages"]] == [7, 7]
    assert (seen["early_stopping"], seen["device"]) == ("S3", "cpu")
    assert (seen["progress"], seen["score_scale"], seen["resume"]) == (False, "all", False)
    assert seen["checkpoint"] == out / "checkpoint.safetensors"


def _interrupt_at(iteration: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def on_event(event: Event) -> None:
        if event.stage == "adam" and event.iteration == iteration:
            raise KeyboardInterrupt

    monkeypatch.setattr("pyscimlode.fitting.run.make_progress", lambda _: on_event)


def test_an_interrupted_run_goes_on_where_it_stopped(
    finished: tuple[Path, Result], table: Path, tmp_path: Path
) -> None:
    out = tmp_path / "S4"
    arguments = ("fit", table, "--test", "S4", *COLUMNS, *TINY, "--out", out)
    with pytest.MonkeyPatch.context() as patch:
        _interrupt_at(2, patch)
        stopped = invoke(*arguments)
    assert stopped.exit_code == 130
    assert stopped.stderr.splitlines()[-1] == (
        f"Error: Interrupted. Continue with: pyscimlode fit --resume --out {out}"
    )
    refused = invoke(*arguments)
    assert refused.exit_code == 1
    assert "holds an interrupted run" in refused.stderr
    changed = invoke("fit", "--resume", "--out", out, "--ensemble", 2)
    assert changed.exit_code == 1
    assert "had ensemble=1, not 2" in changed.stderr
    resumed = invoke("fit", "--resume", "--out", out)
    assert resumed.exit_code == 0, resumed.output
    assert not (out / "checkpoint.safetensors").exists()
    whole = FitResult.load(finished[0] / "model")
    np.testing.assert_array_equal(FitResult.load(out / "model").theta, whole.theta)


def test_nothing_to_resume(tmp_path: Path) -> None:
    done = invoke("fit", "--resume", "--out", tmp_path)
    assert done.exit_code == 1
    assert f"There is no interrupted run in {tmp_path}" in done.stderr


def test_a_folder_with_other_things_is_left_alone(table: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    arguments = ("fit", table, "--test", "S4", *COLUMNS, *TINY, "--quiet", "--out", tmp_path)
    refused = invoke(*arguments)
    assert refused.exit_code == 1
    assert "is not empty and is no run of pyscimlode" in refused.stderr
    assert [item.name for item in tmp_path.iterdir()] == ["thesis.txt"]
    forced = invoke(*arguments, "--force")
    assert (forced.exit_code, forced.output) == (0, "")
    assert (tmp_path / "thesis.txt").read_text() == "years of work"
    again = invoke(*arguments)
    assert (again.exit_code, again.output) == (0, "")


def test_a_request_is_kept(finished: tuple[Path, Result], table: Path) -> None:
    described = json.loads((finished[0] / "run.json").read_text())
    assert described["kind"] == "pyscimlode run"
    assert described["request"]["data"] == str(table)
    assert described["request"]["test"] == ["S4"]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--test", "S9"], "no experiment 'S9'"),
        (["--test", "S4", "--model", "nodde"], "model='nodde' is not known"),
        (["--test", "S4", "--solver", "euler"], "solver='euler' is not known"),
        (["--test", "S4", "--protocol", "forcast"], "Did you mean 'forecast'?"),
        (["--test", "S4", "--backend", "tensorflow"], "backend='tensorflow' is not installed"),
        (["--test", "S4", "--steps", "0"], "--steps 0: at least one step"),
        (["--test", "S4", "--ensemble", "0"], "at least one member"),
        (["--test", "S4", "--early-stopping", "S4"], "is not a training strain"),
        (["--time", "Hours"], "Hours"),
    ],
)
def test_mistakes(arguments: list[str], text: str, table: Path, tmp_path: Path) -> None:
    done = invoke("fit", table, *COLUMNS, *arguments, "--out", tmp_path / "run")
    assert done.exit_code == 1
    assert text in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("Error: ")


def test_a_file_is_no_folder(table: Path) -> None:
    done = invoke("fit", table, "--test", "S4", "--out", table)
    assert done.exit_code == 1
    assert "is a file; name a folder with --out" in done.stderr


def test_steps_shorten_the_stages_of_the_model_that_is_trained(
    monkeypatch: pytest.MonkeyPatch, measured_data: Path, tmp_path: Path
) -> None:
    seen: dict[str, Any] = {}

    def stop(train: Any, **options: Any) -> None:
        seen.update(options)
        raise KeyboardInterrupt

    monkeypatch.setattr("pyscimlode.api.fit", stop)
    invoke("fit", "limonene", "--model", "hybrid-limonene", "--steps", 5, "--out", tmp_path / "run")
    assert [(stage.steps, stage.weight_decay) for stage in seen["stages"]] == [(5, 1.0), (5, 1.0)]
