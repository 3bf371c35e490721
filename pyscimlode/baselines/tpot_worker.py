"""The process in which TPOT searches, so that a search can be ended at any time.

Started as ``python -m pyscimlode.baselines.tpot_worker FD`` by :mod:`pyscimlode.baselines.tpot`;
it receives one task on the connection of that file descriptor and answers with ever better
trained pipelines.
"""

from __future__ import annotations

import math
import os
import sys
import threading
import time
import warnings
from dataclasses import dataclass
from multiprocessing.connection import Connection
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

POLL_SECONDS = 0.5
SHARE_OF_TPOT = 0.75
"""Share of the time after which TPOT is asked to end by itself. It looks at the clock when a
pipeline is evaluated, and trains the best one afterwards."""
SHARE_OF_EVALUATION = 0.1
"""Share of the time that the cross-validation of one pipeline may take at most."""


@dataclass(frozen=True, eq=False)
class Task:
    """One search.

    Attributes:
        x: ``(rows, features)``.
        y: ``(rows,)``.
        folds: ``(rows,)`` number of the fold that a row is tested in; a strain is in one fold.
        settings: arguments of ``TPOTRegressor``.
        max_eval_seconds: for the cross-validation of one pipeline.
        deadline: when this process is ended, in seconds of ``time.time()``.
        scheduler: address of a dask scheduler, or None.
    """

    x: FloatArray
    y: FloatArray
    folds: npt.NDArray[np.int64]
    settings: dict[str, Any]
    max_eval_seconds: float
    deadline: float
    scheduler: str | None


@dataclass(frozen=True, eq=False)
class Found:
    """The best pipeline so far, trained on all rows.

    Attributes:
        pipeline: a scikit-learn estimator.
        text: how it is written.
        rmse: its cross-validated error, in the unit of the derivative.
        final: whether the search is over.
    """

    pipeline: Any
    text: str
    rmse: float
    final: bool = False


def main() -> None:
    """Search until done; the other side ends the process when time is up."""
    connection = Connection(int(sys.argv[1]))
    warnings.simplefilter("ignore")
    task: Task = connection.recv()
    try:
        search(task, connection)
    except Exception as error:
        connection.send(f"{type(error).__name__}: {error}")


def search(task: Task, connection: Connection) -> None:
    """Run TPOT; send every pipeline that is better than those before, then the last one."""
    from sklearn.model_selection import PredefinedSplit
    from tpot import TPOTRegressor

    client = None
    if task.scheduler is not None:
        client = _connected(task.scheduler)
    left = max(task.deadline - time.time(), 0.1)
    estimator = TPOTRegressor(
        scorers=["neg_mean_squared_error"],
        scorers_weights=[1],
        cv=PredefinedSplit(task.folds),
        client=client,
        verbose=0,
        max_time_mins=SHARE_OF_TPOT * left / 60.0,
        max_eval_time_mins=min(task.max_eval_seconds, SHARE_OF_EVALUATION * left) / 60.0,
        **task.settings,
    )
    reporter = _Reporter(estimator, task, connection)
    thread = threading.Thread(target=reporter.run, daemon=True)
    thread.start()
    estimator.fit(task.x, task.y)
    reporter.over.set()
    thread.join()
    pipeline = estimator.fitted_pipeline_
    score = float(estimator.selected_best_score["mean_squared_error"])
    connection.send(Found(pipeline, describe(pipeline), math.sqrt(max(-score, 0.0)), True))


def _connected(scheduler: str) -> Any:
    """Return a client of a running cluster.

    TPOT counts the workers of ``client.cluster``, which a client made from an address lacks.
    """
    from dask.distributed import Client

    client = Client(scheduler)
    client.cluster = SimpleNamespace(workers=list(client.nthreads()))
    return client


def describe(pipeline: Any) -> str:
    """Return the pipeline as Python writes it, without any cut."""
    return " ".join(pipeline.__repr__(N_CHAR_MAX=100_000).split())


class _Reporter:
    """Looks at the population every half second and sends what got better."""

    def __init__(self, estimator: Any, task: Task, connection: Connection) -> None:
        self.over = threading.Event()
        self._estimator = estimator
        self._task = task
        self._connection = connection
        self._best = -math.inf
        self._parent = os.getppid()

    def run(self) -> None:
        while not self.over.wait(POLL_SECONDS):
            if os.getppid() != self._parent:
                os._exit(1)
            # The population is written by another thread: what does not work now will later.
            try:
                self._report()
            except (AttributeError, KeyError, TypeError, ValueError, RuntimeError):
                continue

    def _report(self) -> None:
        evolver = self._estimator._evolver_instance
        if evolver is None:
            return
        table = evolver.population.evaluated_individuals
        scores = table["mean_squared_error"].astype(float)
        known = scores[np.isfinite(scores)]
        if known.empty or known.max() <= self._best:
            return
        individual = table.loc[known.idxmax(), "Individual"]
        pipeline = individual.export_pipeline().fit(self._task.x, self._task.y)
        if self.over.is_set():
            return
        self._best = float(known.max())
        rmse = math.sqrt(max(-self._best, 0.0))
        self._connection.send(Found(pipeline, describe(pipeline), rmse))


if __name__ == "__main__":
    main()
