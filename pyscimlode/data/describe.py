"""What is in a data set, at a glance: the text and the HTML of a notebook."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyscimlode.data.dataset import Dataset

_MOST_STRAINS = 8
_MOST_COLUMNS = 16


def describe(dataset: Dataset) -> str:
    """Return the few lines that ``repr(dataset)`` shows."""
    lines = [f"Dataset ({dataset.provenance.source}): {_strains(dataset)}, {_times(dataset)}"]
    lines.append(f"  {_states(dataset)}; {_coverage(dataset)}")
    lines.append(f"  {_controls(dataset)}")
    return "\n".join(lines)


def describe_html(dataset: Dataset) -> str:
    """Return a small HTML table: the text of :func:`describe` and a row per experiment."""
    head, *rest = describe(dataset).splitlines()
    rows = "".join(
        f"<tr><td>{escape(e.name)}</td><td>{escape(e.strain)}</td><td>{len(e.times)}</td>"
        f"<td>{e.times[0]:g} to {e.times[-1]:g}</td><td>{e.n_measured} of {e.states.size}</td></tr>"
        for e in dataset.experiments[:20]
    )
    left_out = len(dataset) - 20
    more = f"<p>and {left_out} more</p>" if left_out > 0 else ""
    return (
        f"<p><b>{escape(head)}</b><br>{'<br>'.join(escape(line.strip()) for line in rest)}</p>"
        "<table><thead><tr><th>experiment</th><th>strain</th><th>times</th>"
        f"<th>{escape(dataset.time_unit)}</th><th>measured state cells</th></tr></thead>"
        f"<tbody>{rows}</tbody></table>{more}"
    )


def _strains(dataset: Dataset) -> str:
    strains = dataset.strains
    text = f"{_count(len(strains), 'strain')} ({_some(list(strains), _MOST_STRAINS)})"
    if len(dataset) > len(strains):
        text += f" in {len(dataset)} experiments"
    return text


def _times(dataset: Dataset) -> str:
    counts = sorted({len(experiment.times) for experiment in dataset})
    number = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    times = dataset.times
    return f"{number} times from {times[0]:g} to {times[-1]:g} {dataset.time_unit}"


def _states(dataset: Dataset) -> str:
    return f"{_count(len(dataset.state_names), 'state')}: {_columns(dataset, dataset.state_names)}"


def _controls(dataset: Dataset) -> str:
    names = dataset.control_names
    if not names:
        return "no controls"
    how = "linear in time" if dataset.control_interpolation == "linear" else "steps in time"
    return f"{_count(len(names), 'control')}: {_columns(dataset, names)} ({how})"


def _coverage(dataset: Dataset) -> str:
    measured, cells = dataset.n_measured, dataset.n_cells
    return f"{measured} of {cells} cells measured ({100 * measured / cells:.0f} %)"


def _columns(dataset: Dataset, names: tuple[str, ...]) -> str:
    units = [dataset.units.get(name, "") for name in names]
    if len(names) > 1 and units[0] and len(set(units)) == 1:
        return f"{_some(list(names), _MOST_COLUMNS)} [all {units[0]}]"
    labelled = [
        f"{name} [{unit}]" if unit else name for name, unit in zip(names, units, strict=True)
    ]
    return _some(labelled, _MOST_COLUMNS)


def _some(items: list[str], most: int) -> str:
    if len(items) <= most:
        return ", ".join(items)
    return ", ".join(items[: most - 1]) + f", ... {items[-1]}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
