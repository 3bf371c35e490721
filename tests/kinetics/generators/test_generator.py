from __future__ import annotations

import numpy as np
import pytest

from pyscimlode.errors import ModelError
from pyscimlode.kinetics import KineticGenerator
from pyscimlode.kinetics.generators.generator import BOUNDS

NAMES = ("a", "b", "c")


def small(**options: object) -> KineticGenerator:
    return KineticGenerator(NAMES, **{"noise": 4, "hidden": (8, 8), **options})  # type: ignore[arg-type]


def drawn(generator: KineticGenerator, models: int = 50) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return generator.initial(rng), generator.draw_noise(models, rng)


def test_the_published_network_has_its_number_of_weights() -> None:
    generator = KineticGenerator(tuple(f"km{i}" for i in range(384)))
    assert generator.widths == (100, 256, 512, 1024, 384)
    assert generator.layout.size == 1_076_352
    theta = generator.initial(np.random.default_rng(0))
    blocks = generator.layout.unpack(theta)
    assert np.abs(blocks["b3"]).max() == 0.0
    assert np.abs(blocks["w0"]).max() == pytest.approx(np.sqrt(6 / 356), rel=1e-3)


def test_output_by_hand() -> None:
    """One input of 2 and the constant 1; hidden units 2 + 0.5 and -2 + 0.25."""
    generator = KineticGenerator(("a",), noise=1, hidden=(2,))
    theta = generator.layout.pack(
        {"w0": [[1.0, -1.0], [0.5, 0.25]], "b0": [0.0, 0.0], "w1": [[2.0], [3.0]], "b1": [-1.0]}
    )
    output = generator.outputs(theta, np.array([[2.0]]))
    assert output[0, 0] == pytest.approx(2.0 * 2.5 + 3.0 * 0.2 * -1.75 - 1.0)


@pytest.mark.parametrize("range_", ["entry", "batch"])
def test_every_range_is_kept(range_: str) -> None:
    generator = small(range=range_)
    theta, noise = drawn(generator)
    ln_km = generator.ln_km(20.0 * theta, noise)
    assert ln_km.min() >= BOUNDS[0]
    assert ln_km.max() <= BOUNDS[1]
    if range_ == "batch":
        assert ln_km.min() == pytest.approx(BOUNDS[0])
        assert ln_km.max() == pytest.approx(BOUNDS[1])


def test_only_the_batch_range_makes_models_depend_on_each_other() -> None:
    for range_, alike in (("entry", True), ("batch", False)):
        generator = small(range=range_)
        theta, noise = drawn(generator)
        whole, part = generator.ln_km(theta, noise), generator.ln_km(theta, noise[:10])
        assert np.allclose(whole[:10], part, rtol=1e-12) is alike


@pytest.mark.parametrize("range_", ["entry", "batch"])
def test_growing_weights_of_the_last_layer_do_not_drive_km_to_their_bounds(range_: str) -> None:
    generator = small(range=range_)
    theta, noise = drawn(generator)
    grown = theta.copy()
    grown[generator.layout["w2"].slice] *= 1e3
    np.testing.assert_allclose(
        generator.ln_km(grown, noise), generator.ln_km(theta, noise), rtol=1e-6
    )


def test_an_output_of_zeros_is_the_middle_of_the_range() -> None:
    ln_km = small().ln_km(np.zeros(small().layout.size), np.zeros((2, 4)))
    np.testing.assert_allclose(ln_km, (BOUNDS[0] + BOUNDS[1]) / 2)


def test_samples_are_reproducible_and_begin_alike() -> None:
    generator = small()
    theta, _ = drawn(generator)
    many, few = generator.sample(theta, 250, seed=3), generator.sample(theta, 120, seed=3)
    np.testing.assert_array_equal(many[:120], few)
    assert not np.allclose(many[:100], many[100:200])
    assert not np.allclose(generator.sample(theta, 120, seed=4), few)


def test_single_precision_makes_nearly_the_same_models() -> None:
    generator = small()
    theta, _ = drawn(generator)
    single = generator.sample(theta, 50, dtype="float32")
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, generator.sample(theta, 50), atol=1e-4)


def test_batches_are_the_sample_in_parts() -> None:
    generator = small()
    theta, _ = drawn(generator)
    parts = list(generator.batches(theta, 70, 3, batch=30))
    assert [len(part) for part in parts] == [30, 30, 10]
    np.testing.assert_array_equal(np.concatenate(parts), generator.sample(theta, 70, 3, batch=30))


def test_samples_that_cannot_be_made_are_refused() -> None:
    generator = KineticGenerator(("a", "b"), noise=3, hidden=(4,))
    theta = generator.initial(np.random.default_rng(0))
    for options in ({"batch": 0}, {"dtype": "float16"}, {"models": -1}):
        with pytest.raises(ModelError, match=r"make no sample: models are not negative"):
            generator.sample(theta, **{"models": 2, **options})
    with pytest.raises(ModelError, match=r"theta has shape \(5,\); this model has 30 parameters"):
        generator.sample(theta[:5], 2)


def test_measured_km_are_drawn_within_their_bounds() -> None:
    generator = small(measured={"b": (-1.0, -0.5)})
    theta, _ = drawn(generator)
    ln_km = generator.sample(theta, 400)
    assert -1.0 <= ln_km[:, 1].min() < -0.9
    assert -0.6 < ln_km[:, 1].max() <= -0.5
    with pytest.raises(ModelError, match=r"Measured KM are drawn at random; give rng="):
        generator.ln_km(theta, np.zeros((1, 4)))


def test_json_round_trip() -> None:
    generator = small(range="batch", measured={"a": (0.0, 1.0)})
    assert KineticGenerator.from_json(generator.to_json()) == generator
    with pytest.raises(ModelError, match=r"cannot be read: .*'width'"):
        KineticGenerator.from_json({**generator.to_json(), "width": 3})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"hidden": (0,)}, r"positive widths, not 3 KM, noise=4 and hidden=\(0,\)"),
        ({"range": "model"}, r"range='model' is not known; there are entry, batch"),
        ({"low": 2.0, "high": 1.0}, r"The bounds of the range, 2.0 and 1.0, are not in order"),
        ({"measured": {"bb": (0, 1)}}, r"'bb' is not known. Did you mean 'b'\?"),
        ({"measured": {"b": (1, 0)}}, r"The bounds of b, 1.0 and 0.0, are not in order"),
    ],
)
def test_mistakes_are_named(options: dict, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        small(**options)
