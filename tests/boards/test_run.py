from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pyscimlode
from pyscimlode import Comparison, DerivativeRegression, NeuralODE, ProductionDegradation
from pyscimlode.backends.status import Status
from pyscimlode.boards.entrants import resolve_entrants
from pyscimlode.boards.jobs import Training
from pyscimlode.boards.run import run_board
from pyscimlode.boards.tasks import Task, fold_tasks
from pyscimlode.data.dataset import Dataset
from pyscimlode.data.simulate import simulate
from pyscimlode.errors import ArtifactError, MissingDependencyError, ModelError, TrainingInterrupted
from pyscimlode.results import score_forecasters
from pyscimlode.training import Adam, Collocation, Event
from tests.boards.example import CONTROLS, STATES, example_tasks

STAGES = (Collocation(2), Adam(2))
QUICK = Training(seeds=(0, 1), stages=STAGES, progress=False)
TREES = DerivativeRegression("extra-trees", points=15, order=1, window=3)


class Broken:
    """A regression that fails on some strains."""

    name = "broken"

    def fit(self, train: Dataset) -> Any:
        raise RuntimeError("out of luck") if "S1" in train.strains else KeyError("S1")


class Absent:
    name = "absent"

    def fit(self, train: Dataset) -> Any:
        raise MissingDependencyError("install it first")


@pytest.fixture(scope="module")
def tasks() -> list[Task]:
    return example_tasks(sizes=(2,), draws=2)


def test_every_entrant_is_trained_as_it_is_alone(tasks: list[Task]) -> None:
    """The batch of all folds and draws gives what a fit of each task gives."""
    net = NeuralODE(widths=(4,))
    board = run_board(tasks, resolve_entrants({"net": net, "trees": TREES}), QUICK)
    for task in tasks:
        fit = pyscimlode.fit(
            task.train, model=net, ensemble=2, stages=STAGES, progress=False, seed=0
        )
        alone = score_forecasters(
            {"net": fit, "trees": TREES.fit(task.train)},
            task.train,
            task.test,
            unit_of=task.unit_of,
        )
        rows = board.table[board.table["task"] == task.name]
        ours = rows[rows["seed"].isin(("ensemble", ""))]
        merged = ours.merge(alone.table, on=["model", "strain", "state"], suffixes=("", "_alone"))
        assert len(merged) == len(alone.table) == len(ours)
        np.testing.assert_allclose(merged["nrmse"], merged["nrmse_alone"], rtol=1e-6)
    assert board.kinds["net"] == "model"
    assert board.kinds["trees"] == "baseline"
    assert set(board.settings["seconds"][tasks[0].name]) == {"net", "trees"}
    assert board.settings["versions"]["pyscimlode"] == pyscimlode.__version__


def test_folds_of_one_layout_train_as_one_batch(tasks: list[Task]) -> None:
    seen: list[Event] = []
    training = replace(QUICK, progress=seen.append)
    run_board(tasks, resolve_entrants({"net": NeuralODE(widths=(4,))}), training)
    members = {len(event.loss) for event in seen}
    assert members == {2 * 2, 3 * 2}


def test_a_blend_is_the_geometric_mean_of_model_and_control() -> None:
    tasks = fold_tasks(simulate(n=3, times=(0, 12, 24, 72)))[:1]
    board = run_board(tasks, resolve_entrants("hybrid+geometric"), QUICK)
    name = tasks[0].name
    (strain,) = tasks[0].test.strains
    parts = [board.forecasts[name, part].members[strain] for part in ("hybrid", "geometric mean")]
    expected = np.sqrt((parts[0] + 1e-3) * (parts[1] + 1e-3)) - 1e-3
    blend = board.forecasts[name, "hybrid+geometric"].members[strain]
    assert blend.shape[0] == 2
    np.testing.assert_allclose(blend, expected, rtol=1e-9, atol=1e-12)


def test_an_entrant_that_fails_has_no_scores_and_the_others_have(tasks: list[Task]) -> None:
    board = run_board(tasks, resolve_entrants({"broken": Broken(), "trees": TREES}), QUICK)
    summary = board.summary().set_index(["protocol", "model"])["NRMSE clean"]
    assert np.isnan(summary["folds", "broken"])
    assert np.isfinite(summary["folds", "trees"])
    codes = board.forecasts["folds/S1", "broken"].status["S1"]
    assert codes.tolist() == [Status.NON_FINITE]
    said = [str(warning) for warning in board.warnings]
    assert "broken failed on folds/S2, its scores there are NaN: RuntimeError: out of luck" in said


def test_remarks_about_the_data_are_collected_once(tmp_path: Path) -> None:
    strains = simulate(n=3, times=(0, 12, 24, 72)).keep(["GPP"], ["GPPS", "LS"])
    entrants = resolve_entrants({"net": NeuralODE(widths=(4,)), "trees": TREES})
    board = run_board(fold_tasks(strains), entrants, QUICK, out=tmp_path)
    gaps = [str(w) for w in board.warnings if "p(t) is a guess in this gap" in str(w)]
    assert len(gaps) == 3
    assert gaps[0].startswith("folds: Control 'GPPS' of experiment")
    assert "folds: 3 more remarks like these." in board.warnings
    assert run_board(fold_tasks(strains), entrants, QUICK, out=tmp_path).warnings == board.warnings


def test_warnings_of_an_entrant_belong_to_the_comparison(tasks: list[Task]) -> None:
    class Worried:
        name = "worried"

        def fit(self, train: Dataset) -> Any:
            text = "nothing was found; ridge regression stands in"
            warnings.warn(text, RuntimeWarning, stacklevel=2)
            return TREES.fit(train)

    board = run_board(tasks, resolve_entrants({"worried": Worried()}), QUICK)
    assert "folds, worried: nothing was found; ridge regression stands in" in board.warnings
    assert np.isfinite(board.by_task("folds")["worried"]).all()


def test_what_is_not_installed_ends_the_board(tasks: list[Task]) -> None:
    with pytest.raises(MissingDependencyError, match="install it first"):
        run_board(tasks, resolve_entrants({"absent": Absent()}), QUICK)


def test_hybrids_without_a_pathway_are_left_out_and_it_is_said(tasks: list[Task]) -> None:
    board = run_board(tasks, resolve_entrants({"hybrid": "hybrid", "trees": TREES}), QUICK)
    assert "hybrid" not in board.models
    assert any("hybrid is left out of folds: no known pathway" in str(w) for w in board.warnings)
    with pytest.raises(ModelError, match="hybrid is left out of folds"):
        run_board(tasks, resolve_entrants("hybrid"), QUICK)


def test_a_board_goes_on_where_it_ended(tasks: list[Task], tmp_path: Path) -> None:
    trained: list[tuple[str, ...]] = []

    class Counted:
        name = "counted"

        def __repr__(self) -> str:
            return "Counted()"

        def fit(self, train: Dataset) -> Any:
            trained.append(train.strains)
            return TREES.fit(train)

    first = run_board(tasks, resolve_entrants({"counted": Counted()}), QUICK, out=tmp_path)
    assert len(trained) == len(tasks)
    entrants = resolve_entrants({"counted": Counted(), "net": NeuralODE(widths=(4,))})
    second = run_board(tasks, entrants, QUICK, out=tmp_path)
    assert len(trained) == len(tasks)
    assert second.by_task("folds")["counted"].equals(first.by_task("folds")["counted"])
    assert second.settings["seconds"]["folds/S1"].keys() == {"counted", "net"}
    back = Comparison.load(tmp_path)
    assert back.summary().equals(second.summary())
    assert not list((tmp_path / "cells").glob("*.checkpoint-*"))


def test_other_settings_are_refused(tasks: list[Task], tmp_path: Path) -> None:
    entrants = resolve_entrants({"net": NeuralODE(widths=(4,))})
    run_board(tasks, entrants, QUICK, out=tmp_path)
    more_seeds = replace(QUICK, seeds=(0, 1, 2))
    with pytest.raises(ArtifactError, match=r"'net' in 'sim-sparse' changed \(seeds: \[0, 1\] bef"):
        run_board(tasks, entrants, more_seeds, out=tmp_path)
    other = example_tasks(sizes=(2,), draws=1)
    with pytest.raises(ArtifactError, match=r"changed \(sim-sparse/n=2/draw=1 is not asked for no"):
        run_board(other, entrants, QUICK, out=tmp_path)
    more = example_tasks(sizes=(2,), draws=3)
    with pytest.raises(ArtifactError, match=r"changed \(sim-sparse/n=2/draw=2 is new\)"):
        run_board(more, entrants, QUICK, out=tmp_path)
    wider = resolve_entrants({"net": NeuralODE(widths=(5,))})
    with pytest.raises(ArtifactError, match=r"the model or its training of 'net' .*\(widths: \[4"):
        run_board(tasks, wider, QUICK, out=tmp_path)


def test_a_failed_entrant_is_tried_again(tasks: list[Task], tmp_path: Path) -> None:
    class Moody:
        name = "moody"
        fine = False

        def __repr__(self) -> str:
            return "Moody()"

        def fit(self, train: Dataset) -> Any:
            if not self.fine:
                raise RuntimeError("not today")
            return TREES.fit(train)

    moody = Moody()
    entrants = resolve_entrants({"moody": moody})
    assert run_board(tasks, entrants, QUICK, out=tmp_path).by_task("folds")["moody"].isna().all()
    moody.fine = True
    assert run_board(tasks, entrants, QUICK, out=tmp_path).by_task("folds")["moody"].notna().all()


def test_ctrl_c_keeps_what_is_done_and_training_goes_on_from_its_checkpoint(
    tasks: list[Task], tmp_path: Path
) -> None:
    folds = [task for task in tasks if task.protocol == "folds"]
    net = ProductionDegradation(widths=(4,))
    entrants = resolve_entrants({"trees": TREES, "net": net})
    whole = run_board(folds, entrants, QUICK)

    def stop(event: Event) -> None:
        if (event.stage_index, event.iteration) == (1, 1):
            raise KeyboardInterrupt

    with pytest.raises(TrainingInterrupted, match=r"after 1 of 2 jobs. They are in .*resume=True"):
        run_board(folds, entrants, replace(QUICK, progress=stop), out=tmp_path)
    kept = sorted(path.name for path in (tmp_path / "cells").iterdir())
    assert kept[0].startswith("folds-n=2-net.checkpoint-")
    assert kept[1:] == ["folds-n=2-trees.safetensors"]
    seen: list[Event] = []
    resumed = run_board(folds, entrants, replace(QUICK, progress=seen.append), out=tmp_path)
    assert [(event.stage_index, event.iteration) for event in seen] == [(1, 2)]
    assert resumed.by_task("folds").equals(whole.by_task("folds"))


def test_interrupted_without_a_folder_says_so(tasks: list[Task]) -> None:
    def stop(event: Event) -> None:
        raise KeyboardInterrupt

    entrants = resolve_entrants({"net": NeuralODE(widths=(4,))})
    with pytest.raises(TrainingInterrupted, match=r"Nothing is kept; name a folder with out="):
        run_board(tasks, entrants, replace(QUICK, progress=stop))


def test_forecasts_of_another_shape_are_a_failure(tasks: list[Task]) -> None:
    class Short:
        name = "short"

        def fit(self, train: Dataset) -> Any:
            return self

        def predict(self, what: Dataset) -> Any:
            forecast = TREES.fit(what).predict(what)
            members = {name: values[:, :-1] for name, values in forecast.members.items()}
            return replace(forecast, members=members)

    board = run_board(tasks[:1], resolve_entrants({"short": Short()}), QUICK)
    assert any("the forecast of 'S9' has shape (1, 5, 3)" in str(w) for w in board.warnings)


def test_examples_have_the_columns_that_the_tests_rely_on(tasks: list[Task]) -> None:
    assert tasks[0].train.state_names == STATES
    assert tasks[0].train.control_names == CONTROLS
