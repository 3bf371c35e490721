"""The parts of a report on a comparison, in the order in which they are read."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pyscimlode import plots
from pyscimlode.baselines.controls import CONTROLS
from pyscimlode.boards.tasks import PROTOCOLS, SIMULATED
from pyscimlode.leaks import LeakFinding
from pyscimlode.plots.boards import BASELINE, CONTROL, best_of_task, ranked, rows_of
from pyscimlode.report import html
from pyscimlode.report.board_words import (
    Verdict,
    counted_words,
    sizes,
    states_words,
    training_strains,
)

if TYPE_CHECKING:
    import pandas as pd

    from pyscimlode.boards import Comparison, Task
    from pyscimlode.report.album import Album

MOST_STRAINS = 6
"""Held-out strains of one task whose forecasts are drawn."""

MOST_FOLDS = 8
"""Tasks that get a column of their own in the table of scores."""

KINDS = {"model": "model", BASELINE: "regression", CONTROL: "control"}


def protocol_section(
    comparison: Comparison, protocol: str, verdicts: Sequence[Verdict], album: Album
) -> Iterator[str]:
    """Return verdicts, scores and figures of one protocol."""
    yield html.heading(f"{protocol}: {PROTOCOLS.get(protocol, protocol)}")
    for one in verdicts[::-1]:
        told = f"With {training_strains(one.n)}: {one.sentence}"
        yield html.paragraph(told, "verdict" if one.clear else "verdict behind")
    found = sizes(comparison, protocol)
    yield _scores(comparison, protocol, found)
    yield html.paragraph(_spread_words(comparison, protocol), "quiet")
    if len(found) > 1:
        yield album.add(
            f"{protocol}-learning-curve",
            plots.plot_learning_curves(comparison, protocol),
            "Error against the number of training strains. A model that learns goes down; controls "
            "are dashed.",
        )
    yield from _states(comparison, protocol, verdicts[-1], album)
    yield from _forecasts(comparison, protocol, verdicts[-1], album)


def _scores(comparison: Comparison, protocol: str, found: Sequence[int]) -> str:
    """Return one sorted table of models, regressions and controls."""
    summary = comparison.summary()
    summary = summary[summary["protocol"] == protocol]
    last = summary[summary["n"] == found[-1]].sort_values("NRMSE clean", na_position="last")
    names = list(dict.fromkeys([*last["model"], *summary["model"]]))
    cells = {(str(row["model"]), int(row["n"])): row for _, row in summary.iterrows()}
    controls = last[(last["kind"] == CONTROL) & last["NRMSE clean"].notna()]
    best = None if controls.empty else str(controls["model"].iloc[0])
    folds = _fold_columns(comparison, protocol) if len(found) == 1 else None
    kind_of = dict(zip(summary["model"], summary["kind"], strict=True))
    rows, classes = [], []
    for name in names:
        of_name = [cells.get((name, n)) for n in found]
        row: list[object] = [name, *(_mean_and_sd(one) for one in of_name)]
        if folds is not None:
            one = of_name[0]
            row.append(_measure(None if one is None else one["ensemble NRMSE clean"]))
            row.append(_measure(None if one is None else one["NRMSE all"]))
            row += [_measure(value) for value in folds[name]]
        rows.append((*row, _meaning(name, str(kind_of[name]))))
        classes.append("best" if name == best else KINDS[str(kind_of[name])])
    header = [training_strains(n) for n in found]
    if folds is not None:
        header = ["clean mean", "median of seeds", "all metabolites", *map(_short, folds.index)]
    return html.table(["", *header, "what it is"], rows, classes)


def _fold_columns(comparison: Comparison, protocol: str) -> pd.DataFrame:
    """Return tasks x models; no task where there are too many for columns."""
    table = comparison.by_task(protocol)
    return table if 1 < len(table) <= MOST_FOLDS else table.iloc[:0]


def _mean_and_sd(row: pd.Series | None) -> html.Measure:
    if row is None:
        return html.Measure("–")
    mean, sd = float(row["NRMSE clean"]), float(row["sd"])
    spread = f" ± {html.number(sd)}" if np.isfinite(sd) and sd > 0 else ""
    return html.Measure(html.number(mean) + spread)


def _measure(value: float | None) -> html.Measure:
    return html.Measure("–" if value is None else html.number(float(value)))


def _meaning(name: str, kind: str) -> str:
    from pyscimlode.boards.entrants import ENTRANTS

    meanings = {control.name: control.meaning for control in CONTROLS}
    meanings |= {entrant.name: entrant.meaning for entrant in ENTRANTS.values()}
    told = meanings.get(name, "")
    return f"{KINDS[kind]}: {told}" if told else KINDS[kind]


def _short(task: object) -> str:
    return str(task).split("/", 1)[-1]


def _spread_words(comparison: Comparison, protocol: str) -> str:
    tasks = [task for task in comparison.tasks.values() if task.protocol == protocol]
    strains = len({strain for task in tasks for strain in task.test.strains})
    held = f"Clean NRMSE over {strains} held-out strain{'' if strains == 1 else 's'}; 0 is perfect."
    if protocol in SIMULATED:
        draws = len({task.draw for task in tasks})
        over = f" ± is the standard deviation over {draws} draws of the training strains."
        return held + (over if draws > 1 else " One draw of the training strains.")
    return f"{held} ± is the standard deviation over the seeds."


def _states(comparison: Comparison, protocol: str, judged: Verdict, album: Album) -> Iterator[str]:
    """Say which metabolites are forecast well, and show all numbers."""
    states = comparison.by_state(protocol, judged.n)
    yield html.heading("Metabolite by metabolite", 3)
    if judged.model:
        yield html.paragraph(states_words(states, judged.model))
    left_out = counted_words(rows_of(comparison, protocol, judged.n))
    if left_out:
        yield html.paragraph(left_out)
    if judged.model and judged.control:
        yield _two_columns(states, judged)
    yield album.add(
        f"{protocol}-heatmap",
        plots.plot_score_heatmap(comparison, protocol, n=judged.n),
        f"Every metabolite, with {training_strains(judged.n)}; models above the line, controls "
        "below. Darker is worse.",
    )
    yield html.details("All numbers of the heat map", _every_state(comparison, protocol, judged.n))


def _two_columns(states: pd.DataFrame, judged: Verdict) -> str:
    pair = states[[judged.model, judged.control]].sort_values(judged.model, na_position="last")
    rows = []
    for state, (model, control) in zip(pair.index, pair.to_numpy(dtype=np.float64), strict=True):
        ahead = "model" if model < control else "control"
        known = np.isfinite(model) and np.isfinite(control)
        rows.append((str(state), float(model), float(control), ahead if known else ""))
    header = ["metabolite", judged.model, f"best control: {judged.control}", "ahead"]
    return html.table(header, rows)


def _every_state(comparison: Comparison, protocol: str, n: int) -> str:
    states = comparison.by_state(protocol, n)
    order = [str(name) for name in ranked(comparison, protocol, n)["model"]]
    table = states[order] if len(order) < len(states) else states[order].T
    rows = [
        (str(label), *(_measure(value) for value in row))
        for label, row in zip(table.index, table.to_numpy(dtype=np.float64), strict=True)
    ]
    return html.table(["", *map(str, table.columns)], rows)


def _forecasts(
    comparison: Comparison, protocol: str, judged: Verdict, album: Album
) -> Iterator[str]:
    """Draw the best model on every held-out strain, at the largest n and the first draw."""
    if not judged.model:
        return
    tasks = [
        task
        for task in comparison.tasks.values()
        if task.protocol == protocol and task.n == judged.n
    ]
    first = min(task.draw for task in tasks)
    shown = [task for task in tasks if task.draw == first]
    yield html.heading(f"Forecasts of {judged.model}", 3)
    yield html.paragraph(
        "Dots are measured values (of simulated strains: the truth), the coloured line is the "
        "forecast from the first point on, the band spans the seeds, and the dashed line is the "
        "best control.",
        "quiet",
    )
    for task in shown:
        yield from _strains(comparison, task, judged.model, album)


def _strains(comparison: Comparison, task: Task, model: str, album: Album) -> Iterator[str]:
    drawn = task.test.strains[:MOST_STRAINS]
    if len(drawn) < len(task.test.strains):
        yield html.paragraph(
            f"{task.name}: the first {len(drawn)} of {len(task.test.strains)} held-out strains.",
            "quiet",
        )
    if (task.name, model) not in comparison.forecasts:
        yield html.paragraph(f"{task.name}: no forecast of {model} was kept.", "quiet")
        return
    finished = model in best_of_task(comparison, task, controls=False)
    for strain in drawn:
        figure = plots.plot_forecast_panels(comparison, task.name, model, strain=strain)
        remark = "" if finished else " A forecast of this task failed."
        shown = album.add(f"{task.name}-{strain}", figure, f"{strain}, {task.name}.{remark}")
        yield html.details(f"{strain} ({task.name})", shown)


def warnings_section(comparison: Comparison) -> Iterator[str]:
    """Return what spoils or limits the scores, and what to do about it."""
    yield html.heading("What spoils or limits these scores")
    findings = [w for w in comparison.warnings if isinstance(w, LeakFinding)]
    remarks = [str(w) for w in comparison.warnings if not isinstance(w, LeakFinding)]
    if not findings and not remarks:
        yield html.paragraph("The audits found nothing.")
    if findings:
        worst_first = sorted(findings, key=lambda finding: finding.severity != "leak")
        rows = [(f.severity, f.kind, f.where, f.message, f.fix) for f in worst_first]
        header = ["", "kind", "where", "what was found", "what to do"]
        yield html.table(header, rows, [f.severity for f in worst_first])
    if remarks:
        yield html.bullets(remarks)


def settings_section(comparison: Comparison, command: str) -> Iterator[str]:
    """Return what is needed to make the comparison again."""
    yield html.heading("How it was computed")
    if command:
        yield html.code(command)
    settings = dict(comparison.settings)
    seconds = _seconds(settings.pop("seconds", {}))
    cells = settings.pop("cells", {})
    settings.pop("command", None)
    facts = {key.replace("_", " "): _fact(value) for key, value in settings.items()}
    facts["seconds in all"] = f"{sum(seconds.values()):.0f}" if seconds else ""
    facts["report written on"] = platform.platform()
    yield html.table(["", ""], [(key, value) for key, value in facts.items() if value])
    yield html.details("Strains of each task", _strains_of_tasks(comparison))
    if seconds:
        yield html.heading("Seconds of each model", 3)
        rows = [(name, html.Measure(f"{spent:.1f}")) for name, spent in seconds.items()]
        yield html.table(["model", "training and forecasts, all tasks"], rows)
    if cells:
        requests = {name: cell["request"] for name, cell in cells.items() if "request" in cell}
        text = json.dumps(requests, indent=1, ensure_ascii=False, default=str)
        yield html.details("Every model and its training, as data", html.code(text))


def _strains_of_tasks(comparison: Comparison) -> str:
    rows = [
        (
            name,
            ", ".join(task.train.strains),
            ", ".join(task.test.strains),
            f"{task.train.content_hash[:12]}, {task.test.content_hash[:12]}",
        )
        for name, task in comparison.tasks.items()
    ]
    return html.table(["task", "trained on", "held out", "SHA-256 of the data"], rows)


def _seconds(by_task: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """Return model -> seconds over all tasks."""
    total: dict[str, float] = {}
    for models in by_task.values():
        for name, spent in models.items():
            total[name] = total.get(name, 0.0) + float(spent)
    return dict(sorted(total.items(), key=lambda item: -item[1]))


def _fact(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{k} {_fact(v)}" for k, v in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_fact(item) for item in value)
    return "" if value is None else str(value)
