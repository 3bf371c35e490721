from __future__ import annotations

import io

import numpy as np

from pyscimlode.training import Event, ProgressPrinter, make_progress
from pyscimlode.training.progress import describe, duration


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def event(**changes: object) -> Event:
    settings: dict[str, object] = {
        "stage": "adam",
        "stage_index": 1,
        "stages": 3,
        "iteration": 30,
        "total": 300,
        "loss": np.array([0.5, 0.125, 0.25]),
        "seconds": 12.0,
        "eta": 75.0,
    }
    return Event(**{**settings, **changes})  # type: ignore[arg-type]


def test_one_line_says_stage_loss_and_time() -> None:
    assert describe(event()) == (
        "Adam (2/3)  30/300  loss 0.25 (best 0.125 of 3)  0:12 spent  1:15 left in this stage"
    )
    assert "loss 0.75 " in describe(event(loss=np.array([0.75])))
    assert "loss unknown" in describe(event(loss=np.array([np.nan, np.nan])))
    assert "loss 0.25 (best 0.25 of 2)" in describe(event(loss=np.array([np.nan, 0.25])))
    assert "at most 1:15 left" in describe(event(stage="bfgs"))
    assert "left" not in describe(event(eta=float("nan")))
    assert describe(event(message="2 solves failed")).endswith("2 solves failed")


def test_durations() -> None:
    assert [duration(s) for s in (0.4, 59.6, 3599.0, 3600.0, 90061.0)] == [
        "0:00",
        "1:00",
        "59:59",
        "1 h 00 min",
        "25 h 01 min",
    ]


def test_what_is_short_is_not_shown() -> None:
    stream, clock = io.StringIO(), Clock()
    printer = ProgressPrinter(stream, live=False, clock=clock)
    for seconds in (0.0, 0.5, 1.9):
        clock.now = 100.0 + seconds
        printer(event(seconds=seconds))
    printer.close()
    assert stream.getvalue() == ""


def test_plain_lines_come_every_ten_seconds() -> None:
    stream, clock = io.StringIO(), Clock()
    printer = ProgressPrinter(stream, live=False, clock=clock)
    for seconds in np.arange(0.0, 25.0, 0.5):
        clock.now = 100.0 + seconds
        printer(event(seconds=seconds))
    printer.close()
    lines = stream.getvalue().splitlines()
    assert [line.split("  ")[3] for line in lines] == ["0:02 spent", "0:12 spent", "0:22 spent"]
    assert "\r" not in stream.getvalue()


def test_a_live_line_is_overwritten_and_ended() -> None:
    stream, clock = io.StringIO(), Clock()
    printer = ProgressPrinter(stream, live=True, clock=clock)
    for seconds, stage in ((0.0, 0), (3.0, 0), (3.1, 0), (4.0, 0), (5.0, 1)):
        clock.now = 100.0 + seconds
        printer(event(seconds=seconds, stage_index=stage))
    printer.close()
    printer.close()
    text = stream.getvalue()
    assert text.count("\r") == 3
    assert text.count("\n") == 2
    assert text.endswith("\n")
    assert text.startswith("\r[==                  ] Adam (1/3)")


def test_a_shorter_line_covers_the_longer_one() -> None:
    stream, clock = io.StringIO(), Clock()
    printer = ProgressPrinter(stream, live=True, clock=clock)
    printer(event(seconds=10.0, message="x" * 10))
    clock.now += 1.0
    printer(event(seconds=11.0))
    first, second = stream.getvalue().split("\r")[1:]
    assert len(first) == len(second)


def test_a_file_gets_plain_lines_without_being_asked() -> None:
    stream = io.StringIO()
    ProgressPrinter(stream)(event(seconds=10.0))
    assert stream.getvalue() == describe(event(seconds=10.0)) + "\n"


def test_true_false_and_functions_are_taken() -> None:
    seen: list[Event] = []
    assert make_progress(seen.append) == seen.append
    assert make_progress(False) is None
    assert isinstance(make_progress(True), ProgressPrinter)
