from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from pyscimlode.backends.julia import eigenvalues
from pyscimlode.backends.julia.backend import julia_engine
from pyscimlode.backends.julia.eigenvalues import julia_eigenvalues
from pyscimlode.backends.julia.installation import Installation
from pyscimlode.backends.julia.limits import Limits
from pyscimlode.backends.julia.shared import Engine
from pyscimlode.errors import BackendUnavailable, DataError, EngineDied, EngineError, EngineTimeout
from tests.backends.julia.workers import QUICK, pid_of, standin_engine

MATRICES = np.random.default_rng(0).normal(size=(7, 6, 6))


def same(found: np.ndarray, matrices: np.ndarray) -> None:
    np.testing.assert_allclose(
        np.sort_complex(found), np.sort_complex(np.linalg.eigvals(matrices)), atol=1e-12
    )


@pytest.fixture
def engine() -> Iterator[Engine]:
    made = standin_engine()
    yield made
    made.close()


def test_many_matrices_are_several_requests(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(eigenvalues, "ENTRIES", 2 * 36)
    same(julia_eigenvalues(MATRICES, limits=QUICK, engine=engine), MATRICES)


def test_no_matrix(engine: Engine) -> None:
    found = julia_eigenvalues(np.zeros((0, 3, 3)), limits=QUICK, engine=engine)
    assert found.shape == (0, 3)
    assert found.dtype == np.complex128


def test_what_is_no_batch_of_square_matrices() -> None:
    with pytest.raises(DataError, match=r"shape \(2, 3\); give \(matrices, n, n\)"):
        julia_eigenvalues(np.zeros((2, 3)))
    with pytest.raises(DataError, match=r"shape \(1, 2, 3\)"):
        julia_eigenvalues(np.zeros((1, 2, 3)))
    wrong = MATRICES.copy()
    wrong[4, 2, 2] = np.inf
    with pytest.raises(DataError, match=r"Matrix 4 has an entry that is not finite"):
        julia_eigenvalues(wrong)


def test_without_julia(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "pyscimlode.backends.julia.installation.find_installation",
        lambda: Installation(missing="juliacall is not installed."),
    )
    with pytest.raises(BackendUnavailable, match="does not run here: juliacall is not installed"):
        julia_eigenvalues(MATRICES)


@pytest.mark.parametrize(
    ("fault", "kind", "limits"),
    [
        ("kill", EngineDied, QUICK),
        ("hang", EngineTimeout, Limits(start=0.5, call=0.5)),
        ("raise", EngineError, QUICK),
        ("wrong_shape", EngineError, QUICK),
    ],
)
def test_faults_are_errors_and_the_next_call_works(
    fault: str, kind: type[Exception], limits: Limits
) -> None:
    engine = standin_engine("--fault", fault, "--on", "eigenvalues", "--at", "1")
    try:
        pid_of(engine)
        with pytest.raises(kind, match="'eigenvalues'"):
            julia_eigenvalues(MATRICES, limits=limits, engine=engine)
        if fault == "raise":
            same(julia_eigenvalues(MATRICES, limits=QUICK, engine=engine), MATRICES)
    finally:
        engine.close()


@pytest.mark.julia
def test_julia_itself() -> None:
    same(julia_eigenvalues(MATRICES), MATRICES)
    pair = np.array([[[-1.0, -2.0], [2.0, -1.0]]])
    np.testing.assert_allclose(julia_eigenvalues(pair), [[-1 - 2j, -1 + 2j]], rtol=1e-15)


@pytest.mark.julia
def test_julias_own_words() -> None:
    arrays = {"matrices": np.full((1, 2, 2), np.nan)}
    with (
        pytest.raises(EngineError, match=r"failed during 'eigenvalues': ArgumentError: a matrix"),
        julia_engine().worker(Limits()) as worker,
    ):
        worker.request("eigenvalues", {}, arrays, Limits())
