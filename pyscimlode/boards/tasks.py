"""The tasks of a board: which strains are trained on, which are forecast, in which unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from pyscimlode.boards.pathways import PATHWAYS
from pyscimlode.data.costello2018 import PROTEINS
from pyscimlode.data.dataset import Dataset
from pyscimlode.data.registry import load
from pyscimlode.data.simulate import benchmark
from pyscimlode.data.splits import check_disjoint, leave_one_strain_out
from pyscimlode.data.validation import check_same_layout
from pyscimlode.errors import DataError, did_you_mean
from pyscimlode.results.scoring import check_unit, excluded_states

PROTOCOLS: dict[str, str] = {
    "own": "measured strains, trained on the two other strains of the same pathway",
    "pooled": "measured strains, trained on the five other strains of both pathways",
    "pooled7": "measured strains, trained on the five other strains of both pathways and on two "
    "bisabolene strains",
    "sim-sparse": "simulated strains: 14 times with 10 % noise to train, 20 others to test",
    "sim-dense": "simulated strains: hourly and free of noise to train, 20 others to test",
    "folds": "your strains, each held out once",
}
"""Protocol -> what is trained on and tested, in words."""

MEASURED = ("own", "pooled", "pooled7")
SIMULATED = ("sim-sparse", "sim-dense")
FOLDS = "folds"
FAMILIES = ("limonene", "isopentenol")
HELPERS = ("B1", "B2")
"""Bisabolene strains that ``pooled7`` trains on; the wild type DH1 makes no product."""
NOT_POOLED = ("Bisabolene",)
"""States that are left out where strains are pooled: no tested strain makes them."""


@dataclass(frozen=True, eq=False)
class Task:
    """One split of one protocol: strains to train on, strains to forecast.

    Attributes:
        protocol: one of :data:`PROTOCOLS`.
        name: such as ``"own/L2"``, ``"sim-sparse/n=10/draw=0"`` or ``"folds/S3"``.
        n: number of training strains.
        draw: which draw of the training strains; 0 where there is one.
        train: the training strains.
        test: the held-out strains.
        unit_of: the strains whose standard deviation over measured points is the unit of NRMSE,
            and whose audit says which states do not count; the held-out strains are among them.
        pathway: name of the known pathway for hybrid models (``"limonene"``, ``"isopentenol"``,
            ``"mevalonate"``, ``"simulated"``); empty where none is known.

    Raises:
        ExperimentError: a strain is on both sides, or a held-out strain has no unit.
        ColumnError: the three data sets have different columns.
    """

    protocol: str
    name: str
    n: int
    draw: int
    train: Dataset
    test: Dataset
    unit_of: Dataset
    pathway: str = ""

    def __post_init__(self) -> None:
        check_disjoint(self.train, self.test)
        check_same_layout(self.train, self.test)
        check_unit(self.unit_of, self.test)

    @cached_property
    def excluded(self) -> dict[str, tuple[str, ...]]:
        """Held-out strain -> states that the "clean" scores leave out, by the audit."""
        return excluded_states(self.unit_of, self.test)


def check_protocols(names: Sequence[str]) -> tuple[str, ...]:
    """Return the names of protocols, each once.

    Raises:
        DataError: for an unknown name, or none.
    """
    if not names:
        raise DataError(f"No protocol is named; there are {', '.join(PROTOCOLS)}.")
    for name in names:
        if name not in PROTOCOLS:
            raise DataError(
                f"There is no protocol {name!r}; there are {', '.join(PROTOCOLS)}."
                + did_you_mean(str(name), PROTOCOLS)
            )
    return tuple(dict.fromkeys(names))


def measured_tasks(protocol: str) -> list[Task]:
    """Return the six folds over the limonene and isopentenol strains.

    Whatever is trained on, the unit of NRMSE and the states that do not count are those of the
    three strains of the pathway, so that the protocols' scores can be compared.

    Raises:
        DownloadError: the measured data are neither here nor can be downloaded.
    """
    if protocol == "own":
        datasets = {family: load(family) for family in FAMILIES}
        return [
            _fold(protocol, strain, dataset, dataset.strains, family)
            for family, dataset in datasets.items()
            for strain in dataset.strains
        ]
    families = {family: load(family).strains for family in FAMILIES}
    pool = pooled_strains(HELPERS if protocol == "pooled7" else ())
    return [
        _fold(protocol, strain, pool, strains, "mevalonate")
        for strains in families.values()
        for strain in strains
    ]


def pooled_strains(helpers: Sequence[str] = ()) -> Dataset:
    """Return the strains of both pathways, and helpers, with the 14 states of either.

    Raises:
        DownloadError: the measured data are neither here nor can be downloaded.
    """
    raw = load("costello2018-all")
    families = [load(family) for family in FAMILIES]
    strains = [strain for family in families for strain in family.strains]
    states = [state for state in raw.state_names if state not in NOT_POOLED]
    return raw.select([*strains, *helpers]).keep(states=states, controls=PROTEINS)


def simulated_tasks(protocol: str, n: Sequence[int], draws: int) -> list[Task]:
    """Return a learning curve: every number of training strains x every draw.

    Raises:
        DataError: n or draws out of range.
    """
    if draws < 1:
        raise DataError(f"draws={draws}: the training strains are drawn at least once.")
    if not n:
        raise DataError("n names no number of training strains; give some, such as n=(2, 10, 50).")
    tasks = []
    for size in sorted(set(n)):
        for draw in range(draws):
            train, test = benchmark(protocol, n=size, draw=draw)
            name = f"{protocol}/n={size}/draw={draw}"
            tasks.append(Task(protocol, name, size, draw, train, test, test, "simulated"))
    return tasks


def fold_tasks(dataset: Dataset, test: Dataset | str | Sequence[str] | None = None) -> list[Task]:
    """Return one task for every held-out strain of a data set.

    Args:
        dataset: at least two strains.
        test: strains that are held out, one after the other; None: every one. A data set: its
            strains are held out together, and all strains of ``dataset`` are trained on.

    Raises:
        ExperimentError: for an unknown strain, a single strain, or a strain on both sides.
    """
    if isinstance(test, Dataset):
        n = len(dataset.strains)
        name = f"{FOLDS}/{'+'.join(test.strains[:3])}{'+...' if len(test.strains) > 3 else ''}"
        return [Task(FOLDS, name, n, 0, dataset, test, test, known_pathway(dataset))]
    strains = [test] if isinstance(test, str) else test
    pathway = known_pathway(dataset)
    return [
        Task(FOLDS, f"{FOLDS}/{strain}", len(train.strains), 0, train, held_out, dataset, pathway)
        for strain, train, held_out in leave_one_strain_out(dataset, strains)
    ]


def known_pathway(dataset: Dataset) -> str:
    """Return the known pathway that has its species and enzymes in a data set; empty if none."""
    for name, make in PATHWAYS.items():
        pathway = make()
        if {*pathway.species} <= {*dataset.state_names} and {*pathway.enzymes} <= {
            *dataset.control_names
        }:
            return name
    return ""


def _fold(protocol: str, strain: str, pool: Dataset, unit: Sequence[str], pathway: str) -> Task:
    train = pool.drop([strain])
    return Task(
        protocol=protocol,
        name=f"{protocol}/{strain}",
        n=len(train.strains),
        draw=0,
        train=train,
        test=pool.select([strain]),
        unit_of=pool.select(unit),
        pathway=pathway,
    )
