"""Kinetic networks from cobra models."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from pyscimlode.errors import ModelError
from pyscimlode.kinetics.formats.imported import ImportedNetwork, check_compartments
from pyscimlode.kinetics.formats.stoichiometric import PlainReaction, network_of_stoichiometry


def network_from_cobra(
    model: Any,
    *,
    keep: Collection[str] | None = None,
    held: Collection[str] = (),
    volume_ratios: Mapping[str, float] | None = None,
) -> ImportedNetwork:
    """Return the kinetic network of a cobra model; cobra itself is not imported.

    Rate laws follow from the stoichiometry, and reversibility from the lower bound of each flux;
    see ``network_of_stoichiometry`` for water, protons and
    exchanges. The model has fluxes but no concentrations, so there is no state: sample some with
    :func:`pyscimlode.kinetics.sample_steady_states`.

    Args:
        model: a ``cobra.Model``, such as ``cobra.io.load_model("textbook")``.
        keep: ids of reactions to keep, such as those with flux in an optimum; None keeps all.
        held: species to be held at their concentrations beside the exchanged ones.
        volume_ratios: compartment -> cell volume over compartment volume; 1 by default.

    Raises:
        ModelError: not a cobra model, an unknown id, nothing left.
    """
    try:
        compartment_of = {m.id: m.compartment for m in model.metabolites}
        reactions = [
            PlainReaction(
                r.id, {m.id: float(n) for m, n in r.metabolites.items()}, r.lower_bound < 0
            )
            for r in model.reactions
        ]
    except AttributeError as error:
        raise ModelError(
            f"{type(model).__name__} is not a cobra model ({error}); read one with cobra.io."
        ) from error
    compartments = sorted(set(compartment_of.values()))
    check_compartments(volume_ratios or {}, compartments)
    ratios = dict.fromkeys(compartments, 1.0) | dict(volume_ratios or {})
    return network_of_stoichiometry(
        str(model.id), ratios, compartment_of, reactions, held=held, keep=keep
    )
