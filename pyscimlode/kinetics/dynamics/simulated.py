"""Data sets simulated by a kinetic model: strains that differ in their enzyme levels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from pyscimlode.data.dataset import Dataset, Experiment, Provenance
from pyscimlode.errors import DataError, SolverError, did_you_mean
from pyscimlode.kinetics.dynamics.ode import KineticModel
from pyscimlode.kinetics.networks.network import KineticNetwork

FloatArray = npt.NDArray[np.float64]


def simulate_strains(
    model: KineticModel,
    strains: int,
    times: npt.ArrayLike,
    *,
    enzymes: Sequence[str] | None = None,
    states: Sequence[str] | None = None,
    spread: float = 0.5,
    noise: float = 0.0,
    seed: int = 0,
    rtol: float = 1e-8,
) -> Dataset:
    """Return a data set of strains S1, S2, ..., each with its own enzyme levels.

    Every strain starts at the model's steady state; its enzyme levels are changed at hour 0 and
    stay. A level multiplies the reaction's Vmax, exp(spread N(0, 1)); 1 is the model itself. The
    first strains of more are the strains of fewer.

    Args:
        model: the kinetic model.
        strains: how many.
        times: ``(times,)`` h, increasing from 0.
        enzymes: reactions whose enzyme levels differ: the controls; None takes all.
        states: dynamic species that are observed; None takes all.
        spread: standard deviation of the logarithm of the levels.
        noise: standard deviation of the logarithm of a multiplicative error on the states.
        seed: of levels and noise.
        rtol: relative tolerance of the integration.

    Returns:
        States in mM, controls relative to the model's levels (unit 1).

    Raises:
        DataError: an unknown name, or a number that makes no sense.
        SolverError: a strain cannot be integrated; the message names it.
    """
    network = model.network
    controls = tuple(network.reaction_ids if enzymes is None else enzymes)
    observed = tuple(network.dynamic_ids if states is None else states)
    _check(network, controls, observed, strains, spread, noise)
    hours = np.asarray(times, dtype=np.float64)
    if hours.ndim != 1 or len(hours) < 2 or hours[0] != 0.0:
        raise DataError("times must be a list of two hours or more that starts at 0.")
    columns = [network.dynamic_ids.index(name) for name in observed]
    experiments = []
    for number in range(strains):
        rng = np.random.default_rng([seed, number])
        levels = np.exp(spread * rng.standard_normal(len(controls)))
        try:
            c = with_levels(model, controls, levels).simulate(
                model.initial, hours, rtol=rtol, atol=rtol
            )
        except SolverError as error:
            raise SolverError(f"Strain S{number + 1}: {error}") from error
        error_factor = np.exp(noise * rng.standard_normal((len(hours), len(columns))))
        experiments.append(
            Experiment(
                f"S{number + 1}",
                hours,
                c[:, columns] * error_factor,
                np.tile(levels, (len(hours), 1)),
            )
        )
    details = {
        "network": network.name,
        "strains": strains,
        "spread": spread,
        "noise": noise,
        "seed": seed,
        "rtol": rtol,
        "ln_km": model.ln_km.tolist(),
        "ln_vmax": model.ln_vmax.tolist(),
    }
    return Dataset(
        tuple(experiments),
        observed,
        controls,
        units={**dict.fromkeys(observed, "mM"), **dict.fromkeys(controls, "1")},
        provenance=Provenance("simulated", details),
    )


def with_levels(model: KineticModel, enzymes: Sequence[str], levels: npt.ArrayLike) -> KineticModel:
    """Return the model with the Vmax of some reactions multiplied by enzyme levels.

    Raises:
        ModelError: an unknown reaction.
        DataError: a level that is not positive; the message names its reaction.
    """
    values = np.asarray(levels, dtype=np.float64)
    for name, value in zip(enzymes, values.tolist(), strict=True):
        if not (np.isfinite(value) and value > 0):
            raise DataError(f"The enzyme level of {name!r} is {value:g}; it must be positive.")
    ln_vmax = model.ln_vmax.copy()
    ln_vmax[model.network.reaction_index(enzymes)] += np.log(values)
    return replace(model, ln_vmax=ln_vmax)


def _check(
    network: KineticNetwork,
    controls: tuple[str, ...],
    observed: tuple[str, ...],
    strains: int,
    spread: float,
    noise: float,
) -> None:
    for what, names, known in (
        ("reaction", controls, network.reaction_ids),
        ("dynamic species", observed, network.dynamic_ids),
    ):
        for name in names:
            if name not in known:
                raise DataError(f"The {what} {name!r} is not known." + did_you_mean(name, known))
    if strains < 1 or not (spread >= 0 and noise >= 0) or not observed:
        raise DataError(
            f"strains={strains} must be 1 or more, spread={spread} and noise={noise} not "
            "negative, and one state or more observed."
        )
