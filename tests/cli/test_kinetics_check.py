from __future__ import annotations

import pytest

from pyscimlode.backends.julia.backend import JuliaBackend
from pyscimlode.kinetics import EigenvalueComparison, EigenvalueOpinion
from tests.cli.conftest import invoke


def test_engines_are_compared() -> None:
    done = invoke("kinetics", "check-eigenvalues", "toy6", "--models", 20, "-e", "numpy,torch")
    assert done.exit_code == 0, done.output
    assert {"numpy", "torch", "disagreements"} <= set(done.stdout.split())
    assert "20 models; condition of lambda_max: median 1.0" in done.stdout


def test_disagreement_is_the_exit_status(monkeypatch: pytest.MonkeyPatch) -> None:
    import pyscimlode.kinetics

    opinion = EigenvalueOpinion("torch", 1e-3, 1e-3, 0.0, 0, 0.0, 0.1)
    monkeypatch.setattr(
        pyscimlode.kinetics,
        "compare_eigenvalues",
        lambda *_: EigenvalueComparison((opinion,)),
    )
    assert invoke("kinetics", "check-eigenvalues", "toy6").exit_code == 1


def test_unknown_engines_are_an_error() -> None:
    done = invoke("kinetics", "check-eigenvalues", "toy6", "-e", "numpi")
    assert done.exit_code == 1
    assert "Did you mean 'numpy'?" in done.stderr


def test_julia_by_name() -> None:
    if JuliaBackend().capabilities().available:
        pytest.skip("Julia runs here")
    done = invoke("kinetics", "check-eigenvalues", "toy6", "-e", "julia")
    assert done.exit_code == 1
    assert "engine 'julia' does not run here" in done.stderr
