"""Files and folders that are either written whole or not at all."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pyscimlode.errors import ArtifactError


@contextmanager
def atomic_file(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Fill a file under a temporary name; a reader sees the old content or the new, never a part.

    The temporary file is in the same folder, is flushed to the disk, and takes the place of
    ``path`` in one step when the block ends well. Missing folders are made.

    Raises:
        ArtifactError: the file cannot be written (no permission, no space, a folder of that name).
    """
    target = Path(path)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        part = _beside(target, "part")
        try:
            yield part
            with part.open("rb") as stream:
                os.fsync(stream.fileno())
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
        _sync(target.parent)
    except OSError as error:
        if isinstance(error, ArtifactError):
            raise
        raise ArtifactError(f"{target} cannot be written: {error.strerror or error}.") from error


def atomic_write_bytes(path: str | os.PathLike[str], data: bytes) -> Path:
    """Write a file as :func:`atomic_file` does, and return its path.

    Raises:
        ArtifactError: the file cannot be written (no permission, no space, a folder of that name).
    """
    with atomic_file(path) as part:
        part.write_bytes(data)
    return Path(path)


def atomic_write_text(path: str | os.PathLike[str], text: str) -> Path:
    """Write UTF-8 text as :func:`atomic_write_bytes` writes bytes; line ends are kept."""
    return atomic_write_bytes(path, text.encode("utf-8"))


@contextmanager
def atomic_directory(path: str | os.PathLike[str], *, overwrite: bool = False) -> Iterator[Path]:
    """Fill a folder under a temporary name and move it into place when the block ends well.

    When the block raises, the temporary folder goes and ``path`` stays as it was. An existing
    folder is replaced when everything in it is written anew; if it holds anything else, nothing is
    touched unless ``overwrite`` says that it may be lost. Should the machine stop between the two
    renames of a replacement, the previous folder is still there as ``.<name>.<digits>.old``.

    Raises:
        ArtifactError: ``path`` is a file, holds something that would be lost, or cannot be
            written.
    """
    target = Path(path)
    if target.exists() and not target.is_dir():
        raise ArtifactError(f"{target} is a file; choose the name of a folder.")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        part = _beside(target, "part")
        part.mkdir()
    except OSError as error:
        raise ArtifactError(f"{target} cannot be written: {error.strerror or error}.") from error
    try:
        yield part
        for file in sorted(part.rglob("*")):
            _sync(file)
        _sync(part)
        if not overwrite:
            _refuse_loss(target, part)
        _move_into_place(part, target)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _refuse_loss(target: Path, part: Path) -> None:
    if not target.is_dir():
        return
    new = {item.name for item in part.iterdir()}
    lost = sorted(item.name for item in target.iterdir() if item.name not in new)
    if lost:
        shown = ", ".join(lost[:3]) + (" ..." if len(lost) > 3 else "")
        raise ArtifactError(
            f"{target} also holds {shown}, which saving would delete; choose another folder, "
            "or remove it first."
        )


def _move_into_place(part: Path, target: Path) -> None:
    try:
        if not target.exists():
            part.rename(target)
        else:
            old = _beside(target, "old")
            target.rename(old)
            try:
                part.rename(target)
            except BaseException:
                old.rename(target)
                raise
            shutil.rmtree(old, ignore_errors=True)
        _sync(target.parent)
    except OSError as error:
        raise ArtifactError(f"{target} cannot be written: {error.strerror or error}.") from error


def _beside(target: Path, ending: str) -> Path:
    return target.with_name(f".{target.name}.{secrets.token_hex(4)}.{ending}")


def _sync(path: Path) -> None:
    """Flush a file or folder to the disk where the system can."""
    with suppress(OSError):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
