from __future__ import annotations

from pyscimlode.boards.markdown import markdown
from pyscimlode.boards.tables import board_table, mean_and_sd
from tests.boards.example import example_comparison


def test_cells_are_those_of_the_summary() -> None:
    comparison = example_comparison()
    summary = comparison.summary()
    curve = board_table(comparison, "sim-sparse")
    assert curve.columns == ("2 strains", "4 strains")
    assert "2 draws" in curve.said
    folds = board_table(comparison, "folds")
    assert folds.columns == ("mean", "median forecast", "S1", "S2", "S3")
    for _, row in summary.iterrows():
        expected = mean_and_sd(row["NRMSE clean"], row["sd"])
        table, column = (
            (folds, 0) if row["protocol"] == "folds" else (curve, 0 if row["n"] == 2 else 1)
        )
        (cells,) = [cells for _, model, cells in table.rows if model == row["model"]]
        assert cells[column] == expected


def test_models_stand_before_regressions_and_controls() -> None:
    kinds = [kind for kind, _, _ in board_table(example_comparison(), "folds").rows]
    assert kinds == ["model"] * 2 + ["baseline"] + ["control"] * 4


def test_numbers() -> None:
    assert mean_and_sd(0.5071, 0.0129) == "0.507 ± 0.013"
    assert mean_and_sd(0.5, float("nan")) == "0.500"
    assert mean_and_sd(float("nan"), float("nan")) == "failed"


def test_markdown_explains_itself() -> None:
    text = markdown(example_comparison(failed=True))
    assert "## sim-sparse: simulated strains" in text
    assert "0 is perfect" in text
    assert "| neural-ode | failed |" in text
    assert "- sim-sparse: an example; its forecasts are made up." in text
    widths = {line.count("|") for line in text.splitlines() if line.startswith("|")}
    assert widths == {4, 7}
