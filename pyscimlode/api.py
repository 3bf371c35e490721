"""The front door: ``fit``, ``sweep``, ``load``, ``crosscheck``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from pyscimlode.agreement import USUAL_LEVELS, Agreement, check_engines, diffeqpy_rung
from pyscimlode.agreement.native import NATIVE
from pyscimlode.backends.solvers import SolverSpec
from pyscimlode.data.dataset import Dataset
from pyscimlode.data.splits import leave_one_strain_out
from pyscimlode.errors import ExperimentError, TrainingError
from pyscimlode.fitting.checks import check_start, fitted_problem, initial_theta, native_plan
from pyscimlode.fitting.inputs import training_and_test
from pyscimlode.fitting.recipes import chosen_model, default_objective, default_stages
from pyscimlode.fitting.run import Cell, FitOptions, Progress, fit_cells
from pyscimlode.models.base import Model
from pyscimlode.objectives.protocols import check_protocol
from pyscimlode.problem import Objective, Problem
from pyscimlode.results import FitResult, SweepResult
from pyscimlode.training import Stage
from pyscimlode.training.regularised import check_factor

if TYPE_CHECKING:
    import pandas as pd

LossName = Literal["huber", "mse"]


def fit(
    data: Dataset | pd.DataFrame | str | Path | None = None,
    *,
    backend: str = "torch",
    model: str | Model | None = None,
    protocol: str = "forecast",
    solver: str | SolverSpec = "auto",
    pir: float = 1.0,
    lipschitz: float = 0.0,
    stages: Sequence[Stage] | None = None,
    test: Dataset | str | Sequence[str] | None = None,
    ensemble: int = 3,
    seed: int = 0,
    loss: LossName | Objective | None = None,
    weighting: Literal["state", "cell"] = "state",
    early_stopping: str | None = None,
    score_scale: Literal["auto", "all", "test"] = "auto",
    device: str = "auto",
    dtype: str = "auto",
    progress: Progress = True,
    checkpoint: str | Path | None = None,
    resume: bool = False,
    crosscheck: Literal["start"] | None = None,
    **roles: Any,
) -> FitResult:
    """Train a neural ODE on strains measured over time and score it on held-out strains.

    Args:
        data: a :class:`Dataset`, a wide DataFrame, a CSV or Excel file, or the name of a named
            data set such as ``"limonene"``. None: 20 simulated strains to train and 20 to test.
        backend: the training engine.
        model: a model or its name (``"production-degradation"``, ``"neural-ode"``,
            ``"hybrid-limonene"``, ...; :data:`pyscimlode.models.registry.NAMED`). A hybrid model
            given by name is fitted to the kind of strains
            (:func:`pyscimlode.fitting.recipes.default_hybrid`); a model is taken as it is. None:
            a production-degradation NODE; the published net under the identity protocol.
        protocol: ``"forecast"`` (first state and p(t) of a strain -> its trajectory) or
            ``"identity"`` (the published protocol, which a zero field wins; never a forecast).
        solver: a name (``"auto"``, ``"tsit5"``, ``"dopri5"``, ``"dopri8"``, ``"rk4"``,
            ``"torchdiffeq:dopri8"``, ...) or a :class:`SolverSpec` with tolerances.
        pir: factor lambda of the physiology-informed penalty lambda * mean(min(0, y)^2) on scaled
            states (de Rooij et al. 2024).
        lipschitz: factor of the Lipschitz penalty, half the sum of the squared largest singular
            values of the network's weight matrices (Yoshida & Miyato 2017), in the loss of every
            stage: a field that is less stiff, if it is kept small enough. 0: none.
        stages: what is done in which order, such as ``(Adam(300, lr=5e-3), BFGS(100))``. None:
            a recipe that depends on the number of training strains.
        test: strains to hold out: ids, or a data set of its own. None: none, and no scores.
        ensemble: number of members, trained as one batch from different seeds.
        seed: of the first member; the others follow.
        loss: ``"huber"`` or ``"mse"`` of residuals in units of the training standard deviation,
            or an :class:`Objective`.
        weighting: ``"state"`` (every metabolite counts the same) or ``"cell"`` (every measured
            cell does).
        early_stopping: a training strain that is left out of training and decides which
            parameters are kept. Never a held-out strain.
        score_scale: the unit of NRMSE: the standard deviation over all strains (``"all"``) or
            the held-out strains (``"test"``). ``"auto"``: ``"test"`` if ``test`` is a data set.
        device: ``"auto"``, ``"cpu"``, ``"cuda"``.
        dtype: ``"auto"``, ``"float64"``, ``"float32"``.
        progress: True shows progress with time left; a function is called with every event.
        checkpoint: a file that training state is written to, every few seconds and on Ctrl-C.
        resume: continue from ``checkpoint``, bit by bit as if nothing had happened.
        crosscheck: ``"start"`` compares field, trajectory, loss and gradient at the initial
            parameters with the reference engine before training, for one member and one strain,
            and goes on only if they agree.
        roles: ``time=``, ``experiment=``, ``states=``, ``controls=``, ... of a table or file; see
            :func:`pyscimlode.data.read_csv`.

    Returns:
        The trained ensemble; ``result.scores`` compares it with the controls, ``result.predict``
        forecasts, ``result.plot()`` shows, ``result.save(path)`` keeps it.

    Raises:
        DataError: data that cannot be used; the message names column, strain, time and the fix.
        ModelError, SolverError: a model or solver that does not exist.
        BackendUnavailable: the engine does not run here.
        TrainingError: training cannot start or be resumed, or the engines disagree.

    >>> import pyscimlode
    >>> result = pyscimlode.fit(ensemble=1, stages=[pyscimlode.Adam(2)], progress=False)
    >>> "persistence" in result.scores.models
    True
    """
    train, held_out = training_and_test(data, test, **roles)
    options = _options(
        train,
        backend=backend,
        model=model,
        protocol=protocol,
        solver=solver,
        lipschitz=lipschitz,
        stages=stages,
        seeds=_seeds(ensemble, seed),
        loss=loss,
        weighting=weighting,
        early_stopping=early_stopping,
        score_scale=_score_scale(score_scale, data is None or isinstance(test, Dataset)),
        device=device,
        dtype=dtype,
        progress=progress,
        checkpoint=checkpoint,
        resume=resume,
    )
    if crosscheck is not None:
        check_start(train, options, float(pir), crosscheck)
    return fit_cells([Cell(train, held_out, float(pir))], options)[0]


def sweep(
    data: Dataset | pd.DataFrame | str | Path,
    *,
    test: str | Sequence[str] | None = "each",
    pir: float | Sequence[float] = 1.0,
    ensemble: int = 3,
    seed: int = 0,
    **options: Any,
) -> SweepResult:
    """Train folds x penalties x seeds as one batch.

    Args:
        data: as for :func:`fit`.
        test: ``"each"`` holds every strain out once (leave one strain out); a list of strains
            holds each of these out once; None trains on all strains.
        pir: one factor of the penalty, or several.
        ensemble: members of each cell.
        seed: of the first member of each cell.
        options: everything else that :func:`fit` takes, except ``early_stopping``.

    Returns:
        One :class:`FitResult` for each held-out strain and penalty.

    Raises:
        ExperimentError: for an unknown strain, or a single strain.
    """
    settings = {**_DEFAULTS, **{k: v for k, v in options.items() if k in _DEFAULTS}}
    roles = {k: v for k, v in options.items() if k not in _DEFAULTS}
    dataset, _ = training_and_test(data, None, **roles)
    penalties = [float(pir)] if isinstance(pir, int | float) else [float(p) for p in pir]
    folds: list[tuple[str | None, Dataset, Dataset | None]] = [(None, dataset, None)]
    if test is not None:
        strains = None if isinstance(test, str) and test == "each" else _as_list(test)
        folds = list(leave_one_strain_out(dataset, strains))
    if not penalties or not folds:
        raise ExperimentError("A sweep needs at least one penalty and one held-out strain.")
    cells = [
        Cell(train, held_out, penalty, (("test", strain), ("pir", penalty)))
        for strain, train, held_out in folds
        for penalty in penalties
    ]
    seeds = _seeds(ensemble, seed)
    results = fit_cells(cells, _options(cells[0].train, seeds=seeds, **settings))
    return SweepResult(tuple((c.key, r) for c, r in zip(cells, results, strict=True)))


def load(path: str | Path) -> FitResult:
    """Read a fit that ``FitResult.save`` wrote.

    Raises:
        ArtifactError: when the folder is missing, damaged or of another version.
    """
    return FitResult.load(path)


def crosscheck(
    what: FitResult | Problem,
    *,
    theta: npt.ArrayLike | None = None,
    backends: Sequence[str] | None = None,
    judge: str = "reference",
    levels: Sequence[str] | None = None,
    solvers: Mapping[str, SolverSpec] | None = None,
    members: int = 1,
    strains: int = 2,
    seeds: int = 3,
    stages: Sequence[Stage] | None = None,
    diffeqpy: bool = False,
) -> Agreement:
    """Ask several engines the same questions about a fit or a problem, and compare the answers.

    The ladder goes from the field over trajectory, loss and gradient to optimiser steps; a
    disagreement is reported at its lowest level, with the worst state, strain and time. On the
    last level, ``"native training"``, each engine trains with its own loop from several seeds: the
    means of the final losses, and of the scores of a fit's held-out strains, may differ by one
    standard deviation over the judge's seeds. It takes minutes, so it must be asked for.

    Args:
        what: a fit, which is checked at its trained parameters on its training strains, or a
            problem.
        theta: ``(members, size)`` parameters of a problem; by default initial ones (seed 0).
        backends: engines to compare; by default all that are registered.
        judge: the engine that the others are held to; ``"reference"`` is SciPy in float64.
        levels: rungs of :data:`pyscimlode.agreement.LEVELS`; by default all but several steps in
            a row, which take the judge long, and native training.
        solvers: solver of an engine; ``"auto"`` at rtol 1e-10 by default, 1e-6 for native
            training.
        members: members of a fit that are checked, the first ones; the judge is slow.
        strains: training experiments of a fit that are checked, the first ones.
        seeds: native trainings of each engine, at least 3; torch judges them. They are of a fit's
            first member on all its training strains. A problem's members are the seeds if
            ``theta`` says where they start.
        stages: of native training; Adam at a constant rate, then BFGS, by default
            (:data:`pyscimlode.agreement.native.NATIVE_STAGES`).
        diffeqpy: compare trajectories of Julia's solvers, called from Python through diffeqpy, as
            well; see :func:`pyscimlode.agreement.solve_with_diffeqpy`.

    Raises:
        ExperimentError: for an unknown level, or nothing to compare.
        BackendUnavailable: the judge does not run here.

    >>> import pyscimlode
    >>> train, _ = pyscimlode.datasets.benchmark("sim-sparse", n=2)
    >>> model = pyscimlode.NeuralODE(widths=(4,), features="linear")
    >>> result = pyscimlode.fit(
    ...     train, model=model, ensemble=1, stages=[pyscimlode.Adam(2)], progress=False
    ... )
    >>> agreement = pyscimlode.crosscheck(
    ...     result, backends=["torch"], levels=["field", "trajectory"], strains=1
    ... )
    >>> bool(agreement)
    True
    """
    if isinstance(what, FitResult):
        problem, parameters, text = fitted_problem(what, members=members, strains=strains)
    else:
        problem, parameters, text = what, initial_theta(what), ""
        if theta is not None:
            parameters = np.asarray(theta, dtype=np.float64)
    chosen = USUAL_LEVELS if levels is None else tuple(levels)
    native = None
    if NATIVE in chosen:
        native = native_plan(what, seeds, stages, None if theta is None else parameters)
    found = check_engines(
        problem,
        parameters,
        backends=backends,
        judge=judge,
        levels=chosen,
        solvers=solvers,
        native=native,
        description=text,
    )
    if diffeqpy:
        found = replace(found, rungs=(*found.rungs, diffeqpy_rung(problem, parameters, judge)))
    return found


_DEFAULTS: dict[str, Any] = {
    "backend": "torch",
    "model": None,
    "protocol": "forecast",
    "solver": "auto",
    "lipschitz": 0.0,
    "stages": None,
    "loss": None,
    "weighting": "state",
    "score_scale": "all",
    "device": "auto",
    "dtype": "auto",
    "progress": True,
    "checkpoint": None,
    "resume": False,
}
"""What a sweep hands to every cell, with the defaults of :func:`fit`."""


def _options(
    train: Dataset,
    *,
    model: str | Model | None,
    protocol: str,
    solver: str | SolverSpec,
    lipschitz: float,
    stages: Sequence[Stage] | None,
    loss: LossName | Objective | None,
    checkpoint: str | Path | None,
    resume: bool,
    **others: Any,
) -> FitOptions:
    checked = check_protocol(protocol)
    n_strains = len(train.strains)
    if resume and checkpoint is None:
        raise TrainingError("resume=True needs checkpoint=..., the file to resume from.")
    objective = loss if isinstance(loss, Objective) else default_objective(checked, loss)
    chosen = chosen_model(checked, model, train)
    return FitOptions(
        model=chosen,
        stages=default_stages(checked, n_strains, chosen) if stages is None else tuple(stages),
        objective=objective,
        protocol=checked,
        solver=solver if isinstance(solver, SolverSpec) else SolverSpec(solver),
        lipschitz=check_factor(lipschitz),
        checkpoint=None if checkpoint is None else Path(checkpoint),
        resume=resume,
        **others,
    )


def _score_scale(asked: str, test_is_own_data: bool) -> str:
    if asked == "auto":
        return "test" if test_is_own_data else "all"
    return asked


def _seeds(ensemble: int, seed: int) -> tuple[int, ...]:
    if ensemble < 1:
        raise TrainingError(f"ensemble={ensemble}: at least one member is trained.")
    return tuple(range(seed, seed + ensemble))


def _as_list(names: str | Sequence[str]) -> list[str]:
    return [names] if isinstance(names, str) else list(names)
