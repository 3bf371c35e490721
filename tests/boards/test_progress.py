from __future__ import annotations

import io

from pyscimlode.boards.progress import BoardProgress


def test_a_line_a_job_with_the_time_left() -> None:
    now = [0.0]
    stream = io.StringIO()
    progress = BoardProgress(4, stream=stream, clock=lambda: now[0])
    progress.start("own, n=2, hybrid", done=True)
    progress.start("own, n=2, neural-ode")
    now[0] = 60.0
    progress.start("own, n=2, extra-trees")
    assert stream.getvalue().splitlines() == [
        "1 of 4: own, n=2, hybrid; kept from an earlier run",
        "2 of 4: own, n=2, neural-ode",
        "3 of 4: own, n=2, extra-trees; 1:00 spent, about 2:00 left",
    ]


def test_it_can_be_silent() -> None:
    stream = io.StringIO()
    BoardProgress(1, shown=False, stream=stream).start("own, n=2, hybrid")
    assert stream.getvalue() == ""
