"""A comparison whose forecasts are made up, for tests of tables, files and figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pyscimlode.backends.status import Status
from pyscimlode.baselines.controls import control_predictions
from pyscimlode.boards.comparison import Comparison
from pyscimlode.boards.tasks import FOLDS, Task, fold_tasks
from pyscimlode.data.simulate import simulate
from pyscimlode.predictions import Prediction

STATES = ("GPP", "Limonene", "Mevalonate")
CONTROLS = ("GPPS", "LS", "HMGR")
SIZES = (2, 4)
KINDS = {
    "hybrid": "model",
    "neural-ode": "model",
    "extra-trees": "baseline",
    "persistence": "control",
    "mean": "control",
    "geometric mean": "control",
    "nearest strain": "control",
}


def example_tasks(sizes: Sequence[int] = SIZES, draws: int = 2) -> list[Task]:
    """A learning curve of two draws and two held-out strains, and folds over three strains."""
    strains = simulate(n=10, times=(0, 6, 12, 24, 48, 72), noise=0.1, seed=3)
    strains = strains.keep(STATES, CONTROLS)
    pool, test = strains.drop(["S9", "S10"]), strains.select(["S9", "S10"])
    curve = []
    for n in sizes:
        for draw in range(draws):
            chosen = np.random.default_rng(draw).permutation(pool.strains)[:n].tolist()
            name = f"sim-sparse/n={n}/draw={draw}"
            train = pool.select(chosen)
            curve.append(Task("sim-sparse", name, n, draw, train, test, test, ""))
    return [*curve, *fold_tasks(strains.select(["S1", "S2", "S3"]))]


def example_comparison(*, failed: bool = False) -> Comparison:
    """Every model of :data:`KINDS` on :func:`example_tasks`, controls as they are.

    ``hybrid`` and ``neural-ode`` are the truth with errors that shrink with n, three seeds each;
    ``extra-trees`` has one member. With ``failed`` the second seed of ``neural-ode`` is NaN in
    the folds from the middle on.
    """
    tasks = example_tasks()
    forecasts = {}
    for index, task in enumerate(tasks):
        for model, error, members in (
            ("hybrid", 0.1, 3),
            ("neural-ode", 0.3, 3),
            ("extra-trees", 0.4, 1),
        ):
            rng = np.random.default_rng([index, members])
            forecast = made_up(task, error * 2 / np.sqrt(task.n), members, rng)
            if failed and model == "neural-ode" and task.protocol == FOLDS:
                forecast = with_failure(forecast)
            forecasts[task.name, model] = forecast
        for control, values in control_predictions(task.train, task.test).items():
            members_of = {name: z[None] for name, z in values.items()}
            forecasts[task.name, control] = prediction(task, members_of)
    return Comparison.from_forecasts(
        tasks,
        forecasts,
        KINDS,
        warnings=["sim-sparse: an example; its forecasts are made up."],
        settings={"command": "pyscimlode compare --protocol sim-sparse", "seeds": [0, 1, 2]},
    )


def made_up(task: Task, error: float, members: int, rng: np.random.Generator) -> Prediction:
    """The truth with log-normal errors, constant in time for each member and state."""
    values = {}
    for experiment in task.test:
        factors = np.exp(error * rng.standard_normal((members, 1, len(STATES))))
        values[experiment.name] = np.nan_to_num(experiment.states) * factors
    return prediction(task, values)


def prediction(task: Task, members: dict[str, np.ndarray]) -> Prediction:
    return Prediction(
        state_names=task.test.state_names,
        times={e.name: e.times for e in task.test},
        members=members,
        status={
            name: np.full(values.shape[0], int(Status.SUCCESS)) for name, values in members.items()
        },
        time_unit=task.test.time_unit,
    )


def with_failure(forecast: Prediction) -> Prediction:
    members, status = {}, {}
    for name, values in forecast.members.items():
        members[name] = values.copy()
        members[name][1, values.shape[1] // 2 :] = np.nan
        status[name] = forecast.status[name].copy()
        status[name][1] = int(Status.NON_FINITE)
    return replace(forecast, members=members, status=status)
