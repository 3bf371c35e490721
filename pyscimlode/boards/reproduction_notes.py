"""What the numbers of a reproduction say, in words. Every figure in a note is computed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from pyscimlode.boards.published import PENALTIES, SCORES, TABLE_V, improvement
from pyscimlode.boards.published_lbfgs import STAGE
from pyscimlode.boards.reproduction_batch import ADAM, END, ONE_NET, VARIANTS
from pyscimlode.boards.reproduction_numbers import Column, errors, means, number, of_task, text
from pyscimlode.boards.reproduction_scores import NET, UNTRAINED
from pyscimlode.boards.reproduction_tables import baseline_mean, nets, span
from pyscimlode.results.scoring import ZERO_FIELD

if TYPE_CHECKING:
    import pandas as pd

    from pyscimlode.boards.reproduction import Reproduction

ROUNDING = 0.0051
"""Largest difference of two numbers that agree to the printed two decimals."""


def notes(result: Reproduction) -> tuple[str, ...]:
    """Return all notes; see :attr:`Reproduction.notes`."""
    found: list[str] = []
    if result.settings["quick"]:
        found.append(
            f"A quick run, {_count(int(result.settings['seeds']), 'seed')} and a few steps a "
            "stage: it shows that everything works, and its numbers say nothing."
        )
    for strain in result.strains:
        for note in NOTES:
            found += note(result, strain)
    found += printed_means(result)
    found += speed(result)
    found.append(
        "RMSE is in raw units (mM, g/L, OD), averaged over metabolites as published; forecasts are "
        "scored at measured points after the start, which may be other points than the paper's. "
        "± is the standard deviation over seeds."
    )
    return tuple(found)


def zero_field(result: Reproduction, strain: str) -> Iterator[str]:
    """Say how good a field that is zero everywhere is under the published protocol."""
    rows = of_task(result.table, strain, "identity")
    zero = means(Column(ZERO_FIELD).of(rows))
    column = _middle(result)
    own = means(column.of(rows))
    reference = baseline_mean(result, strain)
    yield (
        f"{strain}, published protocol (input = target): a field that is zero everywhere has RMSE "
        f"{text(zero)} and improves on the published baseline by "
        f"{improvement(float(zero.mean()), reference):.2f} % by the published formula. The trained "
        f"nets reach {text(own)} ({_words(column)}), an improvement of "
        f"{improvement(float(own.mean()), reference):.2f} %{_printed(result, strain, column)}."
    )


def untrained(result: Reproduction, strain: str) -> Iterator[str]:
    """Compare the paper's columns with nets before any training."""
    own = means(Column(UNTRAINED).of(of_task(result.table, strain, "identity")))
    printed = SCORES[result.settings["strains"][strain]].mean
    yield (
        f"{strain}: nets of the same seeds before any training have {text(own)} under the "
        f"published protocol ({_between(list(own))}); the paper's trained nets have "
        f"{', '.join(f'{mean:.2f}' for mean in printed)}, columns that differ by up to "
        f"{max(printed) - min(printed):.2f}."
    )


def penalties(result: Reproduction, strain: str) -> Iterator[str]:
    """Say whether the columns of different penalties differ for one seed."""
    if len(result.settings["pir"]) < 2:
        return
    rows = of_task(result.table, strain, "identity")
    for variant in result.settings["variants"]:
        first = errors(Column(NET, variant, result.settings["pir"][0]).of(rows))
        own = [errors(column.of(rows)) for column in nets(result) if column.variant == variant]
        moved = max(float((other - first).abs().to_numpy().max()) for other in own)
        spread = max(float(other.mean(axis=0).std(ddof=0)) for other in own)
        yield (
            f"{strain}, {VARIANTS[variant].meaning}: between λ = {_lambdas(result)} the weights of "
            f"one seed {_moved_words(result, strain, variant)}; the RMSE of a metabolite differs "
            f"by at most {number(moved)}. The standard deviation of the mean RMSE over seeds is up "
            f"to {number(spread)}."
        )


def line_search(result: Reproduction, strain: str) -> Iterator[str]:
    """Say how far the quasi-Newton stages with a line search came, by penalty."""
    stages = result.stages
    for variant in result.settings["variants"]:
        of_variant = stages[(stages["strain"] == strain) & (stages["variant"] == variant)]
        searched = of_variant[of_variant["stage"].isin(("bfgs", "lbfgs"))]
        if searched.empty:
            continue
        parts = [
            f"{span(group['iterations'])} at λ = {pir:g}"
            for pir, group in searched.groupby("pir", sort=False)
        ]
        yield (
            f"{strain}, {VARIANTS[variant].meaning}: iterations {', '.join(parts)}."
            + _blocked(searched, detached=VARIANTS[variant].detached)
        )


def fixed_step(result: Reproduction, strain: str) -> Iterator[str]:
    """Say how far the published L-BFGS came."""
    stages = result.stages
    found = stages[(stages["strain"] == strain) & (stages["stage"] == STAGE)]
    if found.empty:
        return
    endings = ", ".join(
        f"{message} ({n})" for message, n in found["message"].value_counts().items()
    )
    yield (
        f"{strain}: the published L-BFGS with a fixed step of 1e-4 stopped after "
        f"{span(found['iterations'])} iterations in {_count(len(found), 'net')}: {endings}."
    )


def forecasts(result: Reproduction, strain: str) -> Iterator[str]:
    """Compare the nets as true forecasts with the controls."""
    rows = of_task(result.table, strain, "forecast")
    column = _middle(result)
    own = means(column.of(rows), "nrmse", clean=True)
    everything = [means(c.of(rows), "nrmse", clean=True).mean() for c in nets(result)]
    names = dict.fromkeys(rows.loc[rows["kind"] == "control", "model"])
    names.pop(UNTRAINED, None)
    controls = {
        str(name): float(means(Column(str(name)).of(rows), "nrmse", clean=True).mean())
        for name in names
    }
    ahead = [name for name, value in controls.items() if value < own.mean()]
    listed = ", ".join(f"{name} {number(value)}" for name, value in controls.items())
    behind = (
        f"{len(ahead)} of {len(controls)} controls are ahead of them" if ahead else "ahead of all"
    )
    yield (
        f"{strain}: run as a true forecast, from the state at t0 to all measured times, the same "
        f"nets score NRMSE {text(own)} ({_words(column)}; {_between(everything)} over all variants "
        f"and penalties). Controls: {listed}. {behind[0].upper()}{behind[1:]}. A zero field is "
        "persistence as a forecast."
    )


def baseline(result: Reproduction, strain: str) -> Iterator[str]:
    """Compare the published baseline, which is a forecast, with forecasts without a model."""
    rows = of_task(result.table, strain, "forecast")
    reference = baseline_mean(result, strain)
    still = float(means(Column("persistence").of(rows)).mean())
    own = means(_middle(result).of(rows))
    yield (
        f"{strain}: the published baseline is scored on a forecast, mean RMSE {reference:.2f}. "
        f"Persistence has {number(still)} there, by the published formula an improvement of "
        f"{improvement(still, reference):.2f} %; the trained nets as a forecast have {text(own)}, "
        f"{improvement(float(own.mean()), reference):.2f} %."
    )
    for name in dict.fromkeys(rows.loc[rows["kind"] == "baseline", "model"]):
        found = Column(str(name)).of(rows)
        yield (
            f"{strain}: our {name} as a forecast has mean RMSE {text(means(found))}, NRMSE "
            f"{text(means(found, 'nrmse', clean=True))} (clean)."
        )


def failures(result: Reproduction, strain: str) -> Iterator[str]:
    """Count nets whose forecast failed."""
    rows = of_task(result.table, strain, "forecast")
    ours = rows[rows["kind"] == "ours"]
    total = ours.groupby(["variant", "pir", "seed"])["rmse"].apply(lambda r: r.isna().any())
    if total.any():
        yield f"{strain}: {int(total.sum())} of {len(total)} nets fail as a forecast."


def printed_means(result: Reproduction) -> Iterator[str]:
    """Say whether the printed means are the means of the printed rows."""
    apart = []
    for pathway in result.settings["strains"].values():
        printed = SCORES[pathway]
        pairs = [
            (f"λ = {pir:g}", printed.mean[i], printed.calculated_mean(pir))
            for i, pir in enumerate(PENALTIES)
        ]
        pairs.append(("baseline", printed.tpot_mean, printed.calculated_tpot_mean()))
        apart += [
            f"Table {printed.table}, {name}: {said:.2f} printed, {found:.3f} calculated"
            for name, said, found in pairs
            if abs(said - found) > ROUNDING
        ]
    yield (
        "The paper's means are not those of its rows: " + "; ".join(apart) + "."
        if apart
        else "The paper's means and improvements follow from its rows to the printed digits."
    )


def speed(result: Reproduction) -> Iterator[str]:
    """Compare the time of one net with Table V."""
    times = result.times
    for row in TABLE_V:
        strain = SCORES[row.pathway].strain
        here = times[(times["strain"] == strain) & (times["what"] == ONE_NET)]
        if row.step != "training" or here.empty:
            continue
        batches = times[(times["strain"] == strain) & (times["nets"] > 1)].dropna()
        listed = "".join(
            f"; {batch['nets']} {batch['what']}, as one batch {_spent(batch)}"
            for _, batch in batches.iterrows()
        )
        machine = result.settings.get("machine", "unknown")
        yield (
            f"{strain}: training one net took {_spent(here.iloc[0])} on this machine ({machine})"
            f"{listed}. The paper has {row.net:.2f} minutes on a T4."
        )


def _spent(row: pd.Series[Any]) -> str:
    return f"{row['seconds']:.1f} s ({row['cpu']:.1f} s of CPU time)"


def _blocked(searched: pd.DataFrame, *, detached: bool) -> str:
    """Explain iterations that a penalty without gradient has prevented."""
    none = searched[searched["iterations"] == 0]
    if not detached or none.empty:
        return ""
    penalties = ", ".join(f"{pir:g}" for pir in dict.fromkeys(none["pir"]))
    return (
        f" At λ = {penalties} some nets found no lower loss: the line search sees a penalty that "
        "the gradient does not know."
    )


def _middle(result: Reproduction) -> Column:
    """Return the nets of the first variant with the penalty in the middle."""
    penalties = result.settings["pir"]
    return Column(NET, result.settings["variants"][0], penalties[len(penalties) // 2])


def _printed(result: Reproduction, strain: str, column: Column) -> str:
    if column.pir not in PENALTIES:
        return ""
    printed = SCORES[result.settings["strains"][strain]]
    index = PENALTIES.index(column.pir)
    return f"; the paper prints {printed.mean[index]:.2f} ({printed.improvement[index]:.2f} %)"


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _words(column: Column) -> str:
    return f"{column.variant}, λ = {column.pir:g}"


def _lambdas(result: Reproduction) -> str:
    return ", ".join(f"{pir:g}" for pir in result.settings["pir"])


def _moved_words(result: Reproduction, strain: str, variant: str) -> str:
    """Say how far weights of one seed differ by penalty, after Adam where it is known."""
    moved = {
        words: _moved(result, strain, variant, after)
        for after, words in ((ADAM, "after Adam"), (END, "at the end"))
    }
    known = {words: value for words, value in moved.items() if not np.isnan(value)}
    if not any(known.values()):
        return f"are identical {' and '.join(known)}"
    return " and ".join(
        f"{f'differ by at most {number(value)}' if value else 'are identical'} {words}"
        for words, value in known.items()
    )


def _between(values: list[float]) -> str:
    return f"{number(float(np.min(values)))} to {number(float(np.max(values)))}"


def _moved(result: Reproduction, strain: str, variant: str, after: str) -> float:
    rows = result.weights
    same = (rows["strain"] == strain) & (rows["variant"] == variant) & (rows["after"] == after)
    return float(rows[same]["difference"].max())


NOTES = (
    zero_field,
    untrained,
    penalties,
    fixed_step,
    line_search,
    forecasts,
    baseline,
    failures,
)
"""What is said of every strain, in this order."""
