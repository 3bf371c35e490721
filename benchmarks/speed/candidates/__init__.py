"""The candidates of the table; a library is imported only when one of its candidates is made.

The tuned configuration is the fastest of torchdiffeq at about the error of dopri5 with rtol 1e-5:
bosh3 and dopri8 at the same tolerances take two to five times as long, midpoint, heun3 and rk4
longer at equal error, except for rk4 on the identity workload with a step found by trial. A first
step saves torchdiffeq and diffrax a tenth; other options of theirs changed nothing beyond noise.
"""

from __future__ import annotations

from typing import Any

from benchmarks.speed.candidates.base import Candidate, Entry
from benchmarks.speed.workloads import Workload

__all__ = ["ENTRIES", "OURS", "PUBLISHED", "TUNED", "Candidate", "Entry", "entry"]

OURS = "ours"
PUBLISHED = "torchdiffeq-published"
TUNED = "torchdiffeq-tuned"


def _torchdiffeq(workload: Workload, **options: Any) -> Candidate:
    from benchmarks.speed.candidates.torchdiffeq import Torchdiffeq

    return Torchdiffeq(workload, **options)


def _diffrax(workload: Workload, **options: Any) -> Candidate:
    from benchmarks.speed.candidates.diffrax import Diffrax

    return Diffrax(workload, **options)


def _ours(workload: Workload, **options: Any) -> Candidate:
    from benchmarks.speed.candidates.session import Ours

    return Ours(workload, **options)


_DOPRI5 = {"method": "dopri5", "rtol": 1e-5, "atol": 1e-6}

ENTRIES = (
    Entry(OURS, "pyscimlode tsit5 1e-5, float32", _ours, ("torch",)),
    Entry(
        "ours-frozen",
        "pyscimlode tsit5 1e-5, float32, grid frozen for 25 calls",
        lambda workload: _ours(workload, freeze=25),
        ("torch",),
        calls=25,
    ),
    Entry(
        "ours-float64",
        "pyscimlode tsit5 1e-5, float64",
        lambda workload: _ours(workload, dtype="float64"),
        ("torch",),
    ),
    Entry(
        PUBLISHED,
        "torchdiffeq dopri8, default tolerances, 200 outputs (published configuration)",
        lambda workload: _torchdiffeq(workload, method="dopri8", published=True),
        ("torch", "torchdiffeq"),
    ),
    Entry(
        TUNED,
        "torchdiffeq dopri5 1e-5, needed outputs, steps on knots, first step given (best tuned)",
        lambda workload: _torchdiffeq(workload, **_DOPRI5, on_knots=True, first_step=0.5),
        ("torch", "torchdiffeq"),
    ),
    Entry(
        "torchdiffeq-dopri5",
        "torchdiffeq dopri5 1e-5, needed outputs",
        lambda workload: _torchdiffeq(workload, **_DOPRI5),
        ("torch", "torchdiffeq"),
    ),
    Entry(
        "torchdiffeq-rk4",
        "torchdiffeq rk4, step of 3 h chosen by hand for equal error",
        lambda workload: _torchdiffeq(workload, method="rk4", step_size=3.0),
        ("torch", "torchdiffeq"),
        workloads=("identity",),
    ),
    Entry(
        "torchdiffeq-adjoint",
        "torchdiffeq odeint_adjoint dopri5 1e-5",
        lambda workload: _torchdiffeq(workload, **_DOPRI5, adjoint=True),
        ("torch", "torchdiffeq"),
    ),
    Entry(
        "diffrax",
        "diffrax Tsit5 1e-5, jitted, first step given, one step size for the batch",
        _diffrax,
        ("jax", "diffrax"),
    ),
    Entry(
        "diffrax-per-row",
        "diffrax Tsit5 1e-5, jitted, first step given, vmapped over rows",
        lambda workload: _diffrax(workload, per_row=True),
        ("jax", "diffrax"),
    ),
)


def entry(key: str) -> Entry:
    """Return the entry of a key."""
    known = {item.key: item for item in ENTRIES}
    if key not in known:
        raise ValueError(f"candidate={key!r} is not one of {', '.join(known)}.")
    return known[key]
