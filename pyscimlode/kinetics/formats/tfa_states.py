"""Steady states from tables that pyTFA writes: fluxes, ln concentrations and energies."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from pyscimlode.errors import ColumnError, DataError, ValueRangeError
from pyscimlode.kinetics.networks.network import KineticNetwork
from pyscimlode.kinetics.networks.state import SteadyState
from pyscimlode.models.kinetic.compiled import displacement_exponents

FloatArray = npt.NDArray[np.float64]
LN_MM = float(np.log(1000.0))
"""ln of one M in mM."""


def read_tfa_states(
    path: str | os.PathLike[str], network: KineticNetwork, density: float
) -> dict[str, SteadyState]:
    """Read steady states of a network from a table of pyTFA solutions, such as SKiMpy's examples.

    One row is one state. Columns: ``<reaction>`` is the forward flux and
    ``<reaction>_reverse_<hash>`` the backward one (mmol/gDW/h), ``LC_<species>`` is ln c in M, and
    ``LnGamma_<reaction>`` is ln(Gamma/Keq), from which Keq follows. Other columns are not read.
    Species are found in either spelling: ``LC_glc-D_e`` is glc_D_e, and ``LC_2pg_c`` _2pg_c.
    The states are not checked: :func:`pyscimlode.kinetics.check_state` does.

    Args:
        path: of the CSV file, whose first column names the states.
        network: such as that of :func:`pyscimlode.kinetics.read_skimpy_yaml`.
        density: gDW per litre of cells.

    Returns:
        Name of the state -> state. Keq is NaN for a reversible reaction without ``LnGamma_``.

    Raises:
        DataError: the file is missing, no table or empty.
        ColumnError: a species without ``LC_``, a reaction without flux.
        ValueRangeError: a value that is no number; the message names state and column.
    """
    source = Path(path)
    try:
        table = pd.read_csv(source, index_col=0)
    except OSError as error:
        raise DataError(f"{source} cannot be read: {error.strerror or error}.") from error
    except (ValueError, pd.errors.ParserError) as error:
        raise DataError(f"{source} is not a table of states: {error}.") from error
    if table.empty:
        raise DataError(f"{source} has no states.")
    reader = _Table(source, table)
    spelt = {_plain(str(c)): str(c) for c in table.columns if str(c).startswith("LC_")}
    concentrations = [spelt.get(_plain(f"LC_{s}"), f"LC_{s}") for s in network.species_ids]
    log_c = reader.columns(concentrations, "concentration") + LN_MM
    fluxes = reader.columns(network.reaction_ids, "flux")
    for j, id_ in enumerate(network.reaction_ids):
        backward = [c for c in table.columns if str(c).startswith(f"{id_}_reverse_")]
        fluxes[:, j] -= reader.columns(backward, "flux").sum(axis=1)
    log_gamma = log_c @ displacement_exponents(network).T
    keq = np.full(fluxes.shape, np.nan)
    for j, reaction in enumerate(network.reactions):
        name = f"LnGamma_{reaction.id}"
        if not reaction.reversible:
            keq[:, j] = np.inf
        elif name in table.columns:
            keq[:, j] = np.exp(log_gamma[:, j] - reader.columns([name], "energy")[:, 0])
    return {
        str(name): SteadyState(
            np.exp(log_c[i]),
            fluxes[i],
            keq[i],
            "mmol/gDW/h",
            density,
            {"source": source.name, "state": str(name)},
        )
        for i, name in enumerate(table.index)
    }


def _plain(column: str) -> str:
    """Return the name of a concentration as models do that take no hyphen and no first digit."""
    return column.removeprefix("LC_").lstrip("_").replace("-", "_")


class _Table:
    """A table whose columns are taken by name."""

    def __init__(self, source: Path, table: pd.DataFrame) -> None:
        self._source = source
        self._table = table

    def columns(self, names: list[str] | tuple[str, ...], what: str) -> FloatArray:
        """Return columns ``(states, names)`` as numbers."""
        missing = [name for name in names if name not in self._table.columns]
        if missing:
            more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
            raise ColumnError(
                f"{self._source} has no column {missing[0]!r}{more} ({what}); is it a table of "
                "this network?"
            )
        values = self._table[list(names)].apply(pd.to_numeric, errors="coerce")
        array = values.to_numpy(dtype=np.float64, copy=True)
        if not np.isfinite(array).all():
            row, column = np.argwhere(~np.isfinite(array))[0]
            raise ValueRangeError(
                f"{self._source}: state {self._table.index[row]!r} has no number in the column "
                f"{names[column]!r}."
            )
        return np.asarray(array, dtype=np.float64)
