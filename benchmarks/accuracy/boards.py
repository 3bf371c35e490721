"""The boards: which protocol, which models, how many strains, draws and seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyscimlode
from pyscimlode import Adam, Collocation, Comparison

QUICK_STAGES = (Collocation(5), Adam(5))
MEASURED = (
    "hybrid",
    "hybrid+geometric",
    "production-degradation",
    "neural-ode",
    "hybrid-permuted",
    "gaussian-process",
    "extra-trees",
)
SIMULATED = (*(model for model in MEASURED if model != "hybrid+geometric"), "gp-derivatives")
SIZES = (2, 5, 10, 50, 100)
DRAWS = 3


@dataclass(frozen=True)
class Board:
    """What is compared under one protocol.

    Attributes:
        protocol: see :data:`pyscimlode.boards.PROTOCOLS`.
        models: names of entrants.
        note: what must be known beyond what the comparison says itself.
        seeds: members of every neural model; simulated boards vary with the draw instead.
    """

    protocol: str
    models: tuple[str, ...]
    note: str
    seeds: int = 3

    def run(
        self, *, quick: bool = False, keep: Path | None = None, models: Sequence[str] = ()
    ) -> Comparison:
        """Compare; with ``keep`` go on with what is in that folder.

        Raises:
            DownloadError: the measured data are not to be had.
        """
        return pyscimlode.compare(
            protocols=self.protocol,
            models=models or self.models,
            n=(2,) if quick else SIZES,
            draws=1 if quick else DRAWS,
            seeds=1 if quick else self.seeds,
            stages=QUICK_STAGES if quick else None,
            out=keep,
            resume=True,
            progress=keep is not None,
        )


CHOSEN = (
    "Default recipes. They were chosen on these strains, so the figures of the models are somewhat "
    "optimistic."
)
BOARDS = {
    "sim-sparse": Board("sim-sparse", SIMULATED, CHOSEN, seeds=1),
    "sim-dense": Board("sim-dense", SIMULATED, "Default recipes.", seeds=1),
    "own": Board("own", MEASURED, CHOSEN),
    "pooled": Board("pooled", MEASURED, CHOSEN),
    "pooled7": Board("pooled7", MEASURED, CHOSEN),
}
