from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pyscimlode.errors import DataError
from pyscimlode.plots import plot_history
from pyscimlode.results import FitResult
from tests.plots.artists import legend_texts, line


def test_every_member_over_all_stages(result: FitResult) -> None:
    figure = plot_history(result)
    loss, gradient = figure.axes
    assert (loss.get_ylabel(), gradient.get_ylabel()) == ("loss", "norm of the gradient")
    assert loss.get_xlabel() == "iteration"
    assert loss.get_yscale() == "log"
    for member in range(3):
        rows = result.history[result.history["member"] == member]
        drawn = line(loss, f"total:{member}")
        np.testing.assert_array_equal(drawn.get_xdata(), np.arange(40))
        np.testing.assert_array_equal(drawn.get_ydata(), rows["total"])
        np.testing.assert_array_equal(
            line(gradient, f"gradient_norm:{member}").get_ydata(), rows["gradient_norm"]
        )
        np.testing.assert_array_equal(line(loss, f"pir:{member}").get_ydata(), rows["pir"])
    assert [text.get_text() for text in loss.texts] == ["adam", "bfgs"]
    assert legend_texts(figure) == ["member", "its penalty (PIR)"]


def test_two_stages_of_one_kind_follow_each_other(result: FitResult) -> None:
    history = pd.DataFrame(
        {
            "stage": ["adam"] * 4,
            "stage_index": [0, 0, 1, 1],
            "iteration": [1, 2, 1, 2],
            "member": [0] * 4,
            "total": [4.0, 3.0, 2.0, np.nan],
        }
    )
    (axis,) = plot_history(replace(result, history=history)).axes
    drawn = line(axis, "total:0")
    np.testing.assert_array_equal(drawn.get_xdata(), [0, 1, 2, 3])
    np.testing.assert_array_equal(drawn.get_ydata(), [4, 3, 2, np.nan])


def test_a_bare_history_is_enough(result: FitResult) -> None:
    figure = plot_history(replace(result, history=pd.DataFrame({"total": [2.0, 1.0]})))
    assert len(figure.axes) == 1
    assert legend_texts(figure) == ["member"]


def test_no_history(result: FitResult) -> None:
    with pytest.raises(DataError, match="no training history"):
        plot_history(replace(result, history=pd.DataFrame()))
