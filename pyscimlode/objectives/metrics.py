"""Scores: RMSE and NRMSE per strain and state, at measured points after the start."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt

from pyscimlode.data.dataset import Dataset, Experiment

FloatArray = npt.NDArray[np.float64]

COLUMNS = ("model", "strain", "state", "n", "rmse", "nrmse", "excluded")


def reference_sd(dataset: Dataset) -> FloatArray:
    """Return the standard deviation ``(states,)`` (ddof 0) over all measured points.

    It is the fixed unit of NRMSE. A state that does not vary or was never measured has NaN.
    """
    stacked = np.concatenate([e.states for e in dataset])
    known = np.isfinite(stacked)
    count = known.sum(axis=0)
    mean = np.where(known, stacked, 0.0).sum(axis=0) / np.maximum(count, 1)
    variance = np.where(known, (stacked - mean) ** 2, 0.0).sum(axis=0) / np.maximum(count, 1)
    sd = np.sqrt(variance)
    return np.asarray(np.where(sd > 0, sd, np.nan))


def rmse(predicted: FloatArray, experiment: Experiment) -> tuple[FloatArray, npt.NDArray[np.int64]]:
    """Return ``(states,)`` root mean squared errors at measured points with t > t0, and counts.

    A state with nothing measured has NaN; so has one with a measured point where the prediction
    is NaN (a failed solve is not left out of a score).
    """
    known = experiment.mask.copy()
    known[0] = False
    count = known.sum(axis=0)
    square = np.where(known, (predicted - experiment.states) ** 2, 0.0).sum(axis=0)
    mean_square = np.where(count > 0, square / np.maximum(count, 1), np.nan)
    return np.sqrt(mean_square), count


def score_rows(
    model: str,
    predictions: Mapping[str, FloatArray],
    test: Dataset,
    sd: FloatArray,
    excluded: Mapping[str, tuple[str, ...]],
) -> Iterator[tuple[str, str, str, int, float, float, bool]]:
    """Yield rows of a score table; see :data:`COLUMNS`.

    Args:
        model: name in the table.
        predictions: experiment id -> ``(times, states)`` at the experiment's own times.
        test: the scored experiments.
        sd: ``(states,)`` unit of NRMSE.
        excluded: strain -> states left out of the "clean" mean (copied or at detection limit).
    """
    for experiment in test:
        errors, counts = rmse(predictions[experiment.name], experiment)
        left_out = excluded.get(experiment.strain, ())
        for column, state in enumerate(test.state_names):
            if counts[column]:
                error = float(errors[column])
                unit = float(sd[column])
                yield (
                    model,
                    experiment.name,
                    state,
                    int(counts[column]),
                    error,
                    error / unit,
                    state in left_out,
                )
