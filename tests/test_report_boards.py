from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import pandas as pd
import pytest

from pyscimlode.boards import Comparison
from pyscimlode.errors import ArtifactError, DataError
from pyscimlode.leaks import LeakFinding
from pyscimlode.plots.style import Figure
from pyscimlode.report import write_comparison_report, write_tables_report
from pyscimlode.report.board_words import best_words, counted_words, opening, states_words, verdict
from pyscimlode.report.html import Measure, number, table
from pyscimlode.report.tables import frame_table
from tests.boards.example import KINDS, example_comparison
from tests.plots.board_cases import CONTROL_NAMES, board, many
from tests.test_report import EVIL, Tags


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    return example_comparison()


@pytest.fixture
def unrendered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw figures but do not turn them into pixels, which takes most of the time."""
    monkeypatch.setattr("pyscimlode.plots.style.png", lambda figure, dpi: b"picture")


@pytest.fixture(scope="module")
def folder(comparison: Comparison, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("board")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pyscimlode.plots.style.png", lambda figure, dpi: b"picture")
        write_comparison_report(folder / "r.html", comparison, figures=folder / "figures")
    return folder


@pytest.fixture(scope="module")
def report(folder: Path) -> str:
    return (folder / "r.html").read_text(encoding="utf-8")


def _text(report: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", report.split("</style>")[1])))


def test_one_file_that_fetches_nothing(report: str, folder: Path) -> None:
    tags = Tags(report)
    assert not tags.open
    assert all(source.startswith("data:image/png;base64,") for source in tags.values("src"))
    assert not tags.values("href")
    names = {file.name for file in (folder / "figures").iterdir()}
    assert names == {
        "sim-sparse-learning-curve.png",
        "sim-sparse-heatmap.png",
        "sim-sparse_n_4_draw_0-S9.png",
        "sim-sparse_n_4_draw_0-S10.png",
        "folds-heatmap.png",
        "folds_S1-S1.png",
        "folds_S2-S2.png",
        "folds_S3-S3.png",
    }
    assert len(tags.values("src")) == len(names)


def test_figures_are_pictures(comparison: Comparison, tmp_path: Path) -> None:
    alone = replace(comparison, forecasts={})
    path = write_comparison_report(tmp_path / "r.html", alone)
    sources = Tags(path.read_text(encoding="utf-8")).values("src")
    assert len(sources) == 3
    assert all(source.startswith("data:image/png;base64,iVBOR") for source in sources)


def test_every_score_stands_in_the_table_of_its_protocol(
    report: str, comparison: Comparison
) -> None:
    for _, row in comparison.summary().iterrows():
        assert number(float(row["NRMSE clean"])) in report
    folds = comparison.by_task("folds")
    for name in KINDS:
        cells = "".join(f'<td class="number">{number(float(v))}</td>' for v in folds[name])
        assert cells in report


def test_the_best_control_of_each_protocol_is_marked(report: str, comparison: Comparison) -> None:
    rows = comparison.summary()
    controls = rows[rows["kind"] == "control"].sort_values("NRMSE clean")
    best = {
        controls[(controls["protocol"] == "sim-sparse") & (controls["n"] == 4)]["model"].iloc[0],
        controls[controls["protocol"] == "folds"]["model"].iloc[0],
    }
    assert set(re.findall(r'<tr class="best"><td>([^<]*)', report)) == best
    assert report.count('<tr class="best">') == 2
    assert report.count('<tr class="control">') == 2 * 3
    assert report.count('<tr class="regression">') == 2


def test_it_says_what_a_reader_must_know(report: str) -> None:
    text = _text(report)
    for sentence in (
        "2 models, 1 regression and 4 controls forecast strains that were not trained on, in 7",
        "NRMSE of a metabolite is the root mean squared error",
        "It does not say how much the scores would differ on other strains.",
        "sim-sparse: an example; its forecasts are made up.",
        "pyscimlode compare --protocol sim-sparse",
        "seeds 0, 1, 2",
        "folds/S1 S2, S3 S1 ",
        "control: every metabolite stays at its first value",
    ):
        assert sentence in text


def test_a_command_and_a_title_of_ones_own(comparison: Comparison, tmp_path: Path) -> None:
    alone = replace(comparison, forecasts={}, settings={"seconds": {"a": {"hybrid": 1.25}}})
    path = write_comparison_report(
        tmp_path / "r.html", alone, title="My <b>strains</b>", command="make board"
    )
    text = path.read_text(encoding="utf-8")
    assert "<h1>My &lt;b&gt;strains&lt;/b&gt;</h1>" in text
    assert "<code>make board</code>" in text
    assert '<td>hybrid</td><td class="number">1.2</td>' in text


def test_a_clear_lead(comparison: Comparison) -> None:
    rows = comparison.learning_curve("sim-sparse")
    rows = rows[rows["n"] == 4].set_index("model")
    judged = verdict(comparison, "sim-sparse", 4)
    control = min(CONTROL_NAMES, key=lambda name: rows.loc[name, "mean"])
    gain = rows.loc[control, "mean"] - rows.loc["hybrid", "mean"]
    spread = (rows.loc["hybrid", "sd"] ** 2 + rows.loc[control, "sd"] ** 2) ** 0.5
    assert gain > spread
    assert (judged.model, judged.control) == ("hybrid", control)
    assert judged.ahead
    assert judged.clear
    assert (
        f"by {number(gain)}, or {100 * gain / rows.loc[control, 'mean']:.0f} %" in judged.sentence
    )
    assert (
        f"more than the spread over draws of the training strains ({number(spread)})"
        in judged.sentence
    )
    assert "ahead of that control on 2 of 2 draws" in judged.sentence
    summary = comparison.summary().set_index(["protocol", "n", "model"])
    median = summary.loc[("sim-sparse", 4, "hybrid"), "ensemble NRMSE clean"]
    assert f"The median over its seeds, as one forecast, has {number(median)}." in judged.sentence


def test_a_lead_within_the_spread() -> None:
    judged = verdict(board({"hybrid": 0.65}, noise=0.6, sizes=(2,)), "sim-sparse")
    assert judged.ahead
    assert not judged.clear
    assert "within the spread over draws of the training strains" in judged.sentence
    assert "so it may be chance" in judged.sentence


def test_one_draw_leaves_chance_open() -> None:
    judged = verdict(board({"hybrid": 0.5}, draws=1), "sim-sparse")
    assert judged.ahead
    assert not judged.clear
    assert "With one repetition nobody knows whether this is chance." in judged.sentence


def test_no_model_beats_the_controls() -> None:
    behind = board({"hybrid": 3.0}, sizes=(2, 4))
    judged = verdict(behind, "sim-sparse")
    assert not judged.ahead
    assert judged.sentence.startswith("No model beats the best control, ")
    assert re.search(
        r"The best model, hybrid \(.*\), is worse by \d\.\d+, or \d+ %", judged.sentence
    )
    every = [verdict(behind, "sim-sparse", n) for n in (2, 4)]
    assert opening(behind, every).endswith("No model beats the best control anywhere.")
    assert all(line.endswith("(not better).") for line in best_words(behind, every))


def test_a_regression_ahead_of_the_models_is_told() -> None:
    judged = verdict(board({"hybrid": 0.5, "gp": 0.3}, kinds={"gp": "baseline"}), "sim-sparse")
    assert judged.model == "hybrid"
    assert re.search(
        r"A regression, gp \(0\.\d+ ± 0\.\d+\), is ahead of every model\.", judged.sentence
    )
    behind = verdict(board({"hybrid": 0.3, "gp": 0.5}, kinds={"gp": "baseline"}), "sim-sparse")
    assert "regression" not in behind.sentence


def test_failures_are_told() -> None:
    part = verdict(board({"hybrid": 0.5, "b": 0.4}, failed={"b": 4}), "sim-sparse")
    assert part.model == "hybrid"
    assert part.sentence.endswith("Without a score, because a forecast failed: b.")
    judged = verdict(board({"hybrid": 0.5}, failed={"hybrid": 1}), "sim-sparse")
    assert judged.model == ""
    assert judged.sentence.startswith("No model has a score: each has a forecast that failed.")
    lonely = verdict(board({"hybrid": 0.5}, failed=dict.fromkeys(CONTROL_NAMES, 1)), "sim-sparse")
    assert "no control has a score" in lonely.sentence


def test_opening_sorts_protocols_by_what_was_found() -> None:
    mixed = board({"hybrid": 1.3}, sizes=(2, 8), noise=0.02)
    every = [verdict(mixed, "sim-sparse", n) for n in (2, 8)]
    text = opening(mixed, every)
    assert "by more than the spread: sim-sparse with 8 training strains." in text
    assert "No model beats the best control: sim-sparse with 2 training strains." in text
    assert text.startswith("1 model and 4 controls forecast strains")


def test_states_words() -> None:
    frame = pd.DataFrame({"m": [0.1, 1.5, 0.7, float("nan"), 1.0]}, index=list("ABCDE"))
    assert states_words(frame, "m") == (
        "m forecasts well (NRMSE below 0.5): A (0.100). No better than the metabolite's own mean "
        "(1 or more): B (1.500), E (1.000)."
    )
    assert "forecasts no metabolite" in states_words(frame.iloc[1:3], "m")


def test_metabolites_that_do_not_count_are_named() -> None:
    out = [("S9", "GPP"), ("S10", "GPP"), ("S9", "Limonene")]
    rows = board({"hybrid": 0.5}, excluded=out).table
    why = "copied from another strain or at the detection limit"
    assert counted_words(rows) == (
        f"Limonene counts for S10 alone, elsewhere it is {why}. Not counted for any strain, {why}: "
        "GPP."
    )
    assert counted_words(board({"hybrid": 0.5}).table) == ""


@pytest.mark.usefixtures("unrendered")
def test_many_models_failures_and_names_with_markup(tmp_path: Path) -> None:
    hard = board({**many(), EVIL: 0.6}, sizes=(2, 4), failed={"model c": 4, "model d": 2})
    warned = replace(hard, warnings=(f"a finding {EVIL}",))
    path = write_comparison_report(tmp_path / "r.html", warned, title=EVIL)
    text = path.read_text(encoding="utf-8")
    assert not Tags(text).open
    assert "<script" not in text
    assert "Without a score, because a forecast failed: model c, model d." in _text(text)
    assert 'model d</td><td class="number">failed</td><td class="number">failed</td>' in text


@pytest.mark.usefixtures("unrendered")
def test_forecasts_that_were_not_kept_are_told(tmp_path: Path) -> None:
    path = write_comparison_report(tmp_path / "r.html", board({"hybrid": 0.5}))
    assert "sim-sparse/n=4/draw=0: no forecast of hybrid was kept." in path.read_text()


@pytest.mark.usefixtures("unrendered")
def test_leaks_come_first_and_say_what_to_do(tmp_path: Path) -> None:
    remark = LeakFinding(
        "copied column", "warning", "GPP is the same.", "Leave it out.", ("S1", "S2"), "GPP"
    )
    leak = LeakFinding("same strain", "leak", "S9 is trained on and tested.", "Split.", ("S9",))
    warned = replace(board({"hybrid": 0.5}), warnings=("One draw.", remark, leak))
    report = write_comparison_report(tmp_path / "r.html", warned).read_text(encoding="utf-8")
    assert "The audit found 1 leak (same strain): scores below may not be" in report
    rows = re.findall(r'<tr class="(leak|warning)">(.*?)</tr>', report)
    assert [kind for kind, _ in rows] == ["leak", "warning"]
    cells = ("leak", "same strain", "S9", "S9 is trained on and tested.", "Split.")
    assert rows[0][1] == "".join(f"<td>{cell}</td>" for cell in cells)
    assert "<li>One draw.</li>" in report


def test_bad_requests(comparison: Comparison, tmp_path: Path) -> None:
    empty = replace(comparison, table=comparison.table.iloc[:0])
    with pytest.raises(DataError, match="no scores, so there is nothing to report"):
        write_comparison_report(tmp_path / "r.html", empty)
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("unrendered")
def test_a_folder_with_other_files_is_not_replaced(comparison: Comparison, tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").write_text("years of work")
    alone = replace(comparison, forecasts={})
    with pytest.raises(ArtifactError, match=r"also holds thesis\.docx"):
        write_comparison_report(tmp_path / "r.html", alone, figures=tmp_path)


def _frame() -> pd.DataFrame:
    columns = {"published": ["0.20", "91.35 %"], "ours": [0.12345, 2.0], "what": ["a<b", "-"]}
    return pd.DataFrame(columns, index=pd.Index(["Acetyl-CoA", "mean"], name="metabolite"))


def test_a_report_of_tables(tmp_path: Path) -> None:
    path = write_tables_report(
        tmp_path / "t.html",
        "Tables",
        ["One.", "Two."],
        {"Table III": _frame(), "Table IV": _frame()},
        ["input = target"],
        {"Errors": Figure(figsize=(1, 1))},
        command="pyscimlode reproduce",
        pictures=tmp_path / "pictures",
    )
    text = path.read_text(encoding="utf-8")
    assert not Tags(text).open
    headings = ["Tables", "What must be known", "Table III", "Table IV", "How it was computed"]
    assert re.findall(r"<h[12]>([^<]*)", text) == headings
    assert "<p>One.</p>" in text
    assert "<li>input = target</li>" in text
    assert text.count("data:image/png") == 1
    assert [file.name for file in (tmp_path / "pictures").iterdir()] == ["Errors.png"]
    assert "<code>pyscimlode reproduce</code>" in text


def test_cells_are_set_by_what_they_are() -> None:
    text = frame_table(_frame())
    assert "<th>metabolite</th>" in text
    assert '<th class="number">published</th>' in text
    assert '<td class="number">91.35 %</td>' in text
    assert '<td class="number">0.123</td>' in text
    assert "<td>a&lt;b</td>" in text


def test_measures_are_escaped_and_aligned() -> None:
    text = table(["", "x"], [("a", Measure("1 <2")), ("b", "")])
    assert '<th class="number">x</th>' in text
    assert '<td class="number">1 &lt;2</td>' in text
