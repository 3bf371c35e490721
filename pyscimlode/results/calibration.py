"""Errors on calibration strains, and the intervals of any level that they give.

Strains that were held out from training show how wrong the forecasts are. The unit that is
exchangeable is the strain: the points of one strain share its fate, so they count as one witness
and not as many.

Sources: Vovk, Gammerman & Shafer, Algorithmic Learning in a Random World (2005); split conformal
and the finite-sample quantile: Lei, G'Sell, Rinaldo, Tibshirani & Wasserman, JASA 113:1094 (2018),
section 2.2; groups of dependent points: Dunn, Wasserman & Ramdas, JASA 118:2491 (2023), and the
weighted quantile of Lee, Barber & Willett, arXiv:2306.06342 (2023).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from pyscimlode.predictions import Prediction

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Guarantee = Literal["point", "course", "strain"]

FLOOR = 0.1
"""Of the training standard deviation; added to the members' spread, which may be next to zero."""

WORDS: dict[Guarantee, str] = {
    "point": "interval",
    "course": "band of a state's course",
    "strain": "band of the whole strain",
}
ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class Calibration:
    """Errors on calibration strains, from which intervals of any level are made.

    An interval is median +- q * scale, q the finite-sample quantile of the errors
    |measured - median| / scale over the calibration strains. What holds for a new strain that is
    exchangeable with the calibration strains (bred and measured alike), on average over draws of
    both:

    - ``"point"``: a measured point of a state, drawn at random, lies inside with probability
      ``level`` at least (every strain weighs the same, however many points it has).
    - ``"course"``: all measured points of a state lie inside together with probability ``level``
      at least; so for each state on its own.
    - ``"strain"``: all measured points of all states lie inside together with probability
      ``level`` at least.

    Nothing is promised for one given strain, nor for the first point, from which forecasts start.

    Attributes:
        level: of the intervals unless another is asked for.
        guarantee: see above.
        scale: ``"sd"`` (a width for each state) or ``"ensemble"`` (the members' spread at that
            time and a tenth of the state's standard deviation).
        strains: the calibration strains.
        sd: ``(states,)`` of the training strains, positive, measured units.
        non_negative: ``(states,)``; lower bounds of these end at zero.
        scores: ``(rows,)`` errors in units of the scale, a row a strain and measured point.
        strain_of: ``(rows,)`` position in ``strains``.
        state_of: ``(rows,)`` position of the state.
    """

    level: float
    guarantee: Guarantee
    scale: str
    strains: tuple[str, ...]
    sd: FloatArray
    non_negative: npt.NDArray[np.bool_]
    scores: FloatArray
    strain_of: IntArray
    state_of: IntArray

    @property
    def kind(self) -> str:
        """``"conformal"``."""
        return "conformal"

    def factors(self, level: float | None = None) -> FloatArray:
        """Return q ``(states,)``; infinite where too few strains were measured for the level."""
        asked = self.level if level is None else level
        n_states = len(self.sd)
        if self.guarantee == "strain":
            largest = self._largest(np.zeros_like(self.state_of), 1)
            return np.full(n_states, strain_quantile(largest[0], asked))
        if self.guarantee == "course":
            groups = self._largest(self.state_of, n_states)
            return np.array([strain_quantile(group, asked) for group in groups])
        every = range(len(self.strains))
        return np.array(
            [
                strain_quantile(
                    [self.scores[(self.state_of == j) & (self.strain_of == i)] for i in every],
                    asked,
                )
                for j in range(n_states)
            ]
        )

    def bounds(
        self, prediction: Prediction, name: str, level: float
    ) -> tuple[FloatArray, FloatArray]:
        """Return lower and upper bounds ``(times, states)``; NaN where the forecast failed."""
        middle = prediction.median(name)
        half = self.factors(level) * scales_of(prediction, name, self.sd, self.scale)
        low = middle - half
        return np.where(self.non_negative & (low < 0.0), 0.0, low), middle + half

    def words(self, level: float) -> str:
        """Say what the interval is and what it rests on."""
        infinite = int(np.isinf(self.factors(level)).sum())
        unbounded = f", unbounded for {infinite} state(s)" if infinite else ""
        return (
            f"{100 * level:.3g} % conformal {WORDS[self.guarantee]}, calibrated on "
            f"{_strains(len(self.strains))}{unbounded}"
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """What must be known of states whose intervals are unbounded."""
        count = int(np.isinf(self.factors()).sum())
        if not count:
            return ()
        return (
            f"The {100 * self.level:g} % interval of {count} state(s) is unbounded: fewer than "
            f"{needed(self.level)} of the {len(self.strains)} calibration strains have a usable "
            "forecast and measured points of it.",
        )

    def applied(self, prediction: Prediction) -> Prediction:
        """Return the forecast with these intervals."""
        notes = (*prediction.notes, *self.notes)
        return replace(prediction, rule=self, level=self.level, notes=notes)

    def _largest(self, group_of: IntArray, n_groups: int) -> list[list[FloatArray]]:
        """Return, for each group, the largest score of each strain that has one."""
        groups = []
        for group in range(n_groups):
            rows = [
                self.scores[(group_of == group) & (self.strain_of == i)]
                for i in range(len(self.strains))
            ]
            groups.append([row.max(keepdims=True) for row in rows if len(row)])
        return groups

    def to_parts(self) -> tuple[dict[str, npt.NDArray[Any]], dict[str, Any]]:
        """Return arrays and JSON data from which :meth:`from_parts` makes the calibration again."""
        arrays: dict[str, npt.NDArray[Any]] = {
            name: getattr(self, name)
            for name in ("sd", "non_negative", "scores", "strain_of", "state_of")
        }
        data = {
            "level": self.level,
            "guarantee": self.guarantee,
            "scale": self.scale,
            "strains": list(self.strains),
        }
        return arrays, data

    @classmethod
    def from_parts(
        cls, arrays: Mapping[str, npt.NDArray[Any]], data: Mapping[str, Any]
    ) -> Calibration:
        """Return the calibration that :meth:`to_parts` took apart."""
        return cls(
            level=float(data["level"]),
            guarantee=data["guarantee"],
            scale=str(data["scale"]),
            strains=tuple(data["strains"]),
            sd=arrays["sd"],
            non_negative=arrays["non_negative"],
            scores=arrays["scores"],
            strain_of=arrays["strain_of"],
            state_of=arrays["state_of"],
        )


def needed(level: float) -> int:
    """Return how many calibration strains a level needs: the smallest n with n/(n+1) >= level."""
    return max(1, math.ceil(level / (1.0 - level) - ROUNDING))


def strain_quantile(groups: Sequence[FloatArray], level: float) -> float:
    """Return the quantile of scores in which each group weighs 1/(n+1), and infinity the rest.

    With one score a group it is the ceil((n+1) * level)-th smallest of n.
    """
    filled = [group for group in groups if len(group)]
    if not filled:
        return math.inf
    weights = np.concatenate([np.full(len(g), 1.0 / ((len(filled) + 1) * len(g))) for g in filled])
    scores = np.concatenate(filled)
    order = np.argsort(scores, kind="stable")
    reached = np.flatnonzero(np.cumsum(weights[order]) >= level - ROUNDING)
    return float(scores[order[reached[0]]]) if len(reached) else math.inf


def scales_of(prediction: Prediction, name: str, sd: FloatArray, scale: str) -> FloatArray:
    """Return ``(times, states)``, or ``(states,)`` where widths do not vary over time."""
    return sd if scale == "sd" else prediction.spread(name) + FLOOR * sd


def _strains(count: int) -> str:
    return f"{count} strain" if count == 1 else f"{count} strains"
