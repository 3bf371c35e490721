"""``compare``: models, regressions and controls on the same held-out strains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyscimlode.boards.comparison import Comparison
from pyscimlode.boards.entrants import resolve_entrants
from pyscimlode.boards.files import prepare_folder
from pyscimlode.boards.jobs import Training
from pyscimlode.boards.run import run_board
from pyscimlode.boards.tasks import (
    FOLDS,
    MEASURED,
    Task,
    check_protocols,
    fold_tasks,
    measured_tasks,
    simulated_tasks,
)
from pyscimlode.data.dataset import Dataset
from pyscimlode.errors import DataError, TrainingError, did_you_mean
from pyscimlode.fitting.inputs import read_data
from pyscimlode.fitting.run import Progress
from pyscimlode.training import Stage

if TYPE_CHECKING:
    import pandas as pd

ROLES = ("time", "experiment", "states", "controls", "replicate", "sheet")
DEFAULT_PROTOCOL = "sim-sparse"
DEFAULT_MODELS = (
    "hybrid",
    "hybrid-permuted",
    "production-degradation",
    "gaussian-process",
    "extra-trees",
)
DEFAULT_SIZES = (2, 10, 50)


def compare(
    data: Dataset | pd.DataFrame | str | Path | None = None,
    *,
    protocols: str | Sequence[str] | None = None,
    models: str | Sequence[str] | Mapping[str, Any] = DEFAULT_MODELS,
    n: int | Sequence[int] = DEFAULT_SIZES,
    draws: int = 3,
    seeds: int = 3,
    test: Dataset | str | Sequence[str] | None = None,
    stages: Sequence[Stage] | None = None,
    pir: float = 1.0,
    backend: str = "torch",
    device: str = "auto",
    tpot_seconds: float | None = None,
    out: str | Path | None = None,
    resume: bool = False,
    progress: Progress = True,
    **roles: Any,
) -> Comparison:
    """Train models and regressions on the same strains and score them on the same held-out ones.

    Controls (persistence, mean, geometric mean, nearest strain) always stand beside them.

    Args:
        data: your strains, as for :func:`pyscimlode.fit`, for the protocol ``"folds"``.
        protocols: ``"own"``, ``"pooled"``, ``"pooled7"`` (the measured strains of Costello &
            Garcia Martin 2018, each of six held out once), ``"sim-sparse"``, ``"sim-dense"``
            (learning curves on simulated strains) or ``"folds"`` (each of your strains held out
            once); :data:`pyscimlode.boards.PROTOCOLS` says what is trained on. None: ``"folds"``
            with data, else ``"sim-sparse"``.
        models: names of :data:`pyscimlode.boards.ENTRANTS`, or name -> what is to be trained: a
            model, a pair (model, stages), a regression such as
            ``DerivativeRegression("extra-trees")``, or the name of an entrant.
        n: numbers of training strains of the learning curves.
        draws: of the training strains, for each n.
        seeds: members of every neural model, trained as one batch and scored each alone and
            together (the median).
        test: strains of ``data`` to hold out, one after the other; or a data set of its own.
        stages: of all neural models instead of their default recipes.
        pir: factor of the physiology-informed penalty.
        backend: the training engine.
        device: ``"auto"``, ``"cpu"``, ``"cuda"``.
        tpot_seconds: of the search for each task, for the entrant ``"tpot"``.
        out: folder for tables, settings, forecasts. Every model is kept there as soon as it is
            done; Ctrl-C leaves what is done, and a checkpoint of what is under way.
        resume: go on with the comparison in ``out``; models may be added.
        progress: True shows which model is trained, with time left.
        roles: ``time=``, ``experiment=``, ``states=``, ``controls=``, ... of a table or file.

    Returns:
        All forecasts and scores. A model that fails has NaN, and a warning says why.

    Raises:
        DataError: an unknown protocol, n or draws out of range, data that cannot be used.
        DownloadError: measured data that are neither here nor can be downloaded.
        ModelError: an unknown model, or one that cannot be trained.
        ArtifactError: ``out`` holds something else, or was made with other settings.
        TrainingError: no seeds; or, as TrainingInterrupted, Ctrl-C.

    >>> import pyscimlode
    >>> comparison = pyscimlode.compare(
    ...     models=["gaussian-process"], n=2, draws=1, progress=False
    ... )
    >>> comparison.models
    ('gaussian-process', 'persistence', 'mean', 'geometric mean', 'nearest strain')
    """
    training = make_training(
        seeds, stages, pir=pir, backend=backend, device=device, progress=progress
    )
    entrants = resolve_entrants(models, tpot_seconds=tpot_seconds)
    tasks = [
        task
        for protocol in chosen_protocols(data is not None, protocols)
        for task in make_tasks(protocol, data=data, n=n, draws=draws, test=test, **roles)
    ]
    folder = None if out is None else Path(out)
    if folder is not None:
        prepare_folder(folder, resume=resume)
    return run_board(tasks, entrants, training, out=folder)


def make_training(seeds: int, stages: Sequence[Stage] | None = None, **options: Any) -> Training:
    """Return how neural models are trained; arguments as for :func:`compare`.

    Raises:
        TrainingError: for no seeds.
    """
    if seeds < 1:
        raise TrainingError(f"seeds={seeds}: at least one member is trained.")
    return Training(
        seeds=tuple(range(seeds)), stages=None if stages is None else tuple(stages), **options
    )


def chosen_protocols(has_data: bool, protocols: str | Sequence[str] | None) -> tuple[str, ...]:
    """Return the protocols that were asked for, or the usual one.

    Raises:
        DataError: an unknown protocol, data without ``"folds"``, or ``"folds"`` without data.
    """
    if protocols is None:
        return (FOLDS,) if has_data else (DEFAULT_PROTOCOL,)
    checked = check_protocols([protocols] if isinstance(protocols, str) else protocols)
    if has_data and FOLDS not in checked:
        raise DataError(
            f"No protocol reads your data: {', '.join(checked)} have strains of their own. Add "
            f"{FOLDS!r}, or leave the data out."
        )
    if FOLDS in checked and not has_data:
        raise DataError(f"The protocol {FOLDS!r} holds your own strains out: give data.")
    return checked


def make_tasks(
    protocol: str,
    *,
    data: Dataset | pd.DataFrame | str | Path | None = None,
    n: int | Sequence[int] = DEFAULT_SIZES,
    draws: int = 1,
    test: Dataset | str | Sequence[str] | None = None,
    **roles: Any,
) -> list[Task]:
    """Return the tasks of one protocol; arguments as for :func:`compare`.

    Raises:
        DataError: options of your own strains without strains.
    """
    asked = [*(["test"] if test is not None else []), *roles]
    if data is None and asked:
        known = signature(compare).parameters
        hints = "".join(did_you_mean(name, known) for name in roles if name not in ROLES)
        raise DataError(
            f"{', '.join(asked)}: what is said about strains of your own needs data=... "
            f"(pyscimlode compare DATA).{hints}"
        )
    if protocol == FOLDS:
        return fold_tasks(read_data(data, **roles), test)
    if protocol in MEASURED:
        return measured_tasks(protocol)
    return simulated_tasks(protocol, [n] if isinstance(n, int) else n, draws)
