"""What a comparison says, in sentences made from its numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pyscimlode.boards.tasks import SIMULATED
from pyscimlode.leaks import LeakFinding
from pyscimlode.plots.boards import BASELINE, CONTROL, kinds, ranked, scores_of
from pyscimlode.report.html import number

if TYPE_CHECKING:
    import pandas as pd

    from pyscimlode.boards import Comparison

WELL = 0.5
"""NRMSE below which a metabolite counts as forecast well."""

BADLY = 1.0
"""NRMSE from which on a forecast is no better than the metabolite's own mean would be."""

MOST_NAMES = 10


@dataclass(frozen=True)
class Verdict:
    """How the best model of one protocol and one number of training strains compares.

    Attributes:
        protocol: the protocol.
        n: number of training strains.
        sentence: what was found.
        model: the best model; empty where none has a score.
        control: the best control; empty where none has a score.
        ahead: whether the model is below the control.
        clear: whether it is so by more than the spread.
    """

    protocol: str
    n: int
    sentence: str
    model: str = ""
    control: str = ""
    ahead: bool = False
    clear: bool = False


def verdict(comparison: Comparison, protocol: str, n: int | None = None) -> Verdict:
    """Judge the best model of a protocol by the best control.

    Args:
        comparison: what ``compare`` returned.
        protocol: one of its protocols.
        n: number of training strains; None: the largest.
    """
    size = max(sizes(comparison, protocol)) if n is None else n
    order = ranked(comparison, protocol, size)
    scored = _finite(order)
    models = scored[scored["kind"] == "model"]
    controls = scored[scored["kind"] == CONTROL]
    failed = [str(name) for name in order["model"] if name not in set(scored["model"])]
    ending = f" Without a score, because a forecast failed: {_listed(failed)}." if failed else ""
    if models.empty:
        some = (order["kind"] == "model").any()
        text = "No model has a score: each has a forecast that failed." if some else "No model ran."
        return Verdict(protocol, size, f"{text}{_regression(scored, None)}{ending}")
    best = _Score.of(models.iloc[0])
    if controls.empty:
        text = f"The best model is {best}; no control has a score."
        return Verdict(protocol, size, f"{text}{_regression(scored, best)}{ending}", best.name)
    control = _Score.of(controls.iloc[0])
    over = "draws of the training strains" if protocol in SIMULATED else "seeds"
    judged, ahead, clear = _judged(best, control, over)
    folds = _folds(comparison, protocol, size, best.name, control.name)
    together = _together(comparison, protocol, size, best)
    text = f"{judged}{folds}{together}{_regression(scored, best)}{ending}"
    return Verdict(protocol, size, text, best.name, control.name, ahead, clear)


def sizes(comparison: Comparison, protocol: str) -> list[int]:
    """Return the numbers of training strains of a protocol."""
    return sorted({task.n for task in comparison.tasks.values() if task.protocol == protocol})


def opening(comparison: Comparison, verdicts: Sequence[Verdict]) -> str:
    """Say in a few sentences who competed and where a model is worth having."""
    known = list(kinds(comparison).values())
    counts = [
        _count(known.count("model"), "model"),
        _count(known.count(BASELINE), "regression"),
        _count(known.count(CONTROL), "control"),
    ]
    text = (
        f"{_and([part for part in counts if part])} forecast strains that were not trained on, "
        f"in {_count(len(comparison.tasks), 'task')} of "
        f"{_count(len(set(v.protocol for v in verdicts)), 'protocol')}."
    )
    clear = [v for v in verdicts if v.clear]
    near = [v for v in verdicts if v.ahead and not v.clear]
    behind = [v for v in verdicts if not v.ahead]
    if not clear and not near:
        return f"{text} No model beats the best control anywhere."
    if clear:
        text += f" A model beats every control by more than the spread: {_places(clear)}."
    if near:
        text += f" A model is ahead, but not by more than a known spread: {_places(near)}."
    if behind:
        text += f" No model beats the best control: {_places(behind)}."
    return text


def leak_words(comparison: Comparison) -> str:
    """Return a sentence on the leaks among the warnings; empty where there are none."""
    findings = [w for w in comparison.warnings if isinstance(w, LeakFinding)]
    leaks = [finding for finding in findings if finding.severity == "leak"]
    if not leaks:
        return ""
    kinds_found = _and(list(dict.fromkeys(leak.kind for leak in leaks)))
    return (
        f"The audit found {_count(len(leaks), 'leak')} ({kinds_found}): scores below may not be "
        "those of forecasts. See what spoils or limits these scores."
    )


def best_words(comparison: Comparison, verdicts: Sequence[Verdict]) -> list[str]:
    """Return a line for each protocol and n: the best model and the best control."""
    lines = []
    for one in verdicts:
        order = _finite(ranked(comparison, one.protocol, one.n))
        score = {str(row["model"]): _Score.of(row) for _, row in order.iterrows()}
        pair = [str(score[name]) for name in (one.model, one.control) if name]
        told = "; best control ".join(pair) if one.model else "no model has a score"
        judged = "better" if one.clear else "perhaps better" if one.ahead else "not better"
        ending = f" ({judged})" if one.model and one.control else ""
        mark = _regression(order, score.get(one.model))
        lines.append(f"{one.protocol}, {training_strains(one.n)}: {told}{ending}.{mark}")
    return lines


def states_words(states: pd.DataFrame, model: str) -> str:
    """Say which metabolites a model forecasts well and badly.

    Args:
        states: states x models, NRMSE.
        model: one of its columns.
    """
    scores = states[model].dropna().sort_values()
    well = [f"{state} ({number(v)})" for state, v in scores.items() if v < WELL]
    badly = [f"{state} ({number(v)})" for state, v in scores.items() if v >= BADLY]
    parts = []
    if well:
        parts.append(f"{model} forecasts well (NRMSE below {WELL:g}): {_listed(well)}.")
    else:
        parts.append(f"{model} forecasts no metabolite with an NRMSE below {WELL:g}.")
    if badly:
        few = _listed(badly[::-1])
        parts.append(f"No better than the metabolite's own mean ({BADLY:g} or more): {few}.")
    return " ".join(parts)


def counted_words(rows: pd.DataFrame) -> str:
    """Say which metabolites do not count for some or all strains; empty where all count.

    Args:
        rows: of the long table, of one protocol and one number of training strains.
    """
    out = rows["excluded"].astype(bool).groupby(rows["state"].astype(str), sort=False)
    never, partly = out.all(), out.any()
    why = "copied from another strain or at the detection limit"
    parts = []
    for state in partly.index[partly & ~never]:
        counted = rows[(rows["state"] == state) & ~rows["excluded"].astype(bool)]
        strains = [str(strain) for strain in dict.fromkeys(counted["strain"])]
        parts.append(f"{state} counts for {_listed(strains)} alone, elsewhere it is {why}.")
    if never.any():
        parts.append(f"Not counted for any strain, {why}: {_listed(list(never.index[never]))}.")
    return " ".join(parts)


def training_strains(n: int) -> str:
    """Return ``1 training strain`` or ``5 training strains``."""
    return f"{n} training strain{'' if n == 1 else 's'}"


@dataclass(frozen=True)
class _Score:
    name: str
    mean: float
    sd: float

    @classmethod
    def of(cls, row: pd.Series) -> _Score:
        return cls(str(row["model"]), float(row["mean"]), float(row["sd"]))

    def __str__(self) -> str:
        spread = f" ± {number(self.sd)}" if np.isfinite(self.sd) and self.sd > 0 else ""
        return f"{self.name} ({number(self.mean)}{spread})"


def _finite(order: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of :func:`ranked` that have a score."""
    return order[np.isfinite(order["mean"].to_numpy(dtype=np.float64))]


def _judged(best: _Score, control: _Score, over: str) -> tuple[str, bool, bool]:
    """Return a sentence, whether the model is ahead, and whether by more than the spread."""
    gain = control.mean - best.mean
    share = f"{100 * abs(gain) / control.mean:.0f} %" if control.mean > 0 else "all of it"
    if gain <= 0:
        return (
            f"No model beats the best control, {control}. The best model, {best}, is worse by "
            f"{number(-gain)}, or {share}.",
            False,
            False,
        )
    told = (
        f"The best model, {best}, is better than the best control, {control}, by {number(gain)}, "
    )
    told += f"or {share}."
    known = [sd for sd in (best.sd, control.sd) if np.isfinite(sd)]
    if not np.isfinite(best.sd):
        return f"{told} With one repetition nobody knows whether this is chance.", True, False
    spread = float(np.sqrt(np.square(known).sum()))
    if gain > spread:
        return f"{told} That is more than the spread over {over} ({number(spread)}).", True, True
    return (
        f"{told} That is within the spread over {over} ({number(spread)}), so it may be chance.",
        True,
        False,
    )


def _folds(comparison: Comparison, protocol: str, n: int, model: str, control: str) -> str:
    """Say on how many tasks the model is ahead of the control, where there are several."""
    tasks = [t for t in comparison.tasks.values() if t.protocol == protocol and t.n == n]
    if len(tasks) < 2:
        return ""
    scores = [scores_of(comparison, task) for task in tasks]
    ahead = sum(one[model] < one[control] for one in scores)
    what = "draws" if protocol in SIMULATED else "held-out strains"
    return f" It is ahead of that control on {ahead} of {len(tasks)} {what}."


def _together(comparison: Comparison, protocol: str, n: int, best: _Score) -> str:
    """Say how good the median over the seeds is, where it is another forecast."""
    rows = comparison.summary()
    rows = rows[(rows["protocol"] == protocol) & (rows["n"] == n) & (rows["model"] == best.name)]
    median = float(rows["ensemble NRMSE clean"].iloc[0])
    if not np.isfinite(median) or number(median) == number(best.mean):
        return ""
    return f" The median over its seeds, as one forecast, has {number(median)}."


def _regression(scored: pd.DataFrame, best: _Score | None) -> str:
    """Say when a regression is ahead of the best model."""
    regressions = scored[scored["kind"] == BASELINE]
    if regressions.empty:
        return ""
    first = _Score.of(regressions.iloc[0])
    if best is not None and first.mean >= best.mean:
        return ""
    than = "" if best is None else " is ahead of every model"
    return f" A regression, {first},{than}." if than else f" The best regression is {first}."


def _places(verdicts: Sequence[Verdict]) -> str:
    """Return ``own; sim-sparse with 10 and 50 training strains``."""
    by_protocol: dict[str, list[int]] = {}
    for one in verdicts:
        by_protocol.setdefault(one.protocol, []).append(one.n)
    return "; ".join(
        f"{protocol} with {_and([str(n) for n in found])} training strain"
        f"{'' if found == [1] else 's'}"
        for protocol, found in by_protocol.items()
    )


def _count(number_of: int, what: str) -> str:
    return f"{number_of} {what}{'' if number_of == 1 else 's'}" if number_of else ""


def _and(parts: Sequence[str]) -> str:
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def _listed(names: Sequence[str]) -> str:
    if len(names) <= MOST_NAMES:
        return ", ".join(names)
    return f"{', '.join(names[:MOST_NAMES])} and {len(names) - MOST_NAMES} more"
