"""What a report says in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from pyscimlode.data.audit import AuditReport, Finding
from pyscimlode.plots.scores import CONTROL_NAMES
from pyscimlode.report.html import number

if TYPE_CHECKING:
    from pyscimlode.results import FitResult, Scores

MODELS = {
    "neural_ode": (
        "A neural ODE: a network reads the metabolites and proteins of a moment and says how fast "
        "each metabolite changes. Nothing about the pathway is built in."
    ),
    "production_degradation": (
        "A production-degradation neural ODE: dz/dt = P(z, p) - D(z, p) z. A network gives each "
        "metabolite a rate of production P and of loss D, neither below zero, so a concentration "
        "cannot become negative."
    ),
    "hybrid_ode": (
        "A hybrid model: which reaction makes what from what, and with which enzyme, is known; how "
        "fast each one runs is learned. A reaction stops when its substrate is gone, so a "
        "concentration cannot become negative."
    ),
    "kinetic_ode": (
        "A kinetic model: every reaction has its rate law, with its thermodynamics; KM and Vmax "
        "were trained, starting from those of a generated model."
    ),
}

NRMSE = (
    "NRMSE is the root mean squared error at the measured points after the start, divided by the "
    "standard deviation of that metabolite: 0 is perfect, and about 1 is as far off as measured "
    "values lie from their own mean. A model is worth having where it is below every control."
)
CONTROLS = (
    "Controls are forecasts that need no model: persistence (nothing changes), the mean and the "
    "geometric mean of the training strains' trajectories, and the training strain with the most "
    "similar proteins."
)
CLEAN = (
    "The clean mean leaves out metabolites whose score says nothing for a strain: the same values "
    "stand in another strain of the data, or they lie at the detection limit. The other mean "
    "counts them."
)
INTERVAL = (
    "The ensemble interval spans what members trained from different random starts forecast. It "
    "says how far retraining moves the forecast, not how far the truth may lie from it; it is no "
    "confidence interval."
)
CONFORMAL = (
    "A conformal interval is as wide as the model's errors on calibration strains, which were held "
    "out from training. On average over new strains that are made and measured like these, the "
    "stated share of points (or whole courses, or whole strains) lies inside at least; nothing is "
    "promised for one given strain."
)
IDENTITY = (
    "Under the identity protocol every interpolated row is pushed 72 h forward and compared with "
    "itself. A field that is zero everywhere is perfect, so these scores say nothing about "
    "forecasts; they are shown beside the zero field and are not ranked."
)


def question(result: FitResult) -> str:
    """Say what was asked of the model."""
    trained = _strains(result.train.strains)
    if result.protocol == "identity":
        held = (
            "" if result.test is None else f" The rows of {_strains(result.test.strains)} test it."
        )
        return f"Published identity protocol, trained on rows of {trained}.{held} {IDENTITY}"
    inputs = "the first measured state of a strain"
    if result.train.control_names:
        inputs += f" and its {len(result.train.control_names)} protein time series"
    if result.test is None:
        return (
            f"Given {inputs}, how does it go on? The model was trained on {trained}. No "
            "strain was held out, so this report cannot say how good its forecasts are."
        )
    return (
        f"Given {inputs}, how do the {len(result.train.state_names)} metabolites of "
        f"{_strains(result.test.strains)} go on? The model was trained on {trained} and saw "
        "nothing else of the held-out data."
    )


def model_words(result: FitResult) -> str:
    """Say what kind of model it is and how large."""
    text = MODELS.get(result.model.kind, f"Model {result.model.kind}.")
    members = len(result.members)
    several = "one member" if members == 1 else f"an ensemble of {members} members, median"
    return f"{text} {result.layout.size} parameters a member; {several}."


def verdict(scores: Scores) -> tuple[str, bool]:
    """Return a sentence on models against controls, and whether the best control is beaten."""
    if scores.protocol != "forecast":
        return IDENTITY, False
    means = scores.summary()["NRMSE clean"]
    models = means[[m for m in scores.models if m not in CONTROL_NAMES]]
    controls = means[[m for m in scores.models if m in CONTROL_NAMES]].dropna()
    finished = models.dropna()
    if finished.empty:
        return "No model has a score: at least one of its forecasts failed.", False
    best, value = str(finished.idxmin()), float(finished.min())
    if controls.empty:
        return f"{best} has a clean NRMSE of {number(value)}; no control has a score.", False
    control, bar = str(controls.idxmin()), float(controls.min())
    beaten = value < bar
    return (
        f"{best} has a clean NRMSE of {number(value)}; the best control, {control}, has "
        f"{number(bar)}. The model is {'better' if beaten else 'no better'} than the best control.",
        beaten,
    )


def audit_words(report: AuditReport) -> list[str]:
    """Say in sentences what the audit found; findings that spoil scores first."""
    ordered = sorted(report, key=lambda finding: not finding.excludes)
    return [_finding(finding) for finding in ordered]


def _finding(finding: Finding) -> str:
    where = _strains(finding.strains)
    text = {
        "copied": f"{finding.column} is the same in {where}: {finding.detail}.",
        "detection limit": f"{finding.column} of {where} is at its detection limit: "
        f"{finding.detail}.",
        "almost always zero": f"{finding.column} of {where} is almost always zero: "
        f"{finding.detail}.",
        "never measured": f"{finding.column} was never measured in {where}: {finding.detail}.",
        "ends early": f"{finding.column} of {where} ends early: {finding.detail}.",
        "single replicate": f"{finding.detail[0].upper()}{finding.detail[1:]}.",
    }.get(finding.kind, f"{finding.kind}: {finding.column}, {where}: {finding.detail}.")
    return text + (" Its scores are not in the clean mean." if finding.excludes else "")


def swings(result: FitResult) -> str:
    """Say how training ended, in one sentence."""
    losses = result.final_loss
    known = losses[np.isfinite(losses)]
    if not len(known):
        unsolved = "Training strains could not be solved at the end, so there is no loss."
        return "No loss was recorded." if result.history.empty else unsolved
    if len(known) == 1:
        return f"Last recorded loss: {number(float(known[0]))}."
    return (
        f"Last recorded loss of the {len(known)} members: {number(float(known.min()))} to "
        f"{number(float(known.max()))}."
    )


def _strains(names: Sequence[str], most: int = 6) -> str:
    if len(names) == 1:
        return f"strain {names[0]}"
    if len(names) <= most:
        return f"strains {', '.join(names[:-1])} and {names[-1]}"
    return f"{len(names)} strains ({', '.join(names[: most - 1])}, ... {names[-1]})"
