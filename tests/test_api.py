from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import pyscimlode
from pyscimlode import Adam, Collocation, NeuralODE, ProductionDegradation
from pyscimlode.data.dataset import Dataset
from pyscimlode.errors import (
    BackendUnavailable,
    DataError,
    ExperimentError,
    ModelError,
    SolverError,
    TrainingError,
)

STAGES = [Collocation(10), Adam(10)]


@pytest.fixture(scope="module")
def strains() -> Dataset:
    return pyscimlode.datasets.simulate(n=4, times=np.linspace(0, 24, 7), seed=3)


def test_the_smallest_call_learns() -> None:
    """A short training of the embedded data already beats persistence."""
    result = pyscimlode.fit(backend="torch", ensemble=1, progress=False, stages=[Collocation(100)])
    assert result.scores.value(result.name) < result.scores.value("persistence")


def test_a_seed_gives_one_result(strains: Dataset) -> None:
    def theta(seed: int) -> np.ndarray:
        return pyscimlode.fit(
            strains, test="S4", ensemble=2, seed=seed, stages=STAGES, progress=False
        ).theta

    np.testing.assert_array_equal(theta(0), theta(0))
    np.testing.assert_allclose(theta(1)[0], theta(0)[1], rtol=1e-6, atol=1e-9)


def test_a_held_out_strain_changes_nothing(strains: Dataset) -> None:
    """Training with S4 held out is training without S4 in the data."""
    held = pyscimlode.fit(strains, test="S4", ensemble=1, stages=STAGES, progress=False)
    without = pyscimlode.fit(strains.drop(["S4"]), ensemble=1, stages=STAGES, progress=False)
    np.testing.assert_array_equal(held.theta, without.theta)
    np.testing.assert_array_equal(held.scaling.state_scale, without.scaling.state_scale)


def test_a_lipschitz_penalty_is_trained_with_saved_and_told_apart(
    strains: Dataset, tmp_path: Path
) -> None:
    model = ProductionDegradation(widths=(6,), activation="adaptive-tanh")
    stages = [Collocation(5), Adam(5)]
    fits = [
        pyscimlode.fit(
            strains, model=model, lipschitz=factor, ensemble=2, stages=stages, progress=False
        )
        for factor in (0.0, 0.1)
    ]
    plain, bound = fits
    assert (plain.history["lipschitz"] == 0).all()
    assert (bound.history["lipschitz"] > 0).all()
    assert not np.array_equal(plain.theta, bound.theta)
    bound.save(tmp_path / "model")
    loaded = pyscimlode.load(tmp_path / "model")
    assert loaded.provenance["lipschitz"] == 0.1
    assert loaded.model == model
    np.testing.assert_array_equal(loaded.theta, bound.theta)
    ((_, found),) = pyscimlode.sweep(
        strains, test=None, model=model, lipschitz=0.1, ensemble=2, stages=stages, progress=False
    )
    np.testing.assert_array_equal(found.theta, bound.theta)


def test_endogenous_controls(strains: Dataset) -> None:
    result = pyscimlode.fit(
        strains,
        test="S4",
        model=NeuralODE(controls="endogenous", widths=(8,)),
        ensemble=1,
        stages=STAGES,
        progress=False,
    )
    assert result.layout.size == NeuralODE(controls="endogenous", widths=(8,)).layout(19, 0).size
    assert result.predict("S4")["S4"].shape == (7, 10)
    assert np.isfinite(result.scores.value(result.name))


@pytest.mark.parametrize("solver", ["tsit5", "dopri8", "torchdiffeq:dopri5"])
def test_solvers_lead_to_the_same_fit(strains: Dataset, solver: str) -> None:
    def losses(name: str) -> np.ndarray:
        spec = pyscimlode.SolverSpec(name, rtol=1e-8, atol=1e-9)
        return (
            pyscimlode.fit(
                strains,
                model=ProductionDegradation(widths=(4,)),
                solver=spec,
                ensemble=1,
                stages=[Adam(3)],
                progress=False,
            )
            .history["total"]
            .to_numpy()
        )

    np.testing.assert_allclose(losses(solver), losses("dopri5"), rtol=1e-5)


def test_early_stopping_watches_a_training_strain(strains: Dataset) -> None:
    result = pyscimlode.fit(
        strains, test="S4", early_stopping="S3", ensemble=1, stages=STAGES, progress=False
    )
    assert result.members[0].train == ("S1", "S2")
    with pytest.raises(ExperimentError, match="held-out strain must not decide"):
        pyscimlode.fit(strains, test="S4", early_stopping="S4", stages=STAGES, progress=False)


def test_resume_goes_on_where_it_stopped(strains: Dataset, tmp_path: Path) -> None:
    file = tmp_path / "checkpoint.safetensors"
    options = {"test": "S4", "ensemble": 2, "stages": STAGES}
    whole = pyscimlode.fit(strains, progress=False, **options)

    def stop(event: object) -> None:
        if getattr(event, "stage_index", 0) == 1 and getattr(event, "iteration", 0) == 4:
            raise KeyboardInterrupt

    with pytest.raises(TrainingError, match="resume"):
        pyscimlode.fit(strains, progress=stop, checkpoint=file, **options)
    resumed = pyscimlode.fit(strains, progress=False, checkpoint=file, resume=True, **options)
    np.testing.assert_array_equal(resumed.theta, whole.theta)
    other = {**options, "model": NeuralODE()}
    with pytest.raises(TrainingError, match=r"checkpoint"):
        pyscimlode.fit(strains, progress=False, checkpoint=file, resume=True, **other)


def test_wrong_requests_are_named(strains: Dataset, tmp_path: Path) -> None:
    cases: list[tuple[type[Exception], str, dict[str, object]]] = [
        (BackendUnavailable, "backend='jax' is not installed", {"backend": "jax"}),
        (ModelError, "Did you mean 'neural-ode'", {"model": "neural-od"}),
        (SolverError, "solver='tsit6' is not known", {"solver": "tsit6"}),
        (SolverError, "torchdiffeq", {"solver": "torchdiffeq:dopri9"}),
        (DataError, "Did you mean 'forecast'", {"protocol": "forcast"}),
        (ExperimentError, "no experiment 'S9'", {"test": "S9"}),
        (TrainingError, "at least one member", {"ensemble": 0}),
        (TrainingError, "needs checkpoint", {"resume": True}),
        (TrainingError, "no checkpoint at", {"resume": True, "checkpoint": tmp_path / "no"}),
        (BackendUnavailable, "device='gpu' is not known", {"device": "gpu"}),
        (SolverError, "dtype='float16' is not known", {"dtype": "float16"}),
        (ExperimentError, "not a training strain", {"early_stopping": "S9"}),
    ]
    for error, text, options in cases:
        with pytest.raises(error, match=text):
            pyscimlode.fit(strains, **{"progress": False, "stages": STAGES, **options})
    with pytest.raises(TrainingError, match=r"lipschitz=-1.0: .* a number from 0"):
        pyscimlode.fit(strains, lipschitz=-1.0)


def test_public_names_are_there() -> None:
    for name in pyscimlode.__all__:
        assert getattr(pyscimlode, name) is not None
    assert set(dir(pyscimlode)) == set(pyscimlode.__all__)
    with pytest.raises(AttributeError, match="no attribute 'fot'"):
        _ = pyscimlode.fot
