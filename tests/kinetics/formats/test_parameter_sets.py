from __future__ import annotations

import weakref
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from pyscimlode.errors import ArtifactError, DataError, MissingDependencyError
from pyscimlode.kinetics import KineticCase, KineticEvaluator, KineticGenerator
from pyscimlode.kinetics.formats.parameter_sets import (
    iterate_parameter_sets,
    read_parameter_sets,
    vmax_units,
    write_generated_sets,
    write_parameter_sets,
)

ENDINGS = {".parquet": "pyarrow", ".h5": "h5py"}


@pytest.fixture(params=list(ENDINGS))
def ending(request: pytest.FixtureRequest) -> str:
    module = ENDINGS[request.param]
    pytest.importorskip(module, reason=f"{module} (extra kinetics) is not installed")
    return str(request.param)


def test_generated_sets_come_back_with_names_and_units(
    toy: KineticCase, tmp_path: Path, ending: str
) -> None:
    evaluator = KineticEvaluator(toy.network, toy.state)
    generator = KineticGenerator(toy.network.km_names, noise=4, hidden=(8,), low=-2.0, high=2.0)
    theta = generator.initial(np.random.default_rng(0))
    path = tmp_path / f"sets{ending}"
    options = {"evaluator": evaluator, "seed": 5, "batch": 40, "dtype": "float64"}
    assert write_generated_sets(path, generator, theta, 100, **options) == 100  # type: ignore[arg-type]
    sets = read_parameter_sets(path)
    ln_km = generator.sample(theta, 100, 5, batch=40)
    np.testing.assert_allclose(sets.ln(toy.network.km_names), ln_km, atol=1e-13)
    vmax = [f"vmax_{r}" for r in toy.network.reaction_ids]
    np.testing.assert_allclose(sets.ln(vmax), evaluator.ln_vmax(ln_km), atol=1e-12)
    assert set(sets.units) == {"mM", "mM/h"}
    assert sets.names == (*toy.network.km_names, *vmax)
    assert sets.metadata["seed"] == 5
    assert KineticGenerator.from_json(sets.metadata["generator"]) == generator
    part = read_parameter_sets(path, start=35, stop=85)
    np.testing.assert_array_equal(part.values, sets.values[35:85])
    parts = list(iterate_parameter_sets(path, 30))
    np.testing.assert_array_equal(np.concatenate([p.values for p in parts]), sets.values)
    assert [path.name] == [item.name for item in tmp_path.iterdir()]
    with pytest.raises(DataError, match=r"There is no column 'km_A'"):
        sets.ln(["km_A"])


def test_batches_are_not_kept_in_memory(tmp_path: Path, ending: str) -> None:
    alive: list[weakref.ref[np.ndarray]] = []

    def batches() -> Iterator[np.ndarray]:
        for i in range(20):
            assert sum(ref() is not None for ref in alive) <= 2
            batch = np.full((10, 3), float(i + 1))
            alive.append(weakref.ref(batch))
            yield batch
            del batch

    path = tmp_path / f"many{ending}"
    assert write_parameter_sets(path, batches(), "abc", ["mM"] * 3) == 200
    values = read_parameter_sets(path).values
    assert values.dtype == np.float32
    np.testing.assert_array_equal(values[:, 0], np.repeat(np.arange(1, 21), 10))


def test_a_failure_leaves_the_old_file(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"sets{ending}"
    write_parameter_sets(path, [np.ones((2, 1))], ["a"], ["mM"])

    def failing() -> Iterator[np.ndarray]:
        yield np.zeros((5, 1))
        raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match=r"stopped"):
        write_parameter_sets(path, failing(), ["a"], ["mM"])
    with pytest.raises(DataError, match=r"Batch 1 has the shape \(2, 2\); it must be \(sets, 1\)"):
        write_parameter_sets(path, [np.ones((2, 1)), np.ones((2, 2))], ["a"], ["mM"])
    with pytest.raises(DataError, match=r"There are no rows to write"):
        write_parameter_sets(path, [], ["a"], ["mM"])
    assert read_parameter_sets(path).values.tolist() == [[1.0], [1.0]]
    assert [path.name] == [item.name for item in tmp_path.iterdir()]


def test_files_that_cannot_be_read_are_refused(tmp_path: Path, ending: str) -> None:
    with pytest.raises(ArtifactError, match=r"none.* does not exist"):
        read_parameter_sets(tmp_path / f"none{ending}")
    damaged = tmp_path / f"damaged{ending}"
    damaged.write_bytes(b"no table")
    with pytest.raises(ArtifactError, match=r"damaged.* is damaged or of another kind"):
        read_parameter_sets(damaged)


def test_other_endings_names_and_missing_extras(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DataError, match=r"must end in one of \.parquet, \.h5, \.hdf5"):
        write_parameter_sets(tmp_path / "sets.csv", [np.ones((1, 1))], ["a"], ["mM"])
    with pytest.raises(DataError, match=r"2 names \(1 different\) and 2 units were given"):
        write_parameter_sets(tmp_path / "sets.h5", [], ["a", "a"], ["mM", "mM"])
    with pytest.raises(DataError, match=r"dtype='int8' is not known"):
        write_parameter_sets(tmp_path / "sets.h5", [], ["a"], ["mM"], dtype="int8")
    monkeypatch.setitem(__import__("sys").modules, "h5py", None)
    with pytest.raises(MissingDependencyError, match=r"HDF5 needs h5py.*\[kinetics\]"):
        write_parameter_sets(tmp_path / "sets.h5", [np.ones((1, 1))], ["a"], ["mM"])


@pytest.mark.parametrize("value", [1e60, 1e-60, np.nan])
def test_values_that_would_be_lost_are_refused(tmp_path: Path, ending: str, value: float) -> None:
    batch = np.ones((3, 2))
    batch[1, 1] = value
    path = tmp_path / f"sets{ending}"
    with pytest.raises(DataError, match=r"'b' is .* in set 1 of batch 0, which float32 cannot ho"):
        write_parameter_sets(path, [batch], "ab", ["mM"] * 2)
    assert not path.exists()
    if np.isfinite(value):
        write_parameter_sets(path, [batch], "ab", ["mM"] * 2, dtype="float64")
        np.testing.assert_array_equal(read_parameter_sets(path).values, batch)


def test_files_with_vmax_hold_every_vmax(pathway: KineticCase, tmp_path: Path, ending: str) -> None:
    evaluator = KineticEvaluator(pathway.network, pathway.state)
    names = pathway.network.km_names
    generator = KineticGenerator(names, noise=4, hidden=(8,), low=-2.0, high=45.0)
    theta = generator.initial(np.random.default_rng(0))
    path = tmp_path / f"sets{ending}"
    write_generated_sets(path, generator, theta, 100, evaluator=evaluator)
    sets = read_parameter_sets(path)
    assert sets.values.max() > np.finfo(np.float32).max
    vmax = sets.ln([name for name in sets.names if name.startswith("vmax_")])
    np.testing.assert_allclose(vmax, evaluator.ln_vmax(sets.ln(names)), atol=1e-9)


def test_units_of_vmax(pathway: KineticCase) -> None:
    units = dict(zip(pathway.network.reaction_ids, vmax_units(pathway.network), strict=True))
    assert units["PGI"] == "mM/h"
    assert units["CO2t"] == "1/h", "mass action with one substrate"
    assert units["NOX"] == "mM^-1/h", "a first-order modifier of power two"


def test_a_generator_of_another_network_is_refused(toy: KineticCase, tmp_path: Path) -> None:
    generator = KineticGenerator(("k1",), noise=2, hidden=(3,))
    evaluator = KineticEvaluator(toy.network, toy.state)
    theta = generator.initial(np.random.default_rng(0))
    with pytest.raises(DataError, match=r"makes other KM than the network 'toy6' has"):
        write_generated_sets(tmp_path / "a.h5", generator, theta, 1, evaluator=evaluator)


def test_progress_counts_sets(toy: KineticCase, tmp_path: Path) -> None:
    pytest.importorskip("h5py", reason="h5py (extra kinetics) is not installed")
    generator = KineticGenerator(toy.network.km_names, noise=2, hidden=(3,))
    theta = generator.initial(np.random.default_rng(0))
    seen: list[tuple[int, int]] = []
    write_generated_sets(
        tmp_path / "s.h5", generator, theta, 25, batch=10, progress=lambda *done: seen.append(done)
    )
    assert seen == [(10, 25), (20, 25), (25, 25)]
