from __future__ import annotations

import pytest

from pyscimlode.cli.options import names, read_times, roles, shortened
from pyscimlode.errors import TimeError, TrainingError
from pyscimlode.training import BFGS, Adam


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("0:3", [0, 1, 2, 3]),
        ("0:1:0.1", [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]),
        ("0:5:2", [0, 2, 4]),
        ("0, 24,72", [0, 24, 72]),
        ("7", [7]),
    ],
)
def test_times(text: str, times: list[float]) -> None:
    assert read_times(text) == pytest.approx(times)


@pytest.mark.parametrize("text", ["", "a", "0:b", "0:1:2:3", "0:nan", "inf"])
def test_times_that_are_none(text: str) -> None:
    with pytest.raises(TimeError, match="give start:stop:step, such as 0:72:1, or 0,24,72"):
        read_times(text)


@pytest.mark.parametrize("text", ["0:5:0", "0:5:-1", "5:0"])
def test_steps_that_lead_nowhere(text: str) -> None:
    with pytest.raises(TimeError, match="the step is positive, and stop is not before start"):
        read_times(text)


def test_too_many_times() -> None:
    with pytest.raises(TimeError, match="more than a million"):
        read_times("0:72:1e-9")


def test_names() -> None:
    assert names(None) is None
    assert names(["A,B", "C D"]) == ["A", "B", "C D"]
    assert names(['"1,2-PDO", X']) == ["1,2-PDO", "X"]


def test_roles_leave_out_what_was_not_said() -> None:
    assert roles() == {}
    assert roles(time="Hour", controls=["none"]) == {"time": "Hour", "controls": []}
    assert roles(sheet="1") == {"sheet": 1}
    assert roles(sheet="March") == {"sheet": "March"}


def test_shortened_stages_are_never_longer() -> None:
    assert shortened([Adam(300), Adam(2), BFGS(50)], 10) == (Adam(10), Adam(2), BFGS(10))
    with pytest.raises(TrainingError, match="--steps 0: at least one step"):
        shortened([Adam(300)], 0)
