"""What an importer returns, and the choice of a rate law where a file has none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType

from pyscimlode.data.frozen import FrozenDict
from pyscimlode.errors import MissingDependencyError, ModelError, did_you_mean
from pyscimlode.kinetics.networks.network import KineticNetwork
from pyscimlode.kinetics.networks.state import SteadyState
from pyscimlode.models.kinetic.law_shapes import MOST_TURNS
from pyscimlode.models.kinetic.reactions import KineticReaction, Modifier, Participant


@dataclass(frozen=True, eq=False)
class ImportedNetwork:
    """A network read from a foreign format.

    Attributes:
        network: the kinetic network.
        state: its steady state, where the file has one.
        parameters: named numbers of the file, as written.
        left_out: id of each reaction that was left out -> why.
        concentrations: species -> initial concentration of the file, in its units.
    """

    network: KineticNetwork
    state: SteadyState | None = None
    parameters: Mapping[str, float] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    concentrations: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("parameters", "left_out", "concentrations"):
            object.__setattr__(self, name, FrozenDict(getattr(self, name)))


def import_extra(module: str, extra: str, purpose: str) -> ModuleType:
    """Import a module of an extra.

    Raises:
        MissingDependencyError: it is not installed; the message has the command.
    """
    import importlib

    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingDependencyError(
            f"{purpose} needs {module}, which is not installed ({error}); "
            f"install it with: pip install 'pyscimlode[{extra}]'"
        ) from error


def check_compartments(given: Mapping[str, float], known: Iterable[str]) -> None:
    """Check that ``volume_ratios`` name compartments of the file.

    Raises:
        ModelError: one of them does not.
    """
    names = list(known)
    for name in given:
        if name not in names:
            raise ModelError(
                f"volume_ratios names the compartment {name!r}, which is not known; there are "
                f"{', '.join(names)}." + did_you_mean(name, names)
            )


def chosen_law(
    substrates: Sequence[tuple[str, float]], products: Sequence[tuple[str, float]], reversible: bool
) -> str:
    """Return the rate law for a reaction of which the stoichiometry alone is known.

    Irreversible: ``irrev_mm``. One to one: ``rev_mm``; equal numbers: ``hill_nn``; one to two and
    two to one: ``uni_bi`` and ``bi_uni``, all with coefficients of one. Other whole coefficients:
    ``convenience``. What is left (fractions, as in growth): ``irrev_mm``.

    Args:
        substrates: (species, positive coefficient).
        products: the same.
        reversible: whether the reaction may run backwards.
    """
    if not reversible:
        return "irrev_mm"
    counts = (len(substrates), len(products))
    coefficients = [n for _, n in (*substrates, *products)]
    if any(n != round(n) or n > MOST_TURNS for n in coefficients):
        return "irrev_mm"
    if all(n == 1 for n in coefficients):
        special = {(1, 1): "rev_mm", (1, 2): "uni_bi", (2, 1): "bi_uni"}
        if counts in special:
            return special[counts]
        if counts[0] == counts[1]:
            return "hill_nn"
    return "convenience"


def reaction_of_stoichiometry(
    id_: str, coefficients: Mapping[str, float], *, reversible: bool, modifiers: Sequence[str] = ()
) -> KineticReaction:
    """Return a reaction with the law of :func:`chosen_law`.

    Args:
        id_: of the reaction; KM are named ``km_<species>_<id>``.
        coefficients: species -> n, negative for substrates.
        reversible: whether it may run backwards.
        modifiers: species that are balanced without a KM (protons); they displace the equilibrium
            of reversible laws.

    Raises:
        ModelError: a side without participants, or another misfit; the message names the reaction.
    """
    kept = {name: n for name, n in coefficients.items() if name not in modifiers}
    left = [(name, -n) for name, n in kept.items() if n < 0]
    right = [(name, n) for name, n in kept.items() if n > 0]
    if not left or not right:  # a transport of the modifier itself
        kept, modifiers = dict(coefficients), ()
        left = [(name, -n) for name, n in kept.items() if n < 0]
        right = [(name, n) for name, n in kept.items() if n > 0]
    law = chosen_law(left, right, reversible)
    participants = [
        Participant(name, n, f"km_{name}_{id_}")
        for name, n in (*((name, -n) for name, n in left), *right)
    ]
    moved = [Modifier(name, n) for name, n in coefficients.items() if name in modifiers]
    return KineticReaction(id_, law, tuple(participants), tuple(moved))
