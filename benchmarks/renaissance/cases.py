"""The kinetic models that are measured, and where their files are."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from pyscimlode.kinetics import (
    KineticCase,
    KineticEvaluator,
    SteadyState,
    example_pathway,
    read_case,
    read_states,
    toy6,
)

FULL_SIZE = "ecoli_trpd9923_lp"
FILES = (FULL_SIZE, "varma65")
OWN = {"toy6": toy6, "example_pathway": example_pathway}
LEFT_OUT = (
    "`{}` is left out: the folder that the environment variable PYSCIMLODE_DATA names has no "
    "`kinetic/{}.json`."
)


def folder() -> Path | None:
    """Return the folder with the case files, if there is one."""
    named = os.environ.get("PYSCIMLODE_DATA")
    found = Path(named) / "kinetic" if named else None
    return found if found is not None and found.is_dir() else None


def available() -> tuple[str, ...]:
    """Return the names of the cases that are here, the largest first."""
    here = folder()
    files = () if here is None else tuple(n for n in FILES if (here / f"{n}.json").is_file())
    return (*files, *reversed(OWN))


def missing() -> list[str]:
    """Return a sentence for each case that is not here."""
    return [LEFT_OUT.format(name, name) for name in FILES if name not in available()]


def largest(quick: bool = False) -> str:
    """Return the case that generators are trained on: the full-size one, or the own pathway."""
    return "toy6" if quick else available()[0]


def read(name: str) -> KineticCase:
    """Return a case that is :func:`available`."""
    here = folder()
    if name in OWN or here is None:
        return OWN[name]()
    return read_case(here / f"{name}.json")


def evaluator(
    name: str, density: float | None = None, state: int | None = None
) -> KineticEvaluator:
    """Return the evaluator of a case at a density (gDW/L) and one of :func:`states`, or its own."""
    case = read(name)
    chosen = case.state if state is None else states(name)[state]
    if density is not None and chosen.flux_unit != "mM/h":
        chosen = chosen.with_density(density)
    return KineticEvaluator(case.network, chosen)


@cache
def states(name: str) -> tuple[SteadyState, ...]:
    """Return the other steady states of a case that lie beside its file; none of the own cases."""
    here, case = folder(), read(name)
    path = None if here is None else here / f"{name}_states.npz"
    if path is None or not path.is_file():
        return ()
    return read_states(path, case.network, case.state)
