from __future__ import annotations

import numpy as np
import pytest

from pyscimlode.data.dataset import Dataset, Experiment

RATES = np.array([[-0.4, 0.1, 0.5], [0.3, -0.2, 0.0]])
"""dz/dt = RATES @ (z, p): stable, with an input."""


def linear_strain(name: str, start: list[float], level: float, times: np.ndarray) -> Experiment:
    """The exact solution for constant p, by the matrix exponential."""
    from scipy.linalg import expm

    augmented = np.zeros((3, 3))
    augmented[:2] = RATES
    z = [expm(augmented * t) @ np.array([*start, level]) for t in times - times[0]]
    return Experiment(name, times, np.array(z)[:, :2], np.full((len(times), 1), level))


def linear_dataset(strains: dict[str, tuple[list[float], float]], times: np.ndarray) -> Dataset:
    rows = tuple(linear_strain(name, z0, p, times) for name, (z0, p) in strains.items())
    return Dataset(rows, ("x", "y"), ("E",))


@pytest.fixture(scope="session")
def linear_train() -> Dataset:
    """Four strains of a linear system, measured often and without noise."""
    strains = {
        "A": ([1.0, 0.5], 1.0),
        "B": ([0.2, 2.0], 3.0),
        "C": ([2.0, 0.1], 0.5),
        "D": ([0.5, 1.0], 2.0),
    }
    return linear_dataset(strains, np.linspace(0.0, 10.0, 401))


@pytest.fixture(scope="session")
def linear_test() -> Dataset:
    """Two other strains, at irregular times."""
    times = np.array([0.0, 0.3, 1.7, 4.0, 9.5])
    return linear_dataset({"T": ([1.5, 1.5], 2.5), "U": ([0.1, 0.3], 1.5)}, times)
