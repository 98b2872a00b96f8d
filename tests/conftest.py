"""Fixtures shared by all tests."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real microscope files beside the repository; skips where it is missing."""
    if not SHARED.is_dir():
        pytest.skip("the folder of real images, shared/data beside the repository, is missing")
    return SHARED
