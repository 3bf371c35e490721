"""What kind of leak it is, as far as the way in which forecasts move can tell.

A change of held-out states that moves the forecasts is followed up:

1. Forecasts of the changed strains by a model that was fitted before show whether the forecast
   itself reads their states. Where the workflow returns no fitted model, one strain alone is
   changed: what moves its forecast and no other is read by the forecast.
2. The training data that the fitted models name are compared: cells that differ came from held-out
   strains.
3. A nudge by one part in a million moves what depends on the values smoothly, such as a scale or a
   loss, but not a choice among few, such as when to stop or which model to keep.
4. Turning all values of a state round, among strains and times, keeps maximum, mean and standard
   deviation, so it moves everything but statistics.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pyscimlode.data.dataset import Dataset, Experiment
from pyscimlode.leaks import perturbations as change
from pyscimlode.leaks.report import LeakFinding, LeakKind, Severity
from pyscimlode.leaks.runs import (
    NEARLY,
    Run,
    largest_move,
    moved_strains,
    same_bits,
    same_nearly,
)

Rerun = Callable[[str, Dataset], Run]
Cause = tuple[LeakKind, str, str]

STATISTICS: Cause = (
    "scaler",
    "Forecasts follow the size of held-out states, whatever strain and time they belong to: a "
    "maximum, mean or standard deviation was taken over all strains.",
    "Fit every scale on the training strains alone, and apply it to the held-out ones.",
)
CHOICE: Cause = (
    "early stopping",
    "Forecasts jump between few alternatives when held-out states change: the held-out strains "
    "decide when training stops, or which model is kept.",
    "Stop and select on a training strain: fit(early_stopping='a training strain').",
)
TRAINED: Cause = (
    "trained on test",
    "Forecasts follow the held-out states smoothly, each in its place: they are in the loss, or "
    "in the rows that are trained on.",
    "Train on the training strains alone.",
)
READ: Cause = (
    "target as input",
    "The forecast of a strain follows that strain's own states after the start: they are among its "
    "inputs.",
    "Forecast from the first state and the controls alone.",
)
FILLED: Cause = (
    "interpolated",
    "Cells of training strains that were not measured are filled with values that follow held-out "
    "strains: interpolation over the joined table came before the split.",
    "Fill cells within each strain, after the split, or leave them empty.",
)
UNKNOWN: Cause = (
    "test targets",
    "Held-out states after the start move the forecasts.",
    "Take every statistic, choice and training row from the training strains.",
)
UNTOLD: Cause = (
    "test targets",
    "Forecasts follow the held-out states smoothly: they are trained on, or among the inputs.",
    "Train on the training strains, and forecast from the first state and the controls alone. "
    "Return the fitted model, or audit two held-out strains, to be told which of the two it is.",
)


@dataclass(frozen=True, eq=False)
class Change:
    """A change of held-out states that moves forecasts.

    Attributes:
        name: in words.
        train: the training strains that the workflow was given.
        test: the held-out strains as they are.
        changed: the held-out strains as changed.
        base: the run on ``test``.
        run: the run on ``changed``.
        rerun: runs the workflow on other held-out strains; its first argument names the run.
    """

    name: str
    train: Dataset
    test: Dataset
    changed: Dataset
    base: Run
    run: Run
    rerun: Rerun


def findings_of(what: Change) -> list[LeakFinding]:
    """Return what a change that moves forecasts says about leaks."""
    strains = moved_strains(what.run, what.base, what.test.names)
    move = largest_move(what.run, what.base, what.test.names)
    how_far = f"by up to {100.0 * move:.3g} % of the state's largest value"
    if move <= NEARLY:
        how_far = "by rounding alone, so this one does no harm"
    elif not math.isfinite(move):
        how_far = "or can no longer be made"
    seen = f" Seen with held-out states {what.name}: {len(strains)} of {len(what.test)} forecasts "
    seen += f"move, {how_far}."
    severity: Severity = "warning" if move <= NEARLY else "leak"
    return [
        LeakFinding(kind, severity, message + seen, fix, strains)
        for kind, message, fix in _causes(what)
    ]


def _causes(what: Change) -> list[Cause]:
    if what.base.fitted is None or what.run.fitted is None:
        return [_of_forecasts(what)]
    forecast = Run(what.base.fitted.predict(what.changed), what.base.fitted)
    causes = [] if same_bits(forecast, what.base, what.test.names) else [READ]
    if not same_bits(what.run, forecast, what.test.names):
        causes.append(_in_training_data(what) or _of_fit(what))
    return causes


def _of_forecasts(what: Change) -> Cause:
    """Tell what moves forecasts whose model is not known."""
    if len(what.test) == 1:
        cause = _of_fit(what)
        return UNTOLD if cause is TRAINED else cause
    first = what.test.names[0]
    run = what.rerun(f"{what.name} in one strain", change.only(what.test, what.changed, first))
    alone = moved_strains(run, what.base, what.test.names) == (first,)
    return READ if alone else _of_fit(what)


def _in_training_data(what: Change) -> Cause | None:
    """Compare the training data of the two fitted models; None where they do not tell."""
    one, other = what.base.fitted, what.run.fitted
    before, after = getattr(one, "train", None), getattr(other, "train", None)
    if not isinstance(before, Dataset) or not isinstance(after, Dataset):
        return None
    if {*before.strains} & {*what.test.strains}:
        return TRAINED
    if before.content_hash == after.content_hash or before.names != after.names:
        return None
    pairs = [(before[name], after[name]) for name in before.names]
    if any(one.states.shape != other.states.shape for one, other in pairs):
        return None
    if all(_filled(what.train, one, other) for one, other in pairs):
        return FILLED
    return STATISTICS if _rescaled(pairs) else TRAINED


def _filled(train: Dataset, one: Experiment, other: Experiment) -> bool:
    """Whether two forms of a training experiment differ only where nothing was measured."""
    if one.name not in train.names:
        return False
    raw = train[one.name]
    differs = (one.states != other.states) & ~(np.isnan(one.states) & np.isnan(other.states))
    row_of = {time: row for row, time in enumerate(raw.times.tolist())}
    return not any(
        (row := row_of.get(float(one.times[at]))) is not None
        and column < raw.states.shape[1]
        and np.isfinite(raw.states[row, column])
        for at, column in np.argwhere(differs)
    )


def _rescaled(pairs: list[tuple[Experiment, Experiment]]) -> bool:
    """Whether each state of one form is an affine image of the other's, alike in all strains."""
    before = np.concatenate([one.states for one, _ in pairs])
    after = np.concatenate([other.states for _, other in pairs])
    return all(_affine(before[:, column], after[:, column]) for column in range(before.shape[1]))


def _affine(x: change.FloatArray, y: change.FloatArray) -> bool:
    both = np.isfinite(x) & np.isfinite(y)
    if both.sum() < 3 or np.ptp(x[both]) == 0.0:
        return True
    slope, offset = np.polyfit(x[both], y[both], 1)
    return bool(np.allclose(slope * x[both] + offset, y[both], rtol=1e-6, atol=1e-9))


def _of_fit(what: Change) -> Cause:
    """Tell statistics, choices and training rows apart by how smoothly forecasts move."""
    if what.name.startswith("hidden"):
        return UNKNOWN
    nudged = what.rerun("nudged", change.nudged(what.changed))
    if same_bits(nudged, what.run, what.test.names):
        return CHOICE
    turned = what.rerun("turned round", change.permuted(what.changed))
    return STATISTICS if same_nearly(turned, what.run, what.test.names) else TRAINED
