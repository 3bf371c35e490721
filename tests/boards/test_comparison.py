from __future__ import annotations

import numpy as np
import pytest

from pyscimlode.boards.comparison import Comparison
from pyscimlode.boards.scores import COLUMNS, mean_scores
from pyscimlode.errors import DataError
from pyscimlode.results import score_forecasters
from tests.boards.example import KINDS, SIZES, example_comparison


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    return example_comparison()


def test_one_row_a_forecast_strain_and_state(comparison: Comparison) -> None:
    table = comparison.table
    assert tuple(table.columns) == COLUMNS
    keys = ["task", "model", "seed", "strain", "state"]
    assert not table.duplicated(keys).any()
    assert comparison.kinds == KINDS
    of_hybrid = table[(table["model"] == "hybrid") & (table["task"] == "folds/S1")]
    assert list(dict.fromkeys(of_hybrid["seed"])) == ["0", "1", "2", "ensemble"]
    assert set(table.loc[table["model"] == "extra-trees", "seed"]) == {""}


def test_controls_score_as_they_do_elsewhere(comparison: Comparison) -> None:
    for task in comparison.tasks.values():
        scores = score_forecasters({}, task.train, task.test, unit_of=task.unit_of)
        by_task = comparison.by_task(task.protocol)
        for control in scores.models:
            assert by_task.loc[task.name, control] == pytest.approx(scores.value(control))


def test_a_learning_curve_is_the_mean_and_spread_over_draws(comparison: Comparison) -> None:
    curve = comparison.learning_curve("sim-sparse")
    assert list(curve.columns) == ["n", "model", "kind", "mean", "sd"]
    assert sorted(set(curve["n"])) == list(SIZES)
    table = comparison.table[comparison.table["protocol"] == "sim-sparse"]
    scores = mean_scores(table)
    chosen = scores[(scores["model"] == "hybrid") & (scores["n"] == SIZES[0])]
    draws = chosen[chosen["seed"] != "ensemble"].groupby("draw")["nrmse"].mean()
    row = curve[(curve["model"] == "hybrid") & (curve["n"] == SIZES[0])].iloc[0]
    assert row["mean"] == pytest.approx(draws.mean())
    assert row["sd"] == pytest.approx(np.std(draws, ddof=1))


def test_measured_scores_spread_over_seeds(comparison: Comparison) -> None:
    summary = comparison.summary()
    row = summary[(summary["protocol"] == "folds") & (summary["model"] == "hybrid")].iloc[0]
    scores = mean_scores(comparison.table)
    chosen = scores[(scores["protocol"] == "folds") & (scores["model"] == "hybrid")]
    seeds = chosen[chosen["seed"] != "ensemble"].groupby("seed")["nrmse"].mean()
    assert row["NRMSE clean"] == pytest.approx(seeds.mean())
    assert row["sd"] == pytest.approx(np.std(seeds, ddof=1))
    ensemble = chosen[chosen["seed"] == "ensemble"]["nrmse"].mean()
    assert row["ensemble NRMSE clean"] == pytest.approx(ensemble)
    assert row["tasks"] == 3


def test_the_summary_is_sorted_and_has_all_models(comparison: Comparison) -> None:
    summary = comparison.summary()
    for _, rows in summary.groupby(["protocol", "n"], sort=False):
        assert rows["NRMSE clean"].is_monotonic_increasing
        assert set(rows["model"]) == set(KINDS)
    assert list(dict.fromkeys(summary["protocol"])) == ["sim-sparse", "folds"]


def test_scores_by_state(comparison: Comparison) -> None:
    by_state = comparison.by_state("folds")
    assert set(by_state.index) == {"GPP", "Limonene", "Mevalonate"}
    mean = by_state.mean()
    summary = comparison.summary().set_index(["protocol", "model"])["NRMSE clean"]
    for model in KINDS:
        assert mean[model] == pytest.approx(summary["folds", model])
    few, many = (comparison.by_state("sim-sparse", n) for n in SIZES)
    assert few["hybrid"].mean() > many["hybrid"].mean()
    assert many.equals(comparison.by_state("sim-sparse"))


def test_a_failed_seed_is_shown_and_the_others_still_vote() -> None:
    comparison = example_comparison(failed=True)
    summary = comparison.summary().set_index(["protocol", "model"])
    row = summary.loc["folds", "neural-ode"]
    assert np.isnan(row["NRMSE clean"])
    assert np.isfinite(row["ensemble NRMSE clean"])
    assert comparison.by_task("folds")["neural-ode"].isna().all()
    assert comparison.by_state("folds")["neural-ode"].isna().all()
    assert summary.loc["folds"].index[-1] == "neural-ode"


def test_it_shows_itself(comparison: Comparison) -> None:
    text, html = repr(comparison), comparison._repr_html_()
    for name in ("hybrid", "geometric mean", "its forecasts are made up"):
        assert name in text
        assert name in html
    assert "7 task(s), 7 models and controls" in text


def test_one_call_draws_a_curve_or_a_heat_map(comparison: Comparison) -> None:
    curves = comparison.plot()
    assert "training strains" in curves.axes[0].get_xlabel()
    cells = comparison.plot("folds")
    shown = {text.get_text() for axis in cells.axes for text in axis.texts}
    assert f"{comparison.by_state('folds').loc['GPP', 'mean']:.2f}" in shown
    with pytest.raises(DataError, match="'own' is not in this comparison"):
        comparison.plot("own")


def test_wrong_requests(comparison: Comparison) -> None:
    with pytest.raises(DataError, match=r"'own' is not in this comparison; there are sim-sparse"):
        comparison.by_task("own")
    with pytest.raises(DataError, match=r"Did you mean 'sim-sparse'"):
        comparison.learning_curve("simsparse")
    with pytest.raises(DataError, match=r"has no n=3; there are \[2, 4\]"):
        comparison.by_state("sim-sparse", 3)
