from __future__ import annotations

import math
from typing import Any

import pytest

from napari_stem3d._errors import InputError
from napari_stem3d.simulation import Grid


def test_extent_and_centre_are_y_before_x() -> None:
    grid = Grid((4, 10), (0.5, 0.1))
    assert grid.extent == pytest.approx((2.0, 1.0))
    assert grid.centre == pytest.approx((0.75, 0.45))


@pytest.mark.parametrize(
    "gpts",
    [(0, 5), (5, -1), (2.5, 4), (4,), (4, 4, 4), (65_537, 4), (math.nan, 4), (math.inf, 4),
     (True, 4), ("a", 4), (None, 4), 64, None, "ab"],
)  # fmt: skip
def test_rasters_that_are_none_are_refused(gpts: Any) -> None:
    with pytest.raises(InputError, match=r"^gpts must be two whole numbers .* Received: "):
        Grid(gpts)


@pytest.mark.parametrize(
    "sampling",
    [
        (0.0, 1.0),
        (1.0, -0.1),
        (math.nan, 1.0),
        (1.0, math.inf),
        (1.0,),
        (1.0, True),
        ("1", 1.0),
        0.2,
        None,
        math.nan,
    ],
)
def test_distances_that_are_none_are_refused(sampling: Any) -> None:
    with pytest.raises(InputError, match=r"^sampling must be two positive lengths .* Received: "):
        Grid(sampling=sampling)
