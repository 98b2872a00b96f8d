"""Draw the figures of the pages on the simulation: ``python docs/figures.py``."""

from __future__ import annotations

import sys
from collections.abc import Iterable
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
from napari_stem3d.plugins import registry
from napari_stem3d.simulation import lattices

IMAGES = Path(__file__).resolve().parent / "images"
POSE = Rotation.from_euler("zyx", (20, 35, 25), degrees=True)
CLOSE = stem.Grid((160, 160), (0.115, 0.115))
SCENE = stem.Grid((160, 160), (0.24, 0.24))
IDEAL = stem.PRESETS["ideal"]
Picture = tuple[str, NDArray[np.float32]]


def main() -> None:
    """Draw every figure and save it."""
    IMAGES.mkdir(exist_ok=True)
    save("shapes", shapes(), columns=8)
    save("deformations", deformations(), columns=6)
    save("stages", stages(), columns=7)
    save("motion", motion(), columns=5)
    save("lattices", crystals(), columns=8)
    weighed_spheres()


def save(name: str, pictures: Iterable[Picture], columns: int) -> None:
    """Save pictures side by side, each from its darkest to its brightest pixel."""
    drawn = list(pictures)
    rows = -(-len(drawn) // columns)
    size = (1.6 * columns, 1.85 * rows)
    figure, axes = plt.subplots(rows, columns, figsize=size, layout="constrained", squeeze=False)
    for place in axes.flat:
        place.axis("off")
    for place, (title, image) in zip(axes.flat, drawn):
        place.imshow(image, cmap="gray", interpolation="nearest")
        place.set_title(title, fontsize=8)
    figure.savefig(IMAGES / f"{name}.png", dpi=110)
    plt.close(figure)


def weighed_spheres() -> None:
    """Volumes of real spheres against their radii, beside the law; nothing without the image."""
    sys.path.insert(0, str(IMAGES.parents[1]))
    from benchmarks.spheres import IMAGE
    from benchmarks.weighed_spheres import weigh_spheres

    if not IMAGE.is_file():
        return
    spheres = weigh_spheres()
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
    left.errorbar(
        spheres.radius,
        spheres.volume / 1e3,
        spheres.volume_error / 1e3,
        spheres.radius_error,
        fmt=".",
        alpha=0.5,
        label=f"{len(spheres.radius)} spheres, ± 1 σ",
    )
    radii = np.linspace(0.96 * spheres.radius.min(), 1.04 * spheres.radius.max(), 50)
    left.plot(radii, 4 / 3 * np.pi * radii**3 / 1e3, "k", label="4/3 π R³, one scale for all")
    left.set(xlabel="projected radius R (nm)", ylabel="volume (10³ nm³)")
    left.legend()
    bins = np.arange(-4, 4.01, 0.5)
    right.hist(spheres.misfit, bins, alpha=0.5)
    normal = np.exp(-(np.linspace(-4, 4, 200) ** 2) / 2) / np.sqrt(2 * np.pi)
    right.plot(np.linspace(-4, 4, 200), len(spheres.radius) * 0.5 * normal, "k", label="normal law")
    right.set(xlabel="distance from the law (standard errors)", ylabel="spheres")
    right.legend()
    figure.savefig(IMAGES / "weigh-spheres.png", dpi=110)
    plt.close(figure)


def words(name: str) -> str:
    """Name of a shape or deformation as it is read."""
    return name.replace("_", " ")


def shapes() -> Iterable[Picture]:
    """Every shape, in one pose and as large as the picture."""
    for name, kind in registry().shapes.items():
        if name == "mesh":  # whatever the user's file holds
            continue
        shape = kind()
        grid = stem.Grid(CLOSE.gpts, (shape.radius / 75, shape.radius / 75))
        yield words(name), stem.project(stem.Particle(shape, grid.centre, POSE), grid)


def deformations() -> Iterable[Picture]:
    """Every deformation, as it is drawn at random, on a cuboid."""
    shape = stem.Cuboid(9, 10, 11)
    for name, kind in registry().deformations.items():
        rng = np.random.default_rng(4)
        deformation = kind.random(shape, 3, rng)
        particle = stem.Particle(shape, CLOSE.centre, POSE, (deformation,))
        yield words(name), stem.project(particle, CLOSE)


def stages() -> Iterable[Picture]:
    """One scene under a perfect microscope, each imperfection alone, and all of them."""
    scene = stem.simulate(
        stem.Cuboid(8, 10, 12),
        deformed_corners=3,
        particles=6,
        placement="anywhere",
        grid=SCENE,
        seed=30,
    )[0]
    thin = stem.Contrast(attenuation=0.02)
    counting = replace(IDEAL.detector, shot_noise=True)
    changes: dict[str, dict[str, Any]] = {
        "perfect microscope": {},
        "saturating contrast": {"contrast": stem.Contrast(attenuation=0.2, saturating=True)},
        "film: rough": {"film": stem.CarbonFilm(500, roughness=40, correlation=3, grain=False)},
        "film: grain": {
            "film": stem.CarbonFilm(0.5, attenuation=0.8, roughness=0),
            "probe": stem.Probe(0.2),
        },
        "probe": {"probe": stem.Probe(1.0)},
        "scan: jitter of lines": {"scan": replace(IDEAL.scan, jitter=0.15)},
        "scan: mains": {"scan": replace(IDEAL.scan, mains=0.4)},
        "scan: wide band": {"scan": replace(IDEAL.scan, wide_band=25)},
        "scan: drift": {"scan": replace(IDEAL.scan, drift=1000)},
        "scan: fly-back": {"scan": replace(IDEAL.scan, flyback_error=4)},
        "beam: flicker": {"beam": stem.Beam(flicker=20)},
        "shot noise": {"beam": stem.Beam(current=0.4), "detector": counting},
        "pulse heights": {"detector": replace(IDEAL.detector, pulse_height=5)},
        "afterglow": {
            "beam": stem.Beam(current=0.4),
            "detector": replace(counting, afterglow=20),
        },
        "read-out noise": {"detector": replace(IDEAL.detector, read_out=20)},
        "4 bits": {"detector": replace(IDEAL.detector, gain=0.05, bits=4)},
    }
    rng = np.random.default_rng(1)
    for title, change in changes.items():
        microscope = replace(IDEAL, **{"contrast": thin, **change})
        yield title, microscope.image(scene.thickness, SCENE, rng)
    for name in ("default", "low dose", "tungsten-era"):
        yield f"preset: {name}", stem.PRESETS[name].image(scene.thickness, SCENE, rng)


def motion() -> Iterable[Picture]:
    """One particle that moves in several ways while its image is scanned."""
    still = stem.simulate(stem.Cuboid(8, 10, 12), grid=CLOSE, microscope=IDEAL, seed=5)
    frame = still.scene(0).frame_time
    ways = {
        "still": stem.Motion(),
        "turning": stem.Motion(rotation=90 / frame, axis="y"),
        "drifting": stem.Motion(velocity=4 / frame),
        "Brownian rotation": stem.Motion(rotational_diffusion=0.2 / frame),
        "Brownian translation": stem.Motion(translational_diffusion=2 / frame),
    }
    for title, way in ways.items():
        moved = stem.simulate(
            stem.Cuboid(8, 10, 12), grid=CLOSE, microscope=IDEAL, motion=way, seed=5
        )
        yield title, moved[0].image


def crystals() -> Iterable[Picture]:
    """Lattices at atomic resolution, with their defects."""
    grid = stem.Grid((160, 160), (0.02, 0.02))
    corrected = lattices.ATOMIC["200 kV"]
    flat = lattices.ATOMIC["60 kV"]
    pictures = {
        "graphene": ("graphene", {}, {}, flat),
        "vacancies, Si in C": (
            "graphene",
            {},
            {"vacancies": 0.5, "substitutions": 0.5, "replaced": "C", "substitute": "Si"},
            flat,
        ),
        "WS2, Mo in W": (
            "WS2",
            {},
            {"substitutions": 1.0, "replaced": "W", "substitute": "Mo"},
            flat,
        ),
        "graphene: a boundary": ("graphene", {}, {"boundary_angle": 20.0}, flat),
        "SrTiO3": ("SrTiO3", {}, {}, corrected),
        "Si<110>": ("Si", {}, {}, corrected),
        "Au<110>": ("Au", {}, {}, corrected),
        "Au<110>, tilted by 4°": ("Au", {"tilt_x": 4.0}, {}, corrected),
    }
    for title, (structure, crystal, wrong, microscope) in pictures.items():
        scene = lattices.LatticeScene(
            lattices.Lattice(structure, **crystal),
            grid,
            microscope,
            lattices.Defects(**wrong),
        )
        yield title, scene.image(np.random.default_rng(2)).image


if __name__ == "__main__":
    main()
