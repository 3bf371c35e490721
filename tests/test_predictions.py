from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pyscimlode.errors import ExperimentError, ValueRangeError
from pyscimlode.results import Prediction


def prediction() -> Prediction:
    members = np.array([[[1.0], [1.0]], [[2.0], [np.nan]], [[6.0], [np.nan]]])
    return Prediction(
        state_names=("x",),
        times={"A": np.array([0.0, 1.0])},
        members={"A": members},
        status={"A": np.array([0, 1, 1])},
    )


def test_median_over_the_members_that_got_there() -> None:
    np.testing.assert_allclose(prediction()["A"][:, 0], [2.0, 1.0])


def test_nan_where_no_member_got_there() -> None:
    p = prediction()
    failed = Prediction(p.state_names, p.times, {"A": p.members["A"][1:]}, {"A": np.array([1, 1])})
    np.testing.assert_allclose(failed["A"][:, 0], [4.0, np.nan])


def test_interval_and_frame() -> None:
    low, high = prediction().interval("A", level=1.0)
    np.testing.assert_allclose((low[0, 0], high[0, 0]), (1.0, 6.0))
    frame = prediction().to_frame()
    assert frame.columns.tolist() == ["experiment", "time", "state", "median", "lower", "upper"]
    assert frame["median"].tolist() == [2.0, 1.0]
    assert "2 failed solve(s)" in repr(prediction())


def test_unknown_names() -> None:
    with pytest.raises(ExperimentError, match="no forecast of 'B'; there are A"):
        prediction()["B"]
    with pytest.raises(ExperimentError, match="no state 'y'; there are x"):
        prediction().series("A", "y")
    np.testing.assert_allclose(prediction().series("A", "x"), [2.0, 1.0])


def test_spread_is_that_of_the_members_that_got_there() -> None:
    np.testing.assert_allclose(prediction().spread("A")[:, 0], [np.std([1.0, 2.0, 6.0]), 0.0])
    p = prediction()
    failed = replace(p, members={"A": np.full((2, 2, 1), np.nan)})
    assert np.isnan(failed.spread("A")).all()


def test_a_rule_takes_the_place_of_the_members() -> None:
    class Plain:
        kind = "plain"
        strains = ("B",)

        def bounds(self, p: Prediction, name: str, level: float) -> tuple[np.ndarray, np.ndarray]:
            return p.median(name) - level, p.median(name) + level

        def words(self, level: float) -> str:
            return f"plain {level:g}"

    ruled = replace(prediction(), rule=Plain(), level=0.5)
    low, high = ruled.interval("A")
    np.testing.assert_allclose((low[0, 0], high[0, 0]), (1.5, 2.5))
    assert (ruled.interval_kind, ruled.interval_words()) == ("plain", "plain 0.5")
    assert ruled.to_frame()["upper"].tolist() == [2.5, 1.5]
    raw = prediction()
    assert (raw.interval_kind, raw.interval_words()) == ("ensemble", "ensemble interval")


def test_levels_are_probabilities() -> None:
    with pytest.raises(ValueRangeError, match=r"level=90: .* a probability, such as 0.9"):
        prediction().interval("A", level=90)
