from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from napari_stem3d.networks.evaluation import proportion


@pytest.mark.parametrize(
    ("successes", "trials", "value", "low", "high"),
    [
        (0, 10, 0.0, 0.0, 0.2775),
        (8, 10, 0.8, 0.4902, 0.9433),
        (10, 10, 1.0, 0.7225, 1.0),
        (50, 100, 0.5, 0.4038, 0.5962),
        (1944, 2000, 0.972, 0.9638, 0.9784),
    ],
)
def test_known_wilson_intervals(successes, trials, value, low, high) -> None:
    assert tuple(proportion(successes, trials)) == pytest.approx((value, low, high), abs=1e-4)


@pytest.mark.parametrize("share", [0.5, 0.8, 0.97])
def test_about_95_of_100_intervals_hold_the_truth(share: float) -> None:
    successes = np.arange(401)
    intervals = [proportion(int(k), 400) for k in successes]
    holds = [p.low <= share <= p.high for p in intervals]
    assert binom.pmf(successes, 400, share)[holds].sum() == pytest.approx(0.95, abs=0.02)
