"""Rate laws that are known, to compare learned ones with: those of the simulated pathway."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from pyscimlode.data.dataset import Dataset
from pyscimlode.data.pathway import (
    ENZYME_NAMES,
    STATE_NAMES,
    PathwayParameters,
    fluxes,
    parameter_set,
)
from pyscimlode.errors import DataError
from pyscimlode.models import HybridODE, simulated_pathway

FloatArray = npt.NDArray[np.float64]
RateLaws = Callable[[FloatArray, FloatArray], npt.ArrayLike]
"""``(z (rows, states), p (rows, controls)) -> (rows, reactions)``, all in measured units."""


def known_laws(
    truth: str | PathwayParameters | RateLaws, model: HybridODE, dataset: Dataset
) -> RateLaws:
    """Return known rate laws as a function of this data set's states and controls.

    Raises:
        DataError: a parameter set is unknown, or belongs to other reactions, columns or units.
    """
    if not isinstance(truth, str | PathwayParameters):
        return _checked(truth, len(model.flux_names))
    parameters = parameter_set(truth)
    simulated = {r.name: (r.substrates, r.products) for r in simulated_pathway().reactions}
    for reaction in model.reactions:
        if simulated.get(reaction.name) != (reaction.substrates, reaction.products):
            raise DataError(
                f"Reaction {reaction.name!r} is not one of the simulated pathway, whose rate laws "
                "are known. Give truth= as a function (z, p) -> rates (rows, reactions)."
            )
    _check_columns(dataset)
    states = [dataset.state_names.index(name) for name in STATE_NAMES]
    enzymes = [dataset.control_names.index(name) for name in ENZYME_NAMES]
    order = [list(simulated).index(reaction.name) for reaction in model.reactions]

    def laws(z: FloatArray, p: FloatArray) -> FloatArray:
        rates = fluxes(list(z[:, states].T), list(p[:, enzymes].T), parameters)
        return np.stack([rates[index] for index in order], axis=-1)

    return laws


def _check_columns(dataset: Dataset) -> None:
    known = (*dataset.state_names, *dataset.control_names)
    missing = [name for name in (*STATE_NAMES, *ENZYME_NAMES) if name not in known]
    if missing:
        raise DataError(
            f"The rate laws of the simulated pathway need {', '.join(missing)}, which the data of "
            "this fit do not have. Give truth= as a function (z, p) -> rates (rows, reactions)."
        )
    units = {dataset.units.get(name, "mM") for name in STATE_NAMES} - {"mM"}
    if units or dataset.time_unit != "h":
        raise DataError(
            "The rate laws of the simulated pathway are in mM/h; the data of this fit have "
            f"{', '.join(sorted(units)) or 'mM'} and {dataset.time_unit}. Convert them with "
            "with_units before the fit."
        )


def _checked(laws: RateLaws, n_reactions: int) -> RateLaws:
    if not callable(laws):
        raise DataError(
            f"truth={laws!r} is neither a parameter set of the simulated pathway nor a function "
            "(z, p) -> rates (rows, reactions)."
        )

    def checked(z: FloatArray, p: FloatArray) -> FloatArray:
        rates = np.asarray(laws(z, p), dtype=np.float64)
        if rates.shape != (len(z), n_reactions):
            raise DataError(
                f"truth returned rates of shape {rates.shape}; one row a point and one column a "
                f"reaction is {(len(z), n_reactions)}."
            )
        return rates

    return checked
