"""Small pathways for the tests of hybrid models."""

from __future__ import annotations

from pyscimlode.models.hybrid import HybridODE
from pyscimlode.models.pathways import Pathway, Reaction

STATES = ("M0", "M1", "M2", "M3")
CONTROLS = ("P0", "P1")

BRANCHED = Pathway(
    (
        Reaction("in", {}, {"M1": 1}),
        Reaction("join", {"M1": 1, "M3": 2}, {"M0": 1}, ("P1",)),
        Reaction("split", {"M0": 1}, {"M3": 1, "M1": 0.5}, ("P0", "P1"), learned_yields=True),
        Reaction("out", {"M3": 1}, {}, ("P0",)),
    ),
    exchanged=("M1",),
    losses=("M3", "M0"),
)
"""Every part of a description once; M2 is free."""

CHAIN = Pathway(
    (
        Reaction("one", {"M0": 1}, {"M1": 1}, ("P0",)),
        Reaction("two", {"M1": 1}, {"M2": 2, "M3": 1}, ("P1",)),
    )
)
"""Nothing is free, lost or of learned yield."""


def hybrids() -> dict[str, HybridODE]:
    """Return bound models, by what is special about them."""
    return {
        "branched": HybridODE(BRANCHED, widths=(6, 5), network_sees_controls=True).bound_to(
            STATES, CONTROLS
        ),
        "chain": HybridODE(CHAIN, widths=(5,), features="linear").bound_to(STATES, CONTROLS),
        "chain-controls": HybridODE(
            CHAIN, widths=(4,), activation="silu", network_sees_controls=True
        ).bound_to(STATES, CONTROLS),
        "branched-adaptive": HybridODE(
            BRANCHED, widths=(4, 3), activation="adaptive-tanh"
        ).bound_to(STATES, CONTROLS),
        "inflow": HybridODE(
            Pathway((Reaction("in", {}, {"M2": 1}),)), widths=(3,), initial_spread=0.5
        ).bound_to(STATES, CONTROLS),
    }
