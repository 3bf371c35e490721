"""Models that the uses of a generator are shown on, and the names of what is watched in them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.renaissance import cases
from benchmarks.renaissance.generators import DENSITY, GRADIENT, Trained, trained
from pyscimlode.kinetics import THRESHOLD

FloatArray = npt.NDArray[np.float64]
STEPS = 20
"""Of the gradient training."""
QUICK_CASE = "example_pathway"
PORTION = 200


@dataclass(frozen=True)
class Names:
    """What a case calls the quantities of the article.

    Attributes:
        growth: reaction.
        species: name in tables -> species of the cytosol.
        medium: name in tables -> species of the medium; the first is the carbon source.
        buffered: species of the medium that the published program holds.
        aerated: held in a culture that has air.
        fed: held in a culture that is fed with everything but the carbon source.
    """

    growth: str
    species: dict[str, str]
    medium: dict[str, str]
    buffered: tuple[str, ...]
    aerated: tuple[str, ...]
    fed: tuple[str, ...]


COFACTORS = {"ATP": "atp_c", "NADH": "nadh_c", "NADPH": "nadph_c"}
NAMES = {
    cases.FULL_SIZE: Names(
        "LMPD_biomass_c_1_420",
        COFACTORS,
        {"glucose": "glc_D_e", "anthranilate": "anth_e", "ammonium": "nh4_e", "oxygen": "o2_e"},
        ("h_e", "co2_e"),
        ("h_e", "co2_e", "o2_e"),
        ("h_e", "co2_e", "o2_e", "nh4_e"),
    ),
    QUICK_CASE: Names(
        "BIO",
        COFACTORS,
        {"glucose": "glc_e", "acetate": "ac_e"},
        ("co2_e",),
        ("co2_e", "o2_e"),
        ("co2_e", "o2_e", "pi_e"),
    ),
}
LABELS = {"published": "NES", "default": "default", GRADIENT: "gradient"}


def case_name(quick: bool) -> str:
    """Return the full-size case, or the own pathway without its files and with ``quick``."""
    return QUICK_CASE if quick or cases.FULL_SIZE not in cases.available() else cases.FULL_SIZE


def generator(
    recipe: str, density: float = DENSITY, *, seed: int = 0, quick: bool = False
) -> Trained:
    """Return the trained generator of a recipe."""
    steps = STEPS if recipe == GRADIENT else 50
    return trained(recipe, seed, density, case=case_name(quick), generations=steps, quick=quick)


def valid_models(found: Trained, models: int, seed: int = 1000) -> tuple[FloatArray, FloatArray]:
    """Return ln KM and lambda_max of the first valid models that a generator makes.

    Where fewer than one in twenty is valid, as of the tiny generators of ``--quick``, KM uniform in
    a range without saturation stand in.
    """
    ln_km, lambda_max = [], []
    for portion in range(20):
        rows = found.sample(PORTION, seed + portion)
        speed = found.evaluator.evaluate(rows).lambda_max
        ln_km.append(rows[speed <= THRESHOLD])
        lambda_max.append(speed[speed <= THRESHOLD])
        if sum(map(len, ln_km)) >= models:
            break
    else:
        shape = (20 * models, len(found.evaluator.network.km_names))
        rows = np.random.default_rng(seed).uniform(-3.0, 2.0, shape)
        speed = found.evaluator.evaluate(rows).lambda_max
        order = np.argsort(speed)
        return rows[order[:models]], speed[order[:models]]
    return np.concatenate(ln_km)[:models], np.concatenate(lambda_max)[:models]
