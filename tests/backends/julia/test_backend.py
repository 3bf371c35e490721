from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from pyscimlode.backends.julia import installation
from pyscimlode.backends.julia.backend import JuliaBackend, julia_engine
from pyscimlode.backends.julia.limits import Limits
from pyscimlode.backends.julia.solvers import SOLVERS
from pyscimlode.backends.registry import get_backend
from pyscimlode.backends.solvers import SolverSpec
from pyscimlode.errors import BackendUnavailable, SolverError
from tests.backends.julia.workers import standin_engine
from tests.backends.problems import small_problem


@pytest.fixture
def no_julia(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation, "find_spec", lambda name: None)


@pytest.mark.usefixtures("no_julia")
def test_without_julia_the_engine_says_what_to_do() -> None:
    backend = get_backend("julia")
    found = backend.capabilities()
    assert not found.available
    assert "pip install 'pyscimlode[julia]'" in found.reason
    with pytest.raises(BackendUnavailable, match=r"`pyscimlode julia install`"):
        backend.open(small_problem(), SolverSpec())


@pytest.mark.usefixtures("no_julia")
def test_fit_without_julia_says_what_to_do() -> None:
    from pyscimlode import fit
    from pyscimlode.data.simulate import simulate

    data = simulate(3, times=[0.0, 12.0, 48.0])
    with pytest.raises(BackendUnavailable, match=r"backend='julia' does not run here: juliacall"):
        fit(data, test=data.names[0], backend="julia", progress=False)


def test_what_it_has() -> None:
    found = JuliaBackend(standin_engine()).capabilities()
    assert found.available
    assert (found.dtypes, found.devices) == (("float64",), ("cpu",))
    assert found.solvers == SOLVERS
    for name in found.solvers:
        assert SolverSpec(name).method == name


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"device": "cuda"}, BackendUnavailable, r"device='cuda': .* use device='cpu'"),
        ({"dtype": "float32"}, SolverError, r"dtype='float32': .* use dtype='float64'"),
        ({"options": {"thread": 2}}, SolverError, r"'thread'.* Did you mean 'threads'"),
        ({"options": {"threads": 0}}, SolverError, r"threads=0 must be a whole number"),
        ({"options": {"sensitivity": "gaus"}}, SolverError, r"Did you mean 'gauss'"),
        ({"options": {"timeout": 0}}, SolverError, r"timeout=0 is not a positive number"),
        ({"options": {"memory_limit": "much"}}, SolverError, r"memory_limit='much' is not"),
    ],
)
def test_wrong_options(options: Any, error: type[Exception], text: str) -> None:
    backend = JuliaBackend(standin_engine())
    with pytest.raises(error, match=text):
        backend.open(small_problem(), SolverSpec(), **options)


def test_unknown_solvers() -> None:
    with pytest.raises(SolverError, match=r"'julia:Tsit6' is not one of .* mean 'julia:Tsit5'"):
        JuliaBackend(standin_engine()).open(small_problem(), SolverSpec("julia:Tsit6"))


def test_there_is_one_worker_for_all() -> None:
    assert julia_engine() is julia_engine()


def test_limits_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYSCIMLODE_JULIA_TIMEOUT", "7")
    monkeypatch.setenv("PYSCIMLODE_JULIA_START_TIMEOUT", "8.5")
    monkeypatch.setenv("PYSCIMLODE_JULIA_MEMORY_LIMIT", "1e9")
    assert Limits.chosen() == Limits(start=8.5, call=7.0, memory=1e9)
    assert Limits.chosen(timeout=3.0).call == 3.0
    monkeypatch.setenv("PYSCIMLODE_JULIA_TIMEOUT", "soon")
    with pytest.raises(SolverError, match=r"PYSCIMLODE_JULIA_TIMEOUT='soon' is not a positive"):
        Limits.chosen()


def test_the_worker_imports_neither_torch_nor_juliacall_before_it_must() -> None:
    code = (
        "import sys, pyscimlode.backends.julia.worker, pyscimlode.backends.julia.serve\n"
        "print([m for m in ('torch', 'juliacall', 'pandas', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
