"""Transfer learning beside networks from scratch, on images whose classes are simulated.

The set-up is that of the first published classifiers: 1,000 images of intact and 1,000 of deformed
cuboids, 128 x 128 pixels, 80 % to train on and 10 % to choose the weights on. Networks are judged
on 2,000 images of other objects. Features are computed anew, so that their time counts.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.simulation import show

IMAGES = 1000  # per class


def main(seed: int) -> None:
    from napari_stem3d.tasks.comparison import compare
    from napari_stem3d.tasks.simulated import SEED, Simulated

    with tempfile.TemporaryDirectory() as cache:
        table = compare(
            Simulated("deformed", count=IMAGES, seed=SEED + 2 * seed),
            Simulated("deformed", count=IMAGES, seed=SEED + 2 * seed + 1),
            cache=Path(cache),
        )
    rows = [
        (
            row.network,
            str(row.seed),
            f"{row.accuracy:.1f} ({row.low:.1f} to {row.high:.1f})",
            f"{row.seconds:.0f}",
            f"{row.trained:,} of {row.parameters:,}",
            f"{row.MB:.1f} / {row.MB_with_optimizer:.1f}",
        )
        for row in table.itertuples()
    ]
    show(
        f"Intact or deformed, {IMAGES} images each, judged on {table['objects'][0]} fresh ones",
        ("network", "seed", "right in %", "seconds", "parameters trained", "MB / with optimizer"),
        rows,
    )
    for network, some in table.groupby("network", sort=False):
        accuracy = some["accuracy"]
        print(f"{network}: {accuracy.mean():.1f} % on average, {accuracy.std():.1f} between seeds")
