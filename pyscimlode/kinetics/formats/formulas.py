"""Rate laws as formulas in the infix notation of SBML Level 3."""

from __future__ import annotations

from collections.abc import Mapping

from pyscimlode.kinetics.networks.network import KineticNetwork
from pyscimlode.models.kinetic.law_shapes import PAIRED, SIDED
from pyscimlode.models.kinetic.reactions import (
    DISPLACEMENT,
    FIRST_ORDER,
    KineticReaction,
    Modifier,
    Participant,
)


def rate_formula(reaction: KineticReaction, symbols: Mapping[str, str], vmax: str, keq: str) -> str:
    """Return v = V (forward - backward) / D of one reaction.

    Powers of a concentration that forward rate and displacement share are cancelled, so that the
    formula is finite where concentrations are zero.

    Args:
        reaction: with its law.
        symbols: species id or KM name -> symbol in the formula.
        vmax: symbol of Vmax, or of the constant of mass action.
        keq: symbol of the equilibrium constant; not used by irreversible laws.
    """
    forward = _forward_orders(reaction)
    scale = [f"/ {symbols[km]}^{n:g}" for km, n in _km_orders(reaction).items()]
    rate = _product(forward, symbols)
    if reaction.reversible:
        backward = dict(forward)
        displaced = [m for m in reaction.modifiers if m.kind == DISPLACEMENT]
        items: tuple[Participant | Modifier, ...] = (*reaction.participants, *displaced)
        for item in items:
            backward[item.species] = backward.get(item.species, 0.0) + item.n
        rate = f"({rate} - {_product(backward, symbols)} / {keq})"
    return " ".join([f"{vmax} * {rate}", *scale, f"/ ({_denominator(reaction, symbols)})"])


def rate_formulas(network: KineticNetwork, symbols: Mapping[str, str]) -> dict[str, str]:
    """Return the formulas of all reactions; symbols also name ``vmax_<id>`` and ``keq_<id>``."""
    return {
        r.id: rate_formula(r, symbols, symbols[f"vmax_{r.id}"], symbols.get(f"keq_{r.id}", "1"))
        for r in network.reactions
    }


def _turns(reaction: KineticReaction, n: float) -> int:
    return round(abs(n)) if reaction.law == "convenience" else 1


def _forward_orders(reaction: KineticReaction) -> dict[str, float]:
    orders: dict[str, float] = {}
    for item in reaction.substrates:
        mass_action = reaction.law == "mass_action"
        orders[item.species] = -item.n if mass_action else float(_turns(reaction, item.n))
    for modifier in reaction.modifiers:
        if modifier.kind == FIRST_ORDER and modifier.n < 0:
            orders[modifier.species] = orders.get(modifier.species, 0.0) + abs(modifier.n)
    return orders


def _km_orders(reaction: KineticReaction) -> dict[str, int]:
    if reaction.law == "mass_action":
        return {}
    return {str(item.km): _turns(reaction, item.n) for item in reaction.substrates}


def _product(orders: Mapping[str, float], symbols: Mapping[str, str]) -> str:
    factors = [
        symbols[name] if n == 1 else f"{symbols[name]}^({n:.17g})"
        for name, n in orders.items()
        if n != 0
    ]
    return " * ".join(factors) or "1"


def _denominator(reaction: KineticReaction, symbols: Mapping[str, str]) -> str:
    def ratio(item: Participant) -> str:
        return f"{symbols[item.species]} / {symbols[str(item.km)]}"

    if reaction.law in PAIRED:
        products = reaction.products if reaction.reversible else ()
        pairs = []
        for i, item in enumerate(reaction.substrates):
            extra = f" + {ratio(products[i])}" if i < len(products) else ""
            pairs.append(f"(1 + {ratio(item)}{extra})")
        return " * ".join(pairs)
    if reaction.law in SIDED:
        sides = []
        for side in (reaction.substrates, reaction.products):
            sums = []
            for item in side:
                powers = [
                    f"({ratio(item)})^{a}" if a > 1 else ratio(item)
                    for a in range(1, _turns(reaction, item.n) + 1)
                ]
                sums.append("(" + " + ".join(["1", *powers]) + ")")
            sides.append(" * ".join(sums))
        return " + ".join(sides) + " - 1"
    return "1"
