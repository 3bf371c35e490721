"""Parameters of a kinetic model fitted to time series."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from pyscimlode.data.dataset import Dataset, Experiment
from pyscimlode.data.frozen import FrozenDict
from pyscimlode.errors import ColumnError, DataError, ModelError, SolverError, did_you_mean
from pyscimlode.kinetics.dynamics.ode import KineticModel
from pyscimlode.kinetics.dynamics.simulated import with_levels
from pyscimlode.kinetics.formats.parameter_sets import vmax_names

FloatArray = npt.NDArray[np.float64]
FAILED = 10.0
"""Residual (of ln c) of a strain that the solver does not get through."""


@dataclass(frozen=True, eq=False)
class KineticFit:
    """A fitted kinetic model.

    Attributes:
        model: with the fitted parameters.
        values: fitted parameter -> value, mM or mM/h.
        log_sd: fitted parameter -> standard error of its logarithm, from the curvature at the
            optimum; infinite where the data do not determine it.
        error_before: root mean square of ln(predicted / measured) of the given model.
        error: the same of the fitted model.
        evaluations: simulations of all strains that it took, apart from derivatives.
    """

    model: KineticModel
    values: Mapping[str, float]
    log_sd: Mapping[str, float]
    error_before: float
    error: float
    evaluations: int

    def __post_init__(self) -> None:
        for name in ("values", "log_sd"):
            object.__setattr__(self, name, FrozenDict(getattr(self, name)))


def fit_parameters(
    model: KineticModel,
    data: Dataset,
    free: Sequence[str],
    *,
    within: float = 5.0,
    most: int = 50,
    rtol: float = 1e-8,
) -> KineticFit:
    """Fit chosen KM and Vmax by least squares of ln c (SciPy's trust-region reflective method).

    Every strain starts at the model's steady state, and its controls are constant enzyme levels
    that multiply Vmax, as :func:`pyscimlode.kinetics.simulate_strains` makes them.
    Derivatives are finite differences, one simulation of all strains a parameter: meant for tens
    of parameters, whose standard errors are wanted. For hundreds, strains that start anywhere,
    enzyme levels that change and scores of held-out strains, train
    :meth:`KineticModel.hybrid` with :func:`pyscimlode.fit`.

    Args:
        model: where the fit starts.
        data: states are dynamic species (mM), controls reactions; unmeasured cells are left out.
        free: names of KM (``network.km_names``) and ``vmax_<reaction>`` that are fitted.
        within: bound of the change of ln of each parameter.
        most: evaluations at most.
        rtol: relative tolerance of the integration.

    Raises:
        ModelError: an unknown parameter, or none.
        ColumnError: a state or control that the network does not have.
        DataError: enzyme levels that change with time, states that are not positive, no cells.
    """
    from scipy.optimize import least_squares

    network = model.network
    names = (*network.km_names, *vmax_names(network))
    for name in free:
        if name not in names:
            raise ModelError(f"The parameter {name!r} is not known." + did_you_mean(name, names))
    if not free:
        raise ModelError("Name the parameters to fit in free=.")
    _check(model, data)
    place = np.array([names.index(name) for name in free])
    start = np.concatenate([model.ln_km, model.ln_vmax])

    def changed(theta: FloatArray) -> KineticModel:
        full = start.copy()
        full[place] += theta
        km = len(network.km_names)
        return replace(model, ln_km=full[:km], ln_vmax=full[km:])

    def residuals(theta: FloatArray) -> FloatArray:
        trial = changed(theta)
        return np.concatenate([_residuals(trial, data, e, rtol) for e in data])

    before = residuals(np.zeros(len(free)))
    if not len(before):
        raise DataError("The data have no measured cell.")
    solution = least_squares(
        residuals,
        np.zeros(len(free)),
        bounds=(-within, within),
        max_nfev=most,
        diff_step=max(1e-4, rtol**0.5),
    )
    fitted = changed(solution.x)
    values = np.exp(np.concatenate([fitted.ln_km, fitted.ln_vmax])[place]).tolist()
    return KineticFit(
        fitted,
        dict(zip(free, values, strict=True)),
        dict(zip(free, _log_sd(np.asarray(solution.jac), solution.fun).tolist(), strict=True)),
        float(np.sqrt(np.mean(before**2))),
        float(np.sqrt(np.mean(solution.fun**2))),
        int(solution.nfev),
    )


def _residuals(
    model: KineticModel, data: Dataset, experiment: Experiment, rtol: float
) -> FloatArray:
    measured = experiment.mask
    columns = [model.network.dynamic_ids.index(name) for name in data.state_names]
    strain = with_levels(model, data.control_names, experiment.controls[0])
    try:
        c = strain.simulate(model.initial, experiment.times, rtol=rtol, atol=rtol)[:, columns]
    except SolverError:
        return np.full(int(measured.sum()), FAILED)
    return np.asarray(np.log(c[measured]) - np.log(experiment.states[measured]))


def _log_sd(jacobian: FloatArray, residual: FloatArray) -> FloatArray:
    """Return standard errors from s^2 (J^T J)^-1; infinite in directions without curvature."""
    freedom = max(len(residual) - jacobian.shape[1], 1)
    variance = float(residual @ residual) / freedom
    _, singular, right = np.linalg.svd(jacobian, full_matrices=False)
    weak = singular <= 1e-8 * singular.max(initial=0.0)
    spread = (right[~weak].T / singular[~weak]) ** 2
    result = np.sqrt(variance * spread.sum(axis=1))
    undetermined = (right[weak] ** 2).sum(axis=0) > 1e-6
    return np.asarray(np.where(undetermined, np.inf, result))


def _check(model: KineticModel, data: Dataset) -> None:
    network = model.network
    for what, names, known in (
        ("state", data.state_names, network.dynamic_ids),
        ("control", data.control_names, network.reaction_ids),
    ):
        for name in names:
            if name not in known:
                raise ColumnError(
                    f"The {what} {name!r} is not in the network {network.name!r}."
                    + did_you_mean(name, known)
                )
    for experiment in data:
        if experiment.times[0] != 0.0:
            raise DataError(f"Experiment {experiment.name!r} does not start at hour 0.")
        levels = experiment.controls
        if levels.size and not (np.isfinite(levels).all() and np.ptp(levels, axis=0).max() == 0):
            raise DataError(
                f"Experiment {experiment.name!r} has enzyme levels that change with time or are "
                "not measured; constant ones are needed."
            )
        if not (experiment.states[experiment.mask] > 0).all():
            raise DataError(
                f"Experiment {experiment.name!r} has states that are not positive; leave them out."
            )
