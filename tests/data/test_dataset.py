from __future__ import annotations

import copy
import sys
import types
from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from pyscimlode.data import Dataset, Experiment, Provenance
from pyscimlode.errors import ExperimentError

NAN = np.nan


def make(name: str = "A", strain: str = "", shift: float = 0.0) -> Experiment:
    return Experiment(
        name,
        [0, 2, 5],
        np.array([[1.0, NAN], [2.0, 20.0], [NAN, 30.0]]) + shift,
        [[5.0], [NAN], [7.0]],
        strain,
    )


def dataset(**parts: object) -> Dataset:
    values: dict[str, object] = {
        "experiments": (make("A1", "A"), make("A2", "A", 1.0), make("B", shift=2.0)),
        "state_names": ("X", "Y"),
        "control_names": ("E",),
        "units": {"X": "mM"},
    }
    return Dataset(**{**values, **parts})


def test_counts_masks_and_times() -> None:
    data = dataset()
    assert data.names == ("A1", "A2", "B")
    assert data.strains == ("A", "B")
    assert (data.n_measured, data.n_cells) == (12, 18)
    assert data.times.tolist() == [0, 2, 5]
    assert data["B"].mask.tolist() == [[True, False], [True, True], [False, True]]
    assert data["B"].control_mask.ravel().tolist() == [True, False, True]
    assert "B" in data
    assert "C" not in data


def test_values_cannot_be_changed() -> None:
    data = dataset()
    with pytest.raises(ValueError, match="read-only"):
        data["B"].states[0, 0] = 1
    with pytest.raises(FrozenInstanceError):
        data.state_names = ()
    with pytest.raises(TypeError, match="immutable"):
        data.units["Y"] = "mM"
    with pytest.raises(TypeError, match="immutable"):
        data.provenance.details["x"] = 1


def test_given_arrays_are_copied() -> None:
    states = np.ones((2, 1))
    experiment = Experiment("A", [0, 1], states, np.empty((2, 0)))
    states[0, 0] = 5
    assert experiment.states[0, 0] == 1


def test_deep_copies_stay_immutable() -> None:
    twin = copy.deepcopy(dataset())
    assert twin.content_hash == dataset().content_hash
    assert not twin["B"].states.flags.writeable
    with pytest.raises(TypeError, match="immutable"):
        twin.units["Y"] = "mM"


def test_select_and_drop_take_ids_and_strains() -> None:
    data = dataset()
    assert data.select(["B", "A"]).names == ("B", "A1", "A2")
    assert data.select("A2").names == ("A2",)
    assert data.drop(["A"]).names == ("B",)
    assert data.drop(["A1", "B"]).names == ("A2",)
    with pytest.raises(ExperimentError, match="two experiments named 'A1'"):
        data.select(["A1", "A"])


def test_keep_picks_and_orders_columns() -> None:
    kept = dataset(units={"X": "mM", "Y": "g/L"}).keep(states=["Y"], controls=[])
    assert kept.state_names == ("Y",)
    assert kept.control_names == ()
    assert kept.units == {"Y": "g/L"}
    np.testing.assert_array_equal(kept["A1"].states, [[NAN], [20], [30]])
    assert kept["A1"].controls.shape == (3, 0)
    swapped = dataset().keep(states=["Y", "X"])
    np.testing.assert_array_equal(swapped["A1"].states, make().states[:, ::-1])


def test_history_is_added_and_leaves_the_content_alone() -> None:
    data = dataset(provenance=Provenance("here", {}, ("first",)))
    noted = data.with_history("second", "third")
    assert noted.provenance.history == ("first", "second", "third")
    assert noted.content_hash == data.content_hash


@pytest.mark.parametrize(
    "change",
    [
        {"state_names": ("X", "Z")},
        {"units": {"X": "uM"}},
        {"time_unit": "min"},
        {"control_interpolation": "step"},
        {"experiments": (make("A1", "A"), make("A2", "A", 1.0), make("B", shift=2.5))},
        {"experiments": (make("A1", "A"), make("A2", "A", 1.0), make("C", shift=2.0))},
        {"experiments": (make("A1"), make("A2", "A", 1.0), make("B", shift=2.0))},
    ],
)
def test_content_hash_sees_every_change(change: dict[str, object]) -> None:
    changed = dataset(**change)
    assert changed.content_hash != dataset().content_hash


def test_content_hash_is_that_of_the_values() -> None:
    one = Dataset((Experiment("A", [0, 1], [[0.0], [NAN]], np.empty((2, 0))),), ("X",))
    two = Dataset((Experiment("A", [0, 1], [[-0.0], [-NAN]], np.empty((2, 0))),), ("X",))
    assert one.content_hash == two.content_hash


def test_repr_tells_what_is_in_it() -> None:
    assert repr(dataset()) == (
        "Dataset (arrays): 2 strains (A, B) in 3 experiments, 3 times from 0 to 5 h\n"
        "  2 states: X [mM], Y; 12 of 18 cells measured (67 %)\n"
        "  1 control: E (linear in time)"
    )
    assert repr(make("A1", "A")) == (
        "Experiment A1 of strain A: 3 times, 0 to 5, 4 of 6 state cells measured"
    )


def test_plot_is_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    plots = types.ModuleType("pyscimlode.plots")
    plots.plot_dataset = lambda data, **options: (data, options)
    monkeypatch.setitem(sys.modules, "pyscimlode.plots", plots)
    data = dataset()
    assert data.plot(states=["X"]) == (data, {"states": ["X"]})
