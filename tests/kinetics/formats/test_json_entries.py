from __future__ import annotations

import pytest

from pyscimlode.errors import DataError, ModelError
from pyscimlode.kinetics.formats.json_entries import Entry


def entry(**data: object) -> Entry:
    return Entry(data, "the file", DataError)


def test_values_have_their_type() -> None:
    found = entry(a="x", b=2, c=True, d=["p", "q"], e={"k": 1.5})
    assert (found.text("a"), found.number("b"), found.flag("c")) == ("x", 2.0, True)
    assert found.texts("d") == ("p", "q")
    assert found.texts("missing") is None
    assert found.part("e").numbers() == {"k": 1.5}
    assert [(name, part.data) for name, part in entry(e={"k": {}}).items("e", "thing")] == [
        ("k", {})
    ]


def test_another_type_is_named_with_its_place() -> None:
    with pytest.raises(DataError, match=r"'a' of the file is ''; give a text"):
        entry(a="").text("a")
    with pytest.raises(DataError, match=r"'a' of the file is True; give a number"):
        entry(a=True).number("a")
    with pytest.raises(DataError, match=r"'a' of the file is 1; give true or false"):
        entry(a=1).flag("a")
    with pytest.raises(DataError, match=r"the file has no 'a'"):
        entry().get("a")
    with pytest.raises(DataError, match=r"'k' of 'e' of the file is 'x'; give a number"):
        entry(e={"k": "x"}).part("e").numbers()
    with pytest.raises(DataError, match=r"'n' of reaction 'R2' of the file is None; give a number"):
        entry(r=[{}, {"id": "R2", "n": None}]).parts("r", "reaction")[1].number("n")
    with pytest.raises(ModelError, match=r"reaction number 1 is \[\]; a JSON object"):
        Entry([], "reaction number 1", ModelError)  # type: ignore[arg-type]


def test_misspelt_keys_are_told_from_notes() -> None:
    entry(modifiers=1, comment=2).check_spelling(("modifiers",))
    with pytest.raises(DataError, match=r"the file has 'Modifier', .* not known: 'modifiers'\?"):
        entry(Modifier=1).check_spelling(("modifiers",))
