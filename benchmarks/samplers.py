"""The sampler of Poisson counts beside NumPy's: its speed, and how well it keeps to the law."""

from __future__ import annotations

import numpy as np
from benchmarks.simulation import seconds, show
from numpy.typing import NDArray
from scipy import stats

from napari_stem3d.simulation.compute._random import draw_keys, normals, poisson, uniforms

RATES = (0.01, 0.1, 1.0, 5.0, 9.9, 10.1, 30.0, 100.0, 1e3, 1e4, 1e5, 1e6)
SHAPE = (64, 128, 128)


def p_value(counts: NDArray[np.floating], rate: float) -> float:
    """Chi-squared p-value of counts against Poisson's law, in at most 100 bins."""
    law = stats.poisson(rate)
    edges = np.unique(law.ppf(np.linspace(1e-4, 1 - 1e-4, 100)))
    expected = counts.size * np.diff(law.cdf(edges), prepend=0, append=1)
    bins = np.searchsorted(edges, counts.ravel(), side="left")
    found = np.bincount(bins, minlength=len(expected))
    filled = expected > 5
    pooled = [np.append(x[filled], x[~filled].sum()) for x in (found, expected)]
    return float(stats.chisquare(*(x[pooled[1] > 0] for x in pooled)).pvalue)


def sampler_rows(seed: int) -> list[tuple[str, ...]]:
    """Rates, nanoseconds per pixel of both samplers, and deviations of both from the law."""
    rng = np.random.default_rng(seed)
    keys, rows = draw_keys(rng, SHAPE[0]), []
    for rate in RATES:
        expected = np.full(SHAPE, rate, np.float32)
        exact = float(expected[0, 0, 0])
        ours, theirs = poisson(keys, expected).astype(float), rng.poisson(expected)
        times = [seconds(lambda: poisson(keys, expected), 50)]  # noqa: B023
        times.append(seconds(lambda: rng.poisson(expected), 2))  # noqa: B023
        fast, slow = (1e9 * t / expected.size for t in times)
        judged = [f"{x.var() / exact:.4f}" for x in (ours, theirs)]
        judged += [f"{p_value(x, exact):.3f}" for x in (ours, theirs)]
        rows.append((f"{rate:g}", f"{fast:.2f}", f"{slow:.1f}", f"{slow / fast:.0f}", *judged))
    return rows


def main(seed: int) -> None:
    columns = (
        "expectation", "ns per pixel", "NumPy", "times faster",
        "variance / mean", "NumPy", "p of χ²", "NumPy",
    )  # fmt: skip
    show("Poisson counts", columns, sampler_rows(seed))
    rng = np.random.default_rng(seed)
    keys, size = draw_keys(rng, SHAPE[0]), int(np.prod(SHAPE))
    rows = [
        (name, f"{1e9 * ours / size:.2f}", f"{1e9 * theirs / size:.2f}")
        for name, ours, theirs in (
            (
                "normal",
                seconds(lambda: normals(keys, SHAPE[1:]), 50),
                seconds(lambda: rng.standard_normal(SHAPE, np.float32), 3),
            ),
            (
                "uniform",
                seconds(lambda: uniforms(keys, SHAPE[1:]), 50),
                seconds(lambda: rng.random(SHAPE, np.float32), 3),
            ),
        )
    ]
    show("Other numbers", ("distribution", "ns per pixel", "NumPy"), rows)
