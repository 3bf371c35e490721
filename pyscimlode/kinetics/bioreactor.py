"""A batch reactor: cells of one kinetic model grow on what the medium holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from pyscimlode.errors import DataError, SolverError
from pyscimlode.kinetics.moieties import balances, stoichiometry
from pyscimlode.kinetics.ode import KineticModel
from pyscimlode.kinetics.stiff import MOST_EVALUATIONS, LogPath, integrate_log

if TYPE_CHECKING:
    import pandas as pd

FloatArray = npt.NDArray[np.float64]
INOCULUM = 0.037
"""gDW/L, as published."""
HOURS = 60.0
TRICKLE = 1e-30
"""mM/h that flow into everything. It adds no mass that counts, and bounds ln c from below, where a
substrate that is gone would run to minus infinity."""


@dataclass(frozen=True, eq=False)
class BatchCulture:
    """What happened in the reactor.

    Attributes:
        hours: ``(times,)``.
        biomass: ``(times,)`` gDW/L.
        growth_rate: ``(times,)`` mu in 1/h.
        concentrations: ``(times, species)`` mM, of the cell or of the medium.
        species: ids.
        medium: ids of the species that were released.
        balance_error: species of the medium -> abs(gained - integral of X N v dt) over the
            integral of abs(X N v), by Simpson's rule on the solver's steps.
        moiety_error: largest relative change of a conserved total.
    """

    hours: FloatArray
    biomass: FloatArray
    growth_rate: FloatArray
    concentrations: FloatArray
    species: tuple[str, ...]
    medium: tuple[str, ...]
    balance_error: Mapping[str, float]
    moiety_error: float

    def concentration(self, species: str) -> FloatArray:
        """Return the course of one species ``(times,)`` in mM.

        Raises:
            DataError: there is no such species.
        """
        if species not in self.species:
            raise DataError(f"The culture has no species {species!r}.")
        return self.concentrations[:, self.species.index(species)]

    def exhausted_h(self, species: str, share: float = 0.01) -> float:
        """Return the first hour at which less than a share of the start is left; inf if never."""
        course = self.concentration(species)
        below = np.flatnonzero(course < share * course[0])
        return float(self.hours[below[0]]) if len(below) else float("inf")

    def to_frame(self, species: Sequence[str] | None = None) -> pd.DataFrame:
        """Return hours, biomass, growth rate and species (those of the medium by default)."""
        import pandas as pd

        chosen = self.medium if species is None else tuple(species)
        columns = {"hours": self.hours, "biomass": self.biomass, "growth_rate": self.growth_rate}
        return pd.DataFrame({**columns, **{name: self.concentration(name) for name in chosen}})

    def plot(self, species: Mapping[str, str] | None = None, **options: Any) -> Any:
        """Plot biomass and medium over time; see ``pyscimlode.plots.plot_cultures``."""
        from pyscimlode import plots

        return plots.plot_cultures([self], species, **options)


def batch_culture(
    model: KineticModel,
    growth: str,
    *,
    medium: Mapping[str, float] | None = None,
    held: Sequence[str] = (),
    compartment: str = "e",
    inoculum: float = INOCULUM,
    hours: float = HOURS,
    points: int = 241,
    density: float | None = None,
    rtol: float = 1e-6,
    most: int = MOST_EVALUATIONS,
) -> BatchCulture:
    """Grow a culture: dS/dt = X N v in the medium, dX/dt = mu X, and dc/dt = N v in the cell.

    v is per gDW in the first (rates in mM/h over the density), and mu is the specific rate of the
    growth reaction, whose flux must be the growth rate in 1/h. As in the published model, growth
    does not dilute the cell. The logarithms of all concentrations and of X are integrated, so
    that none becomes negative, and a trickle of 1e-30 mM/h into everything lets the culture go on
    after its substrate is gone.

    Args:
        model: the cells.
        growth: id of the growth reaction.
        medium: species -> mM at the start, for those that differ from the steady state.
        held: species of the medium that stay constant: fed, buffered or aerated ones. None in the
            article (its 113 equations are 112 species and biomass), which a medium without a
            buffer and without air does not survive for long.
        compartment: the medium, whose species are held in the network and released here.
        inoculum: X at the start, gDW/L.
        hours: length of the culture.
        points: times that are kept.
        density: gDW per litre of cells; by default the steady state's.
        rtol: tolerance of the solver, on ln c.
        most: evaluations of the rates after which the solver is stopped.

    A culture that starves of something other than its carbon source may oscillate on the scale of
    seconds for hours; it is then given up after ``most`` evaluations.

    Raises:
        DataError: nothing to release, no density, an unknown species, an inoculum that is not
            positive.
        ModelError: an unknown reaction.
        SolverError: the integration failed.
    """
    reactor = _Reactor(model, growth, held, compartment, density)
    start = reactor.start(medium or {}, inoculum)
    times = np.linspace(0.0, hours, points)
    try:
        path = integrate_log(reactor.rhs, reactor.jacobian, start, hours, rtol=rtol, most=most)
    except SolverError as error:
        name = model.network.name
        raise SolverError(f"The culture of {name!r} was not followed: {error}") from error
    return reactor.result(times, path)


class _Reactor:
    """ln of (dynamic species, released species, X), and how they change."""

    def __init__(
        self,
        model: KineticModel,
        growth: str,
        held: Sequence[str],
        compartment: str,
        density: float | None,
    ) -> None:
        network = model.network
        of = balances(network)
        self.model = model
        self.growth = int(network.reaction_index([growth])[0])
        network.species_index(held)
        released = tuple(
            s.id
            for s in network.species
            if s.fixed and s.compartment == compartment and s.id not in held
        )
        if not released:
            raise DataError(
                f"No species is released: compartment {compartment!r} has no held species left."
            )
        chosen = density if density is not None else model.state.density
        if chosen is None or not chosen > 0:
            raise DataError("The fluxes are in mM/h; give density=, the gDW per litre of cells.")
        self.density = float(chosen)
        self.released = released
        outside = network.species_index(released)
        self.place = np.concatenate([of.dynamic, outside])
        self.cells = len(of.dynamic)
        per_gdw = stoichiometry(network)[outside] / self.density
        self.inner, self.outer = of.matrix, per_gdw

    def start(self, medium: Mapping[str, float], inoculum: float) -> FloatArray:
        """Return y at the start."""
        network = self.model.network
        c = np.array(self.model.state.concentrations)
        for name, value in medium.items():
            if name not in self.released:
                raise DataError(
                    f"medium names {name!r}, which is not released; there are "
                    f"{', '.join(self.released)}."
                )
            if not (np.isfinite(value) and value > 0):
                raise DataError(f"medium has {value!r} mM of {name!r}; it must be positive.")
            c[network.species_index([name])[0]] = value
        if not (np.isfinite(inoculum) and inoculum > 0):
            raise DataError(f"inoculum={inoculum!r} gDW/L must be positive.")
        return np.asarray(np.log(np.append(c[self.place], inoculum)))

    def rhs(self, t: float, y: FloatArray) -> FloatArray:
        """Return dy/dt."""
        change = self._change(y)
        change[:-1] += TRICKLE * np.exp(-y[:-1])
        return np.asarray(change)

    def jacobian(self, t: float, y: FloatArray) -> FloatArray:
        """Return d(dy/dt)/dy."""
        c = np.exp(y)
        model = self.model
        _, by_log = model.rate_function.derivatives(self._full(c), model.ln_km, model.ln_vmax)
        by_state = np.ascontiguousarray(by_log[0][:, self.place])
        biomass, size = c[-1], len(y)
        matrix = np.vstack([self.inner, biomass * self.outer]) / c[:-1, None]
        slope = np.zeros((size, size))
        slope[:-1, :-1] = matrix @ by_state
        change = self._change(y)
        diagonal = np.arange(size - 1)
        slope[diagonal, diagonal] -= change[:-1] + TRICKLE / c[:-1]
        slope[self.cells : -1, -1] = change[self.cells : -1]
        slope[-1, :-1] = by_state[self.growth] / self.density
        return slope

    def result(self, times: FloatArray, path: LogPath) -> BatchCulture:
        """Return the culture at some times, with its balances."""
        c = np.exp(path.at(times))
        full = np.stack([self._full(row) for row in c])
        network = self.model.network
        totals = self.model.totals(c[:, : self.cells])
        drift = np.abs(totals / totals[0] - 1.0).max(initial=0.0)
        return BatchCulture(
            hours=times,
            biomass=c[:, -1],
            growth_rate=self._rates(c)[:, self.growth] / self.density,
            concentrations=full,
            species=network.species_ids,
            medium=self.released,
            balance_error=self._balance(path),
            moiety_error=float(drift),
        )

    def _balance(self, path: LogPath) -> dict[str, float]:
        nodes = path.nodes
        steps = np.diff(nodes)
        fine = np.sort(np.concatenate([nodes, nodes[:-1] + steps / 2]))
        c = np.exp(path.at(fine))
        flow = c[:, -1:] * (self._rates(c) @ self.outer.T)
        simpson = (steps / 6)[:, None] * (flow[:-2:2] + 4 * flow[1::2] + flow[2::2])
        gained = c[-1, self.cells : -1] - c[0, self.cells : -1]
        through = np.maximum(np.abs(simpson).sum(axis=0), 1e-300)
        errors = np.abs(gained - simpson.sum(axis=0)) / through
        return dict(zip(self.released, errors.tolist(), strict=True))

    def _change(self, y: FloatArray) -> FloatArray:
        c = np.exp(y)
        v = self._rates(c[None])[0]
        inside = (self.inner @ v) / c[: self.cells]
        outside = c[-1] * (self.outer @ v) / c[self.cells : -1]
        return np.concatenate([inside, outside, [v[self.growth] / self.density]])

    def _rates(self, c: FloatArray) -> FloatArray:
        model = self.model
        full = np.stack([self._full(row) for row in c])
        return np.asarray(model.rate_function.rates(full, model.ln_km, model.ln_vmax))

    def _full(self, c: FloatArray) -> FloatArray:
        full = np.array(self.model.state.concentrations)
        full[self.place] = c[:-1]
        return full
