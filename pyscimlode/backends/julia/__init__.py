"""The Julia engine: Lux fields and SciMLSensitivity gradients in a process of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyscimlode.backends.julia.backend import JuliaBackend

__all__ = ["JuliaBackend"]


def __getattr__(name: str) -> Any:
    """Import the engine when it is asked for: the worker process imports this package too."""
    if name == "JuliaBackend":
        from pyscimlode.backends.julia.backend import JuliaBackend

        return JuliaBackend
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
