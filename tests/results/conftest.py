from __future__ import annotations

import numpy as np
import pytest

import pyscimlode
from pyscimlode.data.dataset import Dataset
from pyscimlode.results import FitResult


@pytest.fixture(scope="session")
def strains() -> Dataset:
    """Six simulated strains at seven times."""
    return pyscimlode.datasets.simulate(n=6, times=np.linspace(0, 24, 7), noise=0.05, seed=1)


@pytest.fixture(scope="session")
def result(strains: Dataset) -> FitResult:
    return pyscimlode.fit(
        strains,
        test=["S5", "S6"],
        ensemble=2,
        stages=[pyscimlode.Collocation(20), pyscimlode.Adam(10)],
        progress=False,
    )
