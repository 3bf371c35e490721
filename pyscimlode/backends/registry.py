"""Engines by name: the entry points of the group ``pyscimlode.backends``."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points

from pyscimlode.backends.base import Backend
from pyscimlode.errors import BackendUnavailable, did_you_mean

GROUP = "pyscimlode.backends"
BUILT_IN = {
    "julia": "pyscimlode.backends.julia:JuliaBackend",
    "reference": "pyscimlode.backends.reference:ReferenceBackend",
    "torch": "pyscimlode.backends.torch:TorchBackend",
}


def backend_names() -> tuple[str, ...]:
    """Return the names of all registered engines."""
    return tuple(sorted({*BUILT_IN, *(point.name for point in entry_points(group=GROUP))}))


def get_backend(name: str) -> Backend:
    """Return the engine registered under ``name``.

    Raises:
        BackendUnavailable: no engine of that name is installed.
    """
    for point in entry_points(group=GROUP):
        if point.name == name:
            return _instantiate(point.value)
    if name in BUILT_IN:
        return _instantiate(BUILT_IN[name])
    known = backend_names()
    raise BackendUnavailable(
        f"backend={name!r} is not installed; there are {', '.join(known)}."
        + did_you_mean(name, known)
    )


def _instantiate(target: str) -> Backend:
    module, _, attribute = target.partition(":")
    backend: Backend = getattr(import_module(module), attribute)()
    return backend
