"""Pathways that ship with the toolkit: the mevalonate route and its two products."""

from __future__ import annotations

from pyscimlode.models.pathways import Pathway, Reaction

TRUNK = (
    Reaction("v1", {"Acetyl-CoA": 1}, {"HMG-CoA": 1}, ("AtoB", "HMGS"), learned_yields=True),
    Reaction("v2", {"HMG-CoA": 1}, {"Mevalonate": 1}, ("HMGR",), learned_yields=True),
    Reaction("v3", {"Mevalonate": 1}, {"Mev-P": 1}, ("MK",), learned_yields=True),
    Reaction("v4", {"Mev-P": 1}, {"IPP/DMAPP": 1}, ("PMK", "PMD"), learned_yields=True),
)
"""Acetyl-CoA to IPP/DMAPP as it was measured: steps between unmeasured intermediates are joined."""

LIMONENE = (
    Reaction("v5", {"IPP/DMAPP": 2}, {"GPP": 1}, ("Idi", "GPPS"), learned_yields=True),
    Reaction("v6", {"GPP": 1}, {"Limonene": 1}, ("Limonene Synthase",), learned_yields=True),
)
ISOPENTENOL = (
    Reaction("v7", {"IPP/DMAPP": 1}, {"Isopentenol": 1}, ("NudB",), learned_yields=True),
)


def _measured(*reactions: Reaction) -> Pathway:
    species = Pathway(reactions).species
    return Pathway(reactions, exchanged=("Acetyl-CoA",), losses=species[1:])


def limonene_pathway() -> Pathway:
    """Return acetyl-CoA to limonene, for the measured limonene strains.

    Six joined reactions; acetyl-CoA is exchanged with the rest of metabolism, everything after it
    has a learned loss, and all yields are learned, because pools inside cells and products outside
    them are in different units. Topology: Martin et al., Nat. Biotechnol. 21 (2003) 796-802,
    Alonso-Gutierrez et al., Metab. Eng. 19 (2013) 33-41.
    """
    return _measured(*TRUNK, *LIMONENE)


def isopentenol_pathway() -> Pathway:
    """Return acetyl-CoA to isopentenol, for the measured isopentenol strains.

    As :func:`limonene_pathway`, with NudB on IPP/DMAPP (George et al., Sci. Rep. 5 (2015) 11128).
    GPP is no species of it: it stays at its detection limit in these strains.
    """
    return _measured(*TRUNK, *ISOPENTENOL)


def mevalonate_pathway() -> Pathway:
    """Return both branches together, for strains of both families pooled."""
    return _measured(*TRUNK, *LIMONENE, *ISOPENTENOL)


def simulated_pathway() -> Pathway:
    """Return the ten species and nine enzymes of the simulated strains.

    The stoichiometry of the simulator (:mod:`pyscimlode.data.pathway`), which books acetyl-CoA to
    acetoacetyl-CoA 1:1. Its rate laws are left to be learned.
    """
    steps: tuple[tuple[dict[str, float], dict[str, float], tuple[str, ...]], ...] = (
        ({}, {"Acetyl-CoA": 1}, ()),
        ({"Acetyl-CoA": 1}, {"Acetoacetyl-CoA": 1}, ("AtoB",)),
        ({"Acetyl-CoA": 1, "Acetoacetyl-CoA": 1}, {"HMG-CoA": 1}, ("HMGS",)),
        ({"HMG-CoA": 1}, {"Mevalonate": 1}, ("HMGR",)),
        ({"Mevalonate": 1}, {"Mev-P": 1}, ("MK",)),
        ({"Mev-P": 1}, {"Mev-PP": 1}, ("PMK",)),
        ({"Mev-PP": 1}, {"IPP": 1}, ("PMD",)),
        ({"IPP": 1}, {"DMAPP": 1}, ("Idi",)),
        ({"IPP": 1, "DMAPP": 1}, {"GPP": 1}, ("GPPS",)),
        ({"GPP": 1}, {"Limonene": 1}, ("LS",)),
    )
    return Pathway(
        tuple(
            Reaction(f"v{index}", substrates, products, enzymes)
            for index, (substrates, products, enzymes) in enumerate(steps)
        )
    )
