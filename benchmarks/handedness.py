"""The hand of simulated helices, from two images at signed tilts: right, wrong and undecided.

Every helix has random dimensions, pose, place, hand and microscope (the reference conditions
corners-128). Its dimensions are told with a random error of 10 % each, its hand is not told.
"""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

COUNT, FEW = 200, 16  # helices of the main figure, and of each point of the sweeps
STANDARD, LARGEST, SPREAD = 1000.0, 13.3, 0.1  # counts; nm; relative error of told dimensions
SWEEP = ((1000.0, 2.0), (1000.0, 5.0), (10.0, 30.0), (3.0, 30.0))


def helix_scene(rng: np.random.Generator, counts: float):
    """Draw a helix, how it lies, the microscope, and what is told of its dimensions."""
    from napari_stem3d.analysis.identifying.views import dimensions, resized
    from napari_stem3d.simulation import Helix, random_rotation
    from napari_stem3d.tasks.corners128 import Corners128

    scene = Corners128("shape", counts)(rng)
    helix, pose = Helix.random(rng, LARGEST), random_rotation(rng)
    names = dimensions(helix)
    errors = np.exp(SPREAD * rng.normal(size=len(names)))
    told = resized(helix, dict(zip(names, errors.tolist())))
    return helix, pose, scene, replace(told, left_handed=False)


def image_at(tilt, helix, pose, scene, rng: np.random.Generator):
    """Record a helix at a tilt of the stage, which never brings it back to quite the same place."""
    from napari_stem3d.simulation import Particle

    y, x = np.array(scene.grid.centre) + rng.uniform(-1, 1, 2)
    particle = Particle(helix, (float(y), float(x)), tilt.rotation * pose)
    return replace(scene, particles=(particle,)).image(rng).image


def answer(seed: int, index: int, counts: float, angle: float) -> tuple[bool, bool, bool]:
    """Whether a helix at two tilts is called rightly, is called at all, and from one image."""
    from napari_stem3d.analysis.identifying.hands import decide_hand
    from napari_stem3d.analysis.identifying.stage import Tilt

    tilts = [Tilt(-angle / 2), Tilt(angle / 2)]
    rng = np.random.default_rng([seed, index])
    helix, pose, scene, told = helix_scene(rng, counts)
    images = [image_at(tilt, helix, pose, scene, rng) for tilt in tilts]
    sampling = scene.grid.sampling
    hand = decide_hand(images, told, tilts, sampling=sampling, spread=SPREAD)
    right = hand.hand == ("left-handed" if helix.left_handed else "right-handed")
    alone = decide_hand(images[:1], told, tilts[:1], sampling=sampling).is_decided
    return right, hand.is_decided, alone


def ask(seed: int, count: int, counts: float, angle: float) -> list[int]:
    """Right answers, answers, and answers from one image, of so many helices."""
    return np.sum([answer(seed, k, counts, angle) for k in range(count)], axis=0).tolist()


def show(name: str, right: int, answered: int, count: int) -> None:
    from napari_stem3d.networks.evaluation import proportion

    def share(hits: int, trials: int) -> str:
        if not trials:
            return "-"
        own, low, high = (100 * value for value in proportion(hits, trials))
        return f"{own:5.1f} % ({low:.1f} to {high:.1f})"

    wrong = answered - right
    print(
        f"{name:26s} {count:4d}  right {share(right, count):24s} wrong {wrong:3d}  "
        f"undecided {count - answered:3d}  right if answered {share(right, answered)}",
        flush=True,
    )


def main(seed: int) -> None:
    print("Guessing is right in 50 %. Right of all, undecided counting as not right:")
    start = time.perf_counter()
    right, answered, alone = ask(seed, COUNT, STANDARD, 30.0)
    show("1000 counts, 30° apart", right, answered, COUNT)
    print(f"answers from the first image alone: {alone} of {COUNT}")
    print(f"{(time.perf_counter() - start) / COUNT:.1f} s for each helix")
    for k, (counts, angle) in enumerate(SWEEP, start=1):
        right, answered, _ = ask(seed + 1000 * k, FEW, counts, angle)
        show(f"{counts:g} counts, {angle:g}° apart", right, answered, FEW)
