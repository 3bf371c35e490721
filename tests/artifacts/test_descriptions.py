from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pyscimlode.artifacts import read_description
from pyscimlode.errors import ArtifactError


def read(file: Path) -> dict[str, Any]:
    return read_description(
        file, kind="box", version=2, what="saved box", made_by="pack()", again="pack again"
    )


def test_a_description_is_read(tmp_path: Path) -> None:
    file = tmp_path / "box.json"
    file.write_text(json.dumps({"kind": "box", "version": 2, "content": "shoes"}))
    assert read(file)["content"] == "shoes"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", r"box\.json is damaged: it is not JSON"),
        ("[]", r"does not describe a saved box"),
        ('{"kind": "hat", "version": 2}', r"does not describe a saved box"),
        (
            '{"kind": "box", "version": 3}',
            r"format version 3; this pyscimlode reads version 2\. .* or pack again",
        ),
    ],
)
def test_what_cannot_be_read_is_said(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "box.json"
    file.write_text(text)
    with pytest.raises(ArtifactError, match=message):
        read(file)


def test_a_missing_description_is_said(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"no saved box at .* \(no box\.json in it\).*pack\(\)"):
        read(tmp_path / "box.json")
