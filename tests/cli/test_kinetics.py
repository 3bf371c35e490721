from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests.cli.conftest import invoke

SMALL = ("--generations", 2, "--population", 2, "--models", 10)


@pytest.fixture(scope="module")
def generator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("kinetics") / "generator.safetensors"
    done = invoke("kinetics", "train", "example_pathway", *SMALL, "--out", out)
    assert done.exit_code == 0, done.output
    assert "generation 2/2" in done.stderr
    assert "valid in the last generation" in done.stdout
    assert [path.name for path in out.parent.iterdir()] == [out.name]
    return out


def test_sets_are_sampled(generator: Path, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    out = tmp_path / "sets.parquet"
    done = invoke("kinetics", "sample", "example_pathway", generator, "--models", 7, "--out", out)
    assert done.exit_code == 0, done.output
    assert "7 sets in" in done.stdout
    assert len(pd.read_parquet(out)) == 7


def test_robustness_writes_the_table_it_prints(generator: Path, tmp_path: Path) -> None:
    out = tmp_path / "table.csv"
    options = ("--models", 1, "--perturbations", 1, "--growth", "BIO", "--out", out)
    done = invoke("kinetics", "robustness", "example_pathway", generator, *options)
    assert done.exit_code == 0, done.output
    table = pd.read_csv(out)
    assert set(table["watched"]) == {"growth", "all of c"}
    assert "time_min" in done.stdout


def test_bioreactor_and_report(generator: Path, tmp_path: Path) -> None:
    held = ("--growth", "BIO", "--held", "o2_e,co2_e,pi_e")
    out = tmp_path / "culture.csv"
    options = ("example_pathway", generator, *held)
    done = invoke("kinetics", "bioreactor", *options, "--models", 1, "--out", out)
    assert done.exit_code == 0, done.output
    assert "1 of 1 cultures reached 60 h" in done.stdout
    assert pd.read_csv(out)["hours"].max() == 60.0
    page = tmp_path / "report.html"
    few = ("--models", 5, "--followed", 1, "--perturbations", 1, "--out", page)
    done = invoke("kinetics", "report", *options, *few)
    assert done.exit_code == 0, done.output
    text = page.read_text(encoding="utf-8")
    assert "Kinetic models of example_pathway" in text
    assert "1 cultures were followed to the end" in text


def test_mistakes_are_named(generator: Path, tmp_path: Path) -> None:
    done = invoke("kinetics", "robustness", "toy6", generator)
    assert done.exit_code == 1
    assert "makes the KM of another network than toy6" in " ".join(done.stderr.split())
    done = invoke("kinetics", "train", "toy6", "--recipe", "other", "--out", tmp_path / "x")
    assert "'other' is not known; there are published, mirrored" in " ".join(done.stderr.split())
    assert invoke("kinetics", "train", tmp_path / "none.json").exit_code == 1
