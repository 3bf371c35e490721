"""What the tests of kinetic models share: random parameters and the golden arrays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from pyscimlode.kinetics import KineticCase, KineticEvaluator, read_case

LN_M_TO_MM = np.log(1000.0)
GOLDEN = ("toy6", "varma65", "ecoli_trpd9923_lp")


def evaluator_of(case: KineticCase) -> KineticEvaluator:
    return KineticEvaluator(case.network, case.state)


def random_ln_km(
    case: KineticCase, models: int, seed: int = 0, low: float = -25.0, high: float = 3.0
) -> npt.NDArray[np.float64]:
    """KM uniform in the logarithm between two bounds in ln M."""
    rng = np.random.default_rng(seed)
    return rng.uniform(low, high, (models, len(case.network.km_names))) + LN_M_TO_MM


def golden_case(folder: Path, name: str) -> tuple[KineticCase, dict[str, np.ndarray]]:
    with np.load(folder / f"{name}.npz") as file:
        arrays = {key: file[key] for key in file.files}
    return read_case(folder / f"{name}.json"), arrays


def largest_mismatch(found: np.ndarray, wanted: np.ndarray) -> float:
    """Pair eigenvalues, the largest first; return the largest abs(d lambda) / (1 + abs(lambda))."""
    left, worst = list(found), 0.0
    for value in sorted(wanted, key=lambda v: -abs(v)):
        nearest = int(np.argmin(np.abs(np.array(left) - value)))
        worst = max(worst, abs(left.pop(nearest) - value) / (1 + abs(value)))
    return worst
