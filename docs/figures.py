"""Draw the figure of the page on the simulation: ``python docs/figures.py``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import matplotlib as mpl  # noqa: TID253

mpl.use("agg")

import matplotlib.pyplot as plt  # noqa: TID253
import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from napari_stem3d import simulation as stem

IMAGES = Path(__file__).resolve().parent / "images"
POLYHEDRA = (
    stem.Cuboid(8, 10, 12),
    stem.Tetrahedron(14),
    stem.SquarePyramid(12, 10),
    stem.Octahedron(11),
)
CURVED = (
    stem.Sphere(12),
    stem.Ellipsoid(15, 11, 8),
    stem.Cone(12, 13),
    stem.Cylinder(9, 12),
)
POSE = Rotation.from_euler("zyx", (20, 35, 25), degrees=True)
CLOSE = stem.Grid((160, 160), (0.11, 0.11))
SCENE = stem.Grid((160, 160), (0.24, 0.24))
OFF = stem.Microscope(
    film=stem.CarbonFilm(0),
    probe=stem.Probe(0),
    jitter=stem.LineJitter(0),
    electrons=stem.Electrons(shot_noise=False),
)


def main() -> None:
    """Draw shapes and stages, and save the picture."""
    figure, rows = plt.subplots(3, 8, figsize=(12.8, 5.4), layout="constrained")
    for axes, shape in zip(rows[0], POLYHEDRA + CURVED):
        show(axes, thickness(shape), shape.name.replace("_", " "))
    for axes, shape in zip(rows[1], POLYHEDRA):
        show(axes, thickness(shape, (0, 2)), "corners 0 and 2")
    for axes, count in zip(rows[1][4:], (1, 3, 5, 8)):
        show(axes, thickness(POLYHEDRA[0], range(8)[-count:]), f"{count} of 8 corners")
    for axes, (name, image) in zip(rows[2], stages()):
        show(axes, image, name)
    IMAGES.mkdir(exist_ok=True)
    figure.savefig(IMAGES / "simulation.png", dpi=110)


def thickness(shape: stem.Shape, corners: Sequence[int] = ()) -> NDArray[np.float32]:
    """Thickness of one particle with some corners cut as deeply as they can be."""
    edges = [len(shape.neighbours()[k]) for k in corners]  # type: ignore[attr-defined]
    cut = stem.CutCorners(tuple(corners), tuple((0.5,) * n for n in edges))
    cuts = (cut,) if corners else ()
    return stem.project(stem.Particle(shape, CLOSE.centre, POSE, cuts), CLOSE)


def stages() -> list[tuple[str, NDArray[np.float32]]]:
    """One scene under a perfect microscope, with each stage alone, and with all of them."""
    alone = {
        "contrast": stem.Contrast(0.15, saturating=True),
        "film": stem.CarbonFilm(250, roughness=40, correlation=2),
        "probe": stem.Probe(1.0),
        "jitter": stem.LineJitter(0.12),
        "electrons": stem.Electrons(current=0.8),
    }
    names = ("saturating contrast", "carbon film", "probe", "line jitter", "electrons")
    scene = stem.simulate(POLYHEDRA[0], deformed_corners=3, particles=4, grid=SCENE, seed=3)[0]
    tried = [("thickness", None), ("perfect microscope", OFF)]
    tried += [
        (name, replace(OFF, **{field: stage})) for name, (field, stage) in zip(names, alone.items())
    ]
    tried.append(("all of them", stem.Microscope(**alone)))  # type: ignore[arg-type]
    rng = np.random.default_rng(1)
    return [
        (name, scene.thickness if m is None else m.image(scene.thickness, SCENE, rng))
        for name, m in tried
    ]


def show(axes: Any, image: NDArray[np.float32], title: str) -> None:
    """Show an image from its darkest to its brightest pixel."""
    axes.imshow(image, cmap="gray", interpolation="nearest")
    axes.set_title(title, fontsize=9)
    axes.axis("off")


if __name__ == "__main__":
    main()
