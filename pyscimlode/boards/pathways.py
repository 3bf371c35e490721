"""Known pathways by the names that tasks give them."""

from __future__ import annotations

from collections.abc import Callable

from pyscimlode.models.pathways import Pathway
from pyscimlode.models.pathways_known import (
    isopentenol_pathway,
    limonene_pathway,
    mevalonate_pathway,
    simulated_pathway,
)

PATHWAYS: dict[str, Callable[[], Pathway]] = {
    "mevalonate": mevalonate_pathway,
    "limonene": limonene_pathway,
    "isopentenol": isopentenol_pathway,
    "simulated": simulated_pathway,
}
"""Name -> pathway; one with more species stands before those it contains."""
