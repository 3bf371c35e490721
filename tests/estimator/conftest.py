from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import pyscimlode
from pyscimlode.data.dataset import Dataset
from pyscimlode.estimator import MetabolicForecaster


@pytest.fixture(scope="session")
def strains() -> Dataset:
    """Four simulated strains at five times, two states; a cell and a control are missing."""
    data = pyscimlode.datasets.simulate(n=4, times=[0, 6, 12, 24, 48], noise=0.05, seed=1)
    small = data.keep(states=["Mevalonate", "Limonene"], controls=["MK", "LS"])
    first, *others = small.experiments
    states, controls = first.states.copy(), first.controls.copy()
    states[2, 1] = controls[1, 0] = np.nan
    return replace(small, experiments=(replace(first, states=states, controls=controls), *others))


@pytest.fixture
def quick() -> MetabolicForecaster:
    return MetabolicForecaster(
        pyscimlode.ProductionDegradation(widths=(4,)), ensemble=2, stages=[pyscimlode.Adam(2)]
    )


@pytest.fixture(scope="session")
def fitted(strains: Dataset) -> Any:
    model = pyscimlode.ProductionDegradation(widths=(4,))
    forecaster = MetabolicForecaster(model, ensemble=2, stages=[pyscimlode.Adam(2)])
    return forecaster.fit(strains.drop(["S4"]))
