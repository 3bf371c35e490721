"""Named data sets: where their files are found, and how they are read."""

from __future__ import annotations

import hashlib
import os
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyscimlode.data.dataset import Dataset
from pyscimlode.errors import DataError, DownloadError, did_you_mean

ORIGIN = "https://raw.githubusercontent.com/JBEI/KineticLearning/master/data/"
"""Public origin of the files of Costello & Garcia Martin (2018); for academic use."""


@dataclass(frozen=True)
class SourceFile:
    """A file of a public data set, pinned by its hash."""

    name: str
    sha256: str
    url: str
    folder: str

    def matches(self, path: Path) -> bool:
        """Whether the file at this path has the pinned content."""
        return hashlib.sha256(path.read_bytes()).hexdigest() == self.sha256


def _costello(name: str, sha256: str) -> SourceFile:
    return SourceFile(name, sha256, ORIGIN + name, "costello2018")


FILES: dict[str, SourceFile] = {
    file.name: file
    for file in (
        _costello(
            "limonene_data.csv",
            "7f4aba66c73d18ddc5eb8fe86356b13252866bfa482f5a4248f31bd17a81acd3",
        ),
        _costello(
            "isopentenol_data.csv",
            "0efaa21f1f74381fb5f2167f61bcd601e8089eabb6f42859d66f273e60f3bac7",
        ),
        _costello(
            "time_series_metabolomics.csv",
            "a787139d9b7e2e0c00f5153fbe95c0e7fb054ae19347a00b74b7b08124cbfdd3",
        ),
        _costello(
            "time_series_proteomics.csv",
            "40f323aad1f6d499e9cd785da47b6086042d9e4154b9bb7946e45253b89e111d",
        ),
    )
}


def available() -> dict[str, str]:
    """Return the named data sets and one line about each.

    >>> sorted(available())
    ['costello2018-all', 'isopentenol', 'limonene', 'simulated']
    """
    return {name: description for name, (description, _) in _registry().items()}


def load(name: str) -> Dataset:
    """Return a named data set.

    Files are looked for in the folder that the environment variable ``PYSCIMLODE_DATA`` names
    (and its ``costello2018`` sub-folder), then in the user's cache; else they are downloaded
    from their public origin, after saying so. Every file is checked against its SHA-256.

    Raises:
        DataError: for an unknown name.
        DownloadError: when a file is not here and cannot be downloaded, or is another file.
    """
    registry = _registry()
    if name not in registry:
        raise DataError(
            f"There is no data set {name!r}; there are {', '.join(registry)}."
            + did_you_mean(str(name), registry)
        )
    return registry[name][1]()


def locate(file: SourceFile) -> Path:
    """Return the path of a file, downloading it if need be.

    Raises:
        DownloadError: when it is not here and cannot be downloaded, or has another content.
    """
    for path in _candidates(file):
        if path.is_file():
            if file.matches(path):
                return path
            raise DownloadError(
                f"{path} is not the expected file: its SHA-256 is not {file.sha256}. "
                f"Remove it, or replace it by the file from {file.url}."
            )
    return _download(file)


def _registry() -> dict[str, tuple[str, Callable[[], Dataset]]]:
    from pyscimlode.data import costello2018
    from pyscimlode.data.simulate import simulate

    return {
        "simulated": ("20 simulated strains of the limonene pathway, hourly", simulate),
        "limonene": (
            "limonene strains L1, L2, L3 of Costello & Garcia Martin (2018)",
            costello2018.limonene,
        ),
        "isopentenol": (
            "isopentenol strains I1, I2, I3 of Costello & Garcia Martin (2018)",
            costello2018.isopentenol,
        ),
        "costello2018-all": (
            "all nine strains of the raw files of Costello & Garcia Martin (2018)",
            costello2018.all_strains,
        ),
    }


def _candidates(file: SourceFile) -> list[Path]:
    folders = []
    named = os.environ.get("PYSCIMLODE_DATA")
    if named:
        folders += [Path(named), Path(named) / file.folder]
    folders.append(cache_folder() / file.folder)
    return [folder / file.name for folder in folders]


def cache_folder() -> Path:
    """Return the user's cache folder of pyscimlode (it need not exist)."""
    return Path(_pooch().os_cache("pyscimlode"))


def _pooch() -> Any:
    """Return pooch; in a notebook its import warns of a progress bar that nobody asked for."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pooch
    return pooch


def _download(file: SourceFile) -> Path:
    pooch = _pooch()
    target = cache_folder() / file.folder
    message = f"Downloading {file.name} from {file.url} to {target} ..."
    print(message, file=sys.stderr, flush=True)
    pooch.get_logger().setLevel("WARNING")
    try:
        path = pooch.retrieve(
            file.url, known_hash=f"sha256:{file.sha256}", fname=file.name, path=target
        )
    except Exception as error:
        wrong_content = isinstance(error, ValueError) and "hash" in str(error)
        reason = (
            f"what was downloaded from {file.url} is another file (its SHA-256 differs)"
            if wrong_content
            else f"{file.url} could not be downloaded ({type(error).__name__})"
        )
        raise DownloadError(
            f"{file.name} is not on this machine, and {reason}. Put the file with SHA-256 "
            f"{file.sha256} into {target}, or into a folder that the environment variable "
            f"PYSCIMLODE_DATA names ({_named_folder()})."
        ) from error
    return Path(path)


def _named_folder() -> str:
    named = os.environ.get("PYSCIMLODE_DATA")
    return f"it names {named}, where the file is not" if named else "it is not set"
