"""Samples per second of whole series, with their truth, by one worker and by two."""

from __future__ import annotations

import time

from benchmarks.simulation import show

from napari_stem3d.simulation import Cuboid, Dataset, simulate

COUNT = 2048
WORKERS = (1, 2)


def rate(series: Dataset, workers: int) -> tuple[float, float]:
    """Samples per second once the workers run, and the sum of all pixels."""
    stream = series.samples(workers=workers)
    total = float(next(stream).image.sum(dtype=float))
    for _ in range(COUNT // 4 - 1):  # until every worker has loaded what it needs
        total += float(next(stream).image.sum(dtype=float))
    start = time.perf_counter()
    total += sum(float(sample.image.sum(dtype=float)) for sample in stream)
    return (COUNT - COUNT // 4) / (time.perf_counter() - start), total


def main(seed: int) -> None:
    kinds = {
        "a cuboid, 3 corners cut": simulate(Cuboid(), deformed_corners=3, frames=COUNT, seed=seed),
        "20 of them in each image": simulate(
            Cuboid(4, 5, 6), deformed_corners=3, particles=20, frames=COUNT, seed=seed
        ),
    }
    rows = []
    for name, series in kinds.items():
        rates, totals = zip(*(rate(series, workers) for workers in WORKERS))
        if len(set(totals)) > 1:
            raise AssertionError(f"the samples of {name} depend on the number of workers")
        start = time.perf_counter()
        series.images(0, COUNT // 4)
        images = COUNT // 4 / (time.perf_counter() - start)
        rows.append((name, *(f"{r:,.0f}" for r in (*rates, images)), f"{rates[1] / rates[0]:.2f}"))
    columns = ("series", "1 worker", "2 workers", "images alone", "2 workers over 1")
    show("Samples per second with the default microscope, 128 x 128 pixels", columns, rows)
    print(f"Both make the same {COUNT} samples: {len(set(totals)) == 1}.")
