from __future__ import annotations

import numpy as np
import pytest

from pyscimlode.plots import plot_scores
from pyscimlode.plots.scores import score_text
from pyscimlode.results import FitResult, Scores

ROWS = [
    ("node x3", "A", "GPP", 5, 1.0, 0.5, False),
    ("node x3", "A", "NAD", 5, 1.0, 3.25, True),
    ("node x3", "B", "GPP", 5, 1.0, 0.7, False),
    ("node x3", "B", "NAD", 5, 1.0, 1.25, False),
    ("persistence", "A", "GPP", 5, 1.0, 0.4, False),
    ("persistence", "A", "NAD", 5, np.nan, np.nan, True),
    ("persistence", "B", "GPP", 5, 1.0, 0.6, False),
    ("persistence", "B", "NAD", 5, 1.0, 2.0, False),
]


def _cells(scores: Scores) -> list[str]:
    return [text.get_text() for text in plot_scores(scores).axes[0].texts]


def test_cells_are_the_means_of_the_table() -> None:
    scores = Scores.from_rows(ROWS)
    axis = plot_scores(scores).axes[0]
    texts = [text.get_text() for text in axis.texts]
    labels = [label.get_text() for label in axis.get_yticklabels()]
    assert labels == ["mean (clean)", "mean of all", "GPP", "NAD †"]
    assert [label.get_text() for label in axis.get_xticklabels()] == ["node x3", "persistence"]
    # squares are averaged over strains: GPP 0.608 and 0.510, NAD 2.462; NAD of B alone 1.25, 2.0
    assert texts[:4] == ["0.93", "1.25", "1.54", "failed"]
    assert texts[4:8] == ["0.61", "0.51", "2.46", "failed"]
    assert texts[8:] == ["model", "controls"]


def test_the_best_of_a_row_is_bold() -> None:
    axis = plot_scores(Scores.from_rows(ROWS)).axes[0]
    bold = [t.get_text() for t in axis.texts[4:8] if t.get_fontweight() == "bold"]
    assert bold == ["0.51", "2.46"]


def test_models_stand_apart_from_controls() -> None:
    axis = plot_scores(Scores.from_rows(ROWS)).axes[0]
    model, control = (tick.get_position()[0] for tick in axis.get_xticklabels())
    assert control - model > 1.0


def test_identity_scores_have_no_ranks_and_say_why() -> None:
    rows = [
        ("node", "A", "GPP", 9, 0.3, 0.3, False),
        ("zero field", "A", "GPP", 9, 0.0, 0.0, False),
    ]
    figure = plot_scores(Scores.from_rows(rows, protocol="identity"))
    axis = figure.axes[0]
    assert axis.get_title() == "identity protocol: input = target, these are not forecasts"
    assert {text.get_fontweight() for text in axis.texts} == {"normal"}
    assert {tuple(patch.get_facecolor()) for patch in axis.patches} == {(1.0, 1.0, 1.0, 1.0)}


def test_numbers_of_a_fit_are_all_there(result: FitResult) -> None:
    cells = _cells(result.scores)
    for number in result.scores.by_state().to_numpy().ravel():
        assert score_text(float(number)) in cells


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0.00"), (0.123, "0.12"), (1e-7, "1e-07"), (1e4, "1e+04"), (np.nan, "failed")],
)
def test_score_text(value: float, text: str) -> None:
    assert score_text(value) == text
