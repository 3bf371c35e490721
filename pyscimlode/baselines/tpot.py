"""Derivative regression with regressors that TPOT searches for.

Costello & Garcia Martin, npj Syst. Biol. Appl. 4:19 (2018) searched with 12 generations of 30
pipelines for each metabolite.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
import numpy.typing as npt

from pyscimlode.baselines.derivative_regression import (
    DerivativeTable,
    FittedDerivativeRegression,
    Interpolation,
    derivative_table,
)
from pyscimlode.baselines.tpot_worker import Found, Task
from pyscimlode.data.dataset import Dataset
from pyscimlode.data.interpolation import PUBLISHED_POINTS
from pyscimlode.data.validation import validate_for_training
from pyscimlode.errors import ExperimentError, MissingDependencyError, TrainingError

WORKER = "from pyscimlode.baselines.tpot_worker import main; main()"
QUIET_SECONDS = 10.0
"""Time between two lines of progress."""


@dataclass(frozen=True)
class SearchEvent:
    """How far the search is.

    Attributes:
        state: the metabolite whose derivative is searched for.
        index: its number, from 0.
        total: number of metabolites.
        rmse: cross-validated error of the best pipeline so far, NaN before the first.
        seconds: spent on the whole search.
        limit: seconds that the whole search may take.
        done: whether the search for this metabolite is over.
    """

    state: str
    index: int
    total: int
    rmse: float
    seconds: float
    limit: float
    done: bool


@dataclass(frozen=True)
class TPOTBaseline:
    """Derivative regression whose regressors are found by genetic programming (TPOT).

    One search for each metabolite's derivative. Pipelines are compared by cross-validation that
    keeps strains whole, because neighbouring rows of one strain are near copies. Each search runs
    in a process of its own that is ended when its share of the time is over; the best pipeline
    until then is kept. Equal seeds repeat a search only if no limit of time cuts it off.

    Args:
        generations: of the search.
        population: pipelines a generation.
        max_seconds: for all metabolites together; each has an equal share of what is left.
        max_eval_seconds: for the cross-validation of one pipeline, a tenth of a metabolite's
            share at most.
        folds: of the cross-validation, at most one a strain.
        search_space: of TPOT, such as ``"linear"``, ``"linear-light"`` or ``"graph"``.
        n_jobs: processes of TPOT; ignored with ``client``.
        client: a ``dask.distributed.Client`` or the address of its scheduler (tcp://...), whose
            workers then evaluate the pipelines.
        max_rows: rows that are searched with at most, evenly chosen; None: all.
        interpolation: ``"time"``; ``"row"`` reproduces the published pipelines.
        points: of each strain's even grid.
        window: points of the Savitzky-Golay filter.
        order: of its polynomial.
        step: longest step of the integration in time units; by default that of the grid.
        random_state: of the search.
        progress: True writes lines to standard error; a function is called with every
            :class:`SearchEvent`.
    """

    generations: int = 12
    population: int = 30
    max_seconds: float = 3600.0
    max_eval_seconds: float = 60.0
    folds: int = 5
    search_space: str = "linear"
    n_jobs: int = 1
    client: Any = None
    max_rows: int | None = None
    interpolation: Interpolation = "time"
    points: int = PUBLISHED_POINTS
    window: int = 7
    order: int = 2
    step: float | None = None
    random_state: int = 0
    progress: bool | Callable[[SearchEvent], None] = True

    @property
    def name(self) -> str:
        """Name in score tables."""
        return "derivatives: TPOT"

    def fit(self, train: Dataset) -> FittedTPOT:
        """Search for a pipeline for the derivative of every metabolite.

        Warns (``RuntimeWarning``) of metabolites for which no pipeline was found in time; ridge
        regression stands in.

        Raises:
            MissingDependencyError: without TPOT.
            ExperimentError: for a single strain, which leaves nothing to validate on.
            TrainingError: when TPOT itself fails.
            DataError: for data that cannot be trained on.
        """
        _check_installed()
        if self.generations < 1 or self.population < 2 or not self.max_seconds > 0:
            raise TrainingError(
                f"generations={self.generations}, population={self.population}, max_seconds="
                f"{self.max_seconds}: a search needs 1 generation of 2 pipelines, and time."
            )
        validate_for_training(train)
        if len(train.strains) < 2:
            raise ExperimentError(
                f"{train.strains[0]!r} is the only training strain, so no strain is left to "
                "compare pipelines on. Give at least two."
            )
        table = derivative_table(
            train,
            interpolation=self.interpolation,
            points=self.points,
            window=self.window,
            order=self.order,
        )
        started = time.monotonic()
        report = _reporter(self.progress)
        found: dict[str, Found] = {}
        for index, state in enumerate(train.state_names):
            spent = time.monotonic() - started
            share = max(self.max_seconds - spent, 0.0) / (len(train.state_names) - index)
            task = self._task(table, index, share)

            def on_news(rmse: float, done: bool, state: str = state, index: int = index) -> None:
                seconds = time.monotonic() - started
                total = len(train.state_names)
                report(SearchEvent(state, index, total, rmse, seconds, self.max_seconds, done))

            best = search(task, share, on_news)
            found[state] = best if best is not None else _ridge(task, state, share)
        return FittedTPOT(
            self.name,
            train,
            (tuple(best.pipeline for best in found.values()),),
            table.step if self.step is None else self.step,
            pipelines={state: best.text for state, best in found.items()},
            cv_rmse={state: best.rmse for state, best in found.items()},
            finished={state: best.final for state, best in found.items()},
        )

    def _task(self, table: DerivativeTable, column: int, seconds: float) -> Task:
        rows = np.flatnonzero(np.isfinite(table.derivatives[:, column]))
        if self.max_rows is not None and len(rows) > self.max_rows:
            rows = rows[np.linspace(0, len(rows) - 1, self.max_rows).astype(np.int64)]
        settings = {
            "search_space": self.search_space,
            "generations": self.generations,
            "population_size": self.population,
            "n_jobs": self.n_jobs,
            "processes": self.n_jobs > 1,
            "random_state": self.random_state + column,
        }
        return Task(
            table.features[rows],
            table.derivatives[rows, column],
            strain_folds(table.groups[rows], self.folds),
            settings,
            self.max_eval_seconds,
            time.time() + seconds,
            _address(self.client),
        )


@dataclass(frozen=True, eq=False)
class FittedTPOT(FittedDerivativeRegression):
    """What TPOT found.

    Attributes:
        pipelines: state -> the pipeline, as Python writes it.
        cv_rmse: state -> its cross-validated error, in the unit of the derivative.
        finished: state -> whether TPOT came to an end by itself; False if its process was ended.
    """

    pipelines: Mapping[str, str]
    cv_rmse: Mapping[str, float]
    finished: Mapping[str, bool]


def strain_folds(groups: npt.NDArray[np.int64], folds: int) -> npt.NDArray[np.int64]:
    """Return the fold in which each row is tested, ``(rows,)``; a strain is in one fold.

    Raises:
        ExperimentError: when fewer than two strains or folds are given.
    """
    strains, numbers = np.unique(groups, return_inverse=True)
    count = min(folds, len(strains))
    if count < 2:
        raise ExperimentError(
            f"{len(strains)} strain(s) in {folds} fold(s): cross-validation by strain needs two "
            "of each. A state must be measured in two training strains."
        )
    return np.asarray(numbers % count, dtype=np.int64)


def search(task: Task, seconds: float, on_news: Callable[[float, bool], None]) -> Found | None:
    """Search in a process of its own, which is gone after so many seconds.

    Returns:
        the best pipeline until then; None if there was none.

    Raises:
        TrainingError: when TPOT fails.
    """
    deadline = time.monotonic() + seconds
    ours, theirs = Pipe()
    with ours:
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-W", "ignore", "-c", WORKER, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        try:
            with suppress(BrokenPipeError):
                ours.send(task)
            return _listen(ours, deadline, on_news)
        finally:
            _end(process)


def _listen(
    connection: Connection, deadline: float, on_news: Callable[[float, bool], None]
) -> Found | None:
    best: Found | None = None
    while (left := deadline - time.monotonic()) > 0:
        if connection.poll(min(left, 1.0)):
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    news = connection.recv()
            except (EOFError, ConnectionResetError) as error:
                raise TrainingError(
                    "The process in which TPOT searched died (out of memory?). Lower n_jobs, "
                    "max_rows or points."
                ) from error
            if isinstance(news, str):
                raise TrainingError(f"TPOT failed: {news}")
            best = news
        on_news(best.rmse if best else float("nan"), False)
        if best is not None and best.final:
            break
    on_news(best.rmse if best else float("nan"), True)
    return best


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _ridge(task: Task, state: str, seconds: float) -> Found:
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    warnings.warn(
        f"TPOT found no pipeline for {state!r} within {seconds:.0f} s; ridge regression stands in. "
        "Raise max_seconds, or lower population, points or max_rows.",
        RuntimeWarning,
        stacklevel=3,
    )
    ridge = make_pipeline(StandardScaler(), Ridge()).fit(task.x, task.y)
    return Found(ridge, "none found in time; ridge regression stands in", float("nan"))


def _check_installed() -> None:
    if find_spec("tpot") is None:
        raise MissingDependencyError(
            "TPOTBaseline needs TPOT, which is not installed: pip install 'pyscimlode[tpot]'."
        )
    if find_spec("pkg_resources") is None:
        raise MissingDependencyError(
            "TPOT needs pkg_resources, which setuptools 81 no longer has: "
            "pip install 'setuptools<81'."
        )


def _address(client: Any) -> str | None:
    if client is None:
        return None
    address = client if isinstance(client, str) else str(client.scheduler.address)
    if address.startswith("inproc:"):
        raise TrainingError(
            "client= is a dask cluster inside this process, which the search, in a process of its "
            "own, cannot reach. Make it with LocalCluster(processes=True), or leave client out."
        )
    return address


def _reporter(
    progress: bool | Callable[[SearchEvent], None],
) -> Callable[[SearchEvent], None]:
    if callable(progress):
        return progress
    written = time.monotonic()

    def write(event: SearchEvent) -> None:
        nonlocal written
        now = time.monotonic()
        if event.done or now - written >= QUIET_SECONDS:
            written = now
            left = max(event.limit - event.seconds, 0.0)
            print(
                f"TPOT {event.index + 1}/{event.total} {event.state}: best cross-validated RMSE "
                f"{event.rmse:.4g}{', done' if event.done else ''}; at most {left:.0f} s left",
                file=sys.stderr,
                flush=True,
            )

    return write if progress else lambda event: None
