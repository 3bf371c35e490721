from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from pyscimlode.kinetics import spread as module
from pyscimlode.kinetics.progress import StepLines
from pyscimlode.kinetics.spread import spread


def double(x: int) -> int:
    return 2 * x


def test_results_come_in_order_here_and_from_an_executor() -> None:
    assert spread(double, [1, 2, 3]) == [2, 4, 6]
    with ThreadPoolExecutor(2) as pool:
        assert spread(double, [1, 2, 3], executor=pool) == [2, 4, 6]


def test_a_function_is_told_of_every_portion() -> None:
    told: list[tuple[int, int]] = []
    spread(double, [1, 2], progress=lambda done, every: told.append((done, every)))
    assert told == [(1, 2), (2, 2)]


def test_lines_say_the_time_left(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "StepLines", partial(StepLines, quiet=0.0, every=0.0))
    spread(double, [1, 2], progress=True, what="portions of models")
    assert capsys.readouterr().err == (
        "portions of models 1/2  0:00 spent  about 0:00 left\nportions of models 2/2  0:00 spent\n"
    )
