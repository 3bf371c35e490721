from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

from pyscimlode.errors import DataError
from pyscimlode.plots import plot_work_precision
from pyscimlode.plots.work_precision import looks
from tests.plots.artists import legend_texts, line, lines, panel

TOLERANCES = (1e-4, 1e-6, 1e-8)


def table() -> pd.DataFrame:
    """Two libraries on two problems; one explicit solver never answers on the second."""
    rows = []
    for problem in ("mild", "stiff"):
        for library, method, kind in (
            ("scipy", "Radau", "implicit"),
            ("scipy", "DOP853", "explicit"),
            ("torch", "rosenbrock", "implicit"),
        ):
            for rtol in TOLERANCES:
                failed = problem == "stiff" and kind == "explicit"
                rows.append(
                    {
                        "problem": problem,
                        "solver": f"{library} {method}",
                        "library": library,
                        "kind": kind,
                        "rtol": rtol,
                        "error": np.nan if failed else 3.0 * rtol,
                        "seconds": 0.01 * rtol**-0.2,
                        "status": "time limit" if failed else "success",
                    }
                )
    return pd.DataFrame(rows)


def failed(axis: Axes) -> str:
    (said,) = [text for text in axis.texts if text.get_gid() == "failed"]
    return said.get_text().replace("\n", " ")


def test_one_panel_a_problem_with_a_curve_a_solver() -> None:
    rows = table().sample(frac=1.0, random_state=0)
    figure = plot_work_precision(rows)
    axis = panel(figure, "mild")
    assert (axis.get_xscale(), axis.get_yscale()) == ("log", "log")
    drawn = line(axis, "solver:scipy Radau")
    np.testing.assert_allclose(drawn.get_xdata(), 3.0 * np.array(TOLERANCES))
    np.testing.assert_allclose(drawn.get_ydata(), 0.01 * np.array(TOLERANCES) ** -0.2)
    assert set(legend_texts(figure)) == {"scipy Radau", "scipy DOP853", "torch rosenbrock"}


def test_libraries_have_colours_and_explicit_methods_dashes() -> None:
    axis = panel(plot_work_precision(table()), "mild")
    radau, dop853, rosenbrock = (
        line(axis, f"solver:{name}") for name in ("scipy Radau", "scipy DOP853", "torch rosenbrock")
    )
    assert radau.get_color() == dop853.get_color() != rosenbrock.get_color()
    assert radau.get_marker() != dop853.get_marker()
    assert [x.get_linestyle() for x in (radau, dop853, rosenbrock)] == ["-", "--", "-"]


def test_figures_of_parts_of_a_table_agree() -> None:
    rows = table()
    part = rows[rows["library"] == "torch"]
    alone, agreed = (
        line(panel(plot_work_precision(part, drawn_as=given), "mild"), "solver:torch rosenbrock")
        for given in (None, looks(rows))
    )
    whole = line(panel(plot_work_precision(rows), "mild"), "solver:torch rosenbrock")
    assert agreed.get_color() == whole.get_color() != alone.get_color()


def test_solves_without_an_answer_are_named_and_not_drawn() -> None:
    rows = table()
    rows.loc[(rows["solver"] == "torch rosenbrock") & (rows["rtol"] == 1e-4), "error"] = 1e3
    axis = panel(plot_work_precision(rows), "stiff")
    assert lines(axis, "solver:scipy DOP853") == []
    assert len(line(axis, "solver:torch rosenbrock").get_xdata()) == 2
    said = failed(axis)
    assert said == "no answer: scipy DOP853 3/3, torch rosenbrock 1/3"


def test_three_columns_are_enough() -> None:
    bare = table().query("problem == 'mild'")[["solver", "error", "seconds"]]
    figure = plot_work_precision(bare)
    (axis,) = figure.axes
    assert len({drawn.get_color() for drawn in axis.lines}) == 3


def test_problems_are_chosen_and_ordered() -> None:
    figure = plot_work_precision(table(), problems=["stiff", "mild"])
    assert [axis.get_title() for axis in figure.axes] == ["stiff", "mild"]


def test_nothing_that_answers_is_still_a_figure() -> None:
    rows = table().query("solver == 'scipy DOP853' and problem == 'stiff'")
    figure = plot_work_precision(rows)
    assert failed(figure.axes[0]) == "no answer: scipy DOP853 3/3"
    assert legend_texts(figure) == []


def test_bad_tables_are_named() -> None:
    with pytest.raises(DataError, match=r"needs the columns solver, .*; seconds is missing"):
        plot_work_precision(table().drop(columns="seconds"))
    with pytest.raises(DataError, match=r"no problem 'other'; it has 'mild', 'stiff'"):
        plot_work_precision(table(), problems=["other"])
    with pytest.raises(DataError, match=r"no problem at all; it has no rows"):
        plot_work_precision(table().iloc[:0])
