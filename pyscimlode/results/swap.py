"""The swap test: does a forecast use the strain's controls at all?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from pyscimlode.baselines.base import FittedForecaster
from pyscimlode.data.dataset import Dataset
from pyscimlode.data.interpolation import controls_at
from pyscimlode.data.splits import check_disjoint
from pyscimlode.data.validation import check_same_layout
from pyscimlode.errors import ColumnError, ExperimentError
from pyscimlode.objectives.metrics import reference_sd, rmse, score_rows
from pyscimlode.predictions import Prediction
from pyscimlode.results.scores import Scores
from pyscimlode.results.scoring import ScoreScale, joined

if TYPE_CHECKING:
    import pandas as pd

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SwapTest:
    """Scores with a strain's own p(t) beside scores with that of other strains.

    Attributes:
        name: of the model.
        table: columns ``strain, donor, own, swapped, moved``, one row a strain and donor of
            p(t): the mean NRMSE over states with the strain's own and with the donor's p(t), and
            how far the forecast moved (root mean square over times and states, in the unit of
            NRMSE). Cells at t0 do not count.
        own: NRMSE of all strains together with their own p(t), as in a score table ("all").
        swapped: the same with other strains' p(t), mean over the rounds of swaps.
    """

    name: str
    table: pd.DataFrame
    own: float
    swapped: float

    @property
    def moved(self) -> float:
        """Mean distance between both forecasts; 0 for a model that ignores p(t)."""
        return float(self.table["moved"].mean())

    def __repr__(self) -> str:
        if self.moved == 0.0:
            verdict = "the forecast does not depend on p(t) at all"
        elif self.swapped > self.own:
            verdict = f"another strain's p(t) raises the error by {self.swapped / self.own - 1:.0%}"
        else:
            verdict = "another strain's p(t) does as well: the model gains nothing from p(t)"
        return (
            f"Swap test of {self.name}: NRMSE {self.own:.3f} with the strain's own p(t), "
            f"{self.swapped:.3f} with another's; {verdict} ({len(self.table)} swap(s))."
        )


def swap_test(
    fitted: FittedForecaster,
    test: Dataset,
    *,
    donors: int = 3,
    score_scale: ScoreScale | None = None,
) -> SwapTest:
    """Forecast held-out strains once more with the controls of other strains.

    A model whose score does not get worse with another strain's p(t) does not use its inputs: it
    has learned an average course. Donors are the other held-out strains or, where there is one
    alone, the training strains.

    Args:
        fitted: a ``FitResult`` or a fitted baseline.
        test: held-out strains; their first states stay their own.
        donors: strains that lend their p(t) to each tested strain, at most.
        score_scale: the unit of NRMSE, ``"all"`` strains or the ``"test"`` strains; by default
            that of the fit's own scores.

    Raises:
        ExperimentError: when a strain of ``test`` was trained on, or no donor is asked for.
        ColumnError: when the data have no controls.
    """
    import pandas as pd

    check_disjoint(fitted.train, test)
    check_same_layout(fitted.train, test)
    if not test.control_names:
        raise ColumnError("These data have no controls, so there is no p(t) to swap.")
    if donors < 1:
        raise ExperimentError(f"donors={donors}: at least one other strain must lend its p(t).")
    everything = joined(fitted.train, test)
    scale = score_scale or getattr(fitted, "score_scale", "all")
    sd = reference_sd(test if scale == "test" else everything)
    own = fitted.predict(test)
    rows, totals = [], []
    for lent_by, swapped in _swaps(everything, fitted.train, test, donors):
        other = fitted.predict(swapped)
        totals.append(_total(other, test, sd))
        for experiment in test:
            before, after = own.median(experiment.name), other.median(experiment.name)
            moved = ((after - before)[1:] / sd)[:, np.isfinite(sd)]
            rows.append(
                (
                    experiment.name,
                    lent_by[experiment.name],
                    _mean(rmse(before, experiment)[0] / sd, experiment.mask[1:], sd),
                    _mean(rmse(after, experiment)[0] / sd, experiment.mask[1:], sd),
                    float(np.sqrt((moved**2).mean())),
                )
            )
    table = pd.DataFrame(rows, columns=["strain", "donor", "own", "swapped", "moved"])
    return SwapTest(fitted.name, table, _total(own, test, sd), float(np.mean(totals)))


def _total(forecast: Prediction, test: Dataset, sd: FloatArray) -> float:
    """Return the NRMSE of all strains together, as score tables have it."""
    medians = {name: forecast.median(name) for name in forecast.names}
    scores = Scores.from_rows(list(score_rows("", medians, test, sd, {})))
    return scores.value("", clean=False)


def _swaps(
    everything: Dataset, train: Dataset, test: Dataset, donors: int
) -> list[tuple[dict[str, str], Dataset]]:
    """Return, for each round, who lends to whom, and the test strains with lent controls."""
    rounds = []
    for turn in range(donors):
        lent_by: dict[str, str] = {}
        for row, experiment in enumerate(test):
            others = [e.name for e in test if e.strain != experiment.strain] or list(train.names)
            if turn < len(others):
                lent_by[experiment.name] = others[(row + turn) % len(others)]
        if len(lent_by) < len(test):
            break
        swapped = tuple(
            replace(e, controls=controls_at(everything, lent_by[e.name], e.times)) for e in test
        )
        rounds.append((lent_by, replace(test, experiments=swapped)))
    return rounds


def _mean(nrmse: FloatArray, measured: npt.NDArray[np.bool_], sd: FloatArray) -> float:
    """Return the mean over states that vary and were measured; NaN if one forecast failed."""
    counted = measured.any(axis=0) & np.isfinite(sd)
    return float(nrmse[counted].mean()) if counted.any() else float("nan")
