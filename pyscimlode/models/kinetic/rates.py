"""Reaction rates and their derivatives at any concentrations, for many models at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pyscimlode.errors import DataError
from pyscimlode.models.kinetic.compiled import CompiledLaws, compile_laws
from pyscimlode.models.kinetic.reaction_set import ReactionSet
from pyscimlode.models.kinetic.saturation import log_denominator, occupied

FloatArray = npt.NDArray[np.float64]
SMALLEST = 1e-200
"""Concentration (mM) that stands for zero in derivatives, where c divides c."""


@dataclass(frozen=True, eq=False)
class Powers:
    """Products of powers of concentrations, one product for each of some reactions."""

    reactions: int
    reaction: npt.NDArray[np.int64]
    species: npt.NDArray[np.int64]
    exponent: FloatArray

    @classmethod
    def of(cls, exponents: FloatArray) -> Powers:
        """Return the powers that a matrix ``(reactions, species)`` has."""
        reaction, species = np.nonzero(exponents)
        return cls(len(exponents), reaction, species, exponents[reaction, species])

    def products(self, c: FloatArray) -> FloatArray:
        """Return ``(reactions, models)`` for c ``(species, models)``; an empty product is 1."""
        result = np.ones((self.reactions, c.shape[1]))
        if len(self.reaction):
            base = c[self.species]
            broken = self.exponent != np.round(self.exponent)
            base[broken] = np.maximum(base[broken], 0.0)
            factors = base ** self.exponent[:, None]
            starts = np.flatnonzero(np.diff(self.reaction, prepend=-1))
            result[self.reaction[starts]] = np.multiply.reduceat(factors, starts, axis=0)
        return result


class RateFunction:
    """Rates v(c; KM, Vmax) of all reactions of a network.

    v = V (forward - backward) / D, where backward / forward is Gamma / Keq (Haldane). Rates stay
    finite where concentrations are zero. A negative concentration, as a solver may try one, counts
    as zero in D and in broken powers alone.

    Args:
        network: reactions, species and names of KM; a kinetic network or pathway.
        keq: ``(reactions,)`` equilibrium constants (mM); inf for irreversible laws.

    Raises:
        DataError: another number of equilibrium constants, or one that is missing.
    """

    def __init__(self, network: ReactionSet, keq: npt.ArrayLike) -> None:
        self.network = network
        self.laws: CompiledLaws = compile_laws(network)
        self.keq = np.asarray(keq, dtype=np.float64)
        if self.keq.shape != (len(network.reactions),):
            raise DataError(
                f"keq has the shape {self.keq.shape}; the network {network.name!r} has "
                f"{len(network.reactions)} reactions."
            )
        for reaction, value in zip(network.reactions, self.keq, strict=True):
            if reaction.reversible and not (np.isfinite(value) and value > 0):
                raise DataError(
                    f"Reaction {reaction.id!r} ({reaction.law}) has no equilibrium constant "
                    f"(keq={value:g})."
                )
        self._reversible = np.array([r.reversible for r in network.reactions])
        self.forward_orders = self.laws.forward.copy()
        np.add.at(self.forward_orders, (self.laws.reaction, self.laws.species), self.laws.order)
        self.backward_orders = np.where(
            self._reversible[:, None], self.forward_orders + self.laws.displacement, 0.0
        )
        self._forward = Powers.of(self.forward_orders)
        self._backward = Powers.of(self.backward_orders)

    def rates(self, c: npt.ArrayLike, ln_km: npt.ArrayLike, ln_vmax: npt.ArrayLike) -> FloatArray:
        """Return v ``(models, reactions)`` in mM/h.

        Args:
            c: ``(models, species)`` mM, or ``(species,)`` for all models.
            ln_km: ``(models, KM)`` ln mM, or ``(KM,)``.
            ln_vmax: ``(models, reactions)`` ln mM/h, or ``(reactions,)``.
        """
        c, k, ln_vmax = self._columns(c, ln_km, ln_vmax)
        forward, backward, _ = self._parts(c, k, ln_vmax)
        return np.asarray((forward - backward).T)

    def derivatives(
        self, c: npt.ArrayLike, ln_km: npt.ArrayLike, ln_vmax: npt.ArrayLike
    ) -> tuple[FloatArray, FloatArray]:
        """Return v ``(models, reactions)`` and dv/dln c ``(models, reactions, species)``.

        Arguments as of :meth:`rates`; divide by c for dv/dc.
        """
        c, k, ln_vmax = self._columns(c, ln_km, ln_vmax)
        c = np.maximum(c, SMALLEST)
        forward, backward, x = self._parts(c, k, ln_vmax)
        net = forward - backward
        result = forward[:, None] * self.forward_orders[..., None]
        result -= backward[:, None] * self.backward_orders[..., None]
        bound = occupied(self.laws, x) * net[self.laws.reaction]
        np.subtract.at(result, (self.laws.reaction, self.laws.species), bound)
        return np.asarray(net.T), np.asarray(result.transpose(2, 0, 1))

    def displacement(self, c: npt.ArrayLike) -> FloatArray:
        """Return Gamma/Keq ``(models, reactions)`` at concentrations ``(models, species)``.

        Zero for irreversible laws.
        """
        c = np.atleast_2d(np.asarray(c, dtype=np.float64)).T
        gamma = Powers.of(self.laws.displacement).products(c) / self.keq[:, None]
        return np.where(self._reversible, gamma.T, 0.0)

    def one_way(
        self, c: npt.ArrayLike, ln_km: npt.ArrayLike, ln_vmax: npt.ArrayLike
    ) -> tuple[FloatArray, FloatArray]:
        """Return forward and backward rates ``(models, reactions)``; arguments as of rates."""
        forward, backward, _ = self._parts(*self._columns(c, ln_km, ln_vmax))
        return forward.T, backward.T

    def _parts(
        self, c: FloatArray, ln_km: FloatArray, ln_vmax: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        laws = self.laws
        x = np.maximum(c, 0.0)[laws.species] * np.exp(-ln_km[laws.km])
        log_scale = ln_vmax - log_denominator(laws, x)
        np.subtract.at(log_scale, laws.reaction, laws.order[:, None] * ln_km[laws.km])
        scale = np.exp(log_scale)
        forward = scale * self._forward.products(c)
        back = scale[self._reversible] / self.keq[self._reversible, None]
        backward = np.zeros_like(forward)
        backward[self._reversible] = back * self._backward.products(c)[self._reversible]
        return forward, backward, x

    def _columns(
        self, c: npt.ArrayLike, ln_km: npt.ArrayLike, ln_vmax: npt.ArrayLike
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return arrays with the models as columns."""
        sizes = (len(self.network.species_ids), len(self.network.km_names), len(self.keq))
        names = ("c", "ln_km", "ln_vmax")
        arrays = [np.atleast_2d(np.asarray(a, dtype=np.float64)) for a in (c, ln_km, ln_vmax)]
        models = max(len(array) for array in arrays)
        for name, array, size in zip(names, arrays, sizes, strict=True):
            if array.ndim != 2 or array.shape[1] != size or len(array) not in (1, models):
                raise DataError(
                    f"{name} has the shape {array.shape}; it must be ({models}, {size}), one row "
                    "for each model."
                )
        columns = [np.broadcast_to(a, (models, a.shape[1])).T for a in arrays]
        return columns[0], columns[1], columns[2]
