from __future__ import annotations

import io

from pyscimlode.kinetics.progress import StepLines


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def lines(total: int, seconds: list[float], first: int = 1) -> list[str]:
    clock, stream = Clock(), io.StringIO()
    report = StepLines("generation", stream=stream, clock=clock)
    for number, passed in enumerate(seconds, first):
        clock.now = 100.0 + passed
        report(number, total, "50.0% valid")
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
    assert lines(50, [4.0], first=41) == [
        "generation 41/50  50.0% valid  0:04 spent  about 0:36 left"
    ]


def test_large_first_portions_count_as_done_by_this_run() -> None:
    clock, stream = Clock(), io.StringIO()
    report = StepLines("sets", done=0, stream=stream, clock=clock)
    clock.now = 110.0
    report(100, 400)
    assert stream.getvalue() == "sets 100/400  0:10 spent  about 0:30 left\n"
