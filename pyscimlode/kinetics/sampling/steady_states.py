"""Sampled steady states that thermodynamics allows.

A mixed-integer linear programme finds the directions in which all reactions can run together
(Henry, Broadbelt & Hatzimanikatis, Biophys. J. 92:1792, 2007); within each pattern of directions
fluxes and concentrations are sampled by hit-and-run.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pyscimlode._version import __version__
from pyscimlode.artifacts import load_arrays, save_arrays
from pyscimlode.errors import ArtifactError, DataError
from pyscimlode.kinetics.formats.case_json import network_from_json
from pyscimlode.kinetics.networks.checks import check_state
from pyscimlode.kinetics.networks.network import KineticNetwork
from pyscimlode.kinetics.networks.state import SteadyState, check_density
from pyscimlode.kinetics.sampling.direction_patterns import draw_patterns, pattern_polytopes
from pyscimlode.kinetics.sampling.hit_and_run import sample_polytope
from pyscimlode.kinetics.sampling.state_ranges import StateRanges

FloatArray = npt.NDArray[np.float64]
KIND = "kinetic steady states"


@dataclass(frozen=True, eq=False)
class SteadyStateSample:
    """Steady states of one network.

    Attributes:
        network: the kinetic network.
        concentrations: ``(states, species)`` mM.
        fluxes: ``(states, reactions)`` in ``flux_unit``.
        keq: ``(states, reactions)``; inf for irreversible laws.
        pattern: ``(states,)`` number of the direction pattern that a state has.
        flux_unit: as of :class:`SteadyState`.
        density: gDW/L, with specific fluxes.
        provenance: seed, settings and versions; JSON data.
    """

    network: KineticNetwork
    concentrations: FloatArray
    fluxes: FloatArray
    keq: FloatArray
    pattern: npt.NDArray[np.int64]
    flux_unit: str
    density: float | None
    provenance: dict[str, Any]

    def __len__(self) -> int:
        return len(self.concentrations)

    def state(self, number: int) -> SteadyState:
        """Return one state.

        Raises:
            DataError: there is no state of this number.
        """
        if not 0 <= number < len(self):
            raise DataError(f"There is no state {number}; the sample has {len(self)}.")
        return SteadyState(
            self.concentrations[number],
            self.fluxes[number],
            self.keq[number],
            self.flux_unit,
            self.density,
            {"source": "sampled", "number": number, "seed": self.provenance["seed"]},
        )

    def states(self) -> list[SteadyState]:
        """Return all states."""
        return [self.state(i) for i in range(len(self))]

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write network and states as one safetensors file, atomically.

        Raises:
            ArtifactError: the file cannot be written.
        """
        arrays = {
            "concentrations": self.concentrations,
            "fluxes": self.fluxes,
            "log_keq": np.log(np.where(np.isfinite(self.keq), self.keq, 1.0)),
            "pattern": self.pattern,
        }
        metadata = {
            "network": json.dumps(self.network.to_json()),
            "flux_unit": self.flux_unit,
            "density": self.density,
            "provenance": self.provenance,
        }
        return save_arrays(path, arrays, metadata, kind=KIND)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> SteadyStateSample:
        """Read what :meth:`save` wrote.

        Raises:
            ArtifactError: the file is missing, damaged or of another kind.
        """
        arrays, metadata = load_arrays(path, kind=KIND)
        network = network_from_json(json.loads(metadata["network"]))
        reversible = np.array([r.reversible for r in network.reactions])
        try:
            keq = np.where(reversible, np.exp(arrays["log_keq"]), np.inf)
            return cls(
                network,
                arrays["concentrations"],
                arrays["fluxes"],
                keq,
                arrays["pattern"],
                metadata["flux_unit"],
                metadata["density"],
                metadata["provenance"],
            )
        except (KeyError, ValueError) as error:
            raise ArtifactError(f"{path} is damaged: {error}; make it anew.") from error


def sample_steady_states(
    network: KineticNetwork,
    keq: npt.ArrayLike,
    ranges: StateRanges,
    states: int = 100,
    *,
    patterns: int = 1,
    seed: int = 0,
    thinning: int = 50,
) -> SteadyStateSample:
    """Sample steady states; each passes :func:`check_state`.

    The MILP has fluxes, ln c, ln Keq and one binary of direction for each reaction: N v = 0,
    |v| and |ln Gamma/Keq| at least their minima with opposite signs, everything within its range.
    Given the directions, fluxes and (ln c, ln Keq) do not depend on one another: each is sampled
    uniformly within its polytope.

    Args:
        network: the kinetic network.
        keq: ``(reactions,)`` equilibrium constants (mM); anything for irreversible laws.
        ranges: what fluxes and concentrations may be.
        states: how many, shared evenly among the patterns.
        patterns: direction patterns looked for; fewer are used where no more are found.
        seed: of everything drawn.
        thinning: hit-and-run steps between states.

    Raises:
        DataError: no state is feasible (the message names the reactions at fault), an
            unknown name, a missing Keq.
    """
    if states < 1 or patterns < 1 or thinning < 1:
        raise DataError(
            f"states={states}, patterns={patterns} and thinning={thinning} must be 1 or more."
        )
    check_density(ranges.flux_unit, ranges.density)
    limits = ranges.limits(network, np.asarray(keq, dtype=np.float64))
    rng = np.random.default_rng(seed)
    found = draw_patterns(network, limits, min(patterns, states), rng)
    share = [len(part) for part in np.array_split(np.arange(states), len(found))]
    fluxes, log_c, log_keq = [], [], []
    for forward, count in zip(found, share, strict=True):
        flux_part, potential = pattern_polytopes(network, limits, forward)
        fluxes.append(sample_polytope(flux_part, count, rng, thinning=thinning))
        both = sample_polytope(potential, count, rng, thinning=thinning)
        log_c.append(both[:, : len(network.species)])
        log_keq.append(both[:, len(network.species) :])
    reversible = np.array([r.reversible for r in network.reactions])
    sample = SteadyStateSample(
        network,
        np.exp(np.concatenate(log_c)),
        np.concatenate(fluxes),
        np.where(reversible, np.exp(np.concatenate(log_keq)), np.inf),
        np.repeat(np.arange(len(found)), share),
        ranges.flux_unit,
        ranges.density,
        _provenance(ranges, found, seed, patterns, thinning),
    )
    for state in sample.states():
        check_state(network, state)
    return sample


def _provenance(
    ranges: StateRanges,
    found: Sequence[npt.NDArray[np.bool_]],
    seed: int,
    patterns: int,
    thinning: int,
) -> dict[str, Any]:
    import scipy

    return {
        "seed": seed,
        "ranges": ranges.to_json(),
        "patterns_wanted": patterns,
        "patterns_found": len(found),
        "thinning": thinning,
        "versions": {
            "pyscimlode": __version__,
            "numpy": np.__version__,
            "scipy": scipy.__version__,
        },
    }
