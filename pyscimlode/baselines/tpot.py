"""Derivative regression with regressors that TPOT searches for.

Costello & Garcia Martin, npj Syst. Biol. Appl. 4:19 (2018) searched with 12 generations of 30
pipelines for each metabolite.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt

from pyscimlode.baselines.derivative_tables import (
    DerivativeTable,
    Interpolation,
    derivative_table,
)
from pyscimlode.baselines.fitted_tpot import FittedTPOT
from pyscimlode.baselines.tpot_search import SearchEvent, address_of, reporter, search
from pyscimlode.baselines.tpot_worker import Count, Found, Task
from pyscimlode.data.dataset import Dataset
from pyscimlode.data.interpolation import PUBLISHED_POINTS
from pyscimlode.data.validation import validate_for_training
from pyscimlode.errors import (
    ExperimentError,
    MissingDependencyError,
    TrainingError,
    TrainingInterrupted,
)

STAND_IN = "none found; ridge regression stands in"


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
        n_jobs: processes that evaluate pipelines; ignored with ``client``. More than one talk over
            ports that only this machine can reach.
        client: a ``dask.distributed.Client`` or the address of its scheduler (tcp://...), whose
            workers then evaluate the pipelines. They need pyscimlode and TPOT too.
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

    def fit(self, train: Dataset, found: Mapping[str, Found] | None = None) -> FittedTPOT:
        """Search for a pipeline for the derivative of every metabolite.

        Warns (``RuntimeWarning``) of metabolites for which no pipeline was found in time, or which
        a single strain has, so that pipelines cannot be compared; ridge regression stands in.

        Args:
            train: the training strains.
            found: pipelines that are not searched for again, such as the ``state`` of a
                :class:`TrainingInterrupted`.

        Raises:
            MissingDependencyError: without TPOT.
            ExperimentError: for a single strain, which leaves nothing to validate on, or an
                unknown metabolite in ``found``.
            TrainingError: when TPOT itself fails.
            TrainingInterrupted: Ctrl-C; its ``state`` has the pipelines found so far.
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
        for state in found or {}:
            if state not in train.state_names:
                raise ExperimentError(
                    f"found: {state!r} is not a metabolite of the training strains, which have "
                    f"{', '.join(train.state_names)}."
                )
        table = derivative_table(
            train,
            interpolation=self.interpolation,
            points=self.points,
            window=self.window,
            order=self.order,
        )
        best = dict(found or {})
        try:
            self._search_all(train, table, best)
        except KeyboardInterrupt as stop:
            raise TrainingInterrupted(
                f"The search was interrupted; {len(best)} of {len(train.state_names)} metabolites "
                "are done. Go on with fit(train, found=error.state).",
                state=best,
            ) from stop
        in_order = {state: best[state] for state in train.state_names}
        return FittedTPOT(
            self.name,
            train,
            (tuple(one.pipeline for one in in_order.values()),),
            table.step if self.step is None else self.step,
            in_order,
        )

    def _search_all(self, train: Dataset, table: DerivativeTable, best: dict[str, Found]) -> None:
        """Add to ``best`` what is missing in it."""
        started = time.monotonic()
        report = reporter(self.progress)
        total = len(train.state_names)
        for index, state in enumerate(train.state_names):
            if state in best:
                continue
            spent = time.monotonic() - started
            left = total - index - sum(name in best for name in train.state_names[index:])
            share = max(self.max_seconds - spent, 0.0) / left

            def on_news(
                one: Found | None, count: Count, done: bool, state: str = state, index: int = index
            ) -> None:
                rmse = one.rmse if one else float("nan")
                seconds = time.monotonic() - started
                report(
                    SearchEvent(state, index, total, rmse, seconds, self.max_seconds, done, count)
                )

            rows = self._rows(table, index)
            if len(np.unique(table.groups[rows])) < 2:
                best[state] = _ridge(
                    table, rows, index, f"{state!r} is measured in a single training strain"
                )
                continue
            task = self._task(table, rows, index, share)
            best[state] = search(task, share, on_news) or _ridge(
                table, rows, index, f"TPOT found no pipeline for {state!r} within {share:.0f} s"
            )

    def _rows(self, table: DerivativeTable, column: int) -> npt.NDArray[np.intp]:
        rows = np.flatnonzero(np.isfinite(table.derivatives[:, column]))
        if self.max_rows is not None and len(rows) > self.max_rows:
            rows = rows[np.linspace(0, len(rows) - 1, self.max_rows).astype(np.intp)]
        return rows

    def _task(
        self, table: DerivativeTable, rows: npt.NDArray[np.intp], column: int, seconds: float
    ) -> Task:
        settings = {
            "search_space": self.search_space,
            "generations": self.generations,
            "population_size": self.population,
            "random_state": self.random_state + column,
        }
        return Task(
            table.features[rows],
            table.derivatives[rows, column],
            strain_folds(table.groups[rows], self.folds),
            settings,
            self.n_jobs,
            self.max_eval_seconds,
            time.time() + seconds,
            address_of(self.client),
        )


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
            "of each."
        )
    return np.asarray(numbers % count, dtype=np.int64)


def _ridge(table: DerivativeTable, rows: npt.NDArray[np.intp], column: int, reason: str) -> Found:
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    warnings.warn(
        f"{reason}; ridge regression stands in. More time per metabolite: raise max_seconds, or "
        "lower population, points or max_rows.",
        RuntimeWarning,
        stacklevel=4,
    )
    ridge = make_pipeline(StandardScaler(), Ridge())
    ridge.fit(table.features[rows], table.derivatives[rows, column])
    return Found(ridge, STAND_IN, float("nan"), stand_in=True)


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
