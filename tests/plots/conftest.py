from __future__ import annotations

from collections.abc import Iterator

import pytest

from pyscimlode.data.dataset import Dataset
from pyscimlode.data.simulate import benchmark
from pyscimlode.results import FitResult
from tests.plots.stub import stub_fit, use_stub_engine

STATES = ("Acetyl-CoA", "HMG-CoA", "GPP", "Limonene")


@pytest.fixture(scope="session")
def strains() -> tuple[Dataset, Dataset]:
    train, test = benchmark("sim-sparse", n=3)
    return train.keep(states=STATES), test.select(["S321", "S322"]).keep(states=STATES)


@pytest.fixture(scope="session")
def result(strains: tuple[Dataset, Dataset]) -> Iterator[FitResult]:
    with pytest.MonkeyPatch.context() as patch:
        use_stub_engine(patch)
        yield stub_fit(*strains)
