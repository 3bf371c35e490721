"""Protocols: what a model is asked, and hence what its score means.

``forecast``: the measured state at t0 and p(t) of a strain -> its whole trajectory.

``identity``: the published protocol (Habaraduwa & Lixandru). Each strain is interpolated to 200
rows; every row is the initial state and, 72 h later, the target too. A field that is zero
everywhere scores 0, so a score under this protocol says nothing about forecasts and is never
ranked.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, get_args

import numpy as np

from pyscimlode.data.dataset import Dataset, Experiment
from pyscimlode.data.interpolation import PUBLISHED_POINTS, interpolate_by_row
from pyscimlode.errors import DataError, did_you_mean

Protocol = Literal["forecast", "identity"]

PUBLISHED_HORIZON = 72.0
"""Hours that the published protocol integrates every row for."""


def check_protocol(protocol: str) -> Protocol:
    """Return the protocol.

    Raises:
        DataError: for an unknown one.
    """
    known: tuple[Protocol, ...] = get_args(Protocol)
    for name in known:
        if protocol == name:
            return name
    raise DataError(
        f"protocol={protocol!r} is not known; choose one of {', '.join(known)}."
        + did_you_mean(str(protocol), known)
    )


def identity_rows(
    dataset: Dataset, *, points: int = PUBLISHED_POINTS, horizon: float = PUBLISHED_HORIZON
) -> Dataset:
    """Return the published protocol's rows: one experiment ``{name}@{row}`` a row.

    Controls become states (the published nets integrate all 23 features). Each row stands at time
    0 and again at ``horizon``. States that an experiment never has are left out for all. The
    provenance's ``reported_states`` are those that scores are reported for; a data set that has
    them is returned as it is.
    """
    if "reported_states" in dataset.provenance.details:
        return dataset
    measured = [
        state
        for column, state in enumerate(dataset.state_names)
        if all(e.mask[:, column].any() for e in dataset)
    ]
    kept = dataset.keep(states=measured)
    rows: list[Experiment] = []
    times = np.array([0.0, horizon])
    for experiment in kept:
        table = interpolate_by_row(experiment, points)
        values = np.concatenate([table.states, table.controls], axis=1)
        rows.extend(
            Experiment(
                name=f"{experiment.name}@{index}",
                times=times,
                states=np.stack([row, row]),
                controls=np.empty((2, 0)),
                strain=experiment.strain,
            )
            for index, row in enumerate(values)
        )
    reported = {**kept.provenance.details, "reported_states": list(kept.state_names)}
    return replace(
        kept,
        provenance=replace(kept.provenance, details=reported),
        experiments=tuple(rows),
        state_names=(*kept.state_names, *kept.control_names),
        control_names=(),
    ).with_history(f"identity protocol: {points} rows by row number, horizon {horizon:g}")
