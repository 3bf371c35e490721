"""Several fits of one question in one score table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pyscimlode.plots.scores import CONTROL_NAMES
from pyscimlode.results import FitResult, Scores


def unique_names(results: Sequence[FitResult]) -> list[str]:
    """Return the names of the results, with a number where a name comes again."""
    seen: dict[str, int] = {}
    names = []
    for result in results:
        seen[result.name] = seen.get(result.name, 0) + 1
        again = seen[result.name]
        names.append(result.name if again == 1 else f"{result.name} ({again})")
    return names


def same_question(results: Sequence[FitResult]) -> list[list[FitResult]]:
    """Group results that were trained and tested on the same data under one protocol."""
    groups: dict[tuple[str, ...], list[FitResult]] = {}
    for result in results:
        held_out = "" if result.test is None else result.test.content_hash
        key = (result.protocol, result.score_scale, result.train.content_hash, held_out)
        groups.setdefault(key, []).append(result)
    return list(groups.values())


def joint_scores(results: Sequence[FitResult]) -> Scores:
    """Return one table with the models of all results and the controls once.

    The results answer the same question (see :func:`same_question`), so their controls agree.
    """
    import pandas as pd

    tables = []
    for index, (result, name) in enumerate(zip(results, unique_names(results), strict=True)):
        table = result.scores.table
        own = table[table["model"] == result.name]
        tables.append(own.assign(model=name))
        if index == len(results) - 1:
            tables.append(table[table["model"].isin(CONTROL_NAMES)])
    notes = dict.fromkeys(note for result in results for note in result.scores.notes)
    return replace(
        results[0].scores, table=pd.concat(tables, ignore_index=True), notes=tuple(notes)
    )
