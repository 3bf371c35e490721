from __future__ import annotations

import pytest
import torch

from pyscimlode.backends.registry import get_backend
from pyscimlode.backends.solvers import SolverSpec
from pyscimlode.backends.torch.backend import choose_dtype
from pyscimlode.backends.torch.session import PortableSession
from pyscimlode.backends.torch.torchdiffeq import TorchdiffeqSession
from pyscimlode.errors import BackendUnavailable, SolverError
from tests.backends.problems import initial_theta, small_problem


def test_capabilities_name_solvers_versions_and_devices() -> None:
    found = get_backend("torch").capabilities()
    assert found.available
    assert {"auto", "tsit5", "dopri5", "dopri8", "rk4", "torchdiffeq:dopri8"} <= set(found.solvers)
    assert found.devices[0] == "cpu"
    assert ("cuda" in found.devices) == torch.cuda.is_available()
    assert found.versions["torch"] == torch.__version__


def test_solvers_choose_their_session() -> None:
    backend, problem = get_backend("torch"), small_problem()
    with backend.open(problem, SolverSpec(), device="cpu") as session:
        assert isinstance(session, PortableSession)
        auto = session.loss(initial_theta(problem)).total
    with backend.open(problem, SolverSpec("tsit5"), device="cpu", dtype="float64") as session:
        assert session.loss(initial_theta(problem)).total == auto
    with backend.open(problem, SolverSpec("torchdiffeq:dopri5"), device="cpu") as session:
        assert isinstance(session, TorchdiffeqSession)


def test_what_is_not_there_is_said() -> None:
    backend, problem = get_backend("torch"), small_problem()
    with pytest.raises(
        SolverError, match=r"'bdf': the implicit solvers of the torch engine are rosenbrock"
    ):
        backend.open(problem, SolverSpec("bdf"))
    with pytest.raises(SolverError, match="'julia:Tsit5' is not one of the torch engine's"):
        backend.open(problem, SolverSpec("julia:Tsit5"))
    with pytest.raises(SolverError, match="dtype='float16'"):
        backend.open(problem, SolverSpec(), dtype="float16")
    with pytest.raises(BackendUnavailable, match="device='tpu9x' is not known"):
        backend.open(problem, SolverSpec(), device="tpu9x")
    if not torch.cuda.is_available():
        with pytest.raises(BackendUnavailable, match="sees no CUDA GPU"):
            backend.open(problem, SolverSpec(), device="cuda")


def test_data_type_follows_the_device() -> None:
    assert choose_dtype("auto", torch.device("cpu")) == torch.float64
    assert choose_dtype("auto", torch.device("cuda")) == torch.float32
