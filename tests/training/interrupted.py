"""A training that can be killed: run as a script by the tests of interruption.

Arguments: checkpoint, result, and how long each loss takes in seconds. Prints a line after every
iteration; resumes when the checkpoint exists.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

from pyscimlode.errors import TrainingInterrupted
from pyscimlode.training import BFGS, LBFGS, Adam, Collocation, Event, train
from tests.training.toy_session import start, toy_session

STAGES = (
    Collocation(5),
    Adam(8, lr=0.05),
    BFGS(8, gtol=1e-9, ftol=0.0),
    LBFGS(8, gtol=1e-9, ftol=0.0),
)
INTERRUPTED = 7


def main(checkpoint: Path, result: Path, seconds: float) -> int:
    session = toy_session(on_call=lambda call: time.sleep(seconds))

    def say(event: Event) -> None:
        print(event.stage, event.iteration, flush=True)

    try:
        state = train(
            session,
            start(session),
            STAGES,
            on_event=say,
            checkpoint=checkpoint,
            checkpoint_seconds=0.0,
            resume=checkpoint if checkpoint.exists() else None,
        )
    except TrainingInterrupted as stop:
        print(stop, flush=True)
        return INTERRUPTED
    np.save(result, state.theta)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3])))
