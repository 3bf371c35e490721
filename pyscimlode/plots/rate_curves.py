"""The learned rate laws of a hybrid model as numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from pyscimlode.data.dataset import Dataset
from pyscimlode.data.pathway import PathwayParameters
from pyscimlode.errors import ColumnError, DataError, ModelError, did_you_mean
from pyscimlode.models import HybridODE, Reaction
from pyscimlode.models.scaling import member
from pyscimlode.plots.rate_laws import RateLaws, known_laws

if TYPE_CHECKING:
    import pandas as pd

    from pyscimlode.results import FitResult

FloatArray = npt.NDArray[np.float64]
POINTS = 60
"""Values along a curve."""

MARGIN = 0.1
"""How far a curve goes beyond the training values, as a share of their range."""

LEVELS: dict[str, float] = {"low": 0.1, "median": 0.5, "high": 0.9}
"""Quantiles of the training values that an enzyme is held at."""

TRUTH = "truth"
"""What stands for the member in rows of known rate laws."""


@dataclass(frozen=True, eq=False)
class TrainingValues:
    """The measured values of the training strains, of every state and control by name."""

    values: dict[str, FloatArray]
    state_names: tuple[str, ...]
    control_names: tuple[str, ...]

    @classmethod
    def of(cls, dataset: Dataset) -> TrainingValues:
        """Collect them.

        Raises:
            DataError: for a model that was saved without its data.
        """
        tables = np.hstack(
            [np.concatenate([getattr(e, role) for e in dataset]) for role in ("states", "controls")]
        )
        if not np.isfinite(tables).any():
            raise DataError(
                "The fit has no training values to draw rates over: it was saved without its data. "
                "Save it with include_data=True."
            )
        names = (*dataset.state_names, *dataset.control_names)
        known = {
            name: column[np.isfinite(column)] for name, column in zip(names, tables.T, strict=True)
        }
        return cls(known, dataset.state_names, dataset.control_names)

    def quantile(self, name: str, q: float) -> float:
        """Return a quantile of one column, zero where nothing was measured."""
        known = self.values[name]
        return float(np.quantile(known, q)) if len(known) else 0.0

    def span(self, name: str, points: int) -> FloatArray:
        """Return values over the measured range of one column and a little beyond it."""
        low, high = self.quantile(name, 0.0), self.quantile(name, 1.0)
        room = MARGIN * (high - low) or MARGIN * abs(high) or 1.0
        return np.linspace(max(low - room, 0.0) if low >= 0 else low - room, high + room, points)

    def rows(self, held: dict[str, float | FloatArray], points: int) -> tuple[FloatArray, ...]:
        """Return ``z (points, states), p (points, controls)``: the medians, but for ``held``."""

        def table(names: tuple[str, ...]) -> FloatArray:
            columns = [held.get(name, self.quantile(name, 0.5)) for name in names]
            filled = [np.broadcast_to(column, (points,)) for column in columns]
            return np.array(filled, dtype=np.float64).reshape(len(names), points).T

        return table(self.state_names), table(self.control_names)


def rate_curves(
    result: FitResult,
    reaction: str,
    against: str | None = None,
    *,
    enzyme: str | None = None,
    truth: str | PathwayParameters | RateLaws | None = None,
    points: int = POINTS,
) -> pd.DataFrame:
    """Return the learned rate of one reaction along one of the things that it depends on.

    One state or control goes through its range in the training data; all other states and
    controls stay at their training medians. Against a state, the curve is repeated with one enzyme
    of the reaction at the 10 %, 50 % and 90 % quantiles of its training values.

    Rates are turn-overs in measured units, ``v_j`` of :meth:`pyscimlode.models.HybridODE.fluxes`
    times the scale of the reaction's reference state (its first substrate, or its first product if
    it has none) over the time scale: the unit of that state per time unit. With the amounts of
    the reactions, and the learned losses, exchanges and yields where a pathway has them, they add
    up to the model's field.

    Args:
        result: a fit of a :class:`pyscimlode.models.HybridODE`.
        reaction: its name in the pathway.
        against: a state or a control; by default the first substrate of the reaction, or its first
            product if it has none.
        enzyme: the enzyme of the reaction that is low, median and high; by default its first one.
        truth: the known rate laws of simulated strains: a parameter set (or its name) of
            :mod:`pyscimlode.data.pathway`, or a function ``(z, p) -> (rows, reactions)``.
        points: values along the curve.

    Returns:
        one row a value, level and member: ``reaction, against, value, enzyme, level, amount,
        member, rate``. ``amount`` is what the enzyme is held at; against a control, or in a
        reaction without enzymes, there is the level ``"median"`` alone. Members are numbers as
        text; the known law is the member ``"truth"``.

    Raises:
        ModelError: the fit is not of a hybrid model, or has no such reaction.
        ColumnError: for an unknown state, control or enzyme.
        DataError: the fit was saved without data, or ``truth`` does not fit the pathway.
    """
    import pandas as pd

    model = hybrid_model(result)
    chosen = find_reaction(model, reaction)
    training = TrainingValues.of(result.train)
    along = find_column(training, chosen, against)
    held = _enzyme(chosen, enzyme)
    levels = LEVELS if held and along in training.state_names else {"median": LEVELS["median"]}
    laws = None if truth is None else known_laws(truth, model, result.train)
    column = model.flux_names.index(chosen.name)
    values = training.span(along, points)
    frames = []
    for level, quantile in levels.items():
        amount = training.quantile(held, quantile) if held else np.nan
        fixed: dict[str, float | FloatArray] = {held: amount} if held else {}
        z, p = training.rows({**fixed, along: values}, points)
        for name, rates in _rates(result, model, z, p, laws):
            rows = {
                "reaction": chosen.name,
                "against": along,
                "value": values,
                "enzyme": held,
                "level": level,
                "amount": values if along == held else amount,
                "member": name,
                "rate": rates[:, column],
            }
            frames.append(pd.DataFrame(rows))
    return pd.concat(frames, ignore_index=True)


def hybrid_model(result: FitResult) -> HybridODE:
    """Return the fit's model, bound to the columns of its training data.

    Raises:
        ModelError: it is no hybrid model.
    """
    if not isinstance(result.model, HybridODE):
        raise ModelError(
            f"A {result.model.kind} model has no reactions, so it has no rates to show. Fit a "
            "HybridODE, or look at its field with plot_field."
        )
    return result.model.bound_to(result.train.state_names, result.train.control_names)


def find_reaction(model: HybridODE, name: str) -> Reaction:
    """Return the reaction of this name.

    Raises:
        ModelError: the pathway has none.
    """
    known = {reaction.name: reaction for reaction in model.reactions}
    if name not in known:
        raise ModelError(
            f"There is no reaction {name!r} in this pathway; there are {', '.join(known)}."
            + did_you_mean(str(name), known)
        )
    return known[name]


def find_column(training: TrainingValues, reaction: Reaction, name: str | None) -> str:
    """Return the state or control that a curve goes along.

    Raises:
        ColumnError: for an unknown one.
    """
    if name is None:
        return next(iter((*reaction.substrates, *reaction.products)))
    known = (*training.state_names, *training.control_names)
    if name not in known:
        own = ", ".join((*reaction.substrates, *reaction.enzymes)) or "none"
        raise ColumnError(
            f"There is no state or control {name!r} to draw the rate of {reaction.name!r} against; "
            f"its substrates and enzymes are: {own}." + did_you_mean(str(name), known)
        )
    return name


def _enzyme(reaction: Reaction, name: str | None) -> str:
    if name is None:
        return next(iter(reaction.enzymes), "")
    if name not in reaction.enzymes:
        raise ColumnError(
            f"Reaction {reaction.name!r} has no enzyme {name!r}; it has "
            f"{', '.join(reaction.enzymes) or 'none'}." + did_you_mean(str(name), reaction.enzymes)
        )
    return name


def _rates(
    result: FitResult, model: HybridODE, z: FloatArray, p: FloatArray, laws: RateLaws | None
) -> Iterator[tuple[str, FloatArray]]:
    """Yield name and rates ``(rows, reactions)`` of every member, and of the known laws."""
    for index, theta in enumerate(result.theta):
        yield str(index), model.fluxes(theta, z, p, member(result.scaling, index))
    if laws is not None:
        yield TRUTH, np.asarray(laws(z, p), dtype=np.float64)
