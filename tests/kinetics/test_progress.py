from __future__ import annotations

import io

from pyscimlode.kinetics.progress import StepLines


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def lines(total: int, seconds: list[float], done: int = 0) -> list[str]:
    clock, stream = Clock(), io.StringIO()
    report = StepLines("generation", total, done=done, stream=stream, clock=clock)
    for number, passed in enumerate(seconds, done + 1):
        clock.now = 100.0 + passed
        report(number, "50.0% valid")
    return stream.getvalue().splitlines()


def test_short_work_is_silent() -> None:
    assert lines(3, [0.5, 1.0, 1.9]) == []


def test_lines_every_ten_seconds_and_at_the_end() -> None:
    assert lines(4, [3.0, 6.0, 13.5, 20.0]) == [
        "generation 1/4  50.0% valid  0:03 spent  about 0:09 left",
        "generation 3/4  50.0% valid  0:14 spent  about 0:04 left",
        "generation 4/4  50.0% valid  0:20 spent",
    ]


def test_steps_of_an_earlier_run_cost_no_time() -> None:
    assert lines(50, [4.0], done=40) == [
        "generation 41/50  50.0% valid  0:04 spent  about 0:36 left"
    ]
