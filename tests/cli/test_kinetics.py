from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pyscimlode.cli.kinetic_models import evaluator_of, find_case, generated_models
from pyscimlode.errors import DataError
from pyscimlode.kinetics import (
    KineticGenerator,
    KineticModel,
    load_generator,
    load_training,
    save_generator,
    toy6,
    write_sbml,
)
from pyscimlode.kinetics.progress import StepLines
from tests.cli.conftest import invoke

SMALL = ("--generations", 2, "--population", 2, "--models", 10)


@pytest.fixture(scope="module")
def generator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("kinetics") / "generator.safetensors"
    done = invoke("kinetics", "train", "example_pathway", *SMALL, "--out", out)
    assert done.exit_code == 0, done.output
    assert "generation 1/2  " in done.stderr
    assert "  about 0:0" in done.stderr, "time left"
    assert "generation 2/2" in done.stderr
    assert "valid in the last generation" in done.stdout
    assert [path.name for path in out.parent.iterdir()] == [out.name]
    return out


def test_sets_are_sampled(generator: Path, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    out = tmp_path / "sets.parquet"
    done = invoke("kinetics", "sample", "example_pathway", generator, "--models", 7, "--out", out)
    assert done.exit_code == 0, done.output
    assert "7 sets of 109 KM and their Vmax in" in done.stdout
    assert len(pd.read_parquet(out)) == 7


def test_robustness_writes_the_table_it_prints(generator: Path, tmp_path: Path) -> None:
    out = tmp_path / "table.csv"
    options = ("--models", 1, "--perturbations", 1, "--growth", "BIO", "--out", out)
    done = invoke("kinetics", "robustness", "example_pathway", generator, *options)
    assert done.exit_code == 0, done.output
    table = pd.read_csv(out)
    assert set(table["watched"]) == {"growth", "all of c"}
    assert "time_min" in done.stdout
    assert "1 valid models, of 100 that were drawn" in done.stderr


def test_bioreactor_and_report(generator: Path, tmp_path: Path) -> None:
    held = ("--growth", "BIO", "--held", "o2_e,co2_e,pi_e")
    out = tmp_path / "culture.csv"
    options = ("example_pathway", generator, *held)
    done = invoke("kinetics", "bioreactor", *options, "--models", 1, "--out", out)
    assert done.exit_code == 0, done.output
    assert "1 of 1 cultures reached 60 h; wrote" in done.stdout
    assert "first exhausted" in done.stdout
    assert pd.read_csv(out)["hours"].max() == 60.0
    page = tmp_path / "report.html"
    few = ("--models", 50, "--followed", 1, "--perturbations", 1, "--out", page)
    done = invoke("kinetics", "report", *options, *few)
    assert done.exit_code == 0, done.output
    text = page.read_text(encoding="utf-8")
    assert "Kinetic models of example_pathway" in text
    assert "1 cultures were followed to the end" in text
    assert "Share of valid models in the course of training" in text


def test_mistakes_are_named(generator: Path, tmp_path: Path) -> None:
    done = invoke("kinetics", "robustness", "toy6", generator)
    assert done.exit_code == 1
    assert "makes the KM of another network than 'toy6'" in " ".join(done.stderr.split())
    done = invoke("kinetics", "train", "toy6", "--recipe", "other", "--out", tmp_path / "x")
    assert "'other' is not known; there are published, mirrored" in " ".join(done.stderr.split())
    done = invoke("kinetics", "train", "toy7")
    assert "toy7 is no file, and no example" in " ".join(done.stderr.split())
    assert "Did you mean 'toy6'?" in " ".join(done.stderr.split())
    done = invoke("kinetics", "train", "toy6", "--out", generator)
    assert "is there already; add --force to replace it" in " ".join(done.stderr.split())
    done = invoke("kinetics", "train", "toy6", "--density", 300, "--out", tmp_path / "x")
    assert "Fluxes in mM/h do not depend on a density" in " ".join(done.stderr.split())
    done = invoke("kinetics", "train", "toy6", "--out", ".")
    assert ". is a folder; name a file" in " ".join(done.stderr.split())


def test_a_generator_is_trained_by_gradient(tmp_path: Path) -> None:
    out = tmp_path / "fast.safetensors"
    options = ("--recipe", "gradient", "--generations", 2, "--models", 4, "--quiet")
    done = invoke("kinetics", "train", "toy6", *options, "--out", out)
    assert done.exit_code == 0, done.output
    assert "valid in the last step" in done.stdout
    assert not done.stderr
    assert len(load_training(out).incidence) == 2


def test_bounds_of_km_and_a_hint_where_nothing_is_valid(tmp_path: Path) -> None:
    out = tmp_path / "g.safetensors"
    options = (*SMALL, "--out", out, "--force")
    done = invoke("kinetics", "train", "toy6", *options, "--km", "1e-3:2e4")
    assert done.exit_code == 0, done.output
    generator, _ = load_generator(out)
    np.testing.assert_allclose(np.exp([generator.low, generator.high]), [1e-3, 2e4])
    done = invoke("kinetics", "train", "example_pathway", *options, "--km", "1e-9:1e-8")
    assert "narrow the KM towards the concentrations" in " ".join(done.stderr.split())
    for wrong in ("1e-3", "1:x", "5:1", "0:1", "1:inf"):
        done = invoke("kinetics", "train", "toy6", *options, "--km", wrong)
        assert done.exit_code == 1
        assert "give two positive numbers in mM" in " ".join(done.stderr.split())


def test_a_window_of_time_scales_is_a_reward(tmp_path: Path) -> None:
    command = ("kinetics", "train", "toy6", *SMALL, "--out", tmp_path / "g.safetensors")
    done = invoke(*command, "--reward=-10:-1")
    assert done.exit_code == 0, done.output
    for wrong in ("-1:-10", "1:2:3", "a:b"):
        done = invoke(*command, "--force", f"--reward={wrong}")
        assert done.exit_code == 1
        assert "empty" in done.stderr or "give a window" in done.stderr


def test_an_interrupted_training_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "g.safetensors"
    command = ("kinetics", "train", "toy6", "--population", 2, "--models", 5, "--out", out)
    with monkeypatch.context() as patched:
        patched.setattr(StepLines, "__call__", interrupt)
        done = invoke(*command, "--generations", 3)
    assert done.exit_code == 130
    said = " ".join(done.stderr.split())
    assert "g.safetensors.checkpoint has what was done; run the same command again" in said
    done = invoke(*command, "--generations", 3, "--seed", 1)
    said = " ".join(done.stderr.split())
    assert "has seed=0, not 1" in said
    assert "--force starts afresh" in said
    done = invoke(*command, "--generations", 3)
    assert done.exit_code == 0
    assert "generation 2/3" in done.stderr
    assert "generation 1/3" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == [out.name]


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def test_fluxes_in_mM_need_a_density_for_cultures_alone(tmp_path: Path) -> None:
    file = tmp_path / "g.safetensors"
    assert invoke("kinetics", "train", "toy6", *SMALL, "--out", file).exit_code == 0
    options = ("toy6", file, "--growth", "R3", "--models", 1, "--out", tmp_path / "c.csv")
    done = invoke("kinetics", "bioreactor", *options)
    assert "give density=" in " ".join(done.stderr.split())
    done = invoke("kinetics", "bioreactor", *options, "--density", 300, "--held", "P_e,W_e")
    assert done.exit_code == 0, done.output


def test_two_processes_give_the_same_generator(tmp_path: Path) -> None:
    command = ("kinetics", "train", "toy6", *SMALL)
    for workers in (1, 2):
        done = invoke(*command, "--workers", workers, "--out", tmp_path / str(workers))
        assert done.exit_code == 0, done.output
    weights = [load_generator(tmp_path / str(workers))[1] for workers in (1, 2)]
    np.testing.assert_array_equal(*weights)


def test_models_that_are_hardly_ever_valid_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    generator = KineticGenerator(toy6().network.km_names, noise=2, hidden=(3,))
    theta = generator.initial(np.random.default_rng(0))
    file = save_generator(tmp_path / "g", generator, theta)
    monkeypatch.setattr("pyscimlode.cli.kinetic_models.MOST_DRAWS", 1)
    evaluator = evaluator_of(toy6())
    any_models = generated_models(evaluator, file, 3, 0, any_models=True)
    assert any_models.shape == (3, len(generator.km_names))
    ln_km = generated_models(evaluator, file, 3, 0, any_models=False)
    assert evaluator.evaluate(ln_km).valid.all()
    with pytest.raises(DataError, match=r"of 500 models of .* are valid, and 500 are asked"):
        generated_models(evaluator, file, 500, 0, any_models=False)


def test_a_model_in_sbml_is_a_case(tmp_path: Path) -> None:
    pytest.importorskip("libsbml", reason="python-libsbml (extra kinetics) is not installed")
    case = toy6()
    model = KineticModel.at_steady_state(evaluator_of(case), np.zeros(len(case.network.km_names)))
    again = find_case(str(write_sbml(tmp_path / "toy.xml", model)))
    assert again.network == case.network
    np.testing.assert_allclose(again.state.fluxes, case.state.fluxes)
