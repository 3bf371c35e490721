"""A million KM sets of trained generators: time, file, and how many of them are valid."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt

from benchmarks.renaissance import cases
from benchmarks.renaissance.generators import Trained, trained
from benchmarks.renaissance.kept import Kept, Row
from benchmarks.renaissance.report import ARTICLE, Report, percent, table
from pyscimlode.errors import MissingDependencyError
from pyscimlode.kinetics import iterate_parameter_sets, write_generated_sets

FloatArray = npt.NDArray[np.float64]
SETS = 1_000_000
CHECKED = 2000
LARGE = 10_000
SMALL = 100
"""Models of a batch in training."""
NOTE = (
    "Case `{case}`, generators of seed 0 after 50 generations, one thread, float32 (float64 with "
    "Vmax, the largest of which leave the range of float32): generated, written, and {checked} "
    "random sets read back and judged by all eigenvalues. Seconds: generating and writing; the "
    "elapsed ones depend on what else the machine does. With the published range a model depends "
    "on its batch mates, so that sets made {large} at a time are not those of the batches of "
    "{small} in training; with a range per entry it does not matter."
)
ARTICLE_NOTE = "The article's code notes about 20 s for a million KM sets, written as HDF5."
INSTEAD = (
    "{} is not installed here (extra `kinetics`): the sets were written as a plain array of numpy "
    "instead, without names and units."
)


@dataclass(frozen=True)
class Job:
    """A file to write.

    Attributes:
        recipe: of the generator.
        ending: of the file.
        batch: sets made together.
        vmax: add the Vmax.
    """

    recipe: str
    ending: str
    batch: int = LARGE
    vmax: bool = False


JOBS = (
    Job("default", ".parquet"),
    Job("default", ".h5"),
    Job("published", ".parquet"),
    Job("default", ".parquet", vmax=True),
)


def run(kept: Kept, quick: bool) -> Report:
    """Write each file, check a part of it, and delete it."""
    case = cases.largest(quick)
    sets, checked = (2000, 200) if quick else (SETS, CHECKED)
    rows = []
    for job in JOBS[:2] if quick else JOBS:
        found = trained(job.recipe, quick=quick)
        key = f"{case}: {sets} {job}"
        rows.append(kept(key, partial(_measured, found, job, sets, checked)))
    lines = [
        (
            *(row["recipe"], row["file"], row["columns"], f"{row['batch']:,}"),
            *(f"{row['cpu_seconds']:.1f}", f"{row['seconds']:.1f}"),
            f"{row['sets'] / row['cpu_seconds']:,.0f}",
            f"{row['bytes'] / 1e9:.2f}",
            percent(row["valid"]),
        )
        for row in rows
    ]
    head = ("generator", "file", "columns", "batch", "CPU s", "s elapsed", "sets per CPU s", "GB")
    missing = sorted({row["missing"] for row in rows if row["missing"]})
    return Report(
        f"{sets:,} KM sets",
        [
            NOTE.format(case=case, checked=f"{checked:,}", large=f"{LARGE:,}", small=SMALL),
            table((*head, "valid"), lines),
            *(INSTEAD.format(name) for name in missing),
            ARTICLE_NOTE,
            ARTICLE,
            *cases.missing(),
        ],
        {"case": case, "rows": rows},
    )


def _measured(found: Trained, job: Job, sets: int, checked: int) -> Row:
    chosen = np.sort(np.random.default_rng(0).choice(sets, checked, replace=False))
    with TemporaryDirectory() as folder:
        path, missing = Path(folder) / f"sets{job.ending}", ""
        started, before = time.perf_counter(), time.process_time()
        try:
            _write(found, job, sets, path)
            read: Callable[[Path, npt.NDArray[np.int64]], FloatArray] = partial(
                _read, names=found.generator.km_names
            )
        except MissingDependencyError:
            missing = {".parquet": "pyarrow", ".h5": "h5py"}[job.ending]
            path, read = path.with_suffix(".npy"), _read_array
            started, before = time.perf_counter(), time.process_time()
            _write_array(found, job, sets, path)
        cpu, seconds = time.process_time() - before, time.perf_counter() - started
        size = path.stat().st_size
        ln_km = read(path, chosen)
    extra = len(found.evaluator.network.reactions) if job.vmax and not missing else 0
    return {
        "recipe": job.recipe,
        "file": path.suffix[1:],
        "missing": missing,
        "columns": len(found.generator.km_names) + extra,
        "batch": job.batch,
        "sets": sets,
        "cpu_seconds": cpu,
        "seconds": seconds,
        "bytes": size,
        "checked": len(ln_km),
        "valid": found.evaluator.evaluate(ln_km).incidence,
    }


def _write(found: Trained, job: Job, sets: int, path: Path) -> None:
    write_generated_sets(
        path,
        found.generator,
        found.theta,
        sets,
        evaluator=found.evaluator if job.vmax else None,
        seed=1000,
        batch=job.batch,
    )


def _write_array(found: Trained, job: Job, sets: int, path: Path) -> None:
    shape = (sets, len(found.generator.km_names))
    array = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=shape)
    start = 0
    for part in found.generator.batches(found.theta, sets, 1000, batch=job.batch, dtype="float32"):
        array[start : start + len(part)] = np.exp(part)
        start += len(part)
    array.flush()


def _read(path: Path, chosen: npt.NDArray[np.int64], names: tuple[str, ...]) -> FloatArray:
    """Return ln KM of the chosen sets, reading the file batch by batch."""
    parts, start = [], 0
    for found in iterate_parameter_sets(path, LARGE):
        count = len(found.values)
        inside = chosen[(chosen >= start) & (chosen < start + count)] - start
        parts.append(found.ln(names)[inside])
        start += count
    return np.concatenate(parts)


def _read_array(path: Path, chosen: npt.NDArray[np.int64]) -> FloatArray:
    values: FloatArray = np.load(path, mmap_mode="r")[chosen].astype(np.float64)
    return np.log(values)
