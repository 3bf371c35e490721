"""The result of a fit: trained members with everything needed to use and repeat it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from pyscimlode.backends.registry import get_backend
from pyscimlode.backends.solvers import SolverSpec
from pyscimlode.backends.status import Status
from pyscimlode.data.dataset import Dataset
from pyscimlode.data.splits import check_disjoint
from pyscimlode.data.validation import check_same_layout
from pyscimlode.errors import ExperimentError, did_you_mean
from pyscimlode.models.base import Model
from pyscimlode.models.parameters import ParameterLayout
from pyscimlode.models.scaling import Scaling
from pyscimlode.objectives.protocols import Protocol
from pyscimlode.predictions import Prediction, checked_times
from pyscimlode.problem import Member, Objective, build_problem
from pyscimlode.results.calibration import Calibration, Guarantee
from pyscimlode.results.conformal import Scale, calibrate
from pyscimlode.results.scores import Scores
from pyscimlode.results.scoring import score_result

if TYPE_CHECKING:
    import pandas as pd

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class FitResult:
    """An ensemble of trained members of one model.

    Attributes:
        model: the model's description.
        theta: ``(members, size)`` trained parameters.
        scaling: of the members (leading axis ``members``).
        members: what each member was trained on, its seed and penalty.
        train: the training experiments (of the protocol's own data set, see ``protocol``).
        test: the held-out experiments, or None.
        protocol: ``"forecast"`` or ``"identity"``.
        objective: the data term.
        solver: the solver of training and of predictions.
        backend: the engine's name.
        device: where it ran.
        dtype: its floating-point type.
        score_scale: ``"all"`` or ``"test"``: the measured points whose standard deviation is
            the unit of NRMSE.
        history: the course of training, one row an iteration and member.
        stages: descriptions of the stages and how each ended.
        provenance: versions, seed, hashes of the data, wall time.
        calibration: what the intervals of forecasts are made from, for these members alone; None
            for quantiles over the members. See :meth:`recalibrated`.
    """

    model: Model
    theta: FloatArray
    scaling: Scaling
    members: tuple[Member, ...]
    train: Dataset
    test: Dataset | None
    protocol: Protocol
    objective: Objective
    solver: SolverSpec
    backend: str
    device: str
    dtype: str
    score_scale: str
    history: pd.DataFrame
    stages: tuple[Mapping[str, Any], ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)
    calibration: Calibration | None = None

    @property
    def layout(self) -> ParameterLayout:
        """Layout of one member's parameters."""
        n_controls = len(self.train.control_names)
        n_states = len(self.train.state_names)
        if self.model.endogenous:
            n_states, n_controls = n_states + n_controls, 0
        return self.model.layout(n_states, n_controls)

    @property
    def name(self) -> str:
        """Name in score tables: the model's kind and how many members vote."""
        kind = self.model.kind.replace("_", "-")
        return f"{kind} x{len(self.members)}" if len(self.members) > 1 else kind

    @property
    def intervals(self) -> str:
        """What the intervals of forecasts are, in words; empty for one member, which has none."""
        if self.calibration is not None:
            return self.calibration.words(self.calibration.level)
        return "ensemble interval" if len(self.members) > 1 else ""

    def dataset_of(self, what: Dataset | str | None) -> Dataset:
        """Return the experiments that ``what`` means: a data set, a known strain, or the test set.

        Raises:
            ExperimentError: for an unknown strain, or None without a test set.
        """
        if isinstance(what, Dataset):
            check_same_layout(self.train, what)
            return what
        if what is None:
            if self.test is None:
                raise ExperimentError(
                    "This fit held no strain out (test=None), so say what to predict: a Dataset, "
                    f"or one of {', '.join(self.train.names[:20])}."
                )
            return self.test
        for known in (self.test, self.train):
            if known is not None and (what in known.names or what in known.strains):
                return known.select([what])
        known_names = (*self.train.names, *(self.test.names if self.test else ()))
        raise ExperimentError(
            f"There is no strain {what!r} in this fit; there are {', '.join(known_names[:30])}."
            + did_you_mean(what, known_names)
        )

    def predict(
        self, what: Dataset | str | None = None, times: npt.ArrayLike | None = None
    ) -> Prediction:
        """Forecast experiments from their first measured states and their controls p(t).

        Args:
            what: a data set with the same columns, the id of a strain of this fit, or None for
                the held-out strains. Only first states and controls are read.
            times: ``(times,)`` in the data set's time unit; each experiment's own times by
                default. They begin at or after the experiment's first time.

        Returns:
            trajectories of all members; a solve that fails is NaN from there on, with a status.

        Raises:
            ExperimentError: for an unknown strain.
            ColumnError: for a data set with other columns.
            TimeError: for times before the start, or not increasing.
        """
        dataset = self.dataset_of(what)
        problem = build_problem(
            dataset,
            self.model,
            [replace(m, train=dataset.names[:1]) for m in self.members],
            objective=self.objective,
            scaling=self.scaling,
        )
        asked = None if times is None else checked_times(dataset, times)
        backend = get_backend(self.backend)
        with backend.open(problem, self.solver, device=self.device, dtype=self.dtype) as session:
            trajectory = session.solve(self.theta, times=asked)
        n_states = len(dataset.state_names)
        n_times = [len(e.times) if asked is None else len(asked) for e in dataset]
        prediction = Prediction(
            state_names=dataset.state_names,
            times={e.name: (e.times if asked is None else asked) for e in dataset},
            members={
                e.name: trajectory.z[:, row, : n_times[row], :n_states]
                for row, e in enumerate(dataset)
            },
            status={e.name: trajectory.status[:, row] for row, e in enumerate(dataset)},
            time_unit=dataset.time_unit,
            notes=(*trajectory.notes, *_failures(dataset, trajectory.status, trajectory.failed_at)),
        )
        return prediction if self.calibration is None else self.calibration.applied(prediction)

    def recalibrated(
        self,
        calibration: Dataset,
        level: float = 0.9,
        *,
        guarantee: Guarantee = "point",
        scale: Scale = "auto",
    ) -> FitResult:
        """Return this fit with intervals as wide as its errors on the calibration strains.

        The forecasts stay as they are. Hold the calibration strains out before the fit::

            train, calibration = split(data, ["S3", "S7", ...])  # pyscimlode.data.split
            result = pyscimlode.fit(train, test=test).recalibrated(calibration, level=0.9)

        Arguments and errors as for :func:`pyscimlode.results.recalibrate`.
        """
        fitted = calibrate(self, calibration, level, guarantee=guarantee, scale=scale)
        return replace(self, calibration=fitted)

    @cached_property
    def scores(self) -> Scores:
        """Scores on the held-out strains, beside the controls.

        Raises:
            ExperimentError: when no strain was held out.
        """
        return score_result(self)

    def score(self, test: Dataset) -> Scores:
        """Score other held-out strains, beside the controls.

        Raises:
            ExperimentError: when a strain of ``test`` was trained on.
        """
        check_disjoint(self.train, test)
        check_same_layout(self.train, test)
        return score_result(replace(self, test=test))

    def plot(self, strain: str | None = None, **options: Any) -> Any:
        """Plot measured points, forecast, interval and controls of a strain.

        See ``pyscimlode.plots.plot_forecast``; by default the first held-out strain.
        """
        from pyscimlode import plots

        return plots.plot_forecast(self, strain, **options)

    def plot_field(self, x: str, y: str, **options: Any) -> Any:
        """Plot the learned vector field over two states (the paper's Figure 2).

        See ``pyscimlode.plots.plot_field``.
        """
        from pyscimlode import plots

        return plots.plot_field(self, x, y, **options)

    def plot_rates(self, reaction: str | None = None, **options: Any) -> Any:
        """Plot the learned rates of a hybrid model against substrates and enzymes.

        See ``pyscimlode.plots.plot_rates``; ``pyscimlode.plots.rate_curves`` has the numbers.
        """
        from pyscimlode import plots

        return plots.plot_rates(self, reaction, **options)

    def plot_history(self, **options: Any) -> Any:
        """Plot the loss of every member over the iterations."""
        from pyscimlode import plots

        return plots.plot_history(self, **options)

    def save(self, path: str | Path, *, include_data: bool = True) -> Path:
        """Write a folder with ``model.safetensors`` and ``model.json``; atomic.

        Args:
            path: the folder; an existing saved model there is replaced.
            include_data: keep the training and test experiments in the file, which ``scores``,
                ``plot`` and forecasts by strain id need. Without them the model forecasts data
                sets that you give it.
        """
        from pyscimlode.results.files import save

        return save(self, Path(path), include_data=include_data)

    @classmethod
    def load(cls, path: str | Path) -> FitResult:
        """Read what :meth:`save` wrote.

        Raises:
            ArtifactError: when the folder is missing, damaged or of another version.
        """
        from pyscimlode.results.files import load

        return load(Path(path))

    def __repr__(self) -> str:
        held = "none" if self.test is None else ", ".join(self.test.names[:8])
        held += ", ..." if self.test is not None and len(self.test) > 8 else ""
        trained = ", ".join(self.train.strains[:8]) + (", ..." if len(self.train) > 8 else "")
        words = "" if self.calibration is None else f"\n  {self.intervals}"
        return (
            f"FitResult: {self.name} ({self.layout.size} parameters a member), protocol "
            f"{self.protocol}, engine {self.backend} ({self.device}, {self.dtype})\n"
            f"  trained on {len(self.train.strains)} strain(s): {trained}; held out: {held}\n"
            f"  final loss {np.array2string(self.final_loss, precision=4)}{words}"
        )

    @property
    def final_loss(self) -> FloatArray:
        """``(members,)`` last recorded training loss, NaN if a training strain's solve failed."""
        if self.history.empty:
            return np.full(len(self.members), np.nan)
        last = self.history.groupby("member")[["total", "failures"]].last()
        losses = last["total"].to_numpy(dtype=np.float64)
        return np.where(last["failures"].to_numpy() == 0, losses, np.nan)

    def field(self, z: FloatArray, p: FloatArray) -> FloatArray:
        """Return dz/dt ``(members, rows, states)``, in measured units per time unit.

        Args:
            z: ``(rows, states)``, measured units.
            p: ``(rows, controls)``, measured units.
        """
        from pyscimlode.models.scaling import member

        return np.stack(
            [
                self.model.field(self.theta[i], z, p, member(self.scaling, i))
                for i in range(len(self.members))
            ]
        )


def _failures(
    dataset: Dataset, status: npt.NDArray[np.int64], failed_at: FloatArray
) -> tuple[str, ...]:
    notes = []
    for row, experiment in enumerate(dataset):
        for index in np.flatnonzero(status[:, row] != Status.SUCCESS):
            code = Status(int(status[index, row]))
            notes.append(
                f"Member {index} failed on {experiment.name} at {failed_at[index, row]:g} "
                f"{dataset.time_unit} ({code.name.lower().replace('_', ' ')}). {code.advice}"
            )
    return tuple(notes)
