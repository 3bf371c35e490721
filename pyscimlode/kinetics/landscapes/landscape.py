"""Many steady states: which of them can have fast models, and where do they lie?"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from pyscimlode.errors import DataError
from pyscimlode.kinetics.evaluation.evaluator import THRESHOLD, KineticEvaluator
from pyscimlode.kinetics.landscapes.searches import Search, UniformSearch
from pyscimlode.kinetics.networks.network import KineticNetwork
from pyscimlode.kinetics.networks.state import SteadyState
from pyscimlode.kinetics.spread import Progress, spread

if TYPE_CHECKING:
    import pandas as pd

FloatArray = npt.NDArray[np.float64]
MOST_EXACT = 500
"""States up to which t-SNE is exact; the threads of its approximation slow each other down."""


def read_states(
    path: str | os.PathLike[str], network: KineticNetwork, state: SteadyState
) -> tuple[SteadyState, ...]:
    """Read steady states from an npz file.

    Args:
        path: with ``species``, ``reactions``, ``ln_conc_mM: (states, species)`` and
            ``flux_mmol_gDW_h: (states, reactions)``.
        network: its names order the columns.
        state: gives Keq and density.

    Raises:
        DataError: the file is missing, or has not these arrays or names.
    """
    try:
        with np.load(Path(path), allow_pickle=False) as file:
            names = ("species", "reactions", "ln_conc_mM", "flux_mmol_gDW_h")
            species, reactions, log_c, fluxes = (file[name] for name in names)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error
    except (KeyError, ValueError) as error:
        raise DataError(f"{path} has no steady states: {error}.") from error
    for what, wanted, found in (
        ("species", network.species_ids, species.tolist()),
        ("reactions", network.reaction_ids, reactions.tolist()),
    ):
        if set(wanted) != set(found):
            odd = sorted(set(wanted) ^ set(found))[0]
            raise DataError(f"{path} and {network.name!r} have other {what}: {odd!r}.")
    by_species = [species.tolist().index(name) for name in network.species_ids]
    by_reaction = [reactions.tolist().index(name) for name in network.reaction_ids]
    return tuple(
        replace(
            state,
            concentrations=np.exp(c[by_species]),
            fluxes=v[by_reaction],
            flux_unit="mmol/gDW/h",
            provenance={"source": Path(path).name, "row": row},
        )
        for row, (c, v) in enumerate(zip(log_c, fluxes, strict=True))
    )


@dataclass(frozen=True, eq=False)
class Landscape:
    """Steady states and the fastest model that was found at each.

    Attributes:
        network: the kinetic network.
        states: the steady states.
        fastest: ``(states,)`` smallest lambda_max of the models of a state, 1/h.
        incidence: ``(states,)`` share of its models that are valid.
        threshold: largest lambda_max of a valid model, 1/h.
    """

    network: KineticNetwork
    states: tuple[SteadyState, ...]
    fastest: FloatArray
    incidence: FloatArray
    threshold: float

    @property
    def fast(self) -> npt.NDArray[np.bool_]:
        """``(states,)`` whether a valid model was found."""
        return self.fastest <= self.threshold

    @property
    def features(self) -> FloatArray:
        """``(states, features)`` standardised ln c of the dynamic species; constant ones left."""
        place = self.network.species_index(self.network.dynamic_ids)
        log_c = np.log(np.array([s.concentrations[place] for s in self.states]))
        spread = log_c.std(axis=0)
        varied = spread > 1e-9
        return np.asarray((log_c[:, varied] - log_c[:, varied].mean(axis=0)) / spread[varied])

    def __repr__(self) -> str:
        """Say how many states there are, and how many are fast."""
        return (
            f"Landscape of {len(self.states)} steady states of {self.network.name!r}, "
            f"{int(self.fast.sum())} with a model at {self.threshold:g}/h or faster"
        )

    def table(self) -> pd.DataFrame:
        """Return one row for each state: ``state``, ``fastest`` (1/h), ``incidence``, ``fast``."""
        import pandas as pd

        columns = {"fastest": self.fastest, "incidence": self.incidence, "fast": self.fast}
        return pd.DataFrame({"state": np.arange(len(self.states)), **columns})

    def plot(self, places: npt.ArrayLike | None = None, **options: Any) -> Any:
        """Plot a map, by default of :func:`embed`; see ``pyscimlode.plots.plot_landscape``."""
        from pyscimlode import plots

        return plots.plot_landscape(self, embed(self) if places is None else places, **options)


def scan_landscape(
    network: KineticNetwork,
    states: Sequence[SteadyState],
    search: Search | None = None,
    *,
    threshold: float = THRESHOLD,
    seed: int = 0,
    executor: Executor | None = None,
    progress: Progress = False,
) -> Landscape:
    """Find the fastest model of every steady state; "never fast" means not found by the search.

    Args:
        network: the kinetic network.
        states: steady states of it.
        search: makes the models of a state; :class:`UniformSearch` by default.
        threshold: largest lambda_max of a valid model, 1/h.
        seed: of the search, the same for every state.
        executor: searches states, as that of :func:`pyscimlode.kinetics.evolve`.
        progress: True writes progress to standard error; a function is called with the states
            that are done and all of them.

    Raises:
        DataError: no states, one that does not fit the network, or a search without models.
    """
    if not states:
        raise DataError("A landscape needs steady states; none are given.")
    look = _Look(network, search or UniformSearch(), threshold, seed)
    found = spread(look, states, executor=executor, progress=progress, what="states")
    fastest, incidence = np.array(found).T
    return Landscape(network, tuple(states), fastest, incidence, threshold)


@dataclass(frozen=True, eq=False)
class _Look:
    network: KineticNetwork
    search: Search
    threshold: float
    seed: int

    def __call__(self, state: SteadyState) -> tuple[float, float]:
        evaluator = KineticEvaluator(self.network, state)
        ln_km = np.asarray(self.search(evaluator, self.seed))
        if not len(ln_km):
            raise DataError("The search made no models; ask it for one or more at each state.")
        evaluation = evaluator.evaluate(ln_km, threshold=self.threshold)
        return float(evaluation.lambda_max.min()), evaluation.incidence


def embed(
    landscape: Landscape, *, components: int = 30, perplexity: float = 30.0, seed: int = 0
) -> FloatArray:
    """Return a map ``(states, 2)``: principal components of ln c, then t-SNE (scikit-learn).

    van der Maaten & Hinton, JMLR 9:2579 (2008). The published code has no such map; this follows
    the article's words. Distances between far groups of a t-SNE map mean nothing.

    Args:
        landscape: with four states or more.
        components: principal components that t-SNE sees, at most.
        perplexity: of t-SNE; less where there are few states.
        seed: of t-SNE.

    Raises:
        DataError: fewer than four states.
    """
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    x = landscape.features
    if len(x) < 4:
        raise DataError(f"A map needs four states or more, not {len(x)}.")
    kept = min(components, *x.shape)
    reduced = PCA(kept, svd_solver="full").fit_transform(x)
    method = "exact" if len(x) <= MOST_EXACT else "barnes_hut"
    near = min(perplexity, (len(x) - 1) / 3)
    tsne = TSNE(2, perplexity=near, init="pca", method=method, random_state=seed)
    return np.asarray(tsne.fit_transform(reduced), dtype=np.float64)


def polar_view(landscape: Landscape, share: float = 0.1) -> tuple[FloatArray, FloatArray]:
    """Return angle and distance ``(states,)`` of all states around the slowest ones.

    The centre is the mean of the slowest states (largest ``fastest``) in standardised ln c. The
    distance is taken in all coordinates, divided by the root of their number, and the angle in the
    plane of the first two principal components.

    Args:
        landscape: states.
        share: of the states that count as slowest; one at least.

    Raises:
        DataError: a share outside (0, 1].
    """
    if not 0 < share <= 1:
        raise DataError(f"share={share!r} must be above 0 and at most 1.")
    x = landscape.features
    slowest = np.argsort(-landscape.fastest)[: max(1, round(share * len(x)))]
    away = x - x[slowest].mean(axis=0)
    axes = np.linalg.svd(x, full_matrices=False)[2][:2]
    plane = away @ axes.T
    second = plane[:, 1] if plane.shape[1] > 1 else np.zeros(len(plane))
    return np.arctan2(second, plane[:, 0]), np.linalg.norm(away, axis=1) / np.sqrt(x.shape[1])


def never_fast(landscape: Landscape, *, bins: int = 5) -> pd.DataFrame:
    """Return the concentration ranges in which no state has a fast model.

    The states are cut into bins of equal number by each dynamic species. ``chance`` is the
    probability that so many states drawn at random have no fast one among them (hypergeometric);
    with many species and bins some ranges come about by chance, and ``expected_by_chance`` says how
    many of at most that chance.

    Args:
        landscape: states.
        bins: of every species.

    Returns:
        Columns ``species``, ``low`` and ``high`` (mM), ``states`` (in the range), ``slowest`` and
        ``fastest`` (1/h among them), ``chance``, ``expected_by_chance``; the least chance first.

    Raises:
        DataError: fewer than two bins, or more bins than states.
    """
    import pandas as pd
    from scipy.stats import hypergeom

    fast = landscape.fast
    if not 2 <= bins <= len(fast):
        raise DataError(f"bins={bins} must be at least 2 and at most the {len(fast)} states.")
    place = landscape.network.species_index(landscape.network.dynamic_ids)
    rows = []
    for name, column in zip(landscape.network.dynamic_ids, place, strict=True):
        c = np.array([s.concentrations[column] for s in landscape.states])
        if np.ptp(np.log(c)) <= 1e-9:
            continue
        for part in np.array_split(np.argsort(c, kind="stable"), bins):
            if fast[part].any():
                continue
            chance = float(hypergeom.pmf(0, len(fast), int(fast.sum()), len(part)))
            of_part = landscape.fastest[part]
            bounds = float(c[part].min()), float(c[part].max())
            rows.append((name, *bounds, len(part), of_part.max(), of_part.min(), chance))
    columns = ["species", "low", "high", "states", "slowest", "fastest", "chance"]
    frame = pd.DataFrame(rows, columns=columns)
    frame["expected_by_chance"] = frame["chance"] * bins * len(place)
    return frame.sort_values("chance", kind="stable").reset_index(drop=True)
