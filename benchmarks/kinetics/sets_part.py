"""A million sets of KM: generated and written; time, size, memory."""

from __future__ import annotations

import importlib.util

from benchmarks.kinetics.alone import Findings, measured_alone
from benchmarks.kinetics.populations import subject
from benchmarks.kinetics.report import Part, Table, Target

FILES = {
    "h5": ("HDF5, KM", "h5py"),
    "parquet": ("Parquet, KM", "pyarrow"),
    "h5-vmax": ("HDF5, KM and Vmax", "h5py"),
    "parquet-vmax": ("Parquet, KM and Vmax", "pyarrow"),
}
SECONDS = 40.0
HEAD = ("file", "sets", "columns", "s", "s elapsed", "sets/s", "GB", "memory rise, MiB")
NOTE = (
    "float32, with Vmax float64; not compressed. Generated in batches of 10,000 by one thread; "
    "most of the time goes into matrix products. Memory: rise of the peak of resident memory in a "
    "process of its own, the packages for the files included."
)


def run(quick: bool) -> Part:
    """Write the files, each in a process of its own."""
    measured = subject(quick)
    rows, data, targets = [], {}, []
    for task, (label, package) in FILES.items():
        if importlib.util.find_spec(package) is None:
            rows.append([label, f"not measured: {package} is not installed", *[""] * 6])
            continue
        found = data[task] = measured_alone(task, quick)
        rows.append(_row(label, found))
        if measured.full_size and not task.endswith("vmax"):
            what = f"a million sets of KM generated and written, {label.split(',')[0]}"
            seconds = found["cpu"]
            met = seconds <= SECONDS
            targets.append(Target(what, f"at most {SECONDS:.0f} s", f"{seconds:.1f} s", met))
    table = Table("", HEAD, rows, [NOTE])
    return Part("Sets of parameters", measured.description(), [table], targets, data)


def _row(label: str, found: Findings) -> list[str]:
    return [
        label,
        f"{found['sets']:,}",
        str(found["columns"]),
        f"{found['cpu']:.1f}",
        f"{found['wall']:.1f}",
        f"{found['sets'] / found['cpu']:,.0f}",
        f"{found['bytes'] / 1e9:.2f}",
        f"{found['rise_mib']:.0f}",
    ]
