"""Nets trained under the identity protocol, run as the forecasts that they were not trained for."""

from __future__ import annotations

from dataclasses import replace

from pyscimlode.data.dataset import Dataset
from pyscimlode.errors import ExperimentError
from pyscimlode.predictions import Prediction
from pyscimlode.problem.build import endogenous_form
from pyscimlode.results.fit_result import FitResult


def identity_fit_as_forecast(result: FitResult, test: Dataset) -> Prediction:
    """Forecast strains with nets that were trained under the identity protocol.

    The identity protocol treats every interpolated row as an experiment of its own. Here each
    strain is one experiment again: its measured state at t0, proteins included because the
    published field integrates them too, is run to all measured times.

    Args:
        result: a fit with ``protocol="identity"``.
        test: the strains as they were measured, such as ``datasets.load("limonene")``.

    Returns:
        trajectories of the metabolites at each strain's own times; proteins are left out.

    Raises:
        ExperimentError: for a fit under another protocol, whose ``predict`` is a forecast.
        ColumnError: when the strains do not have the metabolites and proteins of the fit.
    """
    if result.protocol != "identity":
        raise ExperimentError(
            f"This fit was made with protocol={result.protocol!r}: its predict() is a forecast "
            "already."
        )
    reported = [str(name) for name in result.train.provenance.details["reported_states"]]
    strains = test.keep(states=reported)
    forecast = result.predict(endogenous_form(strains))
    n_states = len(reported)
    return replace(
        forecast,
        state_names=strains.state_names,
        members={name: z[:, :, :n_states] for name, z in forecast.members.items()},
    )
