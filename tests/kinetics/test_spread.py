from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from pyscimlode.kinetics import spread as module
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
    ticks = iter([0.0, 1.0, 4.0, 5.0, 6.0])
    monkeypatch.setattr(module.time, "monotonic", lambda: next(ticks))
    spread(double, [1, 2, 3, 4], progress=True, what="portions of models")
    assert capsys.readouterr().err == "2 of 4 portions of models, 4 s left\n"
