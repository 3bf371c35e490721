"""What rate laws ask of a network."""

from __future__ import annotations

from typing import Protocol

from pyscimlode.models.kinetic.reactions import KineticReaction


class ReactionSet(Protocol):
    """Reactions among species, with an order of everything; hashable."""

    @property
    def name(self) -> str:
        """For messages."""

    @property
    def species_ids(self) -> tuple[str, ...]:
        """Ids of all species, in the order of concentrations."""

    @property
    def reactions(self) -> tuple[KineticReaction, ...]:
        """Reactions, in the order of rates."""

    @property
    def km_names(self) -> tuple[str, ...]:
        """Names of the KM, in the order of their columns."""

    def __hash__(self) -> int:
        """Index arrays are kept by network."""
