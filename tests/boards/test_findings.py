from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from pyscimlode.boards.findings import leaks_that_count, task_warnings
from pyscimlode.boards.tasks import Task, measured_tasks
from pyscimlode.data.simulate import simulate


def test_measured_boards_leave_out_what_was_copied(measured_data: Path) -> None:
    tasks = [*measured_tasks("own"), *measured_tasks("pooled7")]
    assert task_warnings(tasks) == [
        f"{protocol}: not in the clean mean, because copied from another strain or at the "
        "detection limit: L1: GPP; L2: GPP; I1: GPP; I2: Mev-P, GPP; I3: Mev-P, GPP."
        for protocol in ("own", "pooled7")
    ]


def test_a_copy_that_counts_is_reported() -> None:
    """S4, which is not among the strains that the unit is taken over, has GPP of S1."""
    strains = simulate(n=4, times=(0, 6, 12, 24, 48, 72), noise=0.1, seed=1)
    column = strains.state_names.index("GPP")
    states = strains["S4"].states.copy()
    states[:, column] = strains["S1"].states[:, column]
    train = strains.select(["S2", "S3", "S4"])
    train = replace(
        train, experiments=(*train.experiments[:2], replace(train["S4"], states=states))
    )
    test = strains.select(["S1"])
    task = Task("folds", "folds/S1", 3, 0, train, test, strains.select(["S1", "S2", "S3"]))
    (finding,) = leaks_that_count(task)
    assert (finding.kind, finding.column) == ("copied column", "GPP")
    assert np.isin("S1", finding.strains)
    assert task_warnings([task]) == [finding]
