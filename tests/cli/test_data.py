from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pyscimlode.data.reading import read_csv
from pyscimlode.data.simulate import simulate
from tests.cli.conftest import invoke


def test_list() -> None:
    done = invoke("data", "list")
    assert done.exit_code == 0
    assert [line.split()[0] for line in done.stdout.splitlines()] == [
        "simulated",
        "limonene",
        "isopentenol",
        "costello2018-all",
    ]


def test_show_says_what_is_in_a_file_and_what_was_guessed(table: Path) -> None:
    done = invoke("data", "show", table, "--controls", "LS")
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("Dataset (strains.csv): 4 strains (S1, S2, S3, S4), 4 times")
    assert "1 control: LS (linear in time)" in done.stdout
    assert "time column guessed: 'time'" in done.stdout


def test_show_draws(table: Path, tmp_path: Path) -> None:
    picture = tmp_path / "series.png"
    done = invoke("data", "show", table, "--figure", picture)
    assert done.exit_code == 0, done.output
    assert picture.read_bytes().startswith(b"\x89PNG")
    again = invoke("data", "show", table, "--figure", picture)
    assert again.exit_code == 1
    assert "is there already; add --force" in again.stderr


def test_audit(table: Path) -> None:
    done = invoke("data", "audit", table)
    assert done.exit_code == 0
    assert "single replicate" in done.stdout


def test_simulated_tables_are_the_simulated_strains(table: Path) -> None:
    written = read_csv(table, controls=list(simulate(1, times=[0, 1]).control_names))
    truth = simulate(4, times=[0, 6, 36, 72])
    assert written.names == truth.names
    assert written.state_names == truth.state_names
    for name in truth.names:
        np.testing.assert_allclose(written[name].states, truth[name].states, rtol=1e-12)
        np.testing.assert_allclose(written[name].controls, truth[name].controls, rtol=1e-12)


def test_seed_and_noise_change_the_strains(table: Path, tmp_path: Path) -> None:
    out = tmp_path / "noisy.csv"
    arguments = ("--n", 4, "--times", "0,6,36,72", "--noise", 0.1, "--seed", 3, "--out", out)
    assert invoke("data", "simulate", *arguments).exit_code == 0
    noisy = read_csv(out)
    truth = simulate(4, times=[0, 6, 36, 72], noise=0.1, seed=3)
    np.testing.assert_allclose(noisy["S1"].states, truth["S1"].states, rtol=1e-12)


def test_export_and_refusal(tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    done = invoke("data", "export", "simulated", out)
    assert done.exit_code == 0, done.output
    assert read_csv(out).names == simulate().names
    refused = invoke("data", "export", "simulated", out)
    assert refused.exit_code == 1
    assert refused.stderr == f"Error: {out} is there already; add --force to replace it.\n"
    assert invoke("data", "export", "simulated", out, "--force").exit_code == 0
    assert "name a file" in invoke("data", "export", "simulated", tmp_path).stderr


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["show", "absent.csv"], "There is no file absent.csv"),
        (["show", "simulatd"], "Did you mean 'simulated'?"),
        (["simulate", "--n", "0", "--out", "x.csv"], "must be a whole number >= 1"),
        (["simulate", "--noise", "-1", "--out", "x.csv"], "noise is -1.0"),
        (["simulate", "--times", "0:x", "--out", "x.csv"], "--times '0:x'"),
    ],
)
def test_mistakes(
    arguments: list[str], text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = invoke("data", *arguments)
    assert done.exit_code == 1
    assert text in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_an_unknown_column_is_named(table: Path) -> None:
    done = invoke("data", "show", table, "--states", "Limonen")
    assert done.exit_code == 1
    assert "Did you mean 'Limonene'?" in done.stderr
