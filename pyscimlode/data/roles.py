"""Which column of a table is the time, the strain, a state or a control: asked or guessed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from pyscimlode.data.validation import check_columns
from pyscimlode.errors import ColumnError, did_you_mean

TIME_NAMES = ("time", "hour", "hours", "h", "t", "timepoint", "time point", "min", "minutes", "day")
EXPERIMENT_NAMES = ("strain", "experiment", "condition", "culture", "strain id", "experiment id")
REPLICATE_NAMES = ("replicate", "rep", "bio rep", "biological replicate", "replicate id")

# fmt: off
_PROTEINS = frozenset({
    "atob", "hmgs", "hmgr", "mk", "pmk", "pmd", "idi", "gpps", "ls", "nudb", "ispa",
    "limonene synthase", "bisabolene synthase",
})
# fmt: on
_PROTEIN_NAME = re.compile(r"^(protein|prot|enzyme|control|input)[\s_:.-]", re.IGNORECASE)
_PROTEIN_UNIT = re.compile(r"[(\[]\s*(counts?|a\.?u\.?|peak area|area)\s*[)\]]\s*$", re.IGNORECASE)
_NAME_COLUMNS = {"variable", "analyte", "metabolite", "protein", "compound", "measurement"}
_VALUE_COLUMNS = {"value", "concentration", "area", "amount", "intensity"}


@dataclass(frozen=True)
class Roles:
    """The role of every column that is used.

    Attributes:
        time: the time column.
        experiment: the strain column; None when the whole table is one strain.
        replicate: the column that tells replicates of a strain apart, or None.
        states: the states; those that were guessed may still turn out to be empty.
        controls: the controls; likewise.
        guessed: which of ``"states"`` and ``"controls"`` were guessed.
        notes: what was guessed or ignored, in words.
    """

    time: str
    experiment: str | None
    replicate: str | None
    states: tuple[str, ...]
    controls: tuple[str, ...]
    guessed: frozenset[str]
    notes: tuple[str, ...]


def resolve_roles(
    columns: Sequence[str],
    has_numbers: Callable[[str], bool],
    *,
    time: str | None,
    experiment: str | None,
    replicate: str | None,
    states: str | Sequence[str] | None,
    controls: str | Sequence[str] | None,
) -> Roles:
    """Return the roles: the given ones, checked, and guesses for those that are None.

    Args:
        columns: the columns of the table.
        has_numbers: whether a column holds at least one number, or nothing at all.
        time: see :class:`Roles`; as are the other arguments.
        experiment: strain column.
        replicate: replicate column.
        states: states.
        controls: controls.

    Raises:
        ColumnError: for unknown columns, one in two roles, or a guess that is not possible.
    """
    asked_states, asked_controls = _names(states), _names(controls)
    for role, names in (
        ("time", [time]),
        ("experiment", [experiment]),
        ("replicate", [replicate]),
        ("states", asked_states or ()),
        ("controls", asked_controls or ()),
    ):
        _check_known(role, [name for name in names if name is not None], columns)
    notes: list[str] = []
    taken = {name for name in (time, experiment, replicate) if name is not None}
    taken.update(asked_states or (), asked_controls or ())
    if time is None:
        time = _guess_time([column for column in columns if column not in taken])
        notes.append(f"time column guessed: {time!r}")
    if experiment is None:
        free = [column for column in columns if column not in taken | {time}]
        experiment, replicate = _guess_experiment(free, replicate)
        notes.append(
            f"experiment column guessed: {experiment!r}"
            if experiment
            else "no experiment column found: the table is one strain"
        )
    if replicate is None:
        free = [column for column in columns if column not in taken | {time, experiment}]
        replicate = next(iter(_matching(free, REPLICATE_NAMES)), None)
    if replicate is not None and replicate not in taken:
        notes.append(f"replicate column guessed: {replicate!r}")
    index = {name for name in (time, experiment, replicate) if name is not None}
    _check_single_role(index, asked_states or (), asked_controls or ())
    values = [column for column in columns if column not in index]
    _check_wide(values, asked_states)
    found_states, found_controls = _guess_values(
        values, has_numbers, asked_states, asked_controls, notes
    )
    check_columns(found_states, found_controls)
    guessed = {"states"} if asked_states is None else set()
    guessed |= {"controls"} if asked_controls is None else set()
    return Roles(
        time,
        experiment,
        replicate,
        found_states,
        found_controls,
        frozenset(guessed),
        tuple(notes),
    )


def _names(names: str | Sequence[str] | None) -> tuple[str, ...] | None:
    if names is None:
        return None
    return (names,) if isinstance(names, str) else tuple(names)


def _check_known(role: str, names: Sequence[str], columns: Sequence[str]) -> None:
    for name in names:
        if name not in columns:
            raise ColumnError(
                f"{role}: there is no column {name!r}; the columns are {', '.join(columns)}."
                + did_you_mean(str(name), columns)
            )


def _check_single_role(index: set[str], states: Sequence[str], controls: Sequence[str]) -> None:
    for role, names in (("state", states), ("control", controls)):
        for name in names:
            if name in index:
                raise ColumnError(
                    f"Column {name!r} is named as a {role}, but it is also the time, experiment "
                    "or replicate column; choose one role."
                )


def _guess_time(columns: Sequence[str]) -> str:
    found = _matching(columns, TIME_NAMES)
    if len(found) == 1:
        return found[0]
    if not found:
        raise ColumnError(
            "No column looks like the time; say which it is with time=... The columns are "
            f"{', '.join(columns)}."
        )
    raise ColumnError(
        f"Several columns look like the time: {', '.join(found)}. Say which it is with time=..."
    )


def _guess_experiment(
    columns: Sequence[str], replicate: str | None
) -> tuple[str | None, str | None]:
    found = _matching(columns, EXPERIMENT_NAMES)
    if not found:
        return None, replicate
    if {name.lower() for name in found} >= {"strain", "experiment"} and replicate is None:
        by_name = {name.lower(): name for name in found}
        return by_name["strain"], by_name["experiment"]
    return found[0], replicate


def _guess_values(
    values: Sequence[str],
    has_numbers: Callable[[str], bool],
    states: tuple[str, ...] | None,
    controls: tuple[str, ...] | None,
    notes: list[str],
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    named = {*(states or ()), *(controls or ())}
    free = [column for column in values if column not in named]
    numeric = [column for column in free if has_numbers(column)]
    if controls is None:
        controls = tuple(column for column in numeric if looks_like_protein(column))
        notes.append(f"controls guessed: {', '.join(controls) or 'none'}")
    if states is None:
        states = tuple(column for column in numeric if column not in controls)
        notes.append(f"states guessed: {', '.join(states) or 'none'}")
        if not states:
            raise ColumnError(
                "No column is left for the states; name them with states=... The columns are "
                f"{', '.join(values) or 'none'}."
            )
    ignored = [column for column in free if column not in {*states, *controls}]
    if ignored:
        notes.append(f"columns not used: {', '.join(ignored)}")
    return states, controls


def looks_like_protein(column: str) -> bool:
    """Whether a header looks like that of a protein, and so of a control.

    >>> [looks_like_protein(name) for name in ("HMGR", "protein_X", "LacZ (counts)", "GPP")]
    [True, True, True, False]
    """
    return (
        _plain(column) in _PROTEINS
        or _PROTEIN_NAME.match(column) is not None
        or _PROTEIN_UNIT.search(column) is not None
    )


def _matching(columns: Iterable[str], wanted: Sequence[str]) -> list[str]:
    available = {_plain(column): column for column in columns}
    return [available[name] for name in wanted if name in available]


def _plain(column: str) -> str:
    without_unit = re.sub(r"\s*[(\[].*[)\]]\s*$", "", column)
    return re.sub(r"[\s_-]+", " ", without_unit).strip().lower()


def _check_wide(values: Sequence[str], states: tuple[str, ...] | None) -> None:
    plain = {_plain(column): column for column in values}
    names, numbers = _NAME_COLUMNS & set(plain), _VALUE_COLUMNS & set(plain)
    if states is None and names and numbers:
        name, number = plain[min(names)], plain[min(numbers)]
        raise ColumnError(
            f"The table is long: {name!r} names what {number!r} measures. One column per "
            f"metabolite is needed; make it with frame.pivot_table(index=[strain, time], "
            f"columns={name!r}, values={number!r}).reset_index()."
        )
