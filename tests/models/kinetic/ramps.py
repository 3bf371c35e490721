"""Strains of the toy network whose enzyme levels change with time."""

from __future__ import annotations

from functools import cache

import numpy as np

from pyscimlode.data.dataset import Dataset, Experiment
from pyscimlode.kinetics import KineticEvaluator, KineticModel, toy6

LEVELS = ("R1", "R4", "R6")


def toy_model(seed: int = 0) -> KineticModel:
    """Return the toy network with KM drawn around 1 mM."""
    case = toy6()
    ln_km = np.random.default_rng(seed).normal(0.0, 0.7, len(case.network.km_names))
    return KineticModel.at_steady_state(KineticEvaluator(case.network, case.state), ln_km)


@cache
def enzyme_ramps() -> tuple[Dataset, KineticModel]:
    """Return two strains with made-up measurements, some of them missing, and a model."""
    model = toy_model()
    rng = np.random.default_rng(3)
    experiments = []
    for name, points in (("S1", 4), ("S2", 3)):
        times = np.r_[0.0, np.sort(rng.uniform(0.05, 0.5, points - 1))]
        states = model.initial * rng.uniform(0.5, 1.8, (points, len(model.initial)))
        states[1:][rng.random((points - 1, len(model.initial))) < 0.2] = np.nan
        experiments.append(
            Experiment(name, times, states, rng.uniform(0.5, 2.0, (points, len(LEVELS))))
        )
    units = dict.fromkeys(model.network.dynamic_ids, "mM")
    return Dataset(tuple(experiments), model.network.dynamic_ids, LEVELS, units=units), model
