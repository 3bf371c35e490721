"""The result of a comparison: every forecast, its scores, and what must be known to read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pyscimlode.boards.scores import (
    COLUMNS,
    ENSEMBLE,
    mean_scores,
    state_scores,
    task_rows,
)
from pyscimlode.boards.tasks import PROTOCOLS, SIMULATED, Task
from pyscimlode.errors import DataError, did_you_mean
from pyscimlode.predictions import Prediction

if TYPE_CHECKING:
    import pandas as pd

Forecasts = Mapping[tuple[str, str], Prediction]


@dataclass(frozen=True, eq=False)
class Comparison:
    """Models, regressions and controls on the same held-out strains.

    NRMSE of a state is the root mean squared error over the measured points (t > t0) of a task's
    held-out strains, in units of the state's standard deviation over ``Task.unit_of``; of a task
    it is the mean over states ("clean": without copied and detection-limit columns); of a
    protocol the mean over its tasks. 0 is perfect.

    Attributes:
        table: long; columns :data:`pyscimlode.boards.scores.COLUMNS`. ``seed`` is ``"0"``,
            ``"1"``, ..., or ``"ensemble"`` for the median over the seeds, and empty for
            forecasts without seeds.
        tasks: task name -> task.
        forecasts: (task name, model name) -> forecast of the held-out strains, a member a seed.
        warnings: what spoils or limits the scores: findings of the leak audit and remarks.
        settings: command, seeds, versions, seconds of each task and model.
    """

    table: pd.DataFrame
    tasks: Mapping[str, Task]
    forecasts: Forecasts
    warnings: tuple[Any, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_forecasts(
        cls,
        tasks: Sequence[Task],
        forecasts: Forecasts,
        kinds: Mapping[str, str],
        *,
        warnings: Sequence[Any] = (),
        settings: Mapping[str, Any] | None = None,
    ) -> Comparison:
        """Score forecasts.

        Args:
            tasks: what was asked.
            forecasts: (task name, model name) -> forecast of all held-out strains of the task at
                their own times, a member a seed.
            kinds: model name -> ``"model"``, ``"baseline"`` or ``"control"``.
            warnings: see the attribute.
            settings: see the attribute.
        """
        import pandas as pd

        by_name = {task.name: task for task in tasks}
        rows = [
            row
            for (name, model), forecast in forecasts.items()
            for row in task_rows(by_name[name], model, kinds[model], forecast)
        ]
        table = pd.DataFrame(rows, columns=list(COLUMNS))
        found = tuple(dict.fromkeys(warnings))
        return cls(table, by_name, dict(forecasts), found, dict(settings or {}))

    @property
    def protocols(self) -> tuple[str, ...]:
        """Names of the protocols, in order."""
        return tuple(dict.fromkeys(task.protocol for task in self.tasks.values()))

    @property
    def models(self) -> tuple[str, ...]:
        """Names of models, baselines and controls, in order of appearance."""
        return tuple(dict.fromkeys(self.table["model"]))

    @property
    def kinds(self) -> dict[str, str]:
        """Model name -> ``"model"``, ``"baseline"`` or ``"control"``."""
        return dict(zip(self.table["model"], self.table["kind"], strict=True))

    @cached_property
    def _clean(self) -> pd.DataFrame:
        return mean_scores(self.table)

    @cached_property
    def _all(self) -> pd.DataFrame:
        return mean_scores(self.table, clean=False)

    def summary(self) -> pd.DataFrame:
        """Return one row a protocol, number of training strains and model, best first.

        Columns: ``protocol``, ``n``, ``model``, ``kind``, ``NRMSE clean`` (mean over seeds, then
        over tasks), ``sd`` (sample standard deviation of that mean over the seeds; in simulated
        protocols over the draws; NaN with one), ``NRMSE all`` (no state left out),
        ``ensemble NRMSE clean`` (the median over the seeds as one forecast) and ``tasks``.
        """
        import pandas as pd

        keys = ["protocol", "n", "model"]
        alone = self._clean[self._clean["seed"] != ENSEMBLE]
        every = self._all[self._all["seed"] != ENSEMBLE].groupby(keys, sort=False)
        ensembles = _ensembles(self._clean).groupby(keys, sort=False)
        rows = []
        for key, group in alone.groupby(keys, sort=False):
            rows.append(
                {
                    **dict(zip(keys, key, strict=True)),
                    "kind": group["kind"].iloc[0],
                    "NRMSE clean": _mean(group),
                    "sd": _spread(group, "draw" if key[0] in SIMULATED else "seed"),
                    "NRMSE all": _mean(every.get_group(key)),
                    "ensemble NRMSE clean": _mean(ensembles.get_group(key)),
                    "tasks": group["task"].nunique(),
                }
            )
        frame = pd.DataFrame(rows, columns=[*keys, *SUMMARY])
        order = {name: index for index, name in enumerate(self.protocols)}
        rank = frame["protocol"].map(order)
        return (
            frame.assign(rank=rank)
            .sort_values(["rank", "n", "NRMSE clean"], na_position="last", kind="stable")
            .drop(columns="rank")
            .reset_index(drop=True)
        )

    def learning_curve(self, protocol: str) -> pd.DataFrame:
        """Return rows ``n``, ``model``, ``kind``, ``mean``, ``sd`` of one protocol."""
        self._check(protocol)
        rows = self.summary()
        rows = rows[rows["protocol"] == protocol].rename(columns={"NRMSE clean": "mean"})
        return rows[["n", "model", "kind", "mean", "sd"]].reset_index(drop=True)

    def by_task(self, protocol: str) -> pd.DataFrame:
        """Return tasks x models: clean NRMSE, mean over the seeds."""
        self._check(protocol)
        rows = self._clean[
            (self._clean["protocol"] == protocol) & (self._clean["seed"] != ENSEMBLE)
        ]
        return _wide(rows, "task", self._models_of(protocol))

    def by_state(self, protocol: str, n: int | None = None) -> pd.DataFrame:
        """Return states x models: NRMSE, mean over seeds and tasks.

        Args:
            protocol: one of :attr:`protocols`.
            n: number of training strains; None: the largest.

        Raises:
            DataError: for an unknown protocol or n.
        """
        self._check(protocol)
        rows = self.table[self.table["protocol"] == protocol]
        sizes = sorted(set(rows["n"]))
        size = sizes[-1] if n is None else n
        if size not in sizes:
            raise DataError(f"Protocol {protocol!r} has no n={n}; there are {sizes}.")
        scores = state_scores(rows[rows["n"] == size])
        scores = scores[scores["seed"] != ENSEMBLE]
        return _wide(scores, "state", self._models_of(protocol))

    def plot(self, protocol: str | None = None) -> Any:
        """Plot the learning curves of a protocol, or its scores by metabolite if n is one number.

        See ``pyscimlode.plots.plot_learning_curves`` and ``plot_score_heatmap``.

        Args:
            protocol: one of :attr:`protocols`; None: the first.

        Raises:
            DataError: for an unknown protocol.
        """
        from pyscimlode import plots

        chosen = self.protocols[0] if protocol is None else protocol
        self._check(chosen)
        sizes = {task.n for task in self.tasks.values() if task.protocol == chosen}
        draw = plots.plot_learning_curves if len(sizes) > 1 else plots.plot_score_heatmap
        return draw(self, chosen)

    def to_markdown(self) -> str:
        """Return the tables of all protocols with a legend, in Markdown."""
        from pyscimlode.boards.markdown import markdown

        return markdown(self)

    def to_csv(self, path: str | Path) -> None:
        """Write the long table."""
        from pyscimlode.artifacts import atomic_write_text

        atomic_write_text(Path(path), self.table.to_csv(index=False))

    def to_json(self, path: str | Path) -> None:
        """Write summary, settings and warnings as JSON; NaN becomes null."""
        from pyscimlode.boards.files import write_json

        write_json(self, Path(path))

    def save(self, folder: str | Path) -> Path:
        """Write a folder that :meth:`load` reads: tables, settings, strains and forecasts."""
        from pyscimlode.boards.files import save

        return save(self, Path(folder))

    @classmethod
    def load(cls, folder: str | Path) -> Comparison:
        """Read what :meth:`save` wrote.

        Raises:
            ArtifactError: the folder is missing, damaged or of another version.
        """
        from pyscimlode.boards.files import load

        return load(Path(folder))

    def __repr__(self) -> str:
        head = f"Comparison: {len(self.tasks)} task(s), {len(self.models)} models and controls."
        lines = [f"{head} NRMSE on held-out strains; 0 is perfect."]
        shown = self.summary().to_string(index=False, float_format="{:.3f}".format, na_rep="")
        return "\n".join([*lines, shown, *(f"Note: {warning}" for warning in self.warnings[:8])])

    def _repr_html_(self) -> str:
        from html import escape

        notes = "".join(f"<p>{escape(str(warning))}</p>" for warning in self.warnings)
        table = self.summary().to_html(index=False, float_format="{:.3f}".format, na_rep="")
        return str(table) + notes

    def _models_of(self, protocol: str) -> list[str]:
        return list(dict.fromkeys(self.table.loc[self.table["protocol"] == protocol, "model"]))

    def _check(self, protocol: str) -> None:
        if protocol not in self.protocols:
            raise DataError(
                f"Protocol {protocol!r} is not in this comparison; there are "
                f"{', '.join(self.protocols)}." + did_you_mean(str(protocol), PROTOCOLS)
            )


SUMMARY = ("kind", "NRMSE clean", "sd", "NRMSE all", "ensemble NRMSE clean", "tasks")


def _ensembles(scores: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of ensembles, and of forecasts that have no seeds."""
    return scores[scores["seed"].isin((ENSEMBLE, ""))]


def _mean(scores: pd.DataFrame) -> float:
    """Return the mean over tasks of the mean over seeds; NaN if any is."""
    return float(scores["nrmse"].mean(skipna=False))


def _spread(scores: pd.DataFrame, over: str) -> float:
    """Return the sample standard deviation of the mean score over seeds or draws."""
    means = scores.groupby(over)["nrmse"].agg(lambda values: values.mean(skipna=False))
    return float(means.std(ddof=1, skipna=False)) if len(means) > 1 else float("nan")


def _wide(scores: pd.DataFrame, rows: str, models: list[str]) -> pd.DataFrame:
    """Return rows x models, means of ``nrmse``; NaN where a forecast failed."""
    order = list(dict.fromkeys(scores[rows]))
    filled = scores.assign(nrmse=scores["nrmse"].fillna(np.inf))
    table = filled.pivot_table(index=rows, columns="model", values="nrmse", sort=False)
    return table.replace(np.inf, np.nan).reindex(index=order, columns=models)
