"""The torch engine: batched integration and gradients on CPU and CUDA."""

from __future__ import annotations

from pyscimlode.backends.torch.backend import TorchBackend

__all__ = ["TorchBackend"]
