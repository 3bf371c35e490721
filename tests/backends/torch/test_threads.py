from __future__ import annotations

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from pyscimlode.backends.torch.threads import one_blas_thread


def blas_threads() -> set[int]:
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


def test_one_thread_inside_and_as_before_outside() -> None:
    with threadpool_limits(limits=2, user_api="blas"):
        np.eye(3) @ np.eye(3)
        assert one_blas_thread(blas_threads)() == {1}
        assert blas_threads() == {2}


def test_as_before_after_an_error() -> None:
    @one_blas_thread
    def fail() -> None:
        raise ZeroDivisionError

    with threadpool_limits(limits=2, user_api="blas"):
        with pytest.raises(ZeroDivisionError):
            fail()
        assert blas_threads() == {2}
