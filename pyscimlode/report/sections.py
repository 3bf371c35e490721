"""The parts of a report, in the order in which they are read."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pyscimlode import plots
from pyscimlode.baselines.controls import CONTROLS
from pyscimlode.data.dataset import Dataset
from pyscimlode.errors import DataError
from pyscimlode.models import HybridODE
from pyscimlode.plots.rate_curves import hybrid_model
from pyscimlode.plots.rate_laws import known_laws
from pyscimlode.plots.scores import CONTROL_NAMES
from pyscimlode.report import html, wording
from pyscimlode.results.scoring import ZERO_FIELD, joined

if TYPE_CHECKING:
    import pandas as pd

    from pyscimlode.report.album import Album
    from pyscimlode.results import FitResult, Scores

MOST_STRAINS = 3
MOST_RATES = 20
"""Reactions whose rates are drawn."""
"""Held-out strains that get forecast panels of their own."""


def summary_table(scores: Scores) -> str:
    """Return the means of models and controls, the best control marked."""
    summary = scores.summary()
    columns = [str(column) for column in summary.columns]
    value = summary[columns[0]]
    controls = value[[name for name in value.index if name in CONTROL_NAMES]].dropna()
    ranked = scores.protocol == "forecast" and not controls.empty
    best = controls.idxmin() if ranked else None
    meanings = {control.name: control.meaning for control in CONTROLS}
    meanings[ZERO_FIELD] = "nothing changes, ever: dz/dt = 0"
    rows, kinds = [], []
    for name, row in summary.iterrows():
        rows.append((name, *_plain(row, columns), meanings.get(str(name), "model")))
        is_control = name in CONTROL_NAMES
        kinds.append("best" if name == best else "" if is_control else "model")
    return html.table(["", *columns, "what it is"], rows, kinds)


def _plain(row: pd.Series, columns: Sequence[str]) -> Iterator[object]:
    for column in columns:
        yield int(row[column]) if column in ("strains", "states") else float(row[column])


def scores_section(scores: Scores, album: Album, prefix: str) -> Iterator[str]:
    """Return verdict, summary, figure and all numbers."""
    sentence, beaten = wording.verdict(scores)
    ahead = beaten or scores.protocol != "forecast"
    yield html.paragraph(sentence, "verdict" if ahead else "verdict behind")
    yield summary_table(scores)
    if scores.protocol == "forecast" and scores.unit:
        yield html.paragraph(f"NRMSE is RMSE divided by the {scores.unit}.", "quiet")
    yield from (html.paragraph(note, "quiet") for note in scores.notes)
    yield album.add(
        f"{prefix}scores",
        plots.plot_scores(scores),
        "Every metabolite, models on the left and controls on the right; darker is worse.",
    )
    value = "nrmse" if scores.protocol == "forecast" else "rmse"
    yield html.heading("Per metabolite", 3)
    yield html.paragraph(
        f"{value.upper()} over the measured points of all held-out strains.", "quiet"
    )
    yield _by_state(scores.by_state(value))
    if value == "nrmse":
        yield html.details(
            "RMSE in the unit of each metabolite", _by_state(scores.by_state("rmse"))
        )
    yield html.details("Every strain on its own (the rows of scores.csv)", _every_row(scores))


def _by_state(frame: pd.DataFrame) -> str:
    values = frame.to_numpy(dtype=np.float64)
    rows = [(s, *map(float, row)) for s, row in zip(frame.index, values, strict=True)]
    return html.table(["metabolite", *map(str, frame.columns)], rows)


def _every_row(scores: Scores) -> str:
    rows = []
    for model, strain, state, n, rmse, nrmse, excluded in scores.table.itertuples(index=False):
        without_unit = np.isfinite(rmse) and not np.isfinite(nrmse)
        relative = "does not vary" if without_unit else float(nrmse)
        counted = "no" if excluded else "yes"
        rows.append((model, strain, state, int(n), float(rmse), relative, counted))
    header = ["model", "strain", "metabolite", "points", "RMSE", "NRMSE", "in the clean mean"]
    return html.table(header, rows)


def forecast_section(result: FitResult, album: Album, prefix: str) -> Iterator[str]:
    """Return forecast panels of some strains, the learned field and the course of training."""
    shown = result.test or result.train
    strains = shown.strains[:MOST_STRAINS]
    yield html.heading("Forecasts" if result.protocol == "forecast" else "Outputs", 3)
    if len(shown.strains) > len(strains):
        yield html.paragraph(f"The first {len(strains)} of {len(shown.strains)} strains.", "quiet")
    for strain in strains:
        drawn = plots.plot_forecast(result, strain)
        yield album.add(f"{prefix}forecast-{strain}", drawn, _forecast_caption(result, strain))
    pair = field_states(result)
    if pair is not None:
        yield html.heading("The learned field", 3)
        yield album.add(
            f"{prefix}field",
            plots.plot_field(result, *pair),
            f"How fast {pair[0]} and {pair[1]} change by the model, wherever they stand; all other "
            "metabolites are held at the values of the strain at the time of the star.",
        )
    if isinstance(result.model, HybridODE):
        yield from _rates(result, album, prefix)
    if not result.history.empty:
        yield html.heading("Training", 3)
        yield html.paragraph(wording.swings(result))
        yield _stages(result)
        yield album.add(
            f"{prefix}history",
            plots.plot_history(result),
            "Loss and gradient over the iterations. Stages minimise different losses, so a step "
            "between stages is no mistake.",
        )


def _rates(result: FitResult, album: Album, prefix: str) -> Iterator[str]:
    """Return the learned rates of a hybrid model, beside the true ones of simulated strains."""
    yield html.heading("The learned rates", 3)
    reactions = len(hybrid_model(result).reactions)
    if reactions > MOST_RATES:
        yield html.paragraph(
            f"{reactions} reactions are too many to draw; plot_rates(result, reaction) shows one.",
            "quiet",
        )
        return
    truth = _known_parameters(result)
    yield album.add(
        f"{prefix}rates",
        plots.plot_rates(result, truth=truth),
        "Every reaction against its substrates, with little, medium and much of its enzyme, and "
        "against its enzymes. Where there are no ticks, no training strain has been."
        + (" Dashed: the rate laws that the strains were simulated with." if truth else ""),
    )


def _known_parameters(result: FitResult) -> str | None:
    """Return the name of the simulator's parameters, where its rate laws fit the pathway."""
    origin = result.train.provenance
    name = origin.details.get("parameters")
    if origin.source != "simulated" or not isinstance(name, str):
        return None
    try:
        known_laws(name, hybrid_model(result), result.train)
    except DataError:
        return None
    return name


def _forecast_caption(result: FitResult, strain: str) -> str:
    if result.protocol == "identity":
        return f"{strain}: every row, and where the model moves it. {wording.IDENTITY}"
    several = f" The band is the {result.intervals}." if result.intervals else ""
    return (
        f"{strain}: dots are measured, the blue line is the forecast from the first point on."
        f"{several} Thin lines are the controls."
    )


def field_states(result: FitResult) -> tuple[str, str] | None:
    """Return the first two states that vary in the strain whose field is shown."""
    dataset = result.test or result.train
    values = np.concatenate([e.states for e in dataset if e.strain == dataset.strains[0]])
    varying = [
        name
        for name, column in zip(dataset.state_names, values.T, strict=True)
        if np.isfinite(column).sum() >= 3 and np.ptp(column[np.isfinite(column)]) > 0
    ]
    return (varying[0], varying[1]) if len(varying) >= 2 else None


def _stages(result: FitResult) -> str:
    rows = []
    for stage in result.stages:
        options = {key: value for key, value in stage.items() if key != "kind"}
        told = ", ".join(f"{k}={v}" for k, v in options.items() if v is not None)
        rows.append((stage.get("kind", ""), told))
    return html.table(["stage", "options"], rows) if rows else ""


def data_section(dataset: Dataset, album: Album, prefix: str) -> Iterator[str]:
    """Return what is in the data, what the audit found, and the measured series."""
    yield html.heading(f"Data: {dataset.provenance.source}")
    yield html.code(repr(dataset))
    findings = wording.audit_words(dataset.audit())
    yield html.heading("What to know about these data", 3)
    yield html.bullets(findings) if findings else html.paragraph("The audit found nothing.")
    remarks = [n for n in dataset.provenance.history if "part of a split" not in n]
    if remarks:
        yield html.paragraph(f"Reading the data: {'; '.join(remarks)}.", "quiet")
    yield album.add(
        f"{prefix}data",
        plots.plot_dataset(dataset),
        "Measured series of every strain; lines only join the points.",
    )


def measured_data(result: FitResult) -> Dataset | None:
    """Return training and held-out strains as measured; None under the identity protocol."""
    if result.protocol == "identity":
        return None
    return result.train if result.test is None else joined(result.train, result.test)


def meaning_section(results: Sequence[FitResult]) -> Iterator[str]:
    """Explain the numbers."""
    yield html.heading("What the numbers mean")
    if any(result.protocol == "forecast" for result in results):
        yield html.bullets([wording.NRMSE, wording.CONTROLS, wording.CLEAN, *_intervals(results)])
    if any(result.protocol == "identity" for result in results):
        yield html.paragraph(wording.IDENTITY)


def _intervals(results: Sequence[FitResult]) -> list[str]:
    calibrated = [result.calibration is not None for result in results]
    ensemble = [] if all(calibrated) else [wording.INTERVAL]
    return [*ensemble, wording.CONFORMAL] if any(calibrated) else ensemble


def provenance_section(result: FitResult, name: str, model_path: str | None) -> Iterator[str]:
    """Return everything that is needed to repeat the fit, and how to use the model."""
    seeds = ", ".join(str(member.seed) for member in result.members)
    penalties = sorted({member.pir for member in result.members})
    facts: dict[str, object] = {
        "engine": f"{result.backend}, device {result.device}, dtype {result.dtype}",
        "solver": f"{result.solver.method}, rtol {result.solver.rtol:g}, "
        f"atol {result.solver.atol:g}",
        "protocol": result.protocol,
        "loss": f"{result.objective.kind}, PIR factor {', '.join(f'{p:g}' for p in penalties)}",
        "seeds": seeds,
        "training data": f"{result.train.provenance.source}, SHA-256 {result.train.content_hash}",
    }
    if result.test is not None:
        facts["held-out data"] = (
            f"{result.test.provenance.source}, SHA-256 {result.test.content_hash}"
        )
    facts |= {
        key.replace("_", " "): _fact(value)
        for key, value in result.provenance.items()
        if key not in ("train_hash", "test_hash", "stage_results") and value not in ("", [], None)
    }
    facts.setdefault("platform", platform.platform())
    yield html.heading(f"To repeat or use it: {name}", 3)
    yield html.table(["", ""], [(key, str(value)) for key, value in facts.items()])
    where = model_path or "FOLDER"
    yield html.code(
        "import pyscimlode\n\n"
        f'result = pyscimlode.load("{where}")\n'
        "print(result.scores)\n"
        'result.predict("STRAIN", times=[0, 24, 72]).to_frame()'
    )
    yield html.code(f"pyscimlode predict {where} --times 0:72:1 --out forecast.csv")


def _fact(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{k} {v}" for k, v in value.items())
    if isinstance(value, list | tuple):
        return "; ".join(str(item) for item in value)
    return str(value)
