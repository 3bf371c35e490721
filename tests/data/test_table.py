from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from pyscimlode.data import Provenance, from_frame

NAN = np.nan


def table(**columns: Any) -> pd.DataFrame:
    data: dict[str, Any] = {
        "Strain": ["A", "A", "B", "B"],
        "Hour": [0, 4, 0, 4],
        "GPP": [0.1, 0.2, 0.3, NAN],
        "HMGR": [100, 200, NAN, 300],
    }
    return pd.DataFrame({**data, **columns})


def test_values_and_guesses() -> None:
    data = from_frame(table())
    assert data.names == ("A", "B")
    assert (data.state_names, data.control_names) == (("GPP",), ("HMGR",))
    np.testing.assert_array_equal(data["B"].states, [[0.3], [NAN]])
    np.testing.assert_array_equal(data["B"].controls, [[NAN], [300]])
    assert data.provenance == Provenance(
        "frame",
        {},
        (
            "time column guessed: 'Hour'",
            "experiment column guessed: 'Strain'",
            "controls guessed: HMGR",
            "states guessed: GPP",
        ),
    )


def test_roles_override_guesses_and_leave_no_notes() -> None:
    data = from_frame(table(), time="Hour", experiment="Strain", states=["HMGR"], controls="GPP")
    assert (data.state_names, data.control_names) == (("HMGR",), ("GPP",))
    assert data.provenance.history == ()


def test_states_alone_leave_other_columns_out() -> None:
    data = from_frame(table(Note=["x"] * 4, NADP=[1, 2, 3, 4]), states=["GPP"])
    assert data.state_names == ("GPP",)
    assert data.control_names == ("HMGR",)
    assert "columns not used: Note, NADP" in data.provenance.history


def test_text_columns_are_not_states() -> None:
    data = from_frame(table(Operator=["Ann", "Bob", "Ann", "Bob"]))
    assert data.state_names == ("GPP",)
    assert "columns not used: Operator" in data.provenance.history


def test_empty_guessed_columns_are_left_out_and_said() -> None:
    data = from_frame(table(Isopentenol=[NAN] * 4))
    assert data.state_names == ("GPP",)
    assert "column 'Isopentenol' left out: it has no value" in data.provenance.history


def test_rows_are_sorted_and_strains_keep_their_order() -> None:
    shuffled = table().iloc[[3, 0, 2, 1]]
    data = from_frame(shuffled)
    assert data.names == ("B", "A")
    assert data.select(["A", "B"]).content_hash == from_frame(table()).content_hash


def test_one_strain_without_a_strain_column() -> None:
    data = from_frame(table().drop(columns="Strain").iloc[:2])
    assert data.names == ("experiment",)
    assert "no experiment column found: the table is one strain" in data.provenance.history


def test_whole_numbers_are_fine_as_strain_ids() -> None:
    assert from_frame(table(Strain=[1, 1, 2, 2])).names == ("1", "2")
    assert from_frame(table(Strain=[1.0, 1.0, 2.0, 2.0])).names == ("1", "2")


def test_index_levels_become_columns() -> None:
    data = from_frame(table().set_index(["Strain", "Hour"]))
    assert data.content_hash == from_frame(table()).content_hash


def test_units_from_headers_and_from_the_call() -> None:
    data = from_frame(
        table(**{"NAD (uM)": [1, 2, 3, 4]}).rename(columns={"Hour": "Time (min)"}),
        units={"GPP": "mM"},
    )
    assert data.units == {"GPP": "mM", "NAD (uM)": "uM"}
    assert data.time_unit == "min"


def test_both_micro_signs_are_one_unit() -> None:
    data = from_frame(table(**{"NAD (µM)": [1, 2, 3, 4]}), units={"NAD (µM)": "uM"})
    assert data.units["NAD (µM)"] == "uM"


def test_time_unit_defaults_to_hours() -> None:
    assert from_frame(table().rename(columns={"Hour": "Time"})).time_unit == "h"


REPLICATED = pd.DataFrame(
    {
        "Strain": ["A", "A", "A", "A", "B", "B"],
        "Replicate": [1, 1, 2, 2, 1, 1],
        "Hour": [0, 4, 0, 8, 0, 4],
        "GPP": [1.0, 2.0, 3.0, NAN, 5.0, 6.0],
        "HMGR": [NAN, 20.0, 30.0, 40.0, 50.0, 60.0],
    }
)


def test_replicates_are_experiments_of_one_strain() -> None:
    data = from_frame(REPLICATED)
    assert data.names == ("A-r1", "A-r2", "B")
    assert data.strains == ("A", "B")
    assert data["A-r2"].times.tolist() == [0, 8]
    assert "replicate column guessed: 'Replicate'" in data.provenance.history


def test_replicates_named_by_text() -> None:
    named = REPLICATED.assign(Replicate=["x", "x", "A_two", "A_two", "x", "x"])
    assert from_frame(named).names == ("A-x", "A_two", "B")


def test_mean_of_replicates_is_over_measured_cells_at_each_time() -> None:
    data = from_frame(REPLICATED, replicates="mean")
    assert data.names == ("A", "B")
    assert data["A"].times.tolist() == [0, 4, 8]
    np.testing.assert_array_equal(data["A"].states[:, 0], [2, 2, NAN])
    np.testing.assert_array_equal(data["A"].controls[:, 0], [30, 20, 40])
    assert "replicates averaged per strain and time" in data.provenance.history


def test_negative_values_on_request() -> None:
    data = from_frame(table(GPP=[-1, -2, 0, 1]), negative="allow")
    assert data["A"].states.ravel().tolist() == [-1, -2]


def test_texts_as_numbers_with_more_words_for_missing() -> None:
    data = from_frame(
        table(GPP=["0,1", " 2 ", "n.d.", "-"], HMGR=["1e3", "−0", "", None]),
        decimal=",",
        missing=["N.D."],
    )
    np.testing.assert_array_equal(data["A"].states.ravel(), [0.1, 2])
    np.testing.assert_array_equal(data["B"].states.ravel(), [NAN, NAN])
    np.testing.assert_array_equal(data["A"].controls.ravel(), [1000, 0])


def test_nullable_numbers() -> None:
    data = from_frame(table(GPP=pd.array([1, None, 3, 4], dtype="Int64")))
    np.testing.assert_array_equal(data["A"].states.ravel(), [1, NAN])


def test_the_frame_is_left_as_it_was() -> None:
    frame = table()
    before = frame.copy()
    from_frame(frame)
    pd.testing.assert_frame_equal(frame, before)


def test_interpolation_is_kept() -> None:
    assert from_frame(table(), control_interpolation="step").control_interpolation == "step"


@pytest.mark.parametrize("name", ["Time", "time (h)", "t", "HOURS", "time_point"])
def test_names_of_time_columns(name: str) -> None:
    data = from_frame(table().rename(columns={"Hour": name}))
    assert data["A"].times.tolist() == [0, 4]


@pytest.mark.parametrize("name", ["strain", "Experiment", "condition", "Strain_ID", "Culture"])
def test_names_of_experiment_columns(name: str) -> None:
    assert from_frame(table().rename(columns={"Strain": name})).names == ("A", "B")
