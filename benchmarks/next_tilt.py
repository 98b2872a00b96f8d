"""What the advised second tilt decides, beside a random one and the smallest.

Helices as in the benchmark ``handedness``, so few electrons and so narrow a holder that it matters.
The first image, at zero tilt, gives pose and dimensions but for the mirror; the advice ranks the
tilts of the holder by them, and each way of choosing gets an image of its own.
"""

from __future__ import annotations

import numpy as np
from benchmarks.handedness import SPREAD, helix_scene, image_at, show

COUNT, COUNTS = 60, 3.0  # helices, and counts behind the reference thickness
LIMIT, STEP = 4.0, 2.0  # degrees that alpha and beta reach, and between tilts
WAYS = ("advised", "random", "smallest")


def choices(first, helix, pose, sampling, rng: np.random.Generator):
    """Explain the first image from the true pose, and choose tilts for the second; else None."""
    from scipy.spatial.transform import Rotation

    from napari_stem3d.analysis.identifying.isolation import isolate
    from napari_stem3d.analysis.identifying.poses import finely, follow
    from napari_stem3d.analysis.identifying.predicted import Hypothesis, Imaging
    from napari_stem3d.analysis.identifying.ranking import candidates, rank_tilts
    from napari_stem3d.analysis.identifying.stage import Tilt
    from napari_stem3d.simulation import Particle

    patch, noise = isolate(first, sampling)
    here = Rotation.identity()
    joint = follow(Particle(helix), pose, [patch], [here], SPREAD)
    if joint is None:
        return None
    joint = finely(joint, [patch], [noise])
    shot = joint.shots[0]
    imaging = Imaging(sampling, shot.gain, shot.ground, noise, joint.probe)
    tilts = [t for t in candidates((-LIMIT, LIMIT), (-LIMIT, LIMIT), STEP) if t.alpha or t.beta]
    advice = rank_tilts(Hypothesis.of_joint(joint).split(), Tilt(), tilts, imaging)
    drawn = tilts[rng.integers(len(tilts))]
    return joint.particle, dict(zip(WAYS, (advice[0].tilt, drawn, Tilt(STEP))))


def answer(seed: int, index: int) -> dict[str, tuple[bool, bool]]:
    """Whether a helix is called rightly, and at all, for each way to choose the second tilt."""
    from napari_stem3d.analysis.identifying.hands import decide_hand
    from napari_stem3d.analysis.identifying.stage import Tilt

    rng = np.random.default_rng([seed, index])
    helix, pose, scene, _ = helix_scene(rng, COUNTS)
    first, sampling = image_at(Tilt(), helix, pose, scene, rng), scene.grid.sampling
    explained = choices(first, helix, pose, sampling, rng)
    if explained is None:
        return dict.fromkeys(WAYS, (False, False))
    known, chosen = explained
    truth, found = "left-handed" if helix.left_handed else "right-handed", {}
    for way, tilt in chosen.items():
        images = [first, image_at(tilt, helix, pose, scene, rng)]
        tilts = [Tilt(), tilt]
        hand = decide_hand(images, known, tilts, sampling=sampling, spread=SPREAD, search=False)
        found[way] = hand.hand == truth, hand.is_decided
    return found


def main(seed: int) -> None:
    print(f"{COUNTS:g} counts, alpha and beta within {LIMIT:g}°; undecided counts as not right:")
    found = [answer(seed, index) for index in range(COUNT)]
    for way in WAYS:
        right, answered = np.sum([one[way] for one in found], axis=0).tolist()
        show(f"{way} tilt", right, answered, COUNT)
