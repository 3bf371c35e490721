"""KM -> Vmax -> Jacobian -> eigenvalues, for thousands of KM sets at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from pyscimlode.errors import DataError
from pyscimlode.kinetics.evaluation.arnoldi import screen
from pyscimlode.kinetics.evaluation.eigen import leading_gradient
from pyscimlode.kinetics.evaluation.linear import LinearJacobian, linear_jacobian
from pyscimlode.kinetics.evaluation.saturation_gradient import remaining_pullback
from pyscimlode.kinetics.networks.checks import check_state, log_displacement
from pyscimlode.kinetics.networks.network import KineticNetwork
from pyscimlode.kinetics.networks.state import SteadyState
from pyscimlode.models.kinetic.compiled import CompiledLaws, compile_laws
from pyscimlode.models.kinetic.saturation import log_denominator, remaining_order

FloatArray = npt.NDArray[np.float64]
THRESHOLD = -2.5
"""A model is valid when no eigenvalue's real part is above this, in 1/h: its dominant time constant
is then at most 24 min, and a doubling of E. coli trpD9923 (134 min) lasts five of them or more."""
LARGEST_LN_KM = 60.0
"""Beyond this a KM has left every chemical meaning, and products of c/K may overflow."""
CHUNK = 128
"""Models evaluated together: their Jacobians stay in the cache."""


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What the eigenvalues of a batch of models say.

    Attributes:
        lambda_max: ``(models,)`` largest real part, 1/h; of a screened and rejected model a lower
            bound, itself above the threshold.
        valid: ``(models,)`` lambda_max <= threshold.
        threshold: 1/h.
    """

    lambda_max: FloatArray
    valid: npt.NDArray[np.bool_]
    threshold: float

    @property
    def incidence(self) -> float:
        """Share of valid models."""
        return float(self.valid.mean())

    @property
    def time_constant_min(self) -> FloatArray:
        """``(models,)`` dominant time constant -60/lambda_max in minutes; inf where unstable."""
        result = np.full(len(self.lambda_max), np.inf)
        stable = self.lambda_max < 0
        result[stable] = -60.0 / self.lambda_max[stable]
        return result

    def plot(self, **options: Any) -> Any:
        """Plot the distribution of lambda_max; see ``pyscimlode.plots.plot_eigenvalues``."""
        from pyscimlode import plots

        return plots.plot_eigenvalues({"models": self.lambda_max}, self.threshold, **options)


class KineticEvaluator:
    """Evaluates sets of KM at one steady state of a network.

    KM are given as natural logarithms of mM, ``ln_km: (models, KM)`` in the order of
    ``network.km_names``, inert ones included (they have no effect).

    Args:
        network: the kinetic network.
        state: a steady state of it.

    Raises:
        DataError: the state does not fit the network (:func:`check_state`).
        ModelError: the moieties do not fit the stoichiometry.
    """

    def __init__(self, network: KineticNetwork, state: SteadyState) -> None:
        check_state(network, state)
        self.network = network
        self.state = state
        self.laws: CompiledLaws = compile_laws(network)
        self.linear: LinearJacobian = linear_jacobian(network, state, self.laws)
        self.log_c: FloatArray = np.log(state.concentrations)[self.laws.species][:, None]
        self.vmax_base, self.vmax_order = _vmax_parts(network, state, self.laws)

    @property
    def size(self) -> int:
        """Number of independent species: rows of the Jacobian."""
        return len(self.linear.constant)

    def ln_vmax(self, ln_km: npt.ArrayLike) -> FloatArray:
        """Return ln Vmax ``(models, reactions)``, Vmax in mM/h (mass action: its constant).

        V = v / f(c, KM, Keq) with f the rate of V = 1: each model has the steady state.
        """
        ln_km = self._checked(ln_km)
        result = np.empty((len(ln_km), len(self.network.reactions)))
        for part in _chunks(len(ln_km)):
            log_d = log_denominator(self.laws, self._x(ln_km[part]))
            log_d += self.vmax_order @ ln_km[part].T
            result[part] = log_d.T
        result += self.vmax_base
        return result

    def jacobian(self, ln_km: npt.ArrayLike, *, scaled: bool = False) -> FloatArray:
        """Return the reduced Jacobians ``(models, n, n)`` in 1/h.

        Rows and columns are ``network.independent_ids``. With ``scaled``, J_ij c_j / c_i, which
        has the same eigenvalues.
        """
        ln_km = self._checked(ln_km)
        jacobian = self.linear.assemble(self._remaining(ln_km))
        return jacobian if scaled else self.linear.unscaled(jacobian)

    def eigenvalues(self, ln_km: npt.ArrayLike) -> npt.NDArray[np.complex128]:
        """Return all eigenvalues ``(models, n)`` in 1/h, by LAPACK's geev."""
        ln_km = self._checked(ln_km)
        result = np.empty((len(ln_km), self.size), dtype=np.complex128)
        for part in _chunks(len(ln_km)):
            result[part] = np.linalg.eigvals(self.jacobian(ln_km[part], scaled=True))
        return result

    def evaluate(
        self, ln_km: npt.ArrayLike, *, threshold: float = THRESHOLD, screened: bool = False
    ) -> Evaluation:
        """Return lambda_max and validity of every model.

        Args:
            ln_km: ``(models, KM)``.
            threshold: largest lambda_max of a valid model, 1/h.
            screened: reject models by a few Arnoldi steps first and compute all eigenvalues of
                the others alone. ``valid`` is the same; ``lambda_max`` of a rejected model is the
                converged eigenvalue that rejected it, a lower bound. The steps cost about a third
                of all eigenvalues, so this is faster where more than a third is rejected.
        """
        ln_km = self._checked(ln_km)
        lambda_max = np.empty(len(ln_km))
        for part in _chunks(len(ln_km)):
            jacobian = self.jacobian(ln_km[part], scaled=True)
            lambda_max[part] = (
                _screened_max(jacobian, threshold) if screened else _exact_max(jacobian)
            )
        return Evaluation(lambda_max, lambda_max <= threshold, threshold)

    def lambda_max_gradient(self, ln_km: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Return lambda_max ``(models,)`` and its derivative to ln KM ``(models, KM)``.

        From left and right eigenvectors y, x of the leading eigenvalue:
        d lambda = y^H dJ x / y^H x (Magnus, Econometric Theory 1:179, 1985). Where two
        eigenvalues lead together, the derivative of one of them.
        """
        ln_km = self._checked(ln_km)
        values = np.empty(len(ln_km))
        gradient = np.zeros(ln_km.shape)
        for part in _chunks(len(ln_km)):
            x = self._x(ln_km[part])
            jacobian = self.linear.assemble(remaining_order(self.laws, x))
            values[part], by_order = leading_gradient(jacobian, self.linear)
            by_log_x = remaining_pullback(self.laws, x, by_order)
            gradient[part, :][:, self.laws.km] -= by_log_x.T
        return values, gradient

    def _x(self, ln_km: FloatArray) -> FloatArray:
        x = self.log_c - ln_km.T[self.laws.km]
        return np.exp(x, out=x)

    def _remaining(self, ln_km: FloatArray) -> FloatArray:
        return remaining_order(self.laws, self._x(ln_km))

    def _checked(self, ln_km: npt.ArrayLike) -> FloatArray:
        array = np.asarray(ln_km, dtype=np.float64)
        wanted = len(self.network.km_names)
        if array.ndim != 2 or array.shape[1] != wanted:
            raise DataError(
                f"ln_km has the shape {array.shape}; it must be (models, {wanted}), one column "
                f"for each KM of the network {self.network.name!r}."
            )
        if not np.abs(array).max(initial=0.0) <= LARGEST_LN_KM:
            model, column = np.argwhere(~(np.abs(array) <= LARGEST_LN_KM))[0]
            raise DataError(
                f"ln_km of model {model} is {array[model, column]:g} at "
                f"{self.network.km_names[column]!r}; natural logarithms of mM within "
                f"+-{LARGEST_LN_KM:g} are expected."
            )
        return array


def _vmax_parts(
    network: KineticNetwork, state: SteadyState, laws: CompiledLaws
) -> tuple[FloatArray, sparse.csr_array]:
    """Return ln Vmax apart from KM ``(reactions,)``, and the powers of K ``(reactions, KM)``."""
    log_c = np.log(state.concentrations)
    log_r = log_displacement(network, state)
    base = np.log(np.abs(state.fluxes_mM_h)) - np.log(np.abs(np.expm1(log_r)))
    base -= laws.forward @ log_c
    np.subtract.at(base, laws.reaction, laws.order * log_c[laws.species])
    shape = (len(network.reactions), len(network.km_names))
    return base, sparse.csr_array((laws.order, (laws.reaction, laws.km)), shape=shape)


def _exact_max(jacobian: FloatArray) -> FloatArray:
    return np.asarray(np.linalg.eigvals(jacobian).real.max(axis=-1))


def _screened_max(jacobian: FloatArray, threshold: float) -> FloatArray:
    bound = screen(jacobian, threshold)
    open_ = ~(bound > threshold)
    bound[open_] = _exact_max(jacobian[open_])
    return bound


def _chunks(models: int) -> Iterator[slice]:
    for start in range(0, models, CHUNK):
        yield slice(start, min(models, start + CHUNK))
