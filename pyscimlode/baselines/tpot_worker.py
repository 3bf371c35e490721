"""The process in which TPOT searches, so that a search can be ended at any time.

Started as ``python -m pyscimlode.baselines.tpot_worker FD`` by :mod:`pyscimlode.baselines.tpot`;
it receives one task on the connection of that file descriptor and answers with ever better
trained pipelines.
"""

from __future__ import annotations

import logging
import math
import os
import sys
import threading
import time
import warnings
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

POLL_SECONDS = 0.5
SCORE = "mean_squared_error"
"""TPOT's name of the score, which is the negative of it."""
LEAST_RESERVE = 2.0
"""Seconds before the end at which TPOT is asked to end by itself, at least; a quarter of the time
at most. It looks at the clock between pipelines and trains the best one afterwards, so the reserve
is two evaluations."""
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
        n_jobs: processes that evaluate pipelines, where there is no scheduler.
        max_eval_seconds: for the cross-validation of one pipeline.
        deadline: when this process is ended, in seconds of ``time.time()``.
        scheduler: address of a dask scheduler, or None.
    """

    x: FloatArray
    y: FloatArray
    folds: npt.NDArray[np.int64]
    settings: dict[str, Any]
    n_jobs: int
    max_eval_seconds: float
    deadline: float
    scheduler: str | None


@dataclass(frozen=True)
class Count:
    """What was compared so far.

    Attributes:
        generations: the first population among them; the limit of time may have cut the last one
            short.
        evaluated: pipelines with a cross-validated error.
    """

    generations: int = 0
    evaluated: int = 0


@dataclass(frozen=True, eq=False)
class Found:
    """The best pipeline so far, trained on all rows.

    Attributes:
        pipeline: a scikit-learn estimator.
        text: how it is written.
        rmse: its cross-validated error, in the unit of the derivative.
        final: whether the search came to an end by itself.
        count: what it was compared with.
        seconds: that the search took.
        stand_in: whether it is ridge regression because nothing was found.
    """

    pipeline: Any
    text: str
    rmse: float
    final: bool = False
    count: Count = Count()
    seconds: float = 0.0
    stand_in: bool = False


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
    import tpot
    from sklearn.model_selection import PredefinedSplit

    tpot.utils.eval_utils.eval_objective_list = evaluate
    left = max(task.deadline - time.time(), 0.1)
    evaluation = min(task.max_eval_seconds, SHARE_OF_EVALUATION * left)
    reserve = min(max(2.0 * evaluation, LEAST_RESERVE), 0.25 * left)
    estimator = tpot.TPOTRegressor(
        scorers=["neg_mean_squared_error"],
        scorers_weights=[1],
        cv=PredefinedSplit(task.folds),
        client=_own_cluster(task.n_jobs) if task.scheduler is None else _connected(task.scheduler),
        verbose=0,
        max_time_mins=(left - reserve) / 60.0,
        max_eval_time_mins=evaluation / 60.0,
        **task.settings,
    )
    reporter = _Reporter(estimator, task, connection)
    thread = threading.Thread(target=reporter.run, daemon=True)
    thread.start()
    estimator.fit(task.x, task.y)
    reporter.over.set()
    thread.join()
    pipeline = estimator.fitted_pipeline_
    rmse = _rmse(float(estimator.selected_best_score[SCORE]))
    connection.send(Found(pipeline, describe(pipeline), rmse, True, reporter.count()))


def evaluate(
    individual: Any,
    objectives: Any,
    verbose: int = 0,
    timeout: float | None = None,
    max_eval_time_mins: float | None = None,
    **settings: Any,
) -> Any:
    """Evaluate one pipeline within its limit of time; TPOT calls this in place of its own function.

    TPOT 1.1 hands its limit to the first pipelines alone; the others get it as ``timeout``, which
    nothing reads, so that a single slow one could hold up the whole search.
    """
    from tpot.utils.eval_utils import objective_nan_wrapper

    minutes = max_eval_time_mins if timeout is None else timeout / 60.0
    limits = {"max_eval_time_mins": minutes, **settings}
    return np.concatenate(
        [objective_nan_wrapper(individual, each, verbose, **limits) for each in objectives]
    )


def _own_cluster(n_jobs: int) -> Any:
    """Return a client of a cluster of this process, which no other machine can reach."""
    from dask.distributed import Client, LocalCluster

    cluster = LocalCluster(
        n_workers=n_jobs,
        threads_per_worker=1,
        processes=n_jobs > 1,
        host="127.0.0.1" if n_jobs > 1 else None,
        dashboard_address="127.0.0.1:0",
        worker_dashboard_address="127.0.0.1:0",
        silence_logs=logging.CRITICAL,
        memory_limit=None,
    )
    return Client(cluster)


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


def _rmse(score: float) -> float:
    return math.sqrt(max(-score, 0.0))


class _Reporter:
    """Looks at the population every half second and sends what got better."""

    def __init__(self, estimator: Any, task: Task, connection: Connection) -> None:
        self.over = threading.Event()
        self._estimator = estimator
        self._task = task
        self._connection = connection
        self._best = -math.inf
        self._sent = Count()
        self._parent = os.getppid()

    def run(self) -> None:
        while not self.over.wait(POLL_SECONDS):
            if os.getppid() != self._parent:
                os._exit(1)
            # The population is written by another thread, and libraries have errors of their own
            # for a pipeline that cannot be trained: what does not work now may work later.
            with suppress(Exception):
                self._report()

    def count(self) -> Count:
        """Return what was compared so far."""
        evolver = self._estimator._evolver_instance
        if evolver is None:
            return Count()
        known = np.isfinite(evolver.population.evaluated_individuals[SCORE].astype(float))
        return Count(int(evolver.generation), int(known.sum()))

    def _report(self) -> None:
        evolver = self._estimator._evolver_instance
        if evolver is None:
            return
        table = evolver.population.evaluated_individuals
        scores = table[SCORE].astype(float)
        known = scores[np.isfinite(scores)]
        if known.empty:
            return
        if known.max() > self._best:
            individual = table.loc[known.idxmax(), "Individual"]
            pipeline = individual.export_pipeline().fit(self._task.x, self._task.y)
            if self.over.is_set():
                return
            self._best = float(known.max())
            self._sent = self.count()
            rmse = _rmse(self._best)
            self._connection.send(Found(pipeline, describe(pipeline), rmse, False, self._sent))
        elif (count := self.count()) != self._sent:
            self._sent = count
            self._connection.send(count)


if __name__ == "__main__":
    main()
