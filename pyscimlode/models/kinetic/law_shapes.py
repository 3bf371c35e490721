"""The seven rate laws: which participants each takes, and which denominator it has.

With x = s/Ks, y = p/Kp, r = Gamma/Keq and all but mass_action written for a Vmax of one
(Choudhury et al., Nat. Catal. 7:1086, 2024, "Generative machine learning produces kinetic models
that accurately characterize intracellular metabolic states"):

- ``rev_mm``: x (1 - r) / (1 + x + y)
- ``hill_nn``: prod x_i (1 - r) / prod (1 + x_i + y_i)
- ``irrev_mm``: prod x_i / (1 + x_i)
- ``convenience``: prod x^n (1 - r) / (prod_s sum_a x^a + prod_p sum_a y^a - 1), a = 0 ... |n|
- ``uni_bi``, ``bi_uni``: the same with one substrate and two products, and its mirror
- ``mass_action``: prod s^n (1 - r)

So there are two denominators: the first three have one of *pairs*, the next three one of *sides*.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pyscimlode.errors import ModelError, did_you_mean

if TYPE_CHECKING:
    from pyscimlode.models.kinetic.reactions import Participant

PAIRED = ("rev_mm", "hill_nn", "irrev_mm")
"""Laws whose denominator is a product over pairs of substrate and product."""
SIDED = ("convenience", "uni_bi", "bi_uni")
"""Laws whose denominator is a sum over the two sides."""
LAWS = (*PAIRED, *SIDED, "mass_action")
COUNTS = {"rev_mm": (1, 1), "uni_bi": (1, 2), "bi_uni": (2, 1)}
UNIT_COEFFICIENTS = ("rev_mm", "hill_nn", "uni_bi", "bi_uni")
MOST_TURNS = 6
"""Largest coefficient of a convenience law; a lumped reaction is no enzyme."""


def check_shape(
    reaction: str, law: str, substrates: Sequence[Participant], products: Sequence[Participant]
) -> None:
    """Check that a law takes these participants.

    Raises:
        ModelError: it does not; the message names reaction, law and species.
    """
    if law not in LAWS:
        raise ModelError(
            f"Reaction {reaction!r} has the rate law {law!r}, which is not known; there are "
            f"{', '.join(LAWS)}." + did_you_mean(law, LAWS)
        )
    have = (len(substrates), len(products))
    if law in COUNTS and have != COUNTS[law]:
        raise _wrong_count(reaction, law, have, "{} and {}".format(*COUNTS[law]))
    if law == "hill_nn" and have[0] != have[1]:
        raise _wrong_count(reaction, law, have, "as many products as substrates")
    if not substrates or (not products and law != "irrev_mm"):
        raise _wrong_count(reaction, law, have, "at least one of each")
    for item in (*substrates, *products):
        _check_participant(reaction, law, item)


def _check_participant(reaction: str, law: str, item: Participant) -> None:
    if (item.km is None) != (law == "mass_action"):
        problem = "has a KM" if item.km else "lacks the name of its KM"
        raise ModelError(f"Reaction {reaction!r} ({law}): {item.species!r} {problem}.")
    if law in UNIT_COEFFICIENTS and abs(item.n) != 1:
        raise ModelError(
            f"Reaction {reaction!r}: {law} takes coefficients of one, and {item.species!r} has "
            f"{item.n:g}; use the law 'convenience'."
        )
    if law == "convenience" and (item.n != round(item.n) or abs(item.n) > MOST_TURNS):
        raise ModelError(
            f"Reaction {reaction!r}: convenience takes whole coefficients up to {MOST_TURNS}, and "
            f"{item.species!r} has {item.n:g}; use 'irrev_mm' for lumped reactions."
        )


def _wrong_count(reaction: str, law: str, have: tuple[int, int], wanted: str) -> ModelError:
    return ModelError(
        f"Reaction {reaction!r} has {have[0]} substrate(s) and {have[1]} product(s); the rate law "
        f"{law!r} takes {wanted}."
    )
