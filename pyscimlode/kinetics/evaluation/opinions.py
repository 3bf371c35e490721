"""Several engines' opinions of the same models: eigenvalues, validity and derivatives."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from pyscimlode.backends.registry import get_backend
from pyscimlode.errors import BackendUnavailable, DataError, EngineError, did_you_mean
from pyscimlode.kinetics.evaluation.evaluator import THRESHOLD, KineticEvaluator
from pyscimlode.kinetics.evaluation.refined import condition_numbers, refined_eigenvalues

if TYPE_CHECKING:
    import pandas as pd

FloatArray = npt.NDArray[np.float64]
ComplexArray = npt.NDArray[np.complex128]
ENGINES = ("numpy", "torch", "julia")
TOLERANCE = 1e-5
"""Largest |d lambda_max| / (1 + |lambda_max|) at which engines agree. Rates of 1e-3 and 1e11 per
hour in one matrix leave float64 hardly more than this of the small ones."""


@dataclass(frozen=True)
class EigenvalueOpinion:
    """What one engine says; differences are NaN where there is nothing to compare.

    Attributes:
        engine: its name.
        eigenvalues: largest |d lambda| / (1 + |lambda|) of all eigenvalues against numpy's.
        lambda_max: largest difference of lambda_max from numpy's, in units of 1 + |lambda_max|.
        refined: as ``lambda_max``, against the value in extended precision.
        disagreements: models that it calls valid and numpy does not, or the other way round.
        gradient: largest difference of d lambda_max / d ln KM from numpy's, relative to the largest
            entry of the model.
        seconds: to compute all eigenvalues, after a first call; torch's with its Jacobians.
    """

    engine: str
    eigenvalues: float
    lambda_max: float
    refined: float
    disagreements: int
    gradient: float
    seconds: float


@dataclass(frozen=True, eq=False)
class EigenvalueComparison:
    """Opinions on a batch of models; numpy's is the first, and the one that others are held to.

    Attributes:
        opinions: one an engine.
        absent: reason of each engine that was left out.
        condition: ``(models,)`` condition number of the leading eigenvalue, in coordinates scaled
            by concentrations.
        refined: ``(models,)`` lambda_max in 1/h, refined in extended precision; NaN where that
            failed.
        margin: smallest distance of numpy's lambda_max from the threshold, 1/h.
    """

    opinions: tuple[EigenvalueOpinion, ...]
    absent: Mapping[str, str] = field(default_factory=dict)
    condition: FloatArray = field(default_factory=lambda: np.zeros(0))
    refined: FloatArray = field(default_factory=lambda: np.zeros(0))
    margin: float = math.nan

    def __bool__(self) -> bool:
        """Whether lambda_max agrees to :data:`TOLERANCE`, and validity for every model.

        The other eigenvalues are shown and not judged: some of them are so sensitive that two
        orders of the same additions part in the fifth digit.
        """
        return all(
            item.lambda_max <= TOLERANCE and item.disagreements == 0 for item in self.opinions
        )

    @property
    def table(self) -> pd.DataFrame:
        """One row an engine; columns are those of :class:`EigenvalueOpinion`."""
        import pandas as pd

        return pd.DataFrame([vars(item) for item in self.opinions])

    def __str__(self) -> str:
        lines = [self.table.to_string(index=False, float_format="{:.2g}".format, na_rep="-")]
        lines += [f"{engine} is left out: {reason}" for engine, reason in self.absent.items()]
        lines.append(
            f"{len(self.condition)} models; condition of lambda_max: median "
            f"{np.median(self.condition):.3g}, largest {self.condition.max():.3g}; nearest to the "
            f"threshold: {self.margin:.2g} 1/h; refined in extended precision: "
            f"{np.isfinite(self.refined).sum()}"
        )
        return "\n".join(lines)


def compare_eigenvalues(
    evaluator: KineticEvaluator,
    ln_km: npt.ArrayLike,
    engines: Sequence[str] | None = None,
    *,
    threshold: float = THRESHOLD,
) -> EigenvalueComparison:
    """Compute the eigenvalues of models by several engines, and compare them with numpy's.

    numpy and Julia get the same Jacobians; torch computes its own from the KM. All three call
    LAPACK, so lambda_max is also held to a value refined in extended precision.

    Args:
        evaluator: of a network at a steady state.
        ln_km: ``(models, KM)``, ln mM.
        engines: of :data:`ENGINES`; by default all that run here. numpy is always there.
        threshold: largest lambda_max of a valid model, 1/h.

    Raises:
        DataError: no model, or an unknown engine.
        BackendUnavailable: an engine that is asked for by name does not run here.
        EngineError: such an engine fails.
    """
    ln_km = np.asarray(ln_km, dtype=np.float64)
    jacobian = evaluator.jacobian(ln_km, scaled=True)
    if not len(jacobian):
        raise DataError("There is no model to compare; ln_km has no row.")
    calls = _calls(evaluator, ln_km, jacobian)
    chosen, absent = _chosen(engines)
    answers: dict[str, tuple[ComplexArray, float]] = {}
    for name in chosen:
        try:
            answers[name] = _timed(calls[name])
        except EngineError as error:
            if engines is not None:
                raise
            absent[name] = str(error)
    judged = _Judge.of(evaluator, ln_km, jacobian, answers["numpy"][0], threshold)
    return EigenvalueComparison(
        tuple(judged.opinion(name, *answers[name]) for name in answers),
        absent,
        condition_numbers(jacobian, judged.leading),
        judged.refined,
        float(np.abs(judged.leading.real - threshold).min()),
    )


def matched(values: ComplexArray, wanted: ComplexArray) -> FloatArray:
    """Return |d lambda| / (1 + |lambda|) of every eigenvalue ``(models, n)``, in the wanted order.

    Sets are paired so that the sum of these is smallest: eigenvalues that are nearly equal come in
    any order.
    """
    result = np.empty(wanted.shape)
    for row, (one, other) in enumerate(zip(values, wanted, strict=True)):
        cost = np.abs(one[None, :] - other[:, None]) / (1.0 + np.abs(other))[:, None]
        places, partners = linear_sum_assignment(cost)
        result[row, places] = cost[places, partners]
    return result


@dataclass(frozen=True, eq=False)
class _Judge:
    """numpy's answers, and what is compared with them."""

    evaluator: KineticEvaluator
    ln_km: FloatArray
    values: ComplexArray
    leading: ComplexArray
    refined: FloatArray
    gradient: FloatArray
    threshold: float

    @classmethod
    def of(
        cls,
        evaluator: KineticEvaluator,
        ln_km: FloatArray,
        jacobian: FloatArray,
        values: ComplexArray,
        threshold: float,
    ) -> _Judge:
        first = values.real.argmax(axis=1)
        leading = values[np.arange(len(values)), first]
        refined = refined_eigenvalues(jacobian, leading).real
        gradient = evaluator.lambda_max_gradient(ln_km)[1]
        return cls(evaluator, ln_km, values, leading, refined, gradient, threshold)

    def opinion(self, engine: str, values: ComplexArray, seconds: float) -> EigenvalueOpinion:
        lambda_max = values.real.max(axis=1)
        size = 1.0 + np.abs(self.leading.real)
        known = np.isfinite(self.refined)
        error = np.abs(lambda_max - self.refined)[known] / size[known]
        valid = lambda_max <= self.threshold
        return EigenvalueOpinion(
            engine,
            float(matched(values, self.values).max()),
            float((np.abs(lambda_max - self.leading.real) / size).max()),
            float(error.max()) if known.any() else math.nan,
            int((valid != (self.leading.real <= self.threshold)).sum()),
            self._gradient_difference(engine),
            seconds,
        )

    def _gradient_difference(self, engine: str) -> float:
        if engine != "torch":
            return 0.0 if engine == "numpy" else math.nan
        from pyscimlode.kinetics.torch.answers import torch_gradient

        difference = np.abs(torch_gradient(self.evaluator, self.ln_km) - self.gradient)
        largest = np.abs(self.gradient).max(axis=1)
        return float((difference.max(axis=1) / np.where(largest > 0, largest, 1.0)).max())


Call = Callable[[slice], ComplexArray]


def _calls(evaluator: KineticEvaluator, ln_km: FloatArray, jacobian: FloatArray) -> dict[str, Call]:
    """Return how each engine computes the eigenvalues of some of the models."""

    def by_torch(part: slice) -> ComplexArray:
        from pyscimlode.kinetics.torch.answers import torch_eigenvalues

        return torch_eigenvalues(evaluator, ln_km[part])

    def by_julia(part: slice) -> ComplexArray:
        from pyscimlode.backends.julia.eigenvalues import julia_eigenvalues

        return julia_eigenvalues(jacobian[part])

    return {
        "numpy": lambda part: np.linalg.eigvals(jacobian[part]).astype(np.complex128),
        "torch": by_torch,
        "julia": by_julia,
    }


def _timed(call: Call) -> tuple[ComplexArray, float]:
    """Return all eigenvalues and the seconds of a second call: the first may start an engine."""
    call(slice(0, 1))
    started = time.perf_counter()
    values = call(slice(None))
    return values, time.perf_counter() - started


def _chosen(engines: Sequence[str] | None) -> tuple[list[str], dict[str, str]]:
    """Return the engines that run here, numpy first, and why others do not."""
    for name in engines or ():
        if name not in ENGINES:
            raise DataError(
                f"There is no engine {name!r} for eigenvalues; there are {', '.join(ENGINES)}."
                + did_you_mean(name, ENGINES)
            )
    absent: dict[str, str] = {}
    chosen = ["numpy"]
    for name in ENGINES[1:]:
        if engines is not None and name not in engines:
            continue
        reason = _why_missing(name)
        if reason and engines is not None:
            raise BackendUnavailable(f"engine {name!r} does not run here: {reason}")
        if reason:
            absent[name] = reason
        else:
            chosen.append(name)
    return chosen, absent


def _why_missing(name: str) -> str:
    found = get_backend(name).capabilities()
    return "" if found.available else found.reason
