from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
from click.testing import Result

from pyscimlode.results import FitResult
from tests.cli.conftest import invoke


def test_forecasts_of_the_held_out_strain_are_printed(finished: tuple[Path, Result]) -> None:
    out, _ = finished
    done = invoke("predict", out, "--times", "0:72:12")
    assert (done.exit_code, done.stderr) == (0, "")
    table = pd.read_csv(io.StringIO(done.stdout))
    assert set(table["experiment"]) == {"S4"}
    limonene = table[table["state"] == "Limonene"]
    assert list(limonene["time"]) == [0, 12, 24, 36, 48, 60, 72]
    expected = FitResult.load(out / "model").predict("S4", times=[0, 12, 24, 36, 48, 60, 72])
    np.testing.assert_allclose(limonene["median"], expected.series("S4", "Limonene"))
    assert list(limonene["time"][limonene["measured"].notna()]) == [0, 36, 72]


def test_new_strains_from_a_table(finished: tuple[Path, Result], tmp_path: Path) -> None:
    new = tmp_path / "new.csv"
    invoke("data", "simulate", "--n", 2, "--seed", 9, "--times", "0,10,72", "--out", new)
    strains = pd.read_csv(new)
    strains["strain"] = "N" + strains["strain"]
    strains.to_csv(new, index=False)
    out = tmp_path / "forecast.csv"
    done = invoke("predict", finished[0] / "model", "--data", new, "--strain", "NS2", "--out", out)
    assert done.exit_code == 0, done.output
    assert done.stdout == f"Written: {out}\n"
    table = pd.read_csv(out)
    assert set(table["experiment"]) == {"NS2"}
    assert set(table["state"]) == {"GPP", "Limonene"}
    assert set(table["time"]) == {0, 10, 72}
    again = invoke("predict", finished[0], "--out", out)
    assert again.exit_code == 1
    assert "is there already" in again.stderr


def test_a_training_strain_is_called_one(finished: tuple[Path, Result]) -> None:
    done = invoke("predict", finished[0], "--strain", "S1")
    assert done.exit_code == 0
    assert done.stderr == "Note: trained on S1; this is no test of the forecast.\n"


def test_mistakes(finished: tuple[Path, Result], table: Path, tmp_path: Path) -> None:
    run = finished[0]
    for arguments, text in (
        ((tmp_path,), "There is no saved model at"),
        ((run, "--strain", "S40"), "There is no strain 'S40' in this fit"),
        ((run, "--times", "1,0"), "must be strictly increasing"),
        ((run, "--times", "x"), "--times 'x'"),
        ((run, "--data", table, "--strain", "S40"), "There is no experiment 'S40'"),
        ((run, "--data", "limonen"), "Did you mean 'limonene'?"),
    ):
        done = invoke("predict", *arguments)
        assert done.exit_code == 1, done.output
        assert text in done.stderr
        assert len(done.stderr.splitlines()) == 1


def test_a_damaged_model(finished: tuple[Path, Result], tmp_path: Path) -> None:
    (tmp_path / "model.json").write_text("{")
    done = invoke("predict", tmp_path)
    assert done.exit_code == 1
    assert "is damaged" in done.stderr
