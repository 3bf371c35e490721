"""The few pieces of HTML that a report is made of. Every text is escaped here."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from html import escape

DENSE = 7
"""Columns of a table from which on, with one more, it is set smaller."""

STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; color: #1c2430;
  background: #fff; max-width: 68rem; margin: 2rem auto; padding: 0 1.25rem; }
h1 { font-size: 1.7rem; margin-bottom: .2rem; }
h2 { font-size: 1.3rem; margin-top: 2.6rem; border-bottom: 2px solid #d9dee6; }
h3 { font-size: 1.05rem; margin-top: 1.8rem; margin-bottom: .4rem; }
p { max-width: 48rem; }
.quiet { color: #55606e; font-size: .9rem; }
.verdict { border-left: 5px solid #0072b2; background: #f1f6fa; padding: .6rem 1rem; }
.verdict.behind { border-color: #d55e00; background: #fdf3ec; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; margin: .6rem 0; }
th, td { padding: .25rem .7rem; text-align: left; border-bottom: 1px solid #e3e7ed; }
table.dense { font-size: .82rem; }
.dense th, .dense td { padding: .2rem .45rem; }
thead th { border-bottom: 2px solid #b9c2ce; vertical-align: bottom; }
th.number { text-align: right; }
td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
tr.model td { font-weight: 600; }
tr.control td, tr.regression td { color: #4a5563; }
tr.control td:first-child::after { content: "  control"; color: #6b7684; font-size: .8rem; }
tr.best td { background: #fff4d6; }
tr.best td:first-child::after { content: "  best control"; color: #7a5a00; font-size: .8rem; }
figure { margin: 1rem 0; }
figure img { max-width: 100%; height: auto; }
figcaption { color: #55606e; font-size: .9rem; max-width: 48rem; }
pre { background: #f4f6f8; padding: .7rem 1rem; font-size: .85rem; white-space: pre-wrap; }
tr.leak td { background: #fdf3ec; }
details { margin: .4rem 0; }
@media (max-width: 40rem) { td:last-child:not(.number) { min-width: 9rem; } }
summary { cursor: pointer; color: #0b5a8a; }
"""


class Measure(str):
    """A text that is set like a number, such as ``0.51 ± 0.02``."""

    __slots__ = ()


def page(title: str, body: Iterable[str]) -> str:
    """Return a whole document that needs no other file."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(part for part in body if part)
        + "\n</body>\n</html>\n"
    )


def heading(text: str, level: int = 2) -> str:
    """Return a heading."""
    return f"<h{level}>{escape(text)}</h{level}>"


def paragraph(text: str, kind: str = "") -> str:
    """Return a paragraph."""
    return f"<p{_class(kind)}>{escape(text)}</p>"


def bullets(texts: Iterable[str]) -> str:
    """Return a list."""
    return "<ul>" + "".join(f"<li>{escape(text)}</li>" for text in texts) + "</ul>"


def code(text: str) -> str:
    """Return a block of code."""
    return f"<pre><code>{escape(text)}</code></pre>"


def table(
    header: Sequence[str], rows: Iterable[Sequence[object]], kinds: Sequence[str] | None = None
) -> str:
    """Return a table; numbers are aligned right. ``kinds``: the class of each row."""
    listed = [list(row) for row in rows]
    head = "".join(
        f"<th{_class('number' if _is_number(listed, index) else '')}>{escape(str(cell))}</th>"
        for index, cell in enumerate(header)
    )
    body = []
    for index, row in enumerate(listed):
        kind = kinds[index] if kinds else ""
        body.append(f"<tr{_class(kind)}>{''.join(_cell(cell) for cell in row)}</tr>")
    top = f"<thead><tr>{head}</tr></thead>" if any(header) else ""
    kind = _class("dense" if len(header) > DENSE else "")
    return f'<div class="wide"><table{kind}>{top}<tbody>{"".join(body)}</tbody></table></div>'


def details(summary: str, content: str) -> str:
    """Return a part that is folded away."""
    return f"<details><summary>{escape(summary)}</summary>{content}</details>"


def picture(png: bytes, caption: str) -> str:
    """Return a picture, held inside the document, with its caption."""
    data = base64.b64encode(png).decode("ascii")
    return (
        f'<figure><img src="data:image/png;base64,{data}" alt="{escape(caption)}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def number(value: float) -> str:
    """Return a score with three decimals; very small and very large ones with an exponent."""
    if value != value:
        return "failed"
    if value == 0 or 5e-4 <= abs(value) < 1e4:
        return f"{value:.3f}"
    return f"{value:.2e}"


def _cell(value: object) -> str:
    if isinstance(value, Measure):
        return f'<td class="number">{escape(value)}</td>'
    if isinstance(value, float):
        return f'<td class="number">{number(value)}</td>'
    if isinstance(value, int):
        return f'<td class="number">{value}</td>'
    return f"<td>{escape(str(value))}</td>"


def _is_number(rows: Sequence[Sequence[object]], column: int) -> bool:
    """Return whether a column holds numbers."""
    cells = [row[column] for row in rows if column < len(row) and row[column] != ""]
    return bool(cells) and all(isinstance(cell, float | int | Measure) for cell in cells)


def _class(kind: str) -> str:
    return f' class="{escape(kind)}"' if kind else ""
