from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from pyscimlode.boards import Comparison
from pyscimlode.errors import ColumnError, DataError, ExperimentError
from pyscimlode.plots import plot_forecast_panels, plot_learning_curves, plot_score_heatmap
from pyscimlode.plots.boards import looks, ranked
from pyscimlode.plots.labels import letters, spread
from pyscimlode.plots.scores import score_text
from pyscimlode.plots.style import GREY, png
from tests.boards.example import example_comparison
from tests.plots.artists import legend_texts, line, panel
from tests.plots.board_cases import CONTROL_NAMES, board, many


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    return example_comparison()


@pytest.fixture(scope="module")
def crowd() -> Comparison:
    return board(many(), sizes=(2, 4, 8), failed={"model c": 8, "model d": 2})


def _labels(axis: Axes) -> list[str]:
    return [text.get_text() for text in axis.texts]


def _caption(figure: Figure) -> str:
    (note,) = [text for text in figure.texts if text.get_gid() == "caption"]
    return note.get_text()


def test_curves_are_the_learning_curve(comparison: Comparison) -> None:
    axis = plot_learning_curves(comparison).axes[0]
    curve = comparison.learning_curve("sim-sparse")
    for model, rows in curve.groupby("model"):
        drawn = line(axis, f"curve:{model}")
        np.testing.assert_array_equal(drawn.get_xdata(), sorted(rows["n"]))
        np.testing.assert_allclose(drawn.get_ydata(), rows.sort_values("n")["mean"])
    assert axis.get_xscale() == "log"
    assert [f"{x:g}" for x in axis.get_xticks()] == ["2", "4"]
    assert axis.get_xlabel() == "number of training strains"
    assert "NRMSE" in axis.get_ylabel()


def test_bands_are_the_spread_over_draws(comparison: Comparison) -> None:
    figure = plot_learning_curves(comparison)
    bands = [c for c in figure.axes[0].collections if c.get_gid() == "band"]
    assert len(bands) == 3  # hybrid, neural-ode, extra-trees: not the controls
    curve = comparison.learning_curve("sim-sparse")
    row = curve[(curve["model"] == "extra-trees") & (curve["n"] == 2)].iloc[0]
    corners = bands[2].get_paths()[0].vertices
    at_two = corners[corners[:, 0] == 2.0][:, 1]
    assert at_two.min() == pytest.approx(row["mean"] - row["sd"])
    assert at_two.max() == pytest.approx(row["mean"] + row["sd"])
    assert "standard deviation over 2 draws" in _caption(figure)


def test_controls_are_grey_and_dashed_and_regressions_hollow(comparison: Comparison) -> None:
    figure = plot_learning_curves(comparison)
    axis = figure.axes[0]
    for name in CONTROL_NAMES:
        assert line(axis, f"curve:{name}").get_color() == GREY
        assert line(axis, f"curve:{name}").get_linestyle() == "--"
    assert line(axis, "curve:extra-trees").get_markerfacecolor() == "#ffffff"
    assert line(axis, "curve:hybrid").get_markerfacecolor() != "#ffffff"
    assert "hollow: regressions" in _caption(figure)


@pytest.mark.parametrize("which", ["comparison", "crowd"])
def test_labels_do_not_overlap_and_are_not_clipped(
    which: str, request: pytest.FixtureRequest
) -> None:
    figure = plot_learning_curves(request.getfixturevalue(which))
    boxes = [letters(text) for text in figure.axes[0].texts]
    for one, other in combinations(boxes, 2):
        assert one.y0 >= other.y1 - 0.5 or other.y0 >= one.y1 - 0.5
    whole = figure.bbox
    for box in [*boxes, *(text.get_window_extent() for text in figure.texts)]:
        assert box.x0 >= whole.x0
        assert box.x1 <= whole.x1
        assert box.y0 >= whole.y0
        assert box.y1 <= whole.y1


def test_every_model_has_its_own_look(crowd: Comparison) -> None:
    found = looks(crowd)
    drawn = [look for name, look in found.items() if name not in CONTROL_NAMES]
    assert len(drawn) == 12
    assert len({(look.colour, look.marker, str(look.dash)) for look in drawn}) == 12


def test_failures_and_runaways_are_told(crowd: Comparison) -> None:
    figure = plot_learning_curves(crowd)
    axis = figure.axes[0]
    curve = crowd.learning_curve("sim-sparse").set_index(["model", "n"])["mean"]
    labels = _labels(axis)
    assert f"model c  {score_text(curve['model c', 4])} at n = 4; then failed" in labels
    assert f"runaway  {score_text(curve['runaway', 8])} (off scale)" in labels
    assert axis.get_ylim()[1] < 2.5
    assert "No score, a forecast failed: model d." in _caption(figure)
    assert np.isnan(line(axis, "curve:model c").get_ydata()[-1])


def test_names_are_shown_as_they_are(crowd: Comparison) -> None:
    labels = _labels(plot_learning_curves(crowd).axes[0])
    assert any(r"penalty of 1e3 and \$x\$" in label for label in labels)
    assert len(png(plot_learning_curves(crowd), dpi=30)) > 1000


def test_one_number_of_strains_makes_points(comparison: Comparison) -> None:
    axis = plot_learning_curves(comparison, "folds").axes[0]
    curve = comparison.learning_curve("folds").set_index("model")["mean"]
    assert axis.get_xscale() == "linear"
    assert [label.get_text() for label in axis.get_xticklabels()] == ["2"]
    places = []
    for name in ("hybrid", "neural-ode", "extra-trees"):
        (point,) = [
            c for c in axis.containers if c.get_label() and c[0].get_gid() == f"curve:{name}"
        ]
        assert point[0].get_ydata()[0] == pytest.approx(curve[name])
        places.append(point[0].get_xdata()[0])
    assert len(set(places)) == 3
    assert line(axis, "curve:mean").get_ydata()[0] == pytest.approx(curve["mean"])


def test_one_draw_has_no_bands() -> None:
    figure = plot_learning_curves(board({"hybrid": 0.5}, draws=1))
    assert not [c for c in figure.axes[0].collections if c.get_gid() == "band"]
    assert "standard deviation" not in _caption(figure)


def test_a_comparison_in_which_everything_failed() -> None:
    names = ["hybrid", *CONTROL_NAMES]
    figure = plot_learning_curves(board({"hybrid": 0.5}, failed=dict.fromkeys(names, 1)))
    assert not figure.axes[0].lines
    assert f"No score, a forecast failed: {', '.join(names)}." in _caption(figure)
    cells = _labels(plot_score_heatmap(board({"hybrid": 0.5}, failed={"hybrid": 1})).axes[0])
    assert cells[:4] == ["failed"] * 4


@pytest.mark.parametrize(
    ("wanted", "placed"),
    [
        ([5.0, 50.0], [5.0, 50.0]),
        ([20.0, 20.0], [15.0, 25.0]),
        ([0.0, 1.0, 2.0], [0.0, 10.0, 20.0]),
        ([99.0, 98.0], [100.0, 90.0]),
        ([], []),
    ],
)
def test_spread(wanted: list[float], placed: list[float]) -> None:
    np.testing.assert_allclose(spread(wanted, 10.0, 0.0, 100.0), placed)


def _rows(axis: Axes) -> list[str]:
    return [label.get_text() for label in axis.get_yticklabels()]


def _columns(axis: Axes) -> list[str]:
    return [label.get_text() for label in axis.get_xticklabels()]


def test_the_heat_map_is_sorted_and_has_every_number(comparison: Comparison) -> None:
    axis = plot_score_heatmap(comparison, n=2).axes[0]
    order = ranked(comparison, "sim-sparse", 2)
    assert _rows(axis) == list(order["model"])
    assert set(_rows(axis)[3:]) == set(CONTROL_NAMES)
    assert _columns(axis) == ["mean", "GPP", "Limonene", "Mevalonate"]
    states = comparison.by_state("sim-sparse", 2)
    expected = [
        score_text(float(value))
        for model, mean in zip(order["model"], order["mean"], strict=True)
        for value in (mean, *states[model])
    ]
    assert _labels(axis) == expected
    (border,) = [drawn for drawn in axis.lines if drawn.get_gid() == "line"]
    ticks = axis.get_yticks()
    assert ticks[2] < border.get_ydata()[0] < ticks[3]
    assert axis.get_title() == "sim-sparse, 2 training strains"


def test_the_colour_bar_marks_one(comparison: Comparison) -> None:
    _, bar = plot_score_heatmap(comparison).axes
    assert [label.get_text() for label in bar.get_yticklabels()] == ["0", "0.5", "1", "1.5", "≥ 2"]
    assert any(np.allclose(drawn.get_ydata(), 1.0) for drawn in bar.lines)


def test_states_that_do_not_count_are_hatched_and_those_that_count_in_part_marked() -> None:
    out = [("S9", "GPP"), ("S10", "GPP"), ("S9", "Limonene")]
    figure = plot_score_heatmap(board({"hybrid": 0.5}, excluded=out))
    axis = figure.axes[0]
    assert _columns(axis) == ["mean", "GPP", "Limonene †", "Mevalonate"]
    hatched = [p for p in axis.patches if isinstance(p, Rectangle) and p.get_hatch()]
    assert len(hatched) == 5
    assert {round(p.get_x() + 0.5, 6) for p in hatched} == {round(axis.get_xticks()[1], 6)}
    caption = figure.get_supxlabel()
    assert "Hatched: not counted" in caption
    assert "† not counted for some" in caption


def test_a_heat_map_of_tasks(crowd: Comparison, comparison: Comparison) -> None:
    axis = plot_score_heatmap(crowd, by="task").axes[0]
    assert _columns(axis)[:3] == ["n=2 draw=0", "n=2 draw=1", "n=4 draw=0"]
    assert len(_columns(axis)) == 6
    assert _labels(axis).count("failed") == 2 + 6
    folds = plot_score_heatmap(comparison, "folds", by="task").axes[0]
    assert _columns(folds) == ["mean", "S1", "S2", "S3"]
    best = _rows(folds)[0]
    assert _labels(folds)[1:4] == [score_text(v) for v in comparison.by_task("folds")[best]]
    alone = plot_score_heatmap(crowd, by="task", n=4).axes[0]
    assert _columns(alone) == ["mean", "n=4 draw=0", "n=4 draw=1"]


def test_panels_show_the_two_best_models_and_the_best_control(comparison: Comparison) -> None:
    figure = plot_forecast_panels(comparison, "folds/S2")
    scores = comparison.by_task("folds").loc["folds/S2"].sort_values()
    models = [name for name in scores.index if name not in CONTROL_NAMES][:2]
    control = next(name for name in scores.index if name in CONTROL_NAMES)
    axis = panel(figure, "Limonene")
    drawn = {x.get_gid() for x in axis.lines if x.get_gid() != "measured"}
    assert drawn == {f"forecast:{name}" for name in (*models, control)}
    forecast = comparison.forecasts["folds/S2", models[0]]
    np.testing.assert_allclose(
        line(axis, f"forecast:{models[0]}").get_ydata(), forecast.series("S2", "Limonene")
    )
    experiment = comparison.tasks["folds/S2"].test["S2"]
    np.testing.assert_allclose(line(axis, "measured").get_ydata(), experiment.states[:, 1])
    assert {c.get_gid() for c in axis.collections} == {
        f"interval:{name}" for name in models if name != "extra-trees"
    }
    assert axis.get_ylabel() == "mM"
    assert figure.get_suptitle() == "S2 (held out), folds/S2"
    texts = legend_texts(figure)
    assert f"{models[0]} (NRMSE {score_text(scores[models[0]])})" in texts
    assert f"{control}, control (NRMSE {score_text(scores[control])})" in texts


def test_chosen_models_strain_and_states(comparison: Comparison) -> None:
    figure = plot_forecast_panels(
        comparison, "sim-sparse/n=2/draw=0", ["hybrid", "mean"], strain="S10", states=["GPP"]
    )
    (axis,) = figure.axes
    drawn = {x.get_gid() for x in axis.lines}
    assert {"forecast:hybrid", "forecast:mean", "measured"} <= drawn
    assert figure.get_suptitle() == "S10 (held out), sim-sparse/n=2/draw=0"


def test_a_failed_seed_is_told() -> None:
    figure = plot_forecast_panels(example_comparison(failed=True), "folds/S1", "neural-ode")
    assert "neural-ode (no score: a seed failed)" in legend_texts(figure)


def test_bad_requests(comparison: Comparison) -> None:
    for draw in (plot_learning_curves, plot_score_heatmap):
        with pytest.raises(DataError, match=r"'sim-dense' is not in this comparison"):
            draw(comparison, "sim-dense")
    with pytest.raises(DataError, match=r"not run with n=3 training strains; there are 2, 4\."):
        plot_score_heatmap(comparison, n=3)
    with pytest.raises(DataError, match=r"by='strain' is not one of state, task"):
        plot_score_heatmap(comparison, by="strain")  # type: ignore[arg-type]
    with pytest.raises(DataError, match=r"no task 'folds/S9'.*Did you mean 'folds/S"):
        plot_forecast_panels(comparison, "folds/S9")
    with pytest.raises(DataError, match=r"no forecast of 'hybird'.*Did you mean 'hybrid'"):
        plot_forecast_panels(comparison, "folds/S1", "hybird")
    with pytest.raises(ExperimentError, match=r"'folds/S1' did not hold out 'S2'; it held out S1"):
        plot_forecast_panels(comparison, "folds/S1", strain="S2")
    with pytest.raises(ColumnError, match="GPD"):
        plot_forecast_panels(comparison, "folds/S1", states=["GPD"])
