"""A reproduction with numbers chosen by hand, and tiny strains to make one from."""

from __future__ import annotations

from typing import Any

import numpy as np

from pyscimlode.boards.reproduction import Reproduction
from pyscimlode.boards.reproduction_parts import frame
from pyscimlode.data import Dataset, Experiment

STATES = ("Acetyl-CoA", "GPP")


def limonene_like() -> Dataset:
    """L1, L2 and L3 with two metabolites and two proteins; L2 has copied nothing."""
    times = np.array([0.0, 24.0, 48.0, 72.0])

    def strain(name: str, level: float) -> Experiment:
        first = level * np.array([0.2, 0.5, 0.9, 1.1])
        second = level * np.array([0.05, 0.03, 0.02, 0.2])
        proteins = np.column_stack([level * np.ones(4), np.array([1.0, 2.0, 3.0, 4.0])])
        return Experiment(name, times, np.column_stack([first, second]), proteins)

    return Dataset(
        experiments=(strain("L1", 0.5), strain("L2", 1.0), strain("L3", 1.7)),
        state_names=STATES,
        control_names=("AtoB", "GPPS"),
    )


def score(**values: Any) -> dict[str, Any]:
    blank = {
        "strain": "L2",
        "task": "identity",
        "kind": "ours",
        "model": "neural-ode",
        "variant": "",
        "pir": None,
        "seed": "",
        "state": "GPP",
        "points": 5,
        "rmse": 0.0,
        "nrmse": None,
        "excluded": False,
    }
    return blank | values


def net(task: str, pir: float, seed: int, values: tuple[float, float]) -> list[dict[str, Any]]:
    labels = {"task": task, "variant": "as-published", "pir": pir, "seed": str(seed)}
    forecast = task == "forecast"
    return [
        score(
            state=state,
            rmse=value,
            nrmse=2.0 * value if forecast else None,
            excluded=forecast and state == "GPP",
            **labels,
        )
        for state, value in zip(STATES, values, strict=True)
    ]


def other(task: str, kind: str, model: str, values: tuple[float, float], **labels: Any) -> Any:
    rows = net(task, 1.0, 0, values)
    blank = {"variant": "", "pir": None, "seed": ""}
    return [row | blank | {"kind": kind, "model": model} | labels for row in rows]


def hand_made(**settings: Any) -> Reproduction:
    """Nets of two seeds: identity RMSE 0.1 and 0.3 at λ=0.01, the same at λ=1."""
    scores = [
        row
        for pir in (0.01, 1.0)
        for seed, values in enumerate([(0.0, 0.2), (0.2, 0.4)])
        for task in ("identity", "forecast")
        for row in net(task, pir, seed, values if task == "identity" else (3.0, 5.0))
    ]
    for pir, values in ((0.01, (0.20, 1.02)), (1.0, (0.09, 0.54))):
        scores += other("identity", "published", "published net", values, pir=pir)
    scores += other("identity", "control", "zero field", (0.0, 0.0))
    for seed in ("0", "1"):
        scores += other("identity", "control", "untrained net", (0.5, 0.7), seed=seed)
        scores += other("forecast", "control", "untrained net", (4.0, 4.0), seed=seed)
    scores += other("forecast", "control", "persistence", (0.5, 1.5))
    scores += other("forecast", "control", "mean", (4.0, 4.0))
    published = other("forecast", "published", "published TPOT", (0.34, 0.06))
    scores += [row | {"nrmse": None, "excluded": False} for row in published]
    scores += other("forecast", "baseline", "derivatives: extra-trees", (1.0, 1.0))
    labels = {"strain": "L2", "variant": "as-published"}
    stages = [
        {
            **labels,
            "pir": pir,
            "seed": str(seed),
            "stage": stage,
            "iterations": iterations + seed,
            "evaluations": iterations + 1,
            "status": 0,
            "message": "enough",
            "loss": 0.5,
        }
        for pir in (0.01, 1.0)
        for seed in (0, 1)
        for stage, iterations in (("adam", 600), ("L-BFGS, step 1e-4", 1))
    ]
    weights = [
        {**labels, "after": after, "pir": pir, "seed": str(seed), "difference": difference}
        for after, moved in (("Adam", 0.0), ("all stages", 2e-7))
        for pir, difference in ((0.01, 0.0), (1.0, moved))
        for seed in (0, 1)
    ]
    times = [
        {
            "strain": "L2",
            "step": "training",
            "what": what,
            "nets": nets,
            "seconds": seconds,
            "cpu": seconds / 2.0,
        }
        for what, nets, seconds in (
            ("nets, as-published", 4, 12.0),
            ("derivatives: extra-trees", 0, 1.5),
            ("one net", 1, 6.0),
        )
    ]
    return Reproduction(
        table=frame("scores", scores),
        stages=frame("stages", stages),
        weights=frame("weights", weights),
        times=frame("times", times),
        settings={
            "strains": {"L2": "limonene"},
            "variants": ["as-published"],
            "pir": [0.01, 1.0],
            "seeds": 2,
            "quick": False,
            "seconds": 30.0,
            "machine": "a loom",
            **settings,
        },
    )
