from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from pyscimlode.boards.reproduction import Reproduction
from pyscimlode.errors import ArtifactError
from tests.boards.reproductions import hand_made


def one(notes: tuple[str, ...], *texts: str) -> str:
    (found,) = [note for note in notes if all(text in note for text in texts)]
    return found


def test_table_iii_has_means_over_seeds_and_the_published_improvement() -> None:
    table = hand_made().tables()[
        "Table III (L2), RMSE: penalty without gradient, L-BFGS with a fixed step of 1e-4 "
        "(as published)"
    ]
    assert list(table.index) == ["Acetyl-CoA", "GPP", "mean", "improvement %"]
    # seeds 0 and 1: means over metabolites 0.1 and 0.3; 100 * (6.94 - 0.2) / 6.94
    assert list(table["λ=1 ours"]) == ["0.100 ± 0.100", "0.300 ± 0.100", "0.200 ± 0.100", "97.12"]
    # published to two decimals; the mean of the two printed rows
    assert list(table["λ=0.01 published"]) == ["0.20", "1.02", "0.61", "91.21"]
    assert list(table["zero field"]) == ["0", "0", "0", "100.00"]
    assert list(table["untrained nets"])[2] == "0.600 ± 0"


def test_forecasts_stand_beside_controls_and_baselines() -> None:
    tables = hand_made().tables()
    table = tables["L2, NRMSE: the same nets as a true forecast"]
    assert list(table.index) == ["Acetyl-CoA", "GPP †", "mean", "mean without †"]
    assert list(table["λ=0.01 ours"]) == ["6.000 ± 0", "10.000 ± 0", "8.000 ± 0", "6.000 ± 0"]
    assert list(table["persistence"]) == ["1.000", "3.000", "2.000", "1.000"]
    assert "TPOT published" not in table
    rmse = tables["L2, RMSE: the same nets as a true forecast"]
    assert rmse.loc["mean", "TPOT published"] == "0.20"
    # 100 * (6.94 - 1) / 6.94
    assert rmse.loc["improvement %", "persistence"] == "85.59"


def test_the_spread_says_whether_the_penalty_changed_the_nets() -> None:
    table = hand_made().tables()["Spread over seeds, and what the penalty changes"]
    second = table.iloc[1]
    assert second["λ"] == "1"
    assert (second["seed 0"], second["seed 1"], second["sd"]) == ("0.100", "0.300", "0.100")
    assert second["RMSE moved by λ"] == "0"
    assert second["weights moved, after Adam"] == "0"
    assert second["weights moved, at the end"] == "2.0e-07"


def test_stages_and_times_are_listed() -> None:
    tables = hand_made().tables()
    stages = tables["How the stages ended"]
    assert list(stages["iterations"]) == ["600 to 601", "1 to 2"] * 2
    assert set(stages["ending"]) == {"2 x enough"}
    times = tables["Table V: time, measured on this machine"]
    assert times.loc["training, L2: NODE (published, T4)", "minutes"] == "5.61"
    assert list(times.loc["training, L2: one net (here)"]) == ["0.1", "6", "3"]
    assert times.loc["training, L2: 4 nets, as-published, one batch (here)", "minutes"] == "0.2"


def test_a_failed_forecast_is_said_and_not_left_out() -> None:
    result = hand_made()
    own = (result.table["task"] == "forecast") & (result.table["model"] == "neural-ode")
    broken = own & (result.table["seed"] == "1") & (result.table["state"] == "GPP")
    result.table.loc[broken, ["rmse", "nrmse"]] = float("nan")
    table = result.tables()["L2, NRMSE: the same nets as a true forecast"]
    assert list(table["λ=1 ours"]) == [
        "6.000 ± 0",
        "failed (1 of 2)",
        "failed (1 of 2)",
        "6.000 ± 0",
    ]
    assert one(result.notes, "fail as a forecast") == "L2: 2 of 4 nets fail as a forecast."


def test_notes_are_computed_from_the_numbers() -> None:
    notes = hand_made().notes
    zero = one(notes, "input = target")
    assert "a field that is zero everywhere has RMSE 0 " in zero
    assert "The trained nets reach 0.200 ± 0.100 (as-published, λ = 1)" in zero
    assert "an improvement of 97.12 %; the paper prints 0.39 (94.38 %)" in zero
    assert "before any training have 0.600 ± 0 " in one(notes, "before any training")
    same = one(notes, "the weights of one seed")
    assert "are identical after Adam and differ by at most 2.0e-07 at the end" in same
    assert "stopped after 1 to 2 iterations in 4 nets: enough (4)" in one(notes, "stopped after")
    forecast = one(notes, "run as a true forecast")
    assert "NRMSE 6.000 ± 0 (as-published, λ = 1" in forecast
    assert "Controls: persistence 1.000, mean 8.000. 1 of 2 controls are ahead" in forecast
    assert "mean RMSE 6.94. Persistence has 1.000 there" in one(notes, "Persistence has")
    said = one(notes, "on a T4")
    assert "training one net took 6.0 s (3.0 s of CPU time) on this machine (a loom); 4" in said
    assert one(notes, "printed digits")
    assert not [note for note in notes if "quick" in note]


def test_a_quick_run_says_so_first() -> None:
    assert hand_made(quick=True).notes[0].startswith("A quick run, 2 seeds and a few steps")


def test_nothing_is_ranked() -> None:
    text = repr(hand_made())
    assert "Nothing is ranked." in text
    assert "best" not in text


def test_saved_and_loaded_it_is_the_same(tmp_path: Path) -> None:
    result = hand_made()
    again = Reproduction.load(result.save(tmp_path / "kept"))
    for name in ("table", "stages", "weights", "times"):
        pd.testing.assert_frame_equal(getattr(again, name), getattr(result, name))
    assert again.notes == result.notes
    markdown = (tmp_path / "kept" / "tables.md").read_text(encoding="utf-8")
    assert markdown == again.to_markdown()
    assert "| Acetyl-CoA | 0.20 | 0.100 ± 0.100 | 0.09 |" in markdown
    assert len(pd.read_csv(tmp_path / "kept" / "table.csv")) == len(result.table)


def test_what_is_no_reproduction_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"no reproduction at .*no reproduction\.json"):
        Reproduction.load(tmp_path)
    file = tmp_path / "reproduction.json"
    file.write_text('{"kind": "something else"}', encoding="utf-8")
    with pytest.raises(ArtifactError, match="does not describe a reproduction"):
        Reproduction.load(file)
    hand_made().to_json(file)
    newer = json.loads(file.read_text(encoding="utf-8")) | {"version": 99}
    file.write_text(json.dumps(newer), encoding="utf-8")
    with pytest.raises(ArtifactError, match="format version 99"):
        Reproduction.load(file)
