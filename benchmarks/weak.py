"""Labels of images alone: the same network with and without pixel-wise maps, on several seeds.

Either network learns from the same images, in the same order and from the same first weights, and
is judged on the same fresh objects. The picture of the documentation is drawn by the way.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.simulation import show
from numpy.typing import NDArray

SEEDS = (1, 2, 3)
IMAGES, FRESH = 2000, 2000
STEPS = 4800
PICTURE = Path(__file__).resolve().parents[1] / "docs" / "images" / "weak.png"
SHOWN = 8  # images in it
FEW = 2  # deformed corners up to which a blind guess seldom hits one


def main(seed: int) -> None:
    from napari_stem3d.tasks.images import labelled_images
    from napari_stem3d.tasks.weak import ARMS, PARTICLE_IMAGES, blind_hits, compare, mcnemar

    test = labelled_images(FRESH, seed)
    rows, right = [], {arm: [] for arm in ARMS}
    for number in SEEDS:
        settings = replace(
            PARTICLE_IMAGES.training, seed=number, steps=STEPS, views=2, interval=STEPS
        )
        # No object of one seed's training is seen in another's, nor in the judgement.
        training = labelled_images(IMAGES, seed + 1, first=number * IMAGES)
        verdicts = compare(training, test, settings)
        chance = mcnemar(*(verdicts[arm].right for arm in ARMS))
        for arm, verdict in verdicts.items():
            right[arm].append(verdict.right)
            exact = verdict.number == test.numbers
            rows.append((str(number), arm, percent(verdict.right), percent(exact), f"{chance:.1g}"))
            for name, own in groups(test.numbers).items():
                print(f"seed {number}, {arm}, {name}: {percent(verdict.hit[own])} hit")
    show(
        f"{IMAGES} labelled images, {FRESH} fresh ones",
        ("seed", "network", "deformed or not", "number", "p (McNemar)"),
        rows,
    )
    gain = np.mean([100 * (b.mean() - a.mean()) for a, b in zip(*right.values())])
    print(f"with the maps {gain:+.1f} percentage points, mean of {len(SEEDS)} seeds")
    blind = blind_hits(test)
    for name, own in groups(test.numbers).items():
        print(f"a blind point of the particle, {name}: {100 * blind[own].mean():.1f} % hit")
    draw(test, verdicts[ARMS[-1]].maps)


def draw(images: Any, maps: NDArray[np.float32]) -> None:
    """Save the first images with few deformed corners above the maps of where a network looked."""
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib.pyplot import subplots

    shown = np.flatnonzero(groups(images.numbers)[f"1 to {FEW} deformed"])[:SHOWN]
    figure, axes = subplots(2, len(shown), figsize=(1.6 * len(shown), 3.3), layout="constrained")
    extent = (-0.5, 127.5, 127.5, -0.5)
    for column, k in zip(axes.T, shown):
        grey = images.channels[k, ..., 0]
        for place, (values, colours) in zip(column, ((grey, "gray"), (maps[k], "magma"))):
            place.imshow(values, cmap=colours, extent=extent)
            for piece in images.pieces[k]:
                place.plot(*piece.mean(axis=0)[::-1], "+", color="red", markersize=9)
            place.axis("off")
    figure.savefig(PICTURE, dpi=110)


def groups(numbers: NDArray[np.int64]) -> dict[str, NDArray[np.bool_]]:
    few = (numbers > 0) & (numbers <= FEW)
    return {"any deformed": numbers > 0, f"1 to {FEW} deformed": few}


def percent(hits: NDArray[np.bool_]) -> str:
    from napari_stem3d.networks.evaluation import proportion

    share, low, high = (100 * value for value in proportion(int(hits.sum()), len(hits)))
    return f"{share:.1f} % ({low:.1f} to {high:.1f})"
