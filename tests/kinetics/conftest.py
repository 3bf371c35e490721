from __future__ import annotations

from pathlib import Path

import pytest

from pyscimlode.kinetics import KineticCase, example_pathway, toy6


@pytest.fixture
def kinetic_data(measured_data: Path) -> Path:
    """The folder with the kinetic cases."""
    folder = measured_data / "kinetic"
    if not folder.is_dir():
        pytest.skip("kinetic cases not found (PYSCIMLODE_DATA)")
    return folder


@pytest.fixture(scope="session")
def toy() -> KineticCase:
    return toy6()


@pytest.fixture(scope="session")
def pathway() -> KineticCase:
    return example_pathway()


@pytest.fixture(params=["toy6", "example_pathway"])
def own(request: pytest.FixtureRequest, toy: KineticCase, pathway: KineticCase) -> KineticCase:
    """Each of the package's own examples."""
    return toy if request.param == "toy6" else pathway
