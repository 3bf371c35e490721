"""Robustness: do models return to the steady state after all concentrations were perturbed?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from pyscimlode.backends.status import Status
from pyscimlode.errors import DataError
from pyscimlode.kinetics.dynamics.log_fields import CellField
from pyscimlode.kinetics.dynamics.perturbation import perturbed
from pyscimlode.kinetics.dynamics.stiff import MOST_STEPS, integrate_log
from pyscimlode.kinetics.evaluation.evaluator import KineticEvaluator
from pyscimlode.kinetics.networks.moieties import balances
from pyscimlode.kinetics.networks.network import KineticNetwork
from pyscimlode.kinetics.networks.state import SteadyState
from pyscimlode.kinetics.spread import Progress, spread
from pyscimlode.models.kinetic.rates import RateFunction

if TYPE_CHECKING:
    import pandas as pd

FloatArray = npt.NDArray[np.float64]
TIMES_MIN = (24.0, 34.0)
"""Minutes after a perturbation at which the article counts (five time constants are 134 min)."""
TOLERANCES = (0.05, float(np.exp(-1.0)))
PATHS = 35
"""Times of the paths that are kept for figures."""
PORTION = 400
"""Runs that are simulated together."""


@dataclass(frozen=True)
class Watched:
    """Something whose return is judged, by the member of it that is farthest away.

    Attributes:
        name: in tables.
        species: ids of dynamic species.
        reactions: ids of reactions, whose rates are judged as concentrations are.
    """

    name: str
    species: tuple[str, ...] = ()
    reactions: tuple[str, ...] = ()


def compartment_species(network: KineticNetwork, compartment: str) -> tuple[str, ...]:
    """Return the dynamic species of a compartment, such as all cytosolic metabolites.

    Raises:
        DataError: there are none.
    """
    found = tuple(s.id for s in network.species if s.compartment == compartment and not s.fixed)
    if not found:
        known = ", ".join(c.id for c in network.compartments)
        raise DataError(
            f"Compartment {compartment!r} has no dynamic species; the network has {known}."
        )
    return found


@dataclass(frozen=True, eq=False)
class Robustness:
    """What became of perturbed models.

    Attributes:
        watched: names of what was judged.
        judged_min: ``(judged,)`` minutes after the perturbation at which returns are counted.
        times_min: ``(times,)`` minutes of the paths; the judged ones are among them.
        ratios: ``(models, perturbations, times, watched)`` x / x_ss of the member that is farthest
            from 1; NaN where the integration failed.
        failures: (model, perturbation) -> how and when the integration ended.
        amplitude: largest relative perturbation.
    """

    watched: tuple[str, ...]
    judged_min: tuple[float, ...]
    times_min: FloatArray
    ratios: FloatArray
    failures: Mapping[tuple[int, int], str]
    amplitude: float

    def __repr__(self) -> str:
        """Say how many runs there are, and of what."""
        models, runs = self.ratios.shape[:2]
        return (
            f"Robustness of {models} models, {runs} perturbations each by up to "
            f"{self.amplitude:.0%}, {len(self.failures)} failed; watched {', '.join(self.watched)}"
        )

    def returned(self, time_min: float, tolerance: float) -> npt.NDArray[np.bool_]:
        """Return ``(models, perturbations, watched)``: max abs(x/x_ss - 1) <= tolerance.

        A failed integration has not returned.

        Raises:
            DataError: a time that is not among :attr:`times_min`.
        """
        place = np.flatnonzero(np.isclose(self.times_min, time_min, rtol=0, atol=1e-9))
        if not len(place):
            raise DataError(f"There are no paths at {time_min:g} min; give it in times_min=.")
        away = np.abs(self.ratios[:, :, place[0]] - 1.0)
        return np.asarray(away <= tolerance)

    def table(self, tolerances: Sequence[float] = TOLERANCES) -> pd.DataFrame:
        """Return shares that returned, one row for each quantity, time and tolerance.

        Columns: ``returned`` (share of all runs), ``every`` (share of models that returned from
        every perturbation), ``runs`` and ``failed`` (numbers of them).
        """
        import pandas as pd

        rows = []
        for tolerance in tolerances:
            for time in self.judged_min:
                back = self.returned(time, tolerance)
                for k, name in enumerate(self.watched):
                    rows.append(
                        {
                            "watched": name,
                            "time_min": time,
                            "tolerance": tolerance,
                            "returned": float(back[..., k].mean()),
                            "every": float(back[..., k].all(axis=1).mean()),
                            "runs": back.shape[0] * back.shape[1],
                            "failed": len(self.failures),
                        }
                    )
        return pd.DataFrame(rows)

    def plot(self, **options: Any) -> Any:
        """Plot how perturbed models return; see ``pyscimlode.plots.plot_robustness``."""
        from pyscimlode import plots

        return plots.plot_robustness(self, **options)


def assess_robustness(
    evaluator: KineticEvaluator,
    ln_km: npt.ArrayLike,
    watched: Sequence[Watched],
    *,
    perturbations: int = 10,
    amplitude: float = 0.5,
    times_min: Sequence[float] = TIMES_MIN,
    seed: int = 0,
    rtol: float = 1e-4,
    executor: Executor | None = None,
    progress: Progress = False,
    most: int = MOST_STEPS,
) -> Robustness:
    """Perturb all concentrations of models and follow them.

    ln c is integrated with the analytic Jacobian, so no concentration becomes negative. Every model
    has perturbations of its own (:func:`pyscimlode.kinetics.perturbed`), and many runs
    are advanced together (:func:`.integrate_log`).

    Args:
        evaluator: of a network at a steady state.
        ln_km: ``(models, KM)`` ln mM.
        watched: what is judged.
        perturbations: of each model.
        amplitude: largest relative change of a concentration.
        times_min: minutes at which returns are counted, increasing.
        seed: of the perturbations.
        rtol: relative tolerance of the solver.
        executor: simulates portions of the models, as that of :func:`pyscimlode.kinetics.evolve`.
        progress: True writes progress to standard error; a function is called with the portions
            that are done and all of them.
        most: steps after which a run counts as failed.

    Raises:
        DataError: no models, another number of KM, ``watched`` names what the network does not
            have or nothing, or times that do not increase.
        ModelError: an unknown species or reaction.
    """
    judged = np.asarray(times_min, dtype=np.float64)
    if not (len(judged) and judged[0] > 0 and (np.diff(judged) > 0).all()):
        raise DataError(f"times_min={tuple(times_min)} must be positive and increase.")
    if isinstance(watched, Watched) or not watched:
        raise DataError("watched must be a list, such as [Watched('ATP', ('atp_c',))].")
    rows = np.asarray(ln_km, dtype=np.float64)
    network, state = evaluator.network, evaluator.state
    if rows.ndim != 2 or not len(rows):
        raise DataError(f"ln_km has the shape {rows.shape}; it must be (models, KM), not empty.")
    times = np.unique(np.concatenate([np.linspace(0.0, judged[-1], PATHS), judged]))
    groups = tuple(_places(network, item) for item in watched)
    if perturbations < 1:
        raise DataError(f"perturbations={perturbations!r} must be positive.")
    samples = len(rows) * perturbations
    starts = perturbed(network, state, samples, amplitude=amplitude, seed=seed)
    starts = starts.reshape(len(rows), perturbations, -1)
    run = _Run(network, state, groups, times, rtol, most)
    ln_vmax = evaluator.ln_vmax(rows)
    size = max(1, PORTION // perturbations)
    parts = [slice(first, first + size) for first in range(0, len(rows), size)]
    items = [(rows[part], ln_vmax[part], starts[part]) for part in parts]
    done = spread(run, items, executor=executor, progress=progress, what="portions of models")
    failures = {
        (part.start + i, j): text
        for part, (_, said) in zip(parts, done, strict=True)
        for (i, j), text in said.items()
    }
    return Robustness(
        tuple(item.name for item in watched),
        tuple(judged.tolist()),
        times,
        np.concatenate([ratios for ratios, _ in done]),
        failures,
        amplitude,
    )


Places = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]


def _places(network: KineticNetwork, item: Watched) -> Places:
    if not item.species and not item.reactions:
        raise DataError(f"{item.name!r} watches no species and no reaction.")
    for name in item.species:
        if name in network.species_ids and name not in network.dynamic_ids:
            raise DataError(f"{item.name!r} watches {name!r}, which is held constant.")
    return network.species_index(item.species), network.reaction_index(item.reactions)


@dataclass(frozen=True, eq=False)
class _Run:
    """Simulates models from all perturbations; travels to other processes."""

    network: KineticNetwork
    state: SteadyState
    groups: tuple[Places, ...]
    times_min: FloatArray
    rtol: float
    most: int

    def __call__(
        self, item: tuple[FloatArray, FloatArray, FloatArray]
    ) -> tuple[FloatArray, dict[tuple[int, int], str]]:
        """Return ratios ``(models, perturbations, times, watched)``, and failures.

        The item holds ln KM and ln Vmax, a row a model, and its starts ``(models, perturbations,
        dynamic)``.
        """
        models, each, size = item[2].shape
        ln_km, ln_vmax = (np.repeat(array, each, axis=0) for array in item[:2])
        paths = integrate_log(
            CellField(self.network, self.state, ln_km, ln_vmax),
            np.log(item[2]).reshape(-1, size),
            self.times_min / 60.0,
            rtol=self.rtol,
            most=self.most,
        )
        shape = (models, each, len(self.times_min), len(self.groups))
        ratios, failures = np.full(shape, np.nan), {}
        for row, status in enumerate(paths.status):
            place = divmod(row, each)
            if status is Status.SUCCESS:
                ratios[place] = self._ratios(np.exp(paths.values[row]), ln_km[row], ln_vmax[row])
            else:
                failures[place] = (
                    f"{status.name.lower()} at {60 * paths.reached[row]:.3g} min, after "
                    f"{paths.steps[row]} steps"
                )
        return ratios, failures

    def _ratios(self, path: FloatArray, ln_km: FloatArray, ln_vmax: FloatArray) -> FloatArray:
        full = np.repeat(self.state.concentrations[None], len(path), axis=0)
        full[:, balances(self.network).dynamic] = path
        rates = RateFunction(self.network, self.state.keq).rates(full, ln_km, ln_vmax)
        columns = []
        for species, reactions in self.groups:
            parts = [
                full[:, species] / self.state.concentrations[species],
                rates[:, reactions] / self.state.fluxes_mM_h[reactions],
            ]
            every = np.concatenate(parts, axis=1)
            farthest = np.abs(every - 1.0).argmax(axis=1)
            columns.append(every[np.arange(len(every)), farthest])
        return np.stack(columns, axis=1)
