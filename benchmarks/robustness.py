"""What becomes of the number of corners when images change in ways that should not matter.

The same objects throughout: grey values scaled, shifted, cast to 8, 12 and 16 bits; the field
scanned twice as finely; the body moved to the middle or to the edge; a second particle beside it.
Then how often `looks_inverted` is wrong, on images as they are and on their negatives.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

OBJECTS = 200
SCENES = 400
DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
REAL = {"haadf/sio2_spheres_haadf.hspy": False, "atoms/abf_movie.hspy": True}  # whether inverted


def moved(scene, where: float):
    """Scene whose body lies in the middle (0), or as near to the left edge as it fits (1)."""
    (particle,) = scene.particles
    middle = scene.grid.centre
    reach = np.abs(particle.rotation.apply(particle.shape.hull())).max(axis=0)[0]
    place = (float(middle[0]), float(middle[1] - where * max(0, middle[1] - reach)))
    return replace(scene, particles=(replace(particle, position=place),))


def crowded(scene):
    """Scene with a smaller cuboid beside the body, where there is most room."""
    from napari_stem3d.simulation import Cuboid, Particle

    (particle,) = scene.particles
    centre = np.array(scene.grid.centre)
    away = centre - particle.position
    away /= np.linalg.norm(away) or 1
    other = Cuboid(*(0.4 * edge for edge in (particle.shape.a, particle.shape.b, particle.shape.c)))
    place = np.array(particle.position) + away * (particle.shape.radius + other.radius)
    beside = Particle(other, (float(place[0]), float(place[1])), particle.rotation)
    return replace(scene, particles=(particle, beside))


def count_corners(draw: Callable, change: str, seed: int) -> int:
    """Number of objects whose corners are counted rightly."""
    from napari_stem3d.simulation import Dataset
    from napari_stem3d.tasks.evaluation import CHANGES, ask
    from napari_stem3d.tasks.questions import QUESTIONS

    question, hits = QUESTIONS["corners"], 0
    for first in range(0, OBJECTS, 50):
        samples = Dataset(draw, OBJECTS, seed)[first : first + 50]
        told = ask([CHANGES[change](s.image) for s in samples], question)[0]
        truth = [len(s.particles[0].deformed_corners) for s in samples]
        hits += int(np.sum(question.told(told) == truth))
    return hits


def main(seed: int) -> None:
    from napari_stem3d.networks.evaluation import proportion
    from napari_stem3d.tasks.corners128 import Corners128
    from napari_stem3d.tasks.evaluation import CHANGES

    plain = Corners128("corners")
    variants = [(f"grey values: {name}", plain, name) for name in CHANGES]
    variants += [
        ("scanned twice as finely", Corners128("corners", magnification=2), "none"),
        ("in the middle", lambda rng: moved(plain(rng), 0), "none"),
        ("at the edge", lambda rng: moved(plain(rng), 1), "none"),
        ("a neighbour that may touch", lambda rng: crowded(plain(rng)), "none"),
    ]
    for name, draw, change in variants:
        hits = count_corners(draw, change, seed)
        share, low, high = (100 * value for value in proportion(hits, OBJECTS))
        print(f"{name:28s} {hits:4d} of {OBJECTS}  {share:5.1f} % ({low:.1f} to {high:.1f})")
    inversion(seed)


def inversion(seed: int) -> None:
    from napari_stem3d.analysis.contrast import inverted, looks_inverted
    from napari_stem3d.networks.evaluation import proportion
    from napari_stem3d.signals import load
    from napari_stem3d.simulation import Dataset
    from napari_stem3d.tasks.corners128 import DOSES, Corners128
    from napari_stem3d.tasks.scenes import SceneTask

    scenes = SceneTask(seed, 256)
    images = [(scenes[k][0], scenes[k][3]) for k in range(SCENES)]
    cover = np.array([np.mean(labels > 0) for _, labels in images])
    groups = {
        f"one body, {dose} dose": [s.image for s in Dataset(Corners128("shape", dose), 100, seed)]
        for dose in DOSES
    }
    for low, high in ((0, 0.25), (0.25, 0.5), (0.5, 0.75), (0.75, 1)):
        chosen = np.flatnonzero((cover >= low) & (cover < high))
        if chosen.size:
            name = f"scenes, {low:.0%} to {high:.0%} covered"
            groups[name] = [images[k][0] for k in chosen]
    for name, group in groups.items():
        wrong = sum(looks_inverted(image) for image in group)
        missed = sum(not looks_inverted(inverted(image)) for image in group)
        for what, number in (("called inverted", wrong), ("inverted and missed", missed)):
            share, low, high = (100 * value for value in proportion(number, len(group)))
            print(
                f"{name:28s} {what:20s} {number:3d} of {len(group):3d}  "
                f"{share:.1f} % ({low:.1f} to {high:.1f})"
            )
    for name, dark in REAL.items():
        if (DATA / name).is_file():
            frame = load(DATA / name)[0].frame(0)
            told = [looks_inverted(values) for values in (frame, inverted(frame))]
            word = "right" if told == [dark, not dark] else "wrong"
            print(f"{name}: {word} on it and on its negative")
