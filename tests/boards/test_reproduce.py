from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import pyscimlode
from pyscimlode.baselines.fitted_tpot import FittedTPOT
from pyscimlode.baselines.tpot_worker import Found
from pyscimlode.boards import reproduce as module
from pyscimlode.boards.reproduction import Reproduction
from pyscimlode.boards.reproduction_baselines import shown_name
from pyscimlode.boards.reproduction_batch import BatchOptions
from pyscimlode.boards.reproduction_plan import plan
from pyscimlode.boards.reproduction_scores import Question
from pyscimlode.errors import (
    DataError,
    ExperimentError,
    MissingDependencyError,
    TrainingError,
    TrainingInterrupted,
)
from pyscimlode.results import FitResult
from tests.boards.reproductions import STATES, limonene_like

PENALTIES = (0.01, 1000.0)


def run(**options: Any) -> Reproduction:
    chosen: dict[str, Any] = {"pir": PENALTIES, "seeds": 2, "quick": True, "progress": False}
    return pyscimlode.reproduce({"limonene": limonene_like()}, **chosen | options)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Reproduction, Path]:
    out = tmp_path_factory.mktemp("reproduce") / "out"
    return run(out=out), out


def test_every_net_is_scored_under_both_protocols(finished: tuple[Reproduction, Path]) -> None:
    table = finished[0].table
    ours = table[table["kind"] == "ours"]
    assert len(ours) == 3 * len(PENALTIES) * 2 * 2 * len(STATES)
    assert set(ours["task"]) == {"identity", "forecast"}
    assert set(ours["variant"]) == set(module.VARIANT_NAMES)
    assert np.isfinite(ours["rmse"]).all()
    assert (ours.loc[ours["task"] == "identity", "rmse"] > 0.0).all()
    zero = table[table["model"] == "zero field"]
    assert (zero["rmse"] == 0.0).all()
    assert set(table.loc[table["model"] == "untrained net", "seed"]) == {"0", "1"}


def test_a_penalty_without_gradient_does_not_change_what_adam_does(
    finished: tuple[Reproduction, Path],
) -> None:
    weights = finished[0].weights
    after_adam = weights[weights["after"] == "Adam"]
    assert set(after_adam["variant"]) == {"as-published"}
    assert (after_adam["difference"] == 0.0).all()
    real = weights[(weights["variant"] == "differentiable") & (weights["pir"] == 1000.0)]
    assert (real["difference"] > 0.0).all()


def test_the_forecast_is_that_of_the_saved_net(finished: tuple[Reproduction, Path]) -> None:
    from pyscimlode.results.identity_forecast import identity_fit_as_forecast

    result, out = finished
    net = FitResult.load(out / "nets" / "L2-differentiable-0.01")
    data = limonene_like()
    forecast = identity_fit_as_forecast(net, data.select(["L2"])).members["L2"][1]
    errors = np.sqrt(((forecast[1:] - data["L2"].states[1:]) ** 2).mean(axis=0))
    table = result.table
    rows = table[
        (table["variant"] == "differentiable")
        & (table["pir"] == 0.01)
        & (table["seed"] == "1")
        & (table["task"] == "forecast")
    ]
    np.testing.assert_allclose(rows["rmse"], errors)


def test_stages_and_times_are_kept(finished: tuple[Reproduction, Path]) -> None:
    result, _ = finished
    stages = result.stages
    assert set(stages["stage"]) == {"adam", "bfgs", "L-BFGS, step 1e-4"}
    # three passes over two strains
    assert set(stages.loc[stages["stage"] == "adam", "iterations"]) == {6}
    assert (result.times["seconds"] > 0.0).all()
    assert {"one net", "one net, 200 rows", "one net, true forecast"} <= set(result.times["what"])


def test_what_is_written_can_be_read(finished: tuple[Reproduction, Path]) -> None:
    result, out = finished
    again = Reproduction.load(out)
    pd.testing.assert_frame_equal(again.table, result.table)
    assert (out / "tables.md").read_text(encoding="utf-8") == result.to_markdown()


def test_resuming_makes_what_is_missing_alone(
    finished: tuple[Reproduction, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result, out = finished
    copy = tmp_path / "copy"
    shutil.copytree(out, copy)
    (copy / "parts" / "L2-detached.json").unlink()
    again = run(out=copy, resume=True, progress=True)
    said = capsys.readouterr().err.splitlines()
    assert len([line for line in said if line.endswith("(kept)")]) == 6
    assert [line for line in said if "BFGS with a line search" in line and "kept" not in line]
    pd.testing.assert_frame_equal(again.table, result.table)


def test_an_interrupted_batch_goes_on_from_its_checkpoint(
    finished: tuple[Reproduction, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result, _ = finished
    options: dict[str, Any] = {"out": tmp_path, "variants": ["differentiable"]}

    class Stop:
        def __call__(self, event: Any) -> None:
            if event.iteration == 4:
                raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("pyscimlode.fitting.run.make_progress", lambda progress: Stop())
        with pytest.raises(TrainingInterrupted):
            run(**options)
    assert (tmp_path / "parts" / "L2-differentiable.safetensors").is_file()
    again = run(**options, resume=True)
    own = result.table[result.table["variant"] == "differentiable"].reset_index(drop=True)
    resumed = again.table[again.table["variant"] == "differentiable"].reset_index(drop=True)
    pd.testing.assert_frame_equal(resumed, own)
    batch = again.times[again.times["nets"] > 1]
    assert batch["seconds"].isna().all()
    assert "interrupted" in again.to_markdown()


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"variants": ["as-publshed"]}, TrainingError, r"Did you mean 'as-published'\?"),
        ({"variants": []}, TrainingError, "name at least one of as-published, detached"),
        ({"seeds": 0}, TrainingError, "seeds=0: at least one net a penalty"),
        ({"pir": (1.0, 1.0)}, TrainingError, "different factors, zero or positive"),
        ({"pir": ()}, TrainingError, "different factors, zero or positive"),
        ({"tpot_minutes": 0}, TrainingError, "tpot_minutes=0: a positive number of minutes"),
        ({"stages": [pyscimlode.BFGS(3)]}, TrainingError, "needs a stage of Adam"),
        ({"resume": True}, TrainingError, "resume=True needs out="),
    ],
)
def test_what_cannot_be_done_is_said(
    options: dict[str, Any], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        run(**options)


def test_pathways_are_those_of_the_paper() -> None:
    with pytest.raises(DataError, match=r"no published tables of 'limonen'.*'limonene'\?"):
        pyscimlode.reproduce(["limonen"])
    with pytest.raises(DataError, match="name at least one of limonene, isopentenol"):
        pyscimlode.reproduce([])
    other = limonene_like().select(["L1", "L3"])
    with pytest.raises(ExperimentError, match=r"has no strain 'L2'.*its strains are L1, L3"):
        pyscimlode.reproduce({"limonene": other})


def test_tpot_is_looked_for_before_anything_is_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pyscimlode.boards.reproduction_plan.find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'pyscimlode\[tpot\]'"):
        run(tpot_minutes=1.0)


def test_measured_strains_reproduce_in_quick(measured_data: Path) -> None:
    result = pyscimlode.reproduce(
        ["limonene"],
        pir=(1.0,),
        seeds=1,
        variants=["as-published"],
        quick=True,
        progress=False,
    )
    table = result.tables()["Means over metabolites"]
    assert "persistence" in set(table["whose"])
    identity = result.table[result.table["task"] == "identity"]
    assert identity.loc[identity["kind"] == "ours", "state"].nunique() == 13
    # Persistence of L2, as in the score tables of forecasts.
    assert table.set_index("whose").loc["persistence", "NRMSE clean"] == "1.113"


def test_a_search_with_tpot_stands_beside_the_published_baseline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: dict[str, Any] = {}

    def search(**options: Any) -> pyscimlode.DerivativeRegression:
        asked.update(options)
        return pyscimlode.DerivativeRegression("k-nearest", interpolation="row")

    monkeypatch.setattr("pyscimlode.boards.reproduction_plan.find_spec", lambda name: True)
    monkeypatch.setattr("pyscimlode.boards.reproduction_plan.TPOTBaseline", search)
    data = limonene_like()
    questions = [Question("limonene", "L2", data)]
    steps = plan(questions, (), BatchOptions((1.0,), 1, 0, (), "auto", "auto", "auto"), 0.5)
    assert [step.name for step in steps][-1] == "L2-tpot-0.5-min"
    part = steps[-1].make(None)
    assert (asked["max_seconds"], asked["interpolation"]) == (30.0, "row")
    assert set(part.scores["kind"]) == {"baseline"}
    assert list(part.times["step"]) == ["training", "inference"]


def test_a_search_that_found_nothing_is_not_passed_off_as_tpot() -> None:
    fitted = pyscimlode.DerivativeRegression("k-nearest").fit(limonene_like())
    ridge = Found(None, "Ridge()", float("nan"), stand_in=True)
    found = {"Acetyl-CoA": ridge, "GPP": replace(ridge, stand_in=False)}
    tpot = FittedTPOT("derivatives: TPOT", fitted.train, fitted.regressors, fitted.step, found)
    assert shown_name(tpot) == "derivatives: TPOT (ridge for 1 of 2)"
    assert shown_name(replace(tpot, found={})) == "derivatives: TPOT"
    assert shown_name(fitted) == "derivatives: k-nearest"
