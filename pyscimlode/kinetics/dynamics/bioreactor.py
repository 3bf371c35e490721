"""A batch reactor: cells of kinetic models grow on what the medium holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from pyscimlode.backends.status import Status
from pyscimlode.errors import DataError, SolverError
from pyscimlode.kinetics.dynamics.cultures import BatchCulture
from pyscimlode.kinetics.dynamics.ode import KineticModel
from pyscimlode.kinetics.dynamics.reactor_field import ReactorField, released_species
from pyscimlode.kinetics.dynamics.stiff import LogPaths, integrate_log
from pyscimlode.kinetics.evaluation.evaluator import KineticEvaluator
from pyscimlode.kinetics.networks.moieties import balances
from pyscimlode.kinetics.networks.network import KineticNetwork
from pyscimlode.kinetics.networks.state import SteadyState
from pyscimlode.kinetics.spread import Progress, spread

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
INOCULUM = 0.037
"""gDW/L, as published."""
HOURS = 60.0
POINTS = 241
MOST_STEPS = 6_000
"""Steps of a culture; those that reach 60 h take a few hundred to two thousand."""
TOGETHER = 64
"""Cultures that are followed together."""


def batch_culture(
    model: KineticModel,
    growth: str,
    *,
    medium: Mapping[str, float] | None = None,
    held: Sequence[str] = (),
    compartment: str = "e",
    inoculum: float = INOCULUM,
    hours: float = HOURS,
    points: int = POINTS,
    density: float | None = None,
    rtol: float = 1e-6,
    most: int = MOST_STEPS,
) -> BatchCulture:
    """Grow a culture of one model; what :func:`batch_cultures` says holds.

    Raises:
        DataError: as :func:`batch_cultures`.
        ModelError: an unknown reaction.
        SolverError: the culture was not followed to the end.
    """
    grow = _Cultures.of(
        model.network,
        model.state,
        growth,
        medium,
        held,
        compartment,
        inoculum,
        hours,
        points,
        density,
    )
    (found,) = replace(grow, rtol=rtol, most=most)((model.ln_km[None], model.ln_vmax[None]))
    if found.status is not Status.SUCCESS:
        raise SolverError(
            f"The culture of {model.network.name!r} was not followed. {found.message}"
        )
    return found


def batch_cultures(
    evaluator: KineticEvaluator,
    ln_km: npt.ArrayLike,
    growth: str,
    *,
    medium: Mapping[str, float] | None = None,
    held: Sequence[str] = (),
    compartment: str = "e",
    inoculum: float = INOCULUM,
    hours: float = HOURS,
    points: int = POINTS,
    density: float | None = None,
    rtol: float = 1e-5,
    most: int = MOST_STEPS,
    executor: Executor | None = None,
    progress: Progress = False,
) -> tuple[BatchCulture, ...]:
    """Grow a culture of every model: dS/dt = X N v, dX/dt = mu X, and dc/dt = N v in the cell.

    v is per gDW in the first (rates in mM/h over the density), and mu is the specific rate of the
    growth reaction, whose flux must be the growth rate in 1/h. As in the published model, growth
    does not dilute the cell, and there is no maintenance: when a substrate is gone the growth law
    falls to zero, and the biomass stays. The logarithms of all concentrations and of X are
    integrated, so that none becomes negative, and a trickle of 1e-30 mM/h into everything lets the
    culture go on after its substrate is gone.

    The published program (EPFL-LCSB/RENAISSANCE, kinetics/bioreactor.py) starts the medium from the
    concentrations of the steady state, holds protons and CO2, releases the other 20 species, and
    gives a culture up after 300 s.

    Args:
        evaluator: of a network at a steady state.
        ln_km: ``(models, KM)`` ln mM.
        growth: id of the growth reaction.
        medium: species -> mM at the start, for those that differ from the steady state.
        held: species of the medium that stay constant: fed, buffered or aerated ones.
        compartment: the medium, whose species are held in the network and released here.
        inoculum: X at the start, gDW/L.
        hours: length of the culture.
        points: times that are kept.
        density: gDW per litre of cells; by default the steady state's.
        rtol: relative tolerance of the solver.
        most: steps after which a culture is given up. One that starves of something other than its
            carbon source may swing on the scale of seconds for hours.
        executor: follows portions of the models, as that of :func:`pyscimlode.kinetics.evolve`.
        progress: True writes progress to standard error; a function is called with the portions
            that are done and all of them.

    Returns:
        One culture for each model, those that were given up included.

    Raises:
        DataError: nothing to release, no density, an unknown species, an inoculum, length or
            number of points that is not positive, or another number of KM.
        ModelError: an unknown reaction.
    """
    rows = np.asarray(ln_km, dtype=np.float64)
    if rows.ndim != 2 or not len(rows):
        raise DataError(f"ln_km has the shape {rows.shape}; it must be (models, KM), not empty.")
    network, state = evaluator.network, evaluator.state
    grow = _Cultures.of(
        network, state, growth, medium, held, compartment, inoculum, hours, points, density
    )
    grow = replace(grow, rtol=rtol, most=most)
    ln_vmax = evaluator.ln_vmax(rows)
    starts = range(0, len(rows), TOGETHER)
    items = [(rows[i : i + TOGETHER], ln_vmax[i : i + TOGETHER]) for i in starts]
    found = spread(grow, items, executor=executor, progress=progress, what="portions of cultures")
    return tuple(culture for portion in found for culture in portion)


@dataclass(frozen=True, eq=False)
class _Cultures:
    """Grows cultures of some models; travels to other processes."""

    network: KineticNetwork
    state: SteadyState
    growth: str
    released: tuple[str, ...]
    density: float
    start: FloatArray
    hours: FloatArray
    rtol: float = 1e-6
    most: int = MOST_STEPS

    @classmethod
    def of(
        cls,
        network: KineticNetwork,
        state: SteadyState,
        growth: str,
        medium: Mapping[str, float] | None,
        held: Sequence[str],
        compartment: str,
        inoculum: float,
        hours: float,
        points: int,
        density: float | None,
    ) -> _Cultures:
        network.reaction_index([growth])
        released = released_species(network, compartment, held)
        chosen = state.density if density is None else density
        if chosen is None or not chosen > 0:
            raise DataError("The fluxes are in mM/h; give density=, the gDW per litre of cells.")
        if not (np.isfinite(inoculum) and inoculum > 0):
            raise DataError(f"inoculum={inoculum!r} gDW/L must be positive.")
        if not (np.isfinite(hours) and hours > 0) or points < 2:
            raise DataError(f"hours={hours!r} must be positive, and points={points!r} at least 2.")
        c = _medium(network, state, released, medium or {})
        place = np.concatenate([balances(network).dynamic, network.species_index(released)])
        start = np.log(np.append(c[place], inoculum))
        times = np.linspace(0.0, hours, points)
        return cls(network, state, growth, released, float(chosen), start, times)

    def __call__(self, parameters: tuple[FloatArray, FloatArray]) -> list[BatchCulture]:
        """Return the cultures of ``(ln KM, ln Vmax)``, one row a model."""
        field = ReactorField(
            self.network, self.state, self.growth, self.released, self.density, *parameters
        )
        models = len(parameters[0])
        balance = _Balance(field, models)
        start = np.tile(self.start, (models, 1))
        paths = integrate_log(
            field, start, self.hours, rtol=self.rtol, most=self.most, on_step=balance
        )
        return [self._culture(field, paths, balance, row) for row in range(models)]

    def _culture(
        self, field: ReactorField, paths: LogPaths, balance: _Balance, row: int
    ) -> BatchCulture:
        y, cells = paths.values[row], field.cells
        c = np.exp(y)
        full = np.repeat(self.state.concentrations[None], len(c), axis=0)
        full[:, field.place] = c[:, :-1]
        full[~np.isfinite(y[:, 0])] = np.nan
        totals = c[:, :cells] @ balances(self.network).totals.T
        here = np.full(len(y), row)
        status, last = paths.status[row], paths.last[row : row + 1]
        instability = np.nan
        if status is not Status.SUCCESS:
            slope = field.jacobian(last, np.array([row]))[0]
            if np.isfinite(slope).all():
                instability = float(np.linalg.eigvals(slope).real.max())
        return BatchCulture(
            hours=self.hours,
            biomass=c[:, -1],
            growth_rate=field.growth_rate(y, here),
            concentrations=full,
            species=self.network.species_ids,
            medium=self.released,
            balance_error=dict(
                zip(self.released, balance.error(row, self.start, last[0]).tolist(), strict=True)
            ),
            moiety_error=float(np.nanmax(np.abs(totals / totals[0] - 1.0), initial=0.0)),
            status=status,
            reached_h=float(paths.reached[row]),
            instability=instability,
            pace_h=float(paths.pace[row]),
            steps=int(paths.steps[row]),
        )


def _medium(
    network: KineticNetwork,
    state: SteadyState,
    released: Sequence[str],
    medium: Mapping[str, float],
) -> FloatArray:
    """Return all concentrations at the start."""
    c = np.array(state.concentrations)
    for name, value in medium.items():
        if name not in released:
            raise DataError(
                f"medium names {name!r}, which is not released; there are {', '.join(released)}."
            )
        if not (np.isfinite(value) and value > 0):
            raise DataError(f"medium has {value!r} mM of {name!r}; it must be positive.")
        c[network.species_index([name])[0]] = value
    return c


class _Balance:
    """The integral of X N v over the steps, by Simpson's rule."""

    def __init__(self, field: ReactorField, rows: int) -> None:
        self.field = field
        self.flow = np.zeros((rows, len(field.per_gdw)))
        self.through = np.zeros_like(self.flow)

    def __call__(self, rows: IntArray, h: FloatArray, at: Callable[[float], FloatArray]) -> None:
        first, middle, last = (self.field.uptake(at(share), rows) for share in (0.0, 0.5, 1.0))
        step = (h / 6.0)[:, None] * (first + 4.0 * middle + last)
        self.flow[rows] += step
        self.through[rows] += np.abs(step)

    def error(self, row: int, start: FloatArray, last: FloatArray) -> FloatArray:
        """Return abs(gained - flow) / through of the released species."""
        outside = slice(self.field.cells, -1)
        gained = np.exp(last[outside]) - np.exp(start[outside])
        return np.asarray(np.abs(gained - self.flow[row]) / np.maximum(self.through[row], 1e-300))
