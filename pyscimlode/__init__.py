"""Scientific machine learning for metabolic pathway dynamics."""

from pyscimlode._version import __version__

__all__ = ["__version__"]
