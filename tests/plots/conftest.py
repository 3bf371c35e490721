from __future__ import annotations

import pytest

from pyscimlode.data.dataset import Dataset
from pyscimlode.data.simulate import benchmark
from pyscimlode.results import FitResult
from tests.plots.stub import stub_fit

STATES = ("Acetyl-CoA", "HMG-CoA", "GPP", "Limonene")


@pytest.fixture(scope="session")
def strains() -> tuple[Dataset, Dataset]:
    train, test = benchmark("sim-sparse", n=3)
    return train.keep(states=STATES), test.select(["S321", "S322"]).keep(states=STATES)


@pytest.fixture(scope="session")
def result(strains: tuple[Dataset, Dataset]) -> FitResult:
    return stub_fit(*strains)
