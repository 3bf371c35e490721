"""Forecasts of several models for one held-out strain of a comparison."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from pyscimlode.data.dataset import Experiment
from pyscimlode.errors import DataError, ExperimentError, did_you_mean
from pyscimlode.plots.boards import (
    CONTROL,
    Look,
    best_of_task,
    find_task,
    kinds,
    looks,
    scores_of,
)
from pyscimlode.plots.forecasts import cut, draw_measured
from pyscimlode.plots.scores import score_text
from pyscimlode.plots.style import (
    MEASURED,
    Figure,
    figure_legend,
    label_times,
    panels,
    plain,
    styled,
    unit_label,
)

if TYPE_CHECKING:
    from pyscimlode.boards import Comparison, Task
    from pyscimlode.predictions import Prediction

SHOWN = 2
"""Models that are drawn unless the caller names some."""


@styled
def plot_forecast_panels(
    comparison: Comparison,
    task: str,
    models: str | Sequence[str] | None = None,
    strain: str | None = None,
    states: Sequence[str] | None = None,
) -> Figure:
    """Plot the forecasts of one held-out strain, one panel a metabolite.

    Points are measured (simulated: true) values; lines are medians over the seeds, from the first
    measured state and p(t) alone, at the strain's own times; bands span the seeds, and say how far
    retraining moves a forecast, not how far the truth may lie. The best control of the task is
    drawn beside them, grey and dashed. A panel that would be stretched by a runaway forecast is
    cut and says so.

    Args:
        comparison: what ``compare`` returned.
        task: name of one of its tasks, such as ``"own/L2"``.
        models: which forecasts to draw, controls too; by default the two best models of the task.
        strain: one of the held-out strains; by default the first.
        states: the states to show; all by default.

    Raises:
        DataError: for an unknown task or model.
        ExperimentError: for a strain that the task did not hold out.
        ColumnError: for an unknown state.
    """
    asked = find_task(comparison, task)
    experiments = _experiments(asked, strain)
    drawn = _models(comparison, asked, models)
    forecasts = {name: comparison.forecasts[task, name] for name in drawn}
    shown = asked.test.keep(states=states).state_names
    styles = looks(comparison)
    figure, axes = panels(len(shown))
    for state, axis in zip(shown, axes, strict=True):
        column = asked.test.state_names.index(state)
        for experiment in experiments:
            for name in reversed(drawn):
                _draw(axis, name, forecasts[name], experiment, column, styles[name])
            draw_measured(axis, experiment, column)
        axis.set_title(plain(state))
        axis.set_ylabel(unit_label(asked.test.units.get(state, "")))
        cut(axis, np.concatenate([e.states[:, column] for e in experiments]))
    label_times(axes, asked.test.time_unit)
    figure.suptitle(f"{plain(experiments[0].strain)} (held out), {plain(task)}")
    figure_legend(figure, _entries(comparison, asked, drawn, forecasts))
    return figure


def _experiments(task: Task, strain: str | None) -> list[Experiment]:
    wanted = task.test.strains[0] if strain is None else strain
    found = [e for e in task.test if wanted in (e.strain, e.name)]
    if not found:
        known = task.test.strains
        raise ExperimentError(
            f"Task {task.name!r} did not hold out {wanted!r}; it held out {', '.join(known[:20])}."
            + did_you_mean(wanted, known)
        )
    return found


def _models(comparison: Comparison, task: Task, models: str | Sequence[str] | None) -> list[str]:
    """Return the forecasts to draw; the best control comes last."""
    wanted = [models] if isinstance(models, str) else models
    if wanted is None:
        chosen = best_of_task(comparison, task, controls=False)[:SHOWN]
    else:
        chosen = list(dict.fromkeys(wanted))
    known = {model for name, model in comparison.forecasts if name == task.name}
    for name in chosen:
        if name not in known:
            raise DataError(
                f"There is no forecast of {name!r} for task {task.name!r}; there are "
                f"{', '.join(sorted(known)) or 'none'}." + did_you_mean(str(name), known)
            )
    controls = [c for c in best_of_task(comparison, task, controls=True) if c in known]
    return [*chosen, *(c for c in controls[:1] if c not in chosen)]


def _draw(
    axis: Axes, name: str, forecast: Prediction, experiment: Experiment, column: int, look: Look
) -> None:
    times = forecast.times[experiment.name]
    if len(forecast.members[experiment.name]) > 1:
        low, high = forecast.interval(experiment.name)
        axis.fill_between(
            times,
            low[:, column],
            high[:, column],
            color=look.colour,
            alpha=0.18,
            linewidth=0,
            gid=f"interval:{name}",
        )
    axis.plot(
        times,
        forecast.median(experiment.name)[:, column],
        color=look.colour,
        linestyle=look.dash,
        linewidth=1.9 if look.marker else 1.2,
        gid=f"forecast:{name}",
    )


def _entries(
    comparison: Comparison, task: Task, drawn: Sequence[str], forecasts: dict[str, Prediction]
) -> list[tuple[Artist, str]]:
    scores = scores_of(comparison, task)
    known, styles = kinds(comparison), looks(comparison)
    entries: list[tuple[Artist, str]] = [
        (Line2D([], [], color=MEASURED, marker="o", linestyle="", markersize=4), "measured")
    ]
    for name in drawn:
        look = styles[name]
        width = 1.9 if look.marker else 1.2
        line = Line2D([], [], color=look.colour, linestyle=look.dash, linewidth=width)
        kind = ", control" if known[name] == CONTROL else ""
        score = scores.get(name, np.nan)
        told = f"NRMSE {score_text(score)}" if np.isfinite(score) else "no score: a seed failed"
        entries.append((line, f"{name}{kind} ({told})"))
    banded = [name for name in drawn if next(iter(forecasts[name].members.values())).shape[0] > 1]
    if banded:
        band = Patch(color=styles[banded[0]].colour, alpha=0.18, linewidth=0)
        entries.append((band, f"{forecasts[banded[0]].interval_words()} over seeds"))
    return entries
