"""One kinetic model as an ordinary differential equation of its dynamic species."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from pyscimlode.errors import DataError, SolverError
from pyscimlode.kinetics.dynamics.bridge import GROUPS, Fitted, fitted_parameters, kinetic_pathway
from pyscimlode.kinetics.evaluation.evaluator import KineticEvaluator
from pyscimlode.kinetics.networks.moieties import Balances, balances
from pyscimlode.kinetics.networks.network import KineticNetwork
from pyscimlode.kinetics.networks.state import SteadyState
from pyscimlode.models.hybrid import HybridODE
from pyscimlode.models.kinetic.rates import RateFunction

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class KineticModel:
    """A network with one set of parameters: dc/dt = N v(c).

    Args:
        network: the kinetic network.
        state: the steady state that the parameters belong to; its fixed species stay.
        ln_km: ``(KM,)`` ln mM.
        ln_vmax: ``(reactions,)`` ln mM/h.

    Attributes:
        rate_function: the rates of the network.
        balances: stoichiometry and totals of the network.
    """

    network: KineticNetwork
    state: SteadyState
    ln_km: FloatArray
    ln_vmax: FloatArray
    rate_function: RateFunction = field(init=False, repr=False)
    balances: Balances = field(init=False, repr=False)

    @classmethod
    def at_steady_state(cls, evaluator: KineticEvaluator, ln_km: npt.ArrayLike) -> KineticModel:
        """Return the model whose Vmax follow from the steady state."""
        row = np.asarray(ln_km, dtype=np.float64)
        if row.ndim != 1:
            raise DataError(f"ln_km of one model must be a vector, not {row.shape}.")
        ln_vmax = evaluator.ln_vmax(row[None])[0]
        return cls(evaluator.network, evaluator.state, row, ln_vmax)

    def __post_init__(self) -> None:
        function = RateFunction(self.network, self.state.keq)
        object.__setattr__(self, "rate_function", function)
        object.__setattr__(self, "balances", balances(self.network))

    def hybrid(
        self,
        *,
        free: Sequence[str] = GROUPS,
        enzymes: Mapping[str, str] | Sequence[str] | None = None,
        reference_levels: Mapping[str, float] | None = None,
        widths: Sequence[int] = (),
        initial_spread: float = 0.1,
    ) -> HybridODE:
        """Return the model as one whose KM and Vmax :func:`pyscimlode.fit` trains.

        Training starts around the values of this model, and weight decay draws towards them. The
        data set has every dynamic species as a state, in mM and h; species that a strain was never
        measured for start at the steady state.

        Args:
            free: what is trained: ``"km"``, ``"vmax"``, names of KM, ``vmax_<reaction>``.
            enzymes: reaction -> control whose level multiplies its Vmax, or reactions whose
                controls have their names; None: controls that are named after reactions, as those
                of :func:`pyscimlode.kinetics.simulate_strains`.
            reference_levels: control -> level at which Vmax is that of this model; 1 by default.
            widths: hidden layers of a network that corrects every rate by up to a factor of e;
                ``()``: none.
            initial_spread: standard deviation of ln KM and ln Vmax, around this model's, with which
                members of an ensemble start; 0: all start as this model.

        Raises:
            ModelError: an unknown parameter or reaction.

        >>> from pyscimlode.kinetics import KineticEvaluator, toy6
        >>> case = toy6()
        >>> evaluator = KineticEvaluator(case.network, case.state)
        >>> model = KineticModel.at_steady_state(evaluator, [0.0] * 14)
        >>> model.hybrid(free=["vmax", "km_A_R2"]).pathway.free_km
        ('km_A_R2',)
        """
        pathway = kinetic_pathway(self, free, enzymes, reference_levels)
        return HybridODE(pathway, widths=tuple(widths), initial_spread=initial_spread)

    def fitted(self, fit: Fitted, member: int = 0) -> KineticModel:
        """Return the model with the KM and Vmax of a fit of :meth:`hybrid`, to export, for one.

        The steady state of the fitted model is not that of this one; fixed species and equilibrium
        constants are.

        Args:
            fit: what :func:`pyscimlode.fit` returned.
            member: of the ensemble.

        Raises:
            ModelError: the fit is of another network or model, or has no such member.
        """
        ln_km, ln_vmax = fitted_parameters(self, fit, member)
        return replace(self, ln_km=ln_km, ln_vmax=ln_vmax)

    @property
    def initial(self) -> FloatArray:
        """``(dynamic,)`` mM at the steady state, in the order of ``network.dynamic_ids``."""
        return self.state.concentrations[self.balances.dynamic]

    def all_concentrations(self, c: FloatArray) -> FloatArray:
        """Return ``(..., species)`` for dynamic species ``(..., dynamic)``."""
        shape = (*c.shape[:-1], len(self.state.concentrations))
        full = np.array(np.broadcast_to(self.state.concentrations, shape))
        full[..., self.balances.dynamic] = c
        return full

    def rhs(self, t: float, c: FloatArray) -> FloatArray:
        """Return dc/dt ``(dynamic,)`` in mM/h for c ``(dynamic,)`` in mM."""
        v = self.rate_function.rates(self.all_concentrations(c), self.ln_km, self.ln_vmax)[0]
        return np.asarray(self.balances.matrix @ v)

    def jacobian(self, t: float, c: FloatArray) -> FloatArray:
        """Return d(dc/dt)/dc ``(dynamic, dynamic)`` in 1/h."""
        _, by_log = self._log_parts(c)
        return np.asarray(by_log / np.maximum(c, 1e-200))

    def log_rhs(self, t: float, y: FloatArray) -> FloatArray:
        """Return dy/dt for y = ln c, which keeps every concentration positive."""
        c = np.exp(y)
        return np.asarray(self.rhs(t, c) / c)

    def log_jacobian(self, t: float, y: FloatArray) -> FloatArray:
        """Return d(dy/dt)/dy ``(dynamic, dynamic)`` for y = ln c."""
        c = np.exp(y)
        change, by_log = self._log_parts(c)
        return np.asarray(by_log / c[:, None] - np.diag(change / c))

    def totals(self, c: FloatArray) -> FloatArray:
        """Return the conserved totals ``(..., moieties)`` of c ``(..., dynamic)``."""
        return np.asarray(c @ self.balances.totals.T)

    def simulate(
        self,
        initial: npt.ArrayLike,
        times: npt.ArrayLike,
        *,
        rtol: float = 1e-6,
        atol: float = 1e-9,
        log: bool = True,
    ) -> FloatArray:
        """Return concentrations ``(times, dynamic)`` in mM by SciPy's BDF with exact Jacobian.

        Args:
            initial: ``(dynamic,)`` mM, positive, at ``times[0]``.
            times: ``(times,)`` h, increasing.
            rtol: relative tolerance.
            atol: absolute tolerance, of ln c with ``log`` and mM without.
            log: integrate ln c.

        Raises:
            DataError: an initial concentration that is not positive; the message names it.
            SolverError: the solver gave up.
        """
        from scipy.integrate import solve_ivp

        start, t = np.asarray(initial, dtype=np.float64), np.asarray(times, dtype=np.float64)
        for name, value in zip(self.network.dynamic_ids, start, strict=True):
            if not (np.isfinite(value) and value > 0):
                raise DataError(f"Species {name!r} starts at {value:g} mM; it must be positive.")
        rhs, jacobian = (self.log_rhs, self.log_jacobian) if log else (self.rhs, self.jacobian)
        try:
            with np.errstate(over="ignore", invalid="ignore"):
                solution = solve_ivp(
                    rhs,
                    (t[0], t[-1]),
                    np.log(start) if log else start,
                    method="BDF",
                    t_eval=t,
                    jac=jacobian,
                    rtol=rtol,
                    atol=atol,
                )
        except ValueError as error:  # SciPy's linear algebra refuses what is not finite.
            hint = "" if log else " Integrate ln c, log=True: concentrations stay positive."
            raise SolverError(
                f"The kinetic model {self.network.name!r} reached rates that are not finite.{hint}"
            ) from error
        if not solution.success:
            raise SolverError(
                f"The kinetic model {self.network.name!r} was not integrated beyond "
                f"{solution.t[-1] if len(solution.t) else t[0]:g} h: {solution.message}"
            )
        return np.asarray(np.exp(solution.y.T) if log else solution.y.T)

    def _log_parts(self, c: FloatArray) -> tuple[FloatArray, FloatArray]:
        full = self.all_concentrations(c)
        v, by_log = self.rate_function.derivatives(full, self.ln_km, self.ln_vmax)
        of = self.balances
        # BLAS takes contiguous arrays alone; others cost a hundred times as much.
        return of.matrix @ v[0], of.matrix @ np.ascontiguousarray(by_log[0][:, of.dynamic])
