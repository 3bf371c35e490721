"""Splits by strain: training and test strains never share a strain or a replicate of one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pyscimlode.data.dataset import Dataset
from pyscimlode.errors import ExperimentError


def split(dataset: Dataset, test: str | Sequence[str]) -> tuple[Dataset, Dataset]:
    """Return ``(train, test)``: the strains named in ``test``, and all others.

    A name may be that of a strain (all its replicates) or of an experiment. Held-out data must
    say something about unseen strains, so all replicates of a strain stay on one side.

    Raises:
        ExperimentError: for an unknown name, nothing to test, nothing left to train on, or a
            strain of which only some replicates are named.
    """
    wanted = [test] if isinstance(test, str) else list(dict.fromkeys(test))
    if not wanted:
        raise ExperimentError(f"No test strain is named; choose from {', '.join(dataset.strains)}.")
    held_out = dataset.select(wanted)
    if len(held_out) == len(dataset):
        raise ExperimentError(
            f"All strains ({', '.join(dataset.strains)}) are test strains, so none is left to "
            "train on. Name fewer test strains."
        )
    train, tested = dataset.drop(held_out.names), held_out
    check_disjoint(train, tested)
    names = ", ".join(wanted)
    return (
        train.with_history(f"training part of a split, test strains {names}"),
        tested.with_history(f"test part of a split, test strains {names}"),
    )


def leave_one_strain_out(
    dataset: Dataset, strains: Iterable[str] | None = None
) -> Iterator[tuple[str, Dataset, Dataset]]:
    """Yield ``(strain, train, test)`` with every strain (or these strains) held out once.

    Raises:
        ExperimentError: when the data set has a single strain.
    """
    if len(dataset.strains) < 2:
        raise ExperimentError(
            f"The data set has one strain, {dataset.strains[0]!r}; leaving it out leaves nothing "
            "to train on. At least two strains are needed."
        )
    for strain in dataset.strains if strains is None else strains:
        yield (strain, *split(dataset, strain))


def check_disjoint(train: Dataset, test: Dataset) -> None:
    """Check that no strain is on both sides.

    Raises:
        ExperimentError: naming the strains, and the replicates on either side.
    """
    for strain in train.strains:
        if strain not in test.strains:
            continue
        trained = [e.name for e in train if e.strain == strain]
        tested = [e.name for e in test if e.strain == strain]
        raise ExperimentError(
            f"Strain {strain!r} is a test strain and also a training strain (training: "
            f"{', '.join(trained)}; test: {', '.join(tested)}). A score on it would say nothing "
            "about unseen strains: keep all of it on one side."
        )
