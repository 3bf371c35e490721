"""The worker process: ``python -m pyscimlode.backends.julia.worker``.

The only file that imports juliacall. The process never imports torch.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from pyscimlode.backends.julia.serve import Arrays, Meta, Progress, serve
from pyscimlode.errors import EngineError

Answer = tuple[Meta, dict[str, npt.NDArray[Any]]]

SWITCHED = "The solver switched to an implicit method where the field was stiff."
LOADS = "using Pyscimlode: Pyscimlode"
CALLS = """
(
    array = values -> Array(values),
    collect = (names, values) -> Dict(string(k) => v for (k, v) in zip(names, values)),
    open = (description, arrays) -> Pyscimlode.open_problem(string(description), arrays),
    loss = (problem, theta, members, experiments, gradient) ->
        Pyscimlode.loss(problem, theta, members, experiments; gradient),
    train = (problem, theta, stages, report) ->
        Pyscimlode.train(problem, theta, string(stages), (told...) -> (report(told...); nothing)),
    warm = report -> Pyscimlode.warm((told...) -> (report(told...); nothing)),
    text = error -> sprint(showerror, error),
)
"""
"""Doors to the Julia package; arrays become Julia's own before anything is computed."""


class JuliaHandler:
    """Answers the requests of :mod:`.session` with the Julia package Pyscimlode.

    Loads Julia and the package, which precompiles it when it runs for the first time.
    """

    def __init__(self) -> None:
        import juliacall

        self._failure: type[Exception] = juliacall.JuliaError
        main: Any = juliacall.Main
        main.seval(LOADS)
        self._package = main.Pyscimlode
        self._calls = main.seval(CALLS)
        self._problems: dict[int, Any] = {}
        self._handles = 0

    def call(self, op: str, meta: Meta, arrays: Arrays, progress: Progress) -> Answer:
        """Return what ``op`` asks for; see :class:`~pyscimlode.backends.julia.serve.Handler`.

        Raises:
            EngineError: Julia raised an error, or there is no such request or problem.
        """
        answer = getattr(self, f"_{op}", None) if op in OPS else None
        if answer is None:
            raise EngineError(f"The Julia worker knows no {op!r}; it knows {', '.join(OPS)}.")
        given = {name: self._array(values) for name, values in arrays.items()}
        try:
            result: Answer = answer(meta, given, progress)
        except self._failure as error:
            raise EngineError(f"Julia failed during {op!r}: {self._text(error)}") from error
        return result

    def _versions(self, meta: Meta, arrays: dict[str, Any], progress: Progress) -> Answer:
        return {str(name): str(value) for name, value in self._package.versions().items()}, {}

    def _solvers(self, meta: Meta, arrays: dict[str, Any], progress: Progress) -> Answer:
        return {"names": [str(name) for name in self._package.solver_names()]}, {}

    def _warm(self, meta: Meta, arrays: dict[str, Any], progress: Progress) -> Answer:
        def report(done: int, total: int, what: str) -> None:
            progress({"done": int(done), "total": int(total), "what": str(what)})

        self._calls.warm(report)
        return {}, {}

    def _open(self, meta: Meta, arrays: dict[str, Any], progress: Progress) -> Answer:
        named = self._calls.collect(list(arrays), list(arrays.values()))
        self._handles += 1
        self._problems[self._handles] = self._calls.open(json.dumps(meta), named)
        return {"handle": self._handles}, {}

    def _close(self, meta: Meta, arrays: dict[str, Any], progress: Progress) -> Answer:
        self._problems.pop(int(meta["handle"]), None)
        return {}, {}

    def _field(self, meta: Meta, arrays: dict[str, Any], progress: Progress) -> Answer:
        problem = self._problem(meta)
        value = self._package.field_values(problem, arrays["theta"], arrays["z"], arrays["p"])
        return {}, {"value": _copied(value)}

    def _field_vjp(self, meta: Meta, arrays: dict[str, Any], progress: Progress) -> Answer:
        problem = self._problem(meta)
        points = (arrays["theta"], arrays["z"], arrays["p"], arrays["cotangent"])
        gradient = self._package.field_vjp(problem, *points)
        return {}, {"gradient": _copied(gradient)}

    def _solve(self, meta: Meta, arrays: dict[str, Any], progress: Progress) -> Answer:
        found = self._package.solve_problem(
            self._problem(meta),
            arrays["theta"],
            self._one_based(arrays["experiments"]),
            arrays["times"],
        )
        notes = [SWITCHED] if found.switched else []
        return {"notes": notes}, _named(found, ("z", "status", "failed_at", "nfev"))

    def _loss(self, meta: Meta, arrays: dict[str, Any], progress: Progress) -> Answer:
        gradient = bool(meta["gradient"])
        found = self._calls.loss(
            self._problem(meta),
            arrays["theta"],
            self._one_based(arrays["members"]),
            self._one_based(arrays["experiments"]),
            gradient,
        )
        names = ("data", "pir", "status", *(["gradient"] if gradient else []))
        notes = [SWITCHED] if found.switched else []
        return {"nfev": int(found.nfev), "notes": notes}, _named(found, names)

    def _train(self, meta: Meta, arrays: dict[str, Any], progress: Progress) -> Answer:
        def report(done: int, total: int, loss: float) -> None:
            smallest = float(loss) if np.isfinite(loss) else None
            progress({"done": int(done), "total": int(total), "loss": smallest})

        stages = json.dumps(meta["stages"])
        found = self._calls.train(self._problem(meta), arrays["theta"], stages, report)
        return {}, _named(found, ("theta", "losses"))

    def _eigenvalues(self, meta: Meta, arrays: dict[str, Any], progress: Progress) -> Answer:
        found = self._package.matrix_eigenvalues(arrays["matrices"])
        return {}, _named(found, ("real", "imaginary"))

    def _problem(self, meta: Meta) -> Any:
        handle = int(meta["handle"])
        if handle not in self._problems:
            raise EngineError(f"The Julia worker has no open problem {handle}; open it again.")
        return self._problems[handle]

    def _array(self, values: npt.NDArray[Any]) -> Any:
        return self._calls.array(values)

    def _one_based(self, indices: Any) -> Any:
        return self._calls.array(np.array(indices) + 1)

    def _text(self, error: Exception) -> str:
        cause = getattr(error, "exception", None)
        return str(error) if cause is None else str(self._calls.text(cause))


OPS = (
    "versions",
    "solvers",
    "warm",
    "open",
    "close",
    "field",
    "field_vjp",
    "solve",
    "loss",
    "train",
    "eigenvalues",
)
"""Requests that are answered."""


def _copied(values: Any) -> npt.NDArray[Any]:
    """Return a copy of Julia's array, row-major."""
    return np.array(values, order="C")


def _named(found: Any, names: Iterable[str]) -> dict[str, npt.NDArray[Any]]:
    return {name: _copied(getattr(found, name)) for name in names}


if __name__ == "__main__":
    serve(JuliaHandler)
