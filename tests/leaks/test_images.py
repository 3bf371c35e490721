from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyscimlode.data import Experiment
from pyscimlode.leaks.images import image_findings

FloatArray = npt.NDArray[np.float64]
TIMES = np.arange(12.0)


def found(state: Callable[[int], FloatArray], control: Callable[[int], FloatArray]) -> list[str]:
    tables = [Experiment(f"S{k}", TIMES, state(k)[:, None], control(k)[:, None]) for k in range(3)]
    return [finding.message for finding in image_findings(tables, ["x"], ["p"])]


def wobbling(k: int) -> FloatArray:
    return 2.0 + k + np.random.default_rng(k).random(12)


@pytest.mark.parametrize(
    ("image", "how"),
    [
        (lambda x: x, "an affine"),
        (lambda x: 3.0 - 2.0 * x, "an affine"),
        (lambda x: x + 1e-4 * np.sin(1e5 * x), "an affine"),
        (np.exp, "a monotone"),
        (lambda x: -(x**3), "a monotone"),
    ],
)
def test_images_are_found(image: Callable[[FloatArray], FloatArray], how: str) -> None:
    (message,) = found(wobbling, lambda k: image(wobbling(k)))
    assert f"The control 'p' is {how} image of the state 'x'" in message


def test_cells_that_were_not_measured_do_not_matter() -> None:
    def gaps(k: int) -> FloatArray:
        values = wobbling(k)
        values[k + 1] = np.nan
        return values

    assert found(gaps, wobbling)


def test_rising_curves_are_no_images_unless_exact() -> None:
    """Two courses that only rise have equal ranks, and nearly a correlation of one."""
    assert not found(lambda k: TIMES + k, lambda k: (TIMES + k) ** 2)
    assert not found(lambda k: TIMES + k, lambda k: (TIMES + k) ** 1.001)
    assert found(lambda k: TIMES + k, lambda k: 5.0 * (TIMES + k))


def test_constants_are_no_images() -> None:
    assert not found(lambda k: np.zeros(12), lambda k: np.zeros(12))
    assert not found(
        lambda k: np.where(TIMES < 6, 0.0, 1.0), lambda k: np.where(TIMES < 6, 1.0, 3.0)
    )


@given(st.integers(0, 10_000), st.floats(0.02, 1.0))
def test_what_is_merely_correlated_is_not_accused(seed: int, noise: float) -> None:
    rng = np.random.default_rng(seed)
    assert not found(wobbling, lambda k: wobbling(k) * (1.0 + noise * rng.standard_normal(12)))
