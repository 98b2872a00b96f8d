"""How long calls take."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest


@pytest.fixture(scope="session")
def least_times() -> Callable[..., list[float]]:
    """Least time on the processor of each call [s]; they take turns, so that all meet the same."""

    def measure(*calls: Callable[[], object], repeats: int = 15) -> list[float]:
        found = [float("inf")] * len(calls)
        for _ in range(repeats):
            for k, call in enumerate(calls):
                start = time.process_time()
                call()
                found[k] = min(found[k], time.process_time() - start)
        return found

    return measure
