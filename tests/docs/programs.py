"""The Python blocks of a page of the documentation, as one program."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parents[2] / "docs"


def run(page: str) -> dict[str, Any]:
    """Execute the blocks in order and return their names."""
    text = (DOCS / page).read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    if not blocks:
        raise ValueError(f"{page} has no Python blocks")
    space: dict[str, Any] = {}
    for block in blocks:
        exec(compile(block, page, "exec"), space)
    return space
