"""Scientific machine learning for metabolic pathway dynamics.

>>> import pyscimlode
>>> train, test = pyscimlode.datasets.benchmark("sim-sparse", n=2)
>>> train.names
('S1', 'S308')
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from pyscimlode._version import __version__

if TYPE_CHECKING:
    from pyscimlode import datasets, errors, plots
    from pyscimlode.api import crosscheck, fit, load, sweep
    from pyscimlode.backends.solvers import SolverSpec
    from pyscimlode.backends.status import Status
    from pyscimlode.baselines import DerivativeRegression, DirectGaussianProcess, TPOTBaseline
    from pyscimlode.boards import Comparison, compare
    from pyscimlode.boards.reproduce import reproduce
    from pyscimlode.boards.reproduction import Reproduction
    from pyscimlode.data import Dataset, Experiment, from_frame, read_csv, read_excel
    from pyscimlode.estimator import LeaveOneStrainOut, MetabolicForecaster
    from pyscimlode.leaks import LeakReport, audit_leaks
    from pyscimlode.models import HybridODE, NeuralODE, Pathway, ProductionDegradation, Reaction
    from pyscimlode.problem import Objective
    from pyscimlode.report import write_report
    from pyscimlode.results import (
        ConformalForecaster,
        Coverage,
        FitResult,
        Prediction,
        Scores,
        SweepResult,
        coverage,
        recalibrate,
        score_forecasters,
        swap_test,
    )
    from pyscimlode.training import BFGS, LBFGS, Adam, Collocation

_MODULES = ("datasets", "errors", "plots")
_HOMES = {
    "pyscimlode.api": ("crosscheck", "fit", "load", "sweep"),
    "pyscimlode.backends.solvers": ("SolverSpec",),
    "pyscimlode.backends.status": ("Status",),
    "pyscimlode.baselines": ("DerivativeRegression", "DirectGaussianProcess", "TPOTBaseline"),
    "pyscimlode.boards": ("Comparison", "compare"),
    "pyscimlode.boards.reproduce": ("reproduce",),
    "pyscimlode.boards.reproduction": ("Reproduction",),
    "pyscimlode.data": ("Dataset", "Experiment", "from_frame", "read_csv", "read_excel"),
    "pyscimlode.estimator": ("LeaveOneStrainOut", "MetabolicForecaster"),
    "pyscimlode.leaks": ("LeakReport", "audit_leaks"),
    "pyscimlode.models": ("HybridODE", "NeuralODE", "Pathway", "ProductionDegradation", "Reaction"),
    "pyscimlode.problem": ("Objective",),
    "pyscimlode.report": ("write_report",),
    "pyscimlode.results": (
        "ConformalForecaster",
        "Coverage",
        "FitResult",
        "Prediction",
        "Scores",
        "SweepResult",
        "coverage",
        "recalibrate",
        "score_forecasters",
        "swap_test",
    ),
    "pyscimlode.training": ("BFGS", "LBFGS", "Adam", "Collocation"),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "BFGS",
    "LBFGS",
    "Adam",
    "Collocation",
    "Comparison",
    "ConformalForecaster",
    "Coverage",
    "Dataset",
    "DerivativeRegression",
    "DirectGaussianProcess",
    "Experiment",
    "FitResult",
    "HybridODE",
    "LeakReport",
    "LeaveOneStrainOut",
    "MetabolicForecaster",
    "NeuralODE",
    "Objective",
    "Pathway",
    "Prediction",
    "ProductionDegradation",
    "Reaction",
    "Reproduction",
    "Scores",
    "SolverSpec",
    "Status",
    "SweepResult",
    "TPOTBaseline",
    "__version__",
    "audit_leaks",
    "compare",
    "coverage",
    "crosscheck",
    "datasets",
    "errors",
    "fit",
    "from_frame",
    "load",
    "plots",
    "read_csv",
    "read_excel",
    "recalibrate",
    "reproduce",
    "score_forecasters",
    "swap_test",
    "sweep",
    "write_report",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"pyscimlode.{name}")
    if name in _HOME_OF:
        return getattr(import_module(_HOME_OF[name]), name)
    raise AttributeError(f"module 'pyscimlode' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
