from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import numpy as np
import pytest

from pyscimlode.backends.status import Status
from pyscimlode.errors import DataError
from pyscimlode.kinetics import (
    BatchCulture,
    EvolutionResult,
    KineticEvaluator,
    KineticGenerator,
    Landscape,
    Watched,
    assess_robustness,
    evolve,
    published,
    toy6,
)
from pyscimlode.report.kinetics import write_kinetic_report
from tests.test_report import Tags

TOY = toy6()
KM = len(TOY.network.km_names)


@pytest.fixture(scope="module")
def evaluator() -> KineticEvaluator:
    return KineticEvaluator(TOY.network, TOY.state)


@pytest.fixture(scope="module")
def trained(evaluator: KineticEvaluator) -> EvolutionResult:
    generator = KineticGenerator(TOY.network.km_names, noise=3, hidden=(6,))
    return evolve(generator, evaluator, published(population=4, models=10, generations=2))


@pytest.fixture
def unrendered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw figures but do not turn them into pixels."""
    monkeypatch.setattr("pyscimlode.report.kinetic_sections.png", lambda figure: b"picture")


def culture(status: Status) -> BatchCulture:
    hours = np.array([0.0, 30.0, 60.0])
    c = np.array([[5.0, 1.0], [2.0, 1.0], [1.5e-7, 1.0]])
    grown = np.array([0.037, 0.2, 0.25])
    if status is not Status.SUCCESS:
        grown[2] = c[2] = np.nan
    return BatchCulture(
        hours,
        biomass=grown,
        growth_rate=grown,
        concentrations=c,
        species=("S_e", "A"),
        medium=("S_e",),
        balance_error={"S_e": 0.0},
        moiety_error=0.0,
        status=status,
        reached_h=60.0 if status is Status.SUCCESS else 30.0,
        instability=1.0,
        pace_h=1e-3,
        steps=99,
    )


def words(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    assert not Tags(text).open
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())


@pytest.mark.usefixtures("unrendered")
def test_everything_that_is_given_is_there(
    evaluator: KineticEvaluator, trained: EvolutionResult, tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    before, after = rng.normal(0.0, 3.0, (40, KM)), rng.normal(0.0, 1.0, (40, KM))
    evaluation = evaluator.evaluate(after)
    concentrations = np.exp(rng.normal(size=(6, 8)))
    states = tuple(replace(TOY.state, concentrations=c) for c in concentrations)
    path = write_kinetic_report(
        tmp_path / "report.html",
        TOY,
        after,
        evaluation,
        training=trained,
        before=before,
        measured={"km_A_R2": (0.0, 1.0)},
        robustness=assess_robustness(evaluator, after[:1], [Watched("A", ("A",))], perturbations=2),
        cultures=[culture(Status.SUCCESS), culture(Status.MAX_STEPS)],
        failures=["model 7: given up <here>"],
        landscape=Landscape(TOY.network, states, np.linspace(-5.0, 0.0, 6), np.zeros(6), -2.5),
        places=np.zeros((6, 2)),
        command="pyscimlode kinetics report toy6",
    )
    text = words(path)
    spread = after[:, TOY.network.km_active].std(axis=0).mean() / np.log(10.0)
    for sentence in (
        f"{evaluation.incidence:.1%} of 40 generated models are valid",
        f"spread over {spread:.2f} decades",
        "time constant of 24 min or less",
        "2 generations of 4 generators",
        "1 measured KM were drawn",
        "1 models, 2 perturbations of each: all concentrations by up to 50%",
        "0 of 2",
        "1 cultures were followed to the end, 2 given up:",
        "model 7: given up <here>",
        "culture 1: Given up at 30 h of 60",
        "0 60 0.25 1.5e-07 1 30 0.2 2",
        "3 of 6 states have a model at -2.5/h or faster",
        "KM 14, of which 1 have no effect",
        "constructed; exact",
        "pyscimlode kinetics report toy6",
        "Nat. Catal. 7:1086 (2024)",
    ):
        assert sentence in text, sentence
    assert path.read_text(encoding="utf-8").count("<img") == 6


@pytest.mark.usefixtures("unrendered")
def test_little_is_enough(evaluator: KineticEvaluator, tmp_path: Path) -> None:
    slow = np.zeros((2, KM))
    evaluation = evaluator.evaluate(slow, threshold=-4.0)
    path = write_kinetic_report(tmp_path / "report.html", TOY, slow, evaluation)
    text = words(path)
    assert "0.0% of 2 generated models are valid" in text
    assert "time constant of 15 min or less" in text
    for heading in ("Training", "Robustness", "Batch cultures", "Steady states", "Measured KM"):
        assert heading not in text
    assert 'class="verdict behind"' in path.read_text(encoding="utf-8")


def test_pictures_are_inside_the_file(evaluator: KineticEvaluator, tmp_path: Path) -> None:
    ln_km = np.zeros((1, KM))
    path = write_kinetic_report(tmp_path / "r.html", TOY, ln_km, evaluator.evaluate(ln_km))
    tags = Tags(path.read_text(encoding="utf-8"))
    (source,) = tags.values("src")
    assert source.startswith("data:image/png;base64,iVBOR")


@pytest.mark.usefixtures("unrendered")
def test_arrays_that_do_not_fit_write_nothing(evaluator: KineticEvaluator, tmp_path: Path) -> None:
    ln_km = np.zeros((1, KM))
    with pytest.raises(DataError, match=r"ln_km has the shape \(1, 3\); it must be \(models, 14\)"):
        write_kinetic_report(
            tmp_path / "r.html", TOY, ln_km, evaluator.evaluate(ln_km), before=np.zeros((1, 3))
        )
    assert not list(tmp_path.iterdir())
