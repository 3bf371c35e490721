"""Sets of KM and Vmax as Parquet or HDF5 files with names and units, written batch by batch."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pyscimlode._version import __version__
from pyscimlode.errors import ArtifactError, DataError, did_you_mean
from pyscimlode.kinetics.evaluation.evaluator import KineticEvaluator
from pyscimlode.kinetics.formats.table_files import read_rows, table_columns, write_table
from pyscimlode.kinetics.generators.generator import KineticGenerator
from pyscimlode.kinetics.networks.network import KineticNetwork
from pyscimlode.kinetics.spread import Progress, reporter

FloatArray = npt.NDArray[np.float64]
FORMAT = "kinetic parameter sets"
KM_UNIT = "mM"


@dataclass(frozen=True, eq=False)
class ParameterSets:
    """Sets of parameters, one a row.

    Attributes:
        names: of the columns.
        units: of the columns.
        values: ``(sets, columns)``, positive; not logarithms.
        metadata: what the writer noted; JSON data.
    """

    names: tuple[str, ...]
    units: tuple[str, ...]
    values: npt.NDArray[Any]
    metadata: Mapping[str, Any]

    def ln(self, names: Sequence[str]) -> FloatArray:
        """Return natural logarithms ``(sets, names)``, as an evaluator takes them.

        Raises:
            DataError: an unknown name.
        """
        place = {name: i for i, name in enumerate(self.names)}
        for name in names:
            if name not in place:
                raise DataError(f"There is no column {name!r}." + did_you_mean(name, self.names))
        return np.log(self.values[:, [place[name] for name in names]].astype(np.float64))


def vmax_names(network: KineticNetwork) -> tuple[str, ...]:
    """Return the column names of Vmax: ``vmax_<reaction>``."""
    return tuple(f"vmax_{r}" for r in network.reaction_ids)


def vmax_units(network: KineticNetwork) -> tuple[str, ...]:
    """Return the units of Vmax; constants of mass action have that of their order.

    First-order modifiers add to the order.
    """
    from pyscimlode.models.kinetic.compiled import compile_laws

    orders = compile_laws(network).forward.sum(axis=1)
    return tuple(_rate_unit(1.0 - order) for order in orders.tolist())


def write_parameter_sets(
    path: str | os.PathLike[str],
    batches: Iterable[npt.NDArray[Any]],
    names: Sequence[str],
    units: Sequence[str],
    metadata: Mapping[str, Any] | None = None,
    *,
    dtype: str = "float32",
) -> int:
    """Write batches of parameter sets as one file, atomically; return how many sets.

    Args:
        path: ending in ``.parquet``, ``.h5`` or ``.hdf5``.
        batches: arrays ``(sets, columns)`` in the given units; one is in memory at a time.
        names: of the columns.
        units: of the columns.
        metadata: JSON data.
        dtype: ``"float32"`` or ``"float64"``.

    Raises:
        MissingDependencyError: pyarrow or h5py is not installed.
        DataError: an unknown ending, names and units that do not fit, no sets, a value that is no
            number or that the dtype cannot hold.
        ArtifactError: the file cannot be written.
    """
    if len(names) != len(units) or len(set(names)) != len(names) or not names:
        raise DataError(
            f"{len(names)} names ({len(set(names))} different) and {len(units)} units were given; "
            "each column needs a name of its own and a unit."
        )
    if dtype not in ("float32", "float64"):
        raise DataError(f"dtype={dtype!r} is not known; there are 'float32' and 'float64'.")
    noted = {**(metadata or {}), "format": FORMAT, "pyscimlode": __version__}
    return write_table(
        Path(path), _checked(batches, names, dtype), names, units, json.dumps(noted), dtype
    )


def write_generated_sets(
    path: str | os.PathLike[str],
    generator: KineticGenerator,
    theta: FloatArray,
    models: int,
    *,
    evaluator: KineticEvaluator | None = None,
    seed: int = 0,
    batch: int = 10_000,
    dtype: str | None = None,
    progress: Progress = False,
) -> int:
    """Write the KM that a generator makes, in mM, with Vmax where an evaluator is given.

    The memory does not depend on the number of models.

    Args:
        path: as of :func:`write_parameter_sets`.
        generator: makes the sets.
        theta: its weights.
        models: how many sets.
        evaluator: adds the Vmax (mM/h) of its steady state.
        seed: of the noise.
        batch: sets made and written together; with ``range="batch"`` part of what a set is.
        dtype: of file and generator. By default float32, and float64 for a file with Vmax: some
            are products of many c/K, which float32 cannot hold.
        progress: True writes progress to standard error; a function is called with the sets that
            are made and all of them.

    Raises:
        DataError: the evaluator's network has other KM, or as of :func:`write_parameter_sets`.
    """
    made_in, kept_in = dtype or "float32", dtype or ("float64" if evaluator else "float32")
    names, units = generator.km_names, (KM_UNIT,) * len(generator.km_names)
    if evaluator is not None:
        if evaluator.network.km_names != names:
            raise DataError(
                f"The generator makes other KM than the network {evaluator.network.name!r} has."
            )
        names += vmax_names(evaluator.network)
        units += vmax_units(evaluator.network)

    report = reporter(progress, "sets")

    def batches() -> Iterator[npt.NDArray[Any]]:
        made = generator.batches(theta, models, seed, batch=batch, dtype=made_in)
        for number, ln_km in enumerate(made, 1):
            report(min(number * batch, models), models)
            if evaluator is None:
                yield np.exp(ln_km, out=ln_km)
            else:
                yield np.exp(np.concatenate([ln_km, evaluator.ln_vmax(ln_km)], axis=1))

    metadata: dict[str, Any] = {"seed": seed, "batch": batch, "generator": generator.to_json()}
    metadata["made_in"] = made_in
    if evaluator is not None:
        metadata["network"] = evaluator.network.name
        metadata["state"] = dict(evaluator.state.provenance)
    return write_parameter_sets(path, batches(), names, units, metadata, dtype=kept_in)


def read_parameter_sets(
    path: str | os.PathLike[str], *, start: int = 0, stop: int | None = None
) -> ParameterSets:
    """Read sets ``start`` to ``stop`` of a file.

    Raises:
        MissingDependencyError: pyarrow or h5py is not installed.
        DataError: an unknown ending.
        ArtifactError: the file is missing, damaged or of another kind.
    """
    source = Path(path)
    names, units, text, sets = table_columns(source)
    metadata = json.loads(text or "{}")
    if metadata.get("format") != FORMAT:
        raise ArtifactError(f"{source} does not hold {FORMAT} that pyscimlode wrote.")
    values = read_rows(source, start, sets if stop is None else min(stop, sets))
    return ParameterSets(names, units, values, metadata)


def iterate_parameter_sets(
    path: str | os.PathLike[str], batch: int = 10_000
) -> Iterator[ParameterSets]:
    """Yield the sets of a file, ``batch`` at a time; errors as of :func:`read_parameter_sets`."""
    sets = table_columns(Path(path))[3]
    for start in range(0, sets, batch):
        yield read_parameter_sets(path, start=start, stop=start + batch)


def _checked(
    batches: Iterable[npt.NDArray[Any]], names: Sequence[str], dtype: str
) -> Iterator[npt.NDArray[Any]]:
    """Yield the batches in the dtype of the file."""
    for number, array in enumerate(batches):
        if array.ndim != 2 or array.shape[1] != len(names):
            raise DataError(
                f"Batch {number} has the shape {array.shape}; it must be (sets, {len(names)})."
            )
        with np.errstate(over="ignore", under="ignore"):
            kept = array.astype(dtype, copy=False)
        if not (np.isfinite(kept).all() and kept.all()):
            _refuse_lost(array, kept, number, names)
        yield kept


def _refuse_lost(
    array: npt.NDArray[Any], kept: npt.NDArray[Any], batch: int, names: Sequence[str]
) -> None:
    """Raise if a value is no number, or overflows or vanishes in the dtype of the file."""
    lost = ~np.isfinite(kept) | ((kept == 0) & (array != 0))
    if lost.any():
        row, column = np.argwhere(lost)[0]
        raise DataError(
            f"{names[column]!r} is {array[row, column]:g} in set {row} of batch {batch}, which "
            f"{kept.dtype} cannot hold"
            + ("; give dtype='float64'." if kept.dtype == np.float32 else ".")
        )


def _rate_unit(power: float) -> str:
    if power == 0:
        return "1/h"
    return "mM/h" if power == 1 else f"mM^{power:g}/h"
