"""The catalogue of bad inputs: each fails with its own class and a text that says what to do."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pyscimlode.data import (
    Dataset,
    Experiment,
    benchmark,
    controls_at,
    from_frame,
    interpolate_by_row,
    leave_one_strain_out,
    load,
    read_csv,
    read_excel,
    simulate,
    split,
    validate_for_training,
)
from pyscimlode.data.pathway import PARAMETER_SETS
from pyscimlode.errors import (
    ColumnError,
    DataError,
    ExperimentError,
    PyscimlodeError,
    TimeError,
    UnitError,
    ValueRangeError,
)

NAN = np.nan
CSV = "Strain,Hour,GPP,HMGR\nA,0,0.1,100\nA,4,0.2,200\nB,0,0.3,100\nB,4,0.4,300\n"


def table(**columns: Any) -> pd.DataFrame:
    """Two strains, two times, one state, one control; columns replaced or added (None: gone)."""
    data: dict[str, Any] = {
        "Strain": ["A", "A", "B", "B"],
        "Hour": [0.0, 4.0, 0.0, 4.0],
        "GPP": [0.1, 0.2, 0.3, 0.4],
        "HMGR": [100.0, 200.0, 100.0, 300.0],
    }
    data.update(columns)
    return pd.DataFrame({name: values for name, values in data.items() if values is not None})


def experiment(name: str = "A", **parts: Any) -> Experiment:
    values = {
        "times": [0.0, 4.0, 8.0],
        "states": [[0.1, 1.0], [0.2, 2.0], [0.4, 3.0]],
        "controls": [[5.0], [6.0], [7.0]],
    }
    return Experiment(name, **{**values, **parts})


def dataset(*experiments: Experiment, **parts: Any) -> Dataset:
    values: dict[str, Any] = {"state_names": ("X", "Y"), "control_names": ("E",)}
    return Dataset(experiments or (experiment("A"), experiment("B")), **{**values, **parts})


def csv(content: str | bytes, name: str = "t.csv", **options: Any) -> Callable[[Path], object]:
    def build(folder: Path) -> object:
        data = content.encode() if isinstance(content, str) else content
        (folder / name).write_bytes(data)
        return read_csv(folder / name, **options)

    return build


def excel(content: bytes, name: str = "t.xlsx", **options: Any) -> Callable[[Path], object]:
    def build(folder: Path) -> object:
        (folder / name).write_bytes(content)
        return read_excel(folder / name, **options)

    return build


def sheet_missing(folder: Path) -> object:
    table().to_excel(folder / "t.xlsx", sheet_name="strains", index=False)
    return read_excel(folder / "t.xlsx", sheet="strain")


def similar_file(folder: Path) -> object:
    (folder / "strains.csv").write_text(CSV)
    return read_csv(folder / "strain.csv")


@dataclass(frozen=True)
class Bad:
    id: str
    build: Callable[[Path], object]
    error: type[PyscimlodeError]
    text: str


CATALOGUE = [
    # times of a table
    Bad(
        "time-nan",
        lambda _: from_frame(table(Hour=[0, NAN, 0, 4])),
        TimeError,
        r"'Hour' is empty in row 2 below the header",
    ),
    Bad(
        "time-infinite",
        lambda _: from_frame(table(Hour=[0, np.inf, 0, 4])),
        TimeError,
        r"'Hour'.*infinite in row 2",
    ),
    Bad(
        "time-text",
        lambda _: from_frame(table(Hour=["0", "4 h", "0", "4"])),
        TimeError,
        r"'Hour' is not all numbers.*'4 h'",
    ),
    Bad(
        "time-dates",
        lambda _: from_frame(table(Hour=pd.to_datetime(["2020-01-01"] * 4))),
        TimeError,
        r"'Hour' holds dates or durations.*hours since the start",
    ),
    Bad(
        "time-durations",
        lambda _: from_frame(table(Hour=pd.to_timedelta([0, 4, 0, 4], unit="h"))),
        TimeError,
        r"'Hour' holds dates or durations",
    ),
    Bad(
        "time-negative",
        lambda _: from_frame(table(Hour=[-1, 4, 0, 4])),
        TimeError,
        r"'Hour' is negative \(-1\) in row 1.*Shift",
    ),
    Bad(
        "time-duplicate",
        lambda _: from_frame(table(Hour=[0, 4, 4, 4])),
        TimeError,
        r"Strain 'B' has more than one row at time 4.*replicate=",
    ),
    Bad(
        "strain-ids-duplicate",
        lambda _: from_frame(table(Strain=["A"] * 4)),
        TimeError,
        r"Strain 'A' has more than one row at time 0.*two strains share an id",
    ),
    Bad(
        "replicates-duplicate",
        lambda _: from_frame(table(Strain=["A"] * 4, Replicate=[1, 1, 1, 2])),
        TimeError,
        r"Strain 'A-r1' has more than one row at time 0",
    ),
    Bad(
        "replicates-duplicate-mean",
        lambda _: from_frame(table(Strain=["A"] * 4, Replicate=[1, 1, 1, 2]), replicates="mean"),
        TimeError,
        r"Strain 'A-r1' has more than one row at time 0",
    ),
    Bad(
        "one-row-strain",
        lambda _: from_frame(table().iloc[:3]),
        TimeError,
        r"'B' has 1 time\(s\); dynamics need at least two",
    ),
    Bad(
        "time-column-missing",
        lambda _: from_frame(table(Hour=None)),
        ColumnError,
        r"No column looks like the time.*time=",
    ),
    Bad(
        "time-column-ambiguous",
        lambda _: from_frame(table(Time=[0, 1, 0, 1])),
        ColumnError,
        r"Several columns look like the time: Time, Hour",
    ),
    Bad(
        "experiment-column-missing",
        lambda _: from_frame(table(Strain=None)),
        ExperimentError,
        r"Time 0 occurs more than once.*experiment=",
    ),
    # strains of a table
    Bad(
        "strain-empty",
        lambda _: from_frame(table(Strain=["A", None, "B", "B"])),
        ExperimentError,
        r"'Strain' is empty in row 2",
    ),
    Bad(
        "strain-blank",
        lambda _: from_frame(table(Strain=["A", " ", "B", "B"])),
        ExperimentError,
        r"'Strain' is empty in row 2",
    ),
    Bad(
        "strain-case",
        lambda _: from_frame(table(Strain=["A", "A", "a", "a"])),
        ExperimentError,
        r"'A' and 'a', which differ in upper and lower case alone",
    ),
    # columns of a table
    Bad(
        "unknown-state",
        lambda _: from_frame(table(Limonene=[0, 1, 0, 1]), states=["limonen"]),
        ColumnError,
        r"states: there is no column 'limonen'.*Did you mean 'Limonene'\?",
    ),
    Bad(
        "unknown-control",
        lambda _: from_frame(table(), controls=["HMRG"]),
        ColumnError,
        r"controls: there is no column 'HMRG'.*Did you mean 'HMGR'\?",
    ),
    Bad(
        "unknown-time",
        lambda _: from_frame(table(), time="hours"),
        ColumnError,
        r"time: there is no column 'hours'.*Did you mean 'Hour'\?",
    ),
    Bad(
        "unknown-experiment",
        lambda _: from_frame(table(), experiment="strian"),
        ColumnError,
        r"experiment: .*Did you mean 'Strain'\?",
    ),
    Bad(
        "unknown-replicate",
        lambda _: from_frame(table(), replicate="rep"),
        ColumnError,
        r"replicate: there is no column 'rep'",
    ),
    Bad(
        "state-and-control",
        lambda _: from_frame(table(), states=["GPP"], controls=["GPP"]),
        ColumnError,
        r"'GPP' is both a state and a control",
    ),
    Bad(
        "state-and-time",
        lambda _: from_frame(table(), time="Hour", states=["GPP", "Hour"]),
        ColumnError,
        r"'Hour' is named as a state, but it is also the time",
    ),
    Bad(
        "control-and-strain",
        lambda _: from_frame(table(), experiment="Strain", controls=["Strain"]),
        ColumnError,
        r"'Strain' is named as a control, but",
    ),
    Bad(
        "state-twice",
        lambda _: from_frame(table(), states=["GPP", "GPP"]),
        ColumnError,
        r"state 'GPP' is named twice",
    ),
    Bad(
        "no-states",
        lambda _: from_frame(table(GPP=None)),
        ColumnError,
        r"No column is left for the states",
    ),
    Bad(
        "no-states-asked",
        lambda _: from_frame(table(), states=[]),
        ColumnError,
        r"at least one state",
    ),
    Bad(
        "empty-column-asked",
        lambda _: from_frame(table(GPP=[NAN] * 4, X=[1, 2, 3, 4]), states=["GPP", "X"]),
        ColumnError,
        r"'GPP' has no value; leave it out of states",
    ),
    Bad(
        "empty-control-asked",
        lambda _: from_frame(table(HMGR=[NAN] * 4), controls=["HMGR"]),
        ColumnError,
        r"'HMGR' has no value; leave it out of controls",
    ),
    Bad(
        "all-states-empty",
        lambda _: from_frame(table(GPP=[NAN] * 4)),
        ColumnError,
        r"No state has any value: GPP",
    ),
    Bad(
        "header-twice",
        lambda _: from_frame(table().set_axis(["Strain", "Hour", "GPP", "GPP"], axis=1)),
        ColumnError,
        r"Two columns are named 'GPP'",
    ),
    Bad(
        "header-levels",
        lambda _: from_frame(
            table().set_axis(pd.MultiIndex.from_product([["x"], list("abcd")]), axis=1)
        ),
        ColumnError,
        r"headers of several levels",
    ),
    Bad(
        "long-table",
        lambda _: from_frame(
            table(GPP=None, HMGR=None, Metabolite=["GPP"] * 4, Value=[1, 2, 3, 4])
        ),
        ColumnError,
        r"The table is long: 'Metabolite' names what 'Value' measures.*pivot_table",
    ),
    Bad("no-rows", lambda _: from_frame(table().iloc[:0]), DataError, r"no rows with content"),
    Bad(
        "only-empty-rows",
        lambda _: from_frame(table().iloc[:2].map(lambda _: None)),
        DataError,
        r"no rows with content",
    ),
    Bad("no-frame", lambda _: from_frame([1, 2]), DataError, r"DataFrame is needed, not list"),
    # cells of a table
    Bad(
        "text-in-numbers",
        lambda _: from_frame(table(GPP=["0.1", "high", "0.3", "0.4"])),
        ValueRangeError,
        r"'GPP' has 'high' in strain 'A' at time 4, which is not a number",
    ),
    Bad(
        "text-in-control",
        lambda _: from_frame(table(HMGR=["1e5", "2e5", "3e5", "3e5?"])),
        ValueRangeError,
        r"'HMGR' has '3e5\?' in strain 'B' at time 4",
    ),
    Bad(
        "text-state-asked",
        lambda _: from_frame(table(GPP=["low", "low", "high", "high"]), states=["GPP"]),
        ValueRangeError,
        r"'GPP' has 'low' in strain 'A' at time 0",
    ),
    Bad(
        "decimal-comma",
        lambda _: from_frame(table(GPP=["0,1", "0,2", "0,3", "0,4"])),
        ValueRangeError,
        r"'0,1' in strain 'A' at time 0: a decimal comma. Pass decimal=','",
    ),
    Bad(
        "below-limit",
        lambda _: from_frame(table(GPP=["<0.01", "0.2", "0.3", "0.4"])),
        ValueRangeError,
        r"'<0.01' in strain 'A' at time 0, which is below the detection limit",
    ),
    Bad(
        "not-detected",
        lambda _: from_frame(table(GPP=["n.d.", "0.2", "0.3", "0.4"])),
        ValueRangeError,
        r"detection limit.*missing=\['n.d.'\]",
    ),
    Bad(
        "thousands-separator",
        lambda _: from_frame(table(HMGR=["1,200.5", "2", "3", "4"])),
        ValueRangeError,
        r"'1,200.5' .*not a number",
    ),
    Bad(
        "booleans",
        lambda _: from_frame(table(GPP=[True, False, True, True]), states=["GPP"]),
        ValueRangeError,
        r"'GPP' holds true/false",
    ),
    Bad(
        "dates-in-numbers",
        lambda _: from_frame(table(GPP=pd.to_datetime(["2020-01-01"] * 4)), states=["GPP"]),
        ValueRangeError,
        r"'GPP' holds dates, not numbers; a spreadsheet",
    ),
    Bad(
        "infinite-cell",
        lambda _: from_frame(table(GPP=[0.1, np.inf, 0.3, 0.4])),
        ValueRangeError,
        r"'GPP' is infinite in strain 'A' at time 4",
    ),
    Bad(
        "negative-concentration",
        lambda _: from_frame(table(GPP=[0.1, 0.2, -0.3, 0.4])),
        ValueRangeError,
        r"'GPP' is negative \(-0.3\) in strain 'B' at time 0.*negative='allow'",
    ),
    Bad(
        "negative-protein",
        lambda _: from_frame(table(HMGR=[1, 2, 3, -4])),
        ValueRangeError,
        r"'HMGR' is negative \(-4\) in strain 'B' at time 4",
    ),
    # units
    Bad(
        "unit-against-header",
        lambda _: from_frame(
            table(GPP=None, **{"GPP (uM)": [1, 2, 3, 4]}), units={"GPP (uM)": "mM"}
        ),
        UnitError,
        r"header of column 'GPP \(uM\)' says 'uM', but units= says 'mM'",
    ),
    Bad(
        "unit-unknown-column",
        lambda _: from_frame(table(), units={"GP": "mM"}),
        UnitError,
        r"unit for 'GP', which is no state or control. Did you mean 'GPP'\?",
    ),
    Bad(
        "unit-empty",
        lambda _: from_frame(table(), units={"GPP": " "}),
        UnitError,
        r"unit of 'GPP' is ' '",
    ),
    Bad(
        "time-unit-against-header",
        lambda _: from_frame(table(), time_unit="min"),
        UnitError,
        r"time column 'Hour' says 'h', but time_unit= says 'min'",
    ),
    Bad(
        "unit-not-convertible",
        lambda _: dataset(units={"X": "mM"}).with_units({"X": "g/L"}),
        UnitError,
        r"'X' is in 'mM' and cannot be converted to 'g/L'",
    ),
    Bad(
        "unit-misspelt",
        lambda _: dataset(units={"X": "mM"}).with_units({"X": "mm"}),
        UnitError,
        r"cannot be converted to 'mm'.*Did you mean",
    ),
    Bad(
        "unit-of-nothing",
        lambda _: dataset(units={"Z": "mM"}),
        UnitError,
        r"unit for 'Z', which is no state or control",
    ),
    Bad("time-unit-empty", lambda _: dataset(time_unit=""), UnitError, r"time unit is ''"),
    # options
    Bad(
        "interpolation-frame",
        lambda _: from_frame(table(), control_interpolation="cubic"),
        DataError,
        r"control_interpolation is 'cubic'; it must be 'linear' or 'step'",
    ),
    Bad(
        "interpolation-dataset",
        lambda _: dataset(control_interpolation="steps"),
        DataError,
        r"Did you mean 'step'\?",
    ),
    Bad(
        "replicates-option",
        lambda _: from_frame(table(), replicates="median"),
        DataError,
        r"replicates is 'median'; it must be 'separate' or 'mean'",
    ),
    Bad(
        "negative-option",
        lambda _: from_frame(table(), negative="zero"),
        DataError,
        r"negative is 'zero'",
    ),
    Bad("decimal-option", lambda _: from_frame(table(), decimal=";"), DataError, r"decimal is ';'"),
    # files
    Bad("no-file", lambda f: read_csv(f / "x.csv"), DataError, r"There is no file .*x\.csv"),
    Bad("similar-file", similar_file, DataError, r"Did you mean 'strains\.csv'\?"),
    Bad("folder", lambda f: read_csv(f), DataError, r"is a folder; name a file in it"),
    Bad("empty-file", csv(""), DataError, r"t\.csv is empty"),
    Bad("blank-file", csv("\n \n"), DataError, r"t\.csv is empty"),
    Bad("only-comments", csv("# a\n# b\n"), DataError, r"no header"),
    Bad("header-only", csv("Strain,Hour,GPP\n"), DataError, r"t\.csv: The table has no rows"),
    Bad("excel-suffix", csv("x", "t.xlsx"), DataError, r"spreadsheet; read it with read_excel"),
    Bad("excel-content", csv(b"PK\x03\x04zip"), DataError, r"not a text file but a spreadsheet"),
    Bad("gzip-content", csv(b"\x1f\x8b\x08zip"), DataError, r"unpack archives first"),
    Bad("binary-file", csv(b"ab\0\1\2c"), DataError, r"not a text file: it has zero bytes"),
    Bad(
        "latin-1-file",
        csv("Strain,Hour,GPP\nA,0,1\nÄ,4,2\n".encode("latin-1")),
        DataError,
        r"not utf-8 text \(line 3\).*encoding='latin-1'",
    ),
    Bad("no-encoding", csv(CSV, encoding="utf-9"), DataError, r"no encoding 'utf-9'"),
    Bad("one-column", csv("Strain Hour GPP\nA 0 1\n"), ColumnError, r"single column.*sep="),
    Bad(
        "ragged-lines",
        csv(CSV + "B,8,0.4\n"),
        DataError,
        r"line 6 has 3 fields, the header has 4",
    ),
    Bad(
        "comma-in-comma-file",
        csv("Strain,Hour,GPP\nA,0,0,1\n"),
        DataError,
        r"line 2 has 4 fields.*decimal comma in a comma-separated file",
    ),
    Bad("open-quote", csv(CSV + 'B,8,"0.4,5\n'), DataError, r"cannot be split into columns"),
    Bad(
        "file-cell",
        csv(CSV.replace("0.3", "?")),
        ValueRangeError,
        r"t\.csv: Column 'GPP' has '\?' in strain 'B' at time 0",
    ),
    Bad(
        "mixed-decimals",
        csv("Strain;Hour;GPP\nA;0;0.5\nA;4;0,7\n"),
        ValueRangeError,
        r"'0,7' in strain 'A' at time 4: a decimal comma",
    ),
    Bad(
        "comma-of-two-meanings",
        csv("Strain;Hour;GPP;HMGR\nA;0;1,200;1\nA;4;2,345;2\n"),
        ValueRangeError,
        r"t\.csv: '1,200' and its like may have a decimal comma or a comma between thousands",
    ),
    Bad(
        "point-among-decimal-commas",
        lambda _: from_frame(table(GPP=["1,5", "1.200", "1", "2"]), decimal=","),
        ValueRangeError,
        r"'GPP' has '1\.200' in strain 'A' at time 4, which is not a number",
    ),
    Bad("excel-empty", excel(b""), DataError, r"t\.xlsx is empty"),
    Bad("excel-is-text", excel(CSV.encode()), DataError, r"not an \.xlsx file.*read_csv"),
    Bad("excel-damaged", excel(b"PK\x03\x04damaged"), DataError, r"cannot be read as an \.xlsx"),
    Bad("excel-sheet", sheet_missing, DataError, r"no sheet 'strain'.*Did you mean 'strains'\?"),
    # construction
    Bad(
        "times-nan",
        lambda _: experiment(times=[0, NAN, 8]),
        TimeError,
        r"Time 1 of experiment 'A' is nan",
    ),
    Bad(
        "times-infinite",
        lambda _: experiment(times=[0, 4, np.inf]),
        TimeError,
        r"Time 2 of experiment 'A' is inf",
    ),
    Bad(
        "times-unsorted",
        lambda _: experiment(times=[0, 8, 4]),
        TimeError,
        r"not increasing: 8 is followed by 4. Sort",
    ),
    Bad(
        "times-duplicate",
        lambda _: experiment(times=[0, 4, 4]),
        TimeError,
        r"'A' has time 4 more than once",
    ),
    Bad(
        "times-negative",
        lambda _: experiment(times=[-2, 4, 8]),
        TimeError,
        r"'A' begins at time -2; times must not be negative",
    ),
    Bad(
        "times-table",
        lambda _: experiment(times=[[0, 4, 8]]),
        TimeError,
        r"times of experiment 'A' have shape \(1, 3\)",
    ),
    Bad(
        "times-text",
        lambda _: experiment(times=["0", "4", "x"]),
        ValueRangeError,
        r"times of experiment 'A' are not all numbers",
    ),
    Bad(
        "one-time",
        lambda _: experiment(times=[0], states=[[1, 2]], controls=[[1]]),
        TimeError,
        r"'A' has 1 time\(s\)",
    ),
    Bad(
        "no-times",
        lambda _: experiment(times=[], states=np.empty((0, 2)), controls=np.empty((0, 1))),
        TimeError,
        r"'A' has 0 time\(s\)",
    ),
    Bad(
        "states-rows",
        lambda _: experiment(states=[[1, 2], [3, 4]]),
        DataError,
        r"'A' has 3 times but 2 rows of states",
    ),
    Bad(
        "controls-rows",
        lambda _: experiment(controls=[[1]]),
        DataError,
        r"'A' has 3 times but 1 rows of controls",
    ),
    Bad(
        "states-flat",
        lambda _: experiment(states=[1, 2, 3]),
        DataError,
        r"states of experiment 'A' have shape \(3,\)",
    ),
    Bad(
        "states-ragged",
        lambda _: experiment(states=[[1, 2], [3], [4, 5]]),
        DataError,
        r"rows of states of experiment 'A' have different lengths",
    ),
    Bad(
        "states-text",
        lambda _: experiment(states=[[1, "x"], [3, 4], [4, 5]]),
        ValueRangeError,
        r"states of experiment 'A' are not all numbers",
    ),
    Bad(
        "states-infinite",
        lambda _: experiment(states=[[1, 2], [3, np.inf], [4, 5]]),
        ValueRangeError,
        r"states of experiment 'A' are infinite at time 4, column 1",
    ),
    Bad("name-empty", lambda _: experiment(""), ExperimentError, r"name of an experiment is ''"),
    Bad("name-number", lambda _: experiment(3), ExperimentError, r"name of an experiment is 3"),
    Bad("no-experiments", lambda _: Dataset((), ("X",)), ExperimentError, r"at least one"),
    Bad(
        "no-experiment-objects",
        lambda _: dataset("A"),
        ExperimentError,
        r"list of Experiment objects",
    ),
    Bad(
        "experiments-duplicate",
        lambda _: dataset(experiment("A"), experiment("A")),
        ExperimentError,
        r"two experiments named 'A'; ids must be unique",
    ),
    Bad(
        "strain-is-other-experiment",
        lambda _: dataset(experiment("A", strain="B"), experiment("B", strain="C")),
        ExperimentError,
        r"Strain 'B' \(of experiment 'A'\) is also the name of an experiment of strain 'C'",
    ),
    Bad(
        "too-few-state-names",
        lambda _: dataset(state_names=("X",)),
        DataError,
        r"'A' has 2 columns of states, but 1 states are named: X",
    ),
    Bad(
        "too-few-control-names",
        lambda _: dataset(control_names=()),
        DataError,
        r"'A' has 1 columns of controls, but 0 controls are named: none",
    ),
    Bad(
        "names-as-text",
        lambda _: dataset(state_names="XY"),
        ColumnError,
        r"state_names is the text 'XY'; it must be a list",
    ),
    Bad(
        "name-in-two-roles",
        lambda _: dataset(control_names=("X",)),
        ColumnError,
        r"'X' is both a state and a control",
    ),
    Bad(
        "name-blank",
        lambda _: dataset(state_names=("X", " ")),
        ColumnError,
        r"state name ' ' is not a text, or an empty one",
    ),
    # use
    Bad(
        "unknown-strain",
        lambda _: dataset()["AA"],
        ExperimentError,
        r"no experiment 'AA'; there are A, B. Did you mean 'A'\?",
    ),
    Bad("drop-all", lambda _: dataset().drop(["A", "B"]), ExperimentError, r"at least one"),
    Bad(
        "keep-unknown",
        lambda _: dataset().keep(states=["XX"]),
        ColumnError,
        r"no state 'XX'; there are X, Y",
    ),
    Bad(
        "keep-control-unknown",
        lambda _: dataset().keep(controls=["X"]),
        ColumnError,
        r"no control 'X'; there are E",
    ),
    Bad(
        "control-never-measured",
        lambda _: controls_at(dataset(experiment(controls=[[NAN]] * 3)), "A", [1.0]),
        ColumnError,
        r"Control 'E' was never measured in experiment 'A'",
    ),
    Bad(
        "controls-at-nan",
        lambda _: controls_at(dataset(), "A", [NAN]),
        TimeError,
        r"times must be finite",
    ),
    Bad(
        "one-point-grid",
        lambda _: interpolate_by_row(experiment(), 1),
        DataError,
        r"points is 1; an even grid needs at least two",
    ),
    # splits
    Bad(
        "test-unknown",
        lambda _: split(dataset(), "C"),
        ExperimentError,
        r"no experiment 'C'; there are A, B",
    ),
    Bad("test-none", lambda _: split(dataset(), []), ExperimentError, r"No test strain is named"),
    Bad(
        "test-all",
        lambda _: split(dataset(), ["A", "B"]),
        ExperimentError,
        r"All strains \(A, B\) are test strains",
    ),
    Bad(
        "test-one-replicate",
        lambda _: split(
            dataset(experiment("A1", strain="A"), experiment("A2", strain="A"), experiment("B")),
            "A2",
        ),
        ExperimentError,
        r"Strain 'A' is a test strain and also a training strain \(training: A1; test: A2\)",
    ),
    Bad(
        "leave-out-only-strain",
        lambda _: list(leave_one_strain_out(dataset(experiment("A")))),
        ExperimentError,
        r"one strain, 'A'; leaving it out leaves nothing",
    ),
    # training
    Bad(
        "test-is-training",
        lambda _: validate_for_training(dataset(), dataset(experiment("B"))),
        ExperimentError,
        r"Strain 'B' is a test strain and also a training strain",
    ),
    Bad(
        "missing-t0",
        lambda _: validate_for_training(dataset(experiment(states=[[NAN, NAN], [1, 2], [2, 3]]))),
        TimeError,
        r"'A' has no measured state at its first time, 0 h",
    ),
    Bad(
        "missing-initial-state",
        lambda _: validate_for_training(dataset(experiment(states=[[1, NAN], [1, NAN], [2, 3]]))),
        ValueRangeError,
        r"State 'Y' of experiment 'A' is not measured at the first time, 0 h \(only from 8 h on\)",
    ),
    Bad(
        "nothing-after-t0",
        lambda _: validate_for_training(
            dataset(experiment(states=[[1, 2], [NAN, NAN], [NAN, NAN]]))
        ),
        TimeError,
        r"'A' has no measured state after its first time",
    ),
    Bad(
        "state-in-no-training-strain",
        lambda _: validate_for_training(
            dataset(experiment(states=[[1, NAN], [2, NAN], [3, NAN]])), dataset(experiment("B"))
        ),
        ColumnError,
        r"State 'Y' is not measured in any training strain \(A\)",
    ),
    Bad(
        "control-missing-in-one-strain",
        lambda _: validate_for_training(
            dataset(experiment("A"), experiment("B", controls=[[NAN]] * 3))
        ),
        ColumnError,
        r"Control 'E' was never measured in experiment 'B'",
    ),
    Bad(
        "control-missing-everywhere",
        lambda _: validate_for_training(dataset(experiment("A", controls=[[NAN]] * 3))),
        ColumnError,
        r"Control 'E' was never measured in any experiment",
    ),
    Bad(
        "different-states",
        lambda _: validate_for_training(
            dataset(experiment("A")), dataset(experiment("B"), state_names=("X", "Z"))
        ),
        ColumnError,
        r"different states: only one has Y, Z",
    ),
    Bad(
        "different-order",
        lambda _: validate_for_training(
            dataset(experiment("A")), dataset(experiment("B"), state_names=("Y", "X"))
        ),
        ColumnError,
        r"different states: the order differs",
    ),
    Bad(
        "different-units",
        lambda _: validate_for_training(
            dataset(experiment("A"), units={"X": "mM"}), dataset(experiment("B"), units={"X": "uM"})
        ),
        UnitError,
        r"'X' is in 'mM' in one data set and in 'uM'",
    ),
    Bad(
        "different-time-units",
        lambda _: validate_for_training(
            dataset(experiment("A")), dataset(experiment("B"), time_unit="min")
        ),
        UnitError,
        r"Times are in 'h' in one data set and in 'min'",
    ),
    Bad(
        "different-interpolation",
        lambda _: validate_for_training(
            dataset(experiment("A")), dataset(experiment("B"), control_interpolation="step")
        ),
        DataError,
        r"interpolated linearly.*steps",
    ),
    # simulated and named data
    Bad("no-strains", lambda _: simulate(0), DataError, r"number of strains is 0"),
    Bad("half-a-strain", lambda _: simulate(1.5), DataError, r"number of strains is 1\.5"),
    Bad("noise-negative", lambda _: simulate(1, noise=-0.1), DataError, r"noise is -0\.1"),
    Bad(
        "parameters-unknown",
        lambda _: simulate(1, parameters="life"),
        DataError,
        r"no pathway parameter set 'life'.*Did you mean 'live'\?",
    ),
    Bad(
        "parameters-negative",
        lambda _: replace(PARAMETER_SETS["live"], Vin=-1.0),
        DataError,
        r"parameter Vin is -1\.0",
    ),
    Bad(
        "simulate-times-unsorted",
        lambda _: simulate(1, times=[0, 8, 4]),
        TimeError,
        r"strictly increasing hours; got \[0\.0, 8\.0, 4\.0\]",
    ),
    Bad("simulate-one-time", lambda _: simulate(1, times=[4]), TimeError, r"at least two hours"),
    Bad(
        "benchmark-unknown",
        lambda _: benchmark("sim-spars"),
        DataError,
        r"no benchmark 'sim-spars'.*Did you mean 'sim-sparse'\?",
    ),
    Bad("benchmark-n", lambda _: benchmark("sim-dense", 321), DataError, r"n is 321; .*1 to 320"),
    Bad("benchmark-draw", lambda _: benchmark("sim-dense", 2, -1), DataError, r"draw is -1"),
    Bad("dataset-unknown", lambda _: load("limonen"), DataError, r"Did you mean 'limonene'\?"),
]


def test_catalogue_is_large_and_its_ids_are_unique() -> None:
    assert len(CATALOGUE) >= 60
    assert len({bad.id for bad in CATALOGUE}) == len(CATALOGUE)


@pytest.mark.parametrize("bad", CATALOGUE, ids=lambda bad: bad.id)
def test_bad_input(bad: Bad, tmp_path: Path) -> None:
    with pytest.raises(PyscimlodeError) as caught:
        bad.build(tmp_path)
    assert type(caught.value) is bad.error
    assert re.search(bad.text, str(caught.value), re.DOTALL), str(caught.value)
