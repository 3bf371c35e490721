from __future__ import annotations

import csv
import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pyscimlode.data.dataset import Dataset, Experiment
from pyscimlode.data.simulate import benchmark
from pyscimlode.errors import ArtifactError, DataError
from pyscimlode.models import HybridODE, simulated_pathway
from pyscimlode.models.neural_ode import NeuralODE
from pyscimlode.models.registry import KINDS
from pyscimlode.objectives.protocols import identity_rows
from pyscimlode.plots.style import Figure
from pyscimlode.report import joint_scores, write_report
from pyscimlode.report.html import number
from pyscimlode.report.wording import MODELS, verdict
from pyscimlode.results import FitResult, Scores
from tests.plots.stub import stub_fit

EVIL = "<script>alert(1)</script>"


class Tags(HTMLParser):
    """Collects tags and attributes, and checks that what opens closes."""

    VOID = ("meta", "img", "br")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.attributes: list[tuple[str, str, str | None]] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def values(self, name: str) -> list[str]:
        return [value or "" for _, attribute, value in self.attributes if attribute == name]


@pytest.fixture(scope="module")
def strains() -> tuple[Dataset, Dataset]:
    train, test = benchmark("sim-sparse", n=3)
    states = ("GPP", "Limonene")
    return train.keep(states=states), test.select(["S321", "S322"]).keep(states=states)


@pytest.fixture
def unrendered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw figures but do not turn them into pixels, which takes most of the time."""
    monkeypatch.setattr("pyscimlode.plots.style.png", lambda figure, dpi: b"picture")


@pytest.fixture(scope="module")
def result(strains: tuple[Dataset, Dataset]) -> FitResult:
    return stub_fit(*strains, members=2)


@pytest.fixture(scope="module")
def report(result: FitResult, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("report")
    path = write_report(
        folder / "report.html",
        result,
        command="pyscimlode fit my.csv --test 'S321'",
        model_paths=["runs/S321/model"],
        figures=folder / "figures",
    )
    names = sorted(file.name for file in (folder / "figures").iterdir())
    assert names == [
        "data.png",
        "field.png",
        "forecast-S321.png",
        "forecast-S322.png",
        "history.png",
        "scores.png",
    ]
    return path.read_text(encoding="utf-8")


def test_nothing_is_fetched_from_elsewhere(report: str) -> None:
    tags = Tags(report)
    assert not tags.open
    sources = tags.values("src")
    assert len(sources) == 6
    assert all(source.startswith("data:image/png;base64,iVBOR") for source in sources)
    assert not tags.values("href")
    assert not {"script", "link", "iframe"} & {tag for tag, _, _ in tags.attributes}
    assert "url(" not in report
    assert "@import" not in report


def test_every_number_of_the_score_table_is_there(
    report: str, result: FitResult, tmp_path: Path
) -> None:
    result.scores.to_csv(tmp_path / "scores.csv")
    with (tmp_path / "scores.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 2 * 2 * 5
    for row in rows:
        cells = (row["model"], row["strain"], row["state"])
        text = "".join(f"<td>{cell}</td>" for cell in cells)
        numbers = (number(float(row["rmse"])), number(float(row["nrmse"])))
        text += f'<td class="number">{row["n"]}</td>'
        text += "".join(f'<td class="number">{value}</td>' for value in numbers)
        assert text in report


def test_the_summary_marks_the_best_control_and_judges(report: str, result: FitResult) -> None:
    summary = result.scores.summary()["NRMSE clean"]
    controls = summary.drop(result.name)
    assert f'<tr class="best"><td>{controls.idxmin()}</td>' in report
    assert f"the best control, {controls.idxmin()}, has {number(controls.min())}" in report
    assert report.count('<tr class="best">') == 1


def test_it_says_what_a_reader_must_know(report: str) -> None:
    text = unescape(re.sub(r"<[^>]+>", " ", report))
    for sentence in (
        "Given the first measured state of a strain and its 9 protein time series",
        "NRMSE is the root mean squared error",
        "not how far the truth may lie",
        "no measurement error can be estimated",
        "pyscimlode fit my.csv --test 'S321'",
        'pyscimlode.load("runs/S321/model")',
        "production-degradation neural ODE",
    ):
        assert sentence in text


def test_provenance_names_versions_seeds_and_hashes(report: str, result: FitResult) -> None:
    assert result.test is not None
    for fact in (result.train.content_hash, result.test.content_hash, "0, 1", "pyscimlode 0.1.0"):
        assert fact in report


@pytest.mark.usefixtures("unrendered")
def test_names_cannot_become_markup(tmp_path: Path) -> None:
    times = [0.0, 1.0, 2.0]
    rng = np.random.default_rng(0)

    def strain(name: str) -> Experiment:
        return Experiment(name, times, rng.random((3, 2)) + 0.5, rng.random((3, 1)) + 1)

    names = {"state_names": (EVIL, "b&c"), "control_names": ('"p"',), "units": {EVIL: "<i>"}}
    train = Dataset((strain("A"), strain("<b>B</b>")), **names)  # type: ignore[arg-type]
    test = Dataset((strain(EVIL),), **names)  # type: ignore[arg-type]
    path = write_report(tmp_path / "r.html", stub_fit(train, test, members=1), title=EVIL)
    text = path.read_text(encoding="utf-8")
    assert not Tags(text).open
    assert "<script" not in text
    assert "<b>" not in text
    assert "<i>" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


@pytest.mark.usefixtures("unrendered")
def test_several_results_share_a_table_and_keep_their_names(
    strains: tuple[Dataset, Dataset], result: FitResult, tmp_path: Path
) -> None:
    other = stub_fit(*strains, model=NeuralODE((4,)), members=2)
    again = replace(result, theta=result.theta * 0.5)
    scores = joint_scores([result, other, again])
    assert scores.models[:3] == (
        "production-degradation x2",
        "neural-ode x2",
        "production-degradation x2 (2)",
    )
    assert scores.models[3:] == ("persistence", "mean", "geometric mean", "nearest strain")
    assert scores.value("neural-ode x2") == pytest.approx(other.scores.value("neural-ode x2"))
    text = write_report(tmp_path / "r.html", [result, other]).read_text(encoding="utf-8")
    assert not Tags(text).open
    assert text.count("How good is it?") == 1
    assert text.count("<h2>") == len(["good", "one", "two", "data", "meaning", "provenance"])


@pytest.mark.usefixtures("unrendered")
def test_the_identity_protocol_is_never_called_a_forecast(
    strains: tuple[Dataset, Dataset], result: FitResult, tmp_path: Path
) -> None:
    train, test = (identity_rows(part, points=4) for part in strains)
    published = stub_fit(train, test, model=NeuralODE.published(), members=1, protocol="identity")
    path = write_report(tmp_path / "r.html", [result, published])
    text = path.read_text(encoding="utf-8")
    assert "A field that is zero everywhere is perfect" in text
    assert text.count('<tr class="best">') == 1
    assert "<td>zero field</td>" in text
    assert text.count("How good is it?") == 2


@pytest.mark.usefixtures("unrendered")
def test_without_a_held_out_strain_nothing_is_claimed(result: FitResult, tmp_path: Path) -> None:
    path = write_report(tmp_path / "r.html", replace(result, test=None, history=pd.DataFrame()))
    text = path.read_text(encoding="utf-8")
    assert "cannot say how good its forecasts are" in text
    assert "verdict" not in text.split("</style>")[1]


@pytest.mark.usefixtures("unrendered")
def test_a_hybrid_shows_its_rates_beside_the_true_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[str | None] = []

    def draw(result: FitResult, *, truth: str | None) -> Figure:
        drawn.append(truth)
        return Figure(figsize=(1, 1))

    for name in ("plot_forecast", "plot_field", "plot_dataset"):
        monkeypatch.setattr(f"pyscimlode.plots.{name}", lambda *_: Figure(figsize=(1, 1)))
    monkeypatch.setattr("pyscimlode.plots.plot_rates", draw)
    train, _ = benchmark("sim-sparse", n=2)
    model = HybridODE(simulated_pathway()).bound_to(train.state_names, train.control_names)
    fit = replace(stub_fit(train, None, model=model, members=1), history=pd.DataFrame())
    report = write_report(tmp_path / "r.html", fit, figures=tmp_path / "figures").read_text()
    assert (tmp_path / "figures" / "rates.png").is_file()
    assert "Dashed: the rate laws that the strains were simulated with." in report
    origin = replace(train.provenance, source="my.csv")
    own = write_report(tmp_path / "r.html", replace(fit, train=replace(train, provenance=origin)))
    assert "no training strain has been." in own.read_text()
    assert "Dashed" not in own.read_text()
    assert drawn == ["live", None]


def _scores(**nrmse: float) -> Scores:
    names = {"mean_": "mean", "persistence": "persistence"}
    rows = [(names.get(k, k), "A", "X", 3, v, v, False) for k, v in nrmse.items()]
    return Scores.from_rows(rows)


@pytest.mark.parametrize(
    ("scores", "words", "beaten"),
    [
        (_scores(node=0.5, mean_=0.7, persistence=0.6), "has 0.600. The model is better", True),
        (_scores(node=0.7, mean_=0.7), "no better than the best control", False),
        (_scores(node=float("nan"), mean_=0.7), "at least one of its forecasts failed", False),
        (_scores(node=0.7), "no control has a score", False),
    ],
)
def test_verdict(scores: Scores, words: str, beaten: bool) -> None:
    sentence, better = verdict(scores)
    assert words in sentence
    assert better is beaten


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0.000"), (0.12345, "0.123"), (3e-5, "3.00e-05"), (float("nan"), "failed")],
)
def test_number(value: float, text: str) -> None:
    assert number(value) == text


def test_bad_requests(result: FitResult, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="at least one result"):
        write_report(tmp_path / "r.html", [])
    with pytest.raises(DataError, match="names 2 folders for 1 results"):
        write_report(tmp_path / "r.html", result, model_paths=["a", "b"])


@pytest.mark.usefixtures("unrendered")
def test_a_folder_with_other_files_is_not_replaced(result: FitResult, tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").write_text("years of work")
    with pytest.raises(ArtifactError, match=r"also holds thesis.docx"):
        write_report(tmp_path / "r.html", result, figures=tmp_path)
    assert (tmp_path / "thesis.docx").read_text() == "years of work"


def test_every_model_is_explained() -> None:
    assert set(MODELS) == set(KINDS)
