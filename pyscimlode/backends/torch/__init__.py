"""The torch engine: batched integration and gradients on CPU and CUDA."""
