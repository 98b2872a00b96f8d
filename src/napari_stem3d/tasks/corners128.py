"""The reference conditions "corners-128": one particle of known truth in 128 x 128 pixels."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from napari_stem3d._errors import InputError
from napari_stem3d.networks.contracts import CLASSES, OTHER
from napari_stem3d.plugins import get_shape
from napari_stem3d.simulation import (
    PRESETS,
    CarbonFilm,
    Contrast,
    Cuboid,
    CutCorners,
    Grid,
    Microscope,
    Particle,
    Probe,
    Scene,
    Shape,
    random_rotation,
)
from napari_stem3d.simulation.deformations.cut_corners import DEEPEST_CUT
from napari_stem3d.simulation.fields import is_number, is_whole
from napari_stem3d.tasks.particles import Fragment

SIZE, SAMPLING = 128, 0.2  # pixels, nm
HALF_EDGES = (0.12, 0.26)  # of the image's side
REFERENCE_THICKNESS = 64 * SAMPLING  # nm: the body whose counts per pixel define the dose
DOSES = {"clean": None, "standard": 1000.0, "low": 100.0, "very-low": 10.0}
CUTS = {"large": (0.25, 0.5), "small": (0.10, 0.25)}  # fractions of the edges
SHAPES = ("sphere", "cuboid", "tetrahedron", "square_pyramid", "cone", "cylinder", "octahedron")
TASKS = ("deformed", "corners", "pair-cube", "pair-box", "shape", "shape-all")
_ATTENUATION = 1e-3  # 1/nm; the linear signal makes its value immaterial


@dataclass(frozen=True)
class Corners128:
    """Draws the scenes of one task under one set of conditions.

    Attributes
    ----------
    task : str
        ``"deformed"`` (a cuboid, half of them intact, half with 1 to 8 deformed corners),
        ``"corners"`` (a cuboid with 0 to 8 deformed corners, uniformly), ``"pair-cube"`` (a cube
        whose two deformed corners share an edge, a face or neither, each as often),
        ``"pair-box"`` (a cuboid with two deformed corners), ``"shape"`` (one of `SHAPES`,
        intact) or ``"shape-all"`` (one of all 14 shapes or a fragment without a name, intact).
    dose : str or float
        ``"clean"``, ``"standard"``, ``"low"`` or ``"very-low"``, or the expected counts per pixel
        of a body of the thickness of 64 pixels of 0.2 nm.
    cuts : str or float
        What a deformed corner lacks of its edges: ``"large"``, fractions drawn from 0.25 to 0.5,
        ``"small"``, from 0.1 to 0.25, or one fraction for all.
    blur : float, optional
        Standard deviation of the probe in pixels of 0.2 nm; drawn from 0.5 to 1.5 by default.
    magnification : int
        In how many pixels each of 0.2 nm is scanned, along both sides of the same field.
    """

    task: str
    dose: str | float = "standard"
    cuts: str | float = "large"
    blur: float | None = None
    magnification: int = 1

    def __post_init__(self) -> None:
        """Refuse unknown tasks and impossible conditions."""
        if self.task not in TASKS:
            raise InputError(f"task must be one of {', '.join(TASKS)}. Received: {self.task!r}")
        for name, value, known, most in (
            ("dose", self.dose, DOSES, np.inf),
            ("cuts", self.cuts, CUTS, DEEPEST_CUT),
        ):
            if value not in known and not (is_number(value) and 0 < float(value) <= most):
                limit = "" if most == np.inf else f" of at most {most:g}"
                raise InputError(
                    f"{name} must be one of {', '.join(known)}, or a positive number{limit}. "
                    f"Received: {value!r}"
                )
        if self.blur is not None and not (is_number(self.blur) and 0 < self.blur < SIZE):
            raise InputError(
                f"blur must be a positive number of pixels below {SIZE}. Received: {self.blur!r}"
            )
        if not is_whole(self.magnification, 1, 8):
            raise InputError(
                f"magnification must be a whole number from 1 to 8. Received: "
                f"{self.magnification!r}"
            )

    def __call__(self, rng: np.random.Generator) -> Scene:
        """Scene with one particle wholly inside the image."""
        pixels, sampling = SIZE * self.magnification, SAMPLING / self.magnification
        grid = Grid((pixels, pixels), (sampling, sampling))
        shape = self._shape(rng)
        corners = self._corners(rng)
        cuts = (self._cut(rng, corners),) if corners else ()
        particle = _posed(rng, Particle(shape, deformations=cuts), grid)
        return Scene((particle,), grid, self._microscope(rng))

    def _shape(self, rng: np.random.Generator) -> Shape:
        longest = 2 * HALF_EDGES[1] * SIZE * SAMPLING
        if self.task == "shape":
            return get_shape(SHAPES[rng.integers(len(SHAPES))]).random(rng, longest)
        if self.task == "shape-all":
            name = CLASSES[rng.integers(len(CLASSES))]
            if name == OTHER:
                points, seed = int(rng.integers(5, 13)), int(rng.integers(2**31))
                return Fragment(longest * rng.uniform(0.5, 1), points, seed)
            return get_shape(name).random(rng, longest)
        edges = 2 * rng.uniform(*HALF_EDGES, 3) * SIZE * SAMPLING
        return Cuboid(*edges.tolist()) if self.task != "pair-cube" else Cuboid(*[edges[0]] * 3)

    def _corners(self, rng: np.random.Generator) -> tuple[int, ...]:
        """Corners to deform, by their index among the vertices of the shape."""
        if self.task == "pair-cube":
            # The bits of a corner's index are its three sides: two corners differ in 1, 2 or 3.
            first, differ = int(rng.integers(8)), rng.permutation(3)[: rng.integers(1, 4)]
            return first, first ^ int(sum(1 << differ))
        count = {
            "deformed": int(rng.integers(1, 9)) if rng.random() < 0.5 else 0,
            "corners": int(rng.integers(0, 9)),
            "pair-box": 2,
        }.get(self.task, 0)
        return tuple(rng.permutation(8)[:count].tolist())

    def _cut(self, rng: np.random.Generator, corners: tuple[int, ...]) -> CutCorners:
        span = CUTS[self.cuts] if isinstance(self.cuts, str) else (self.cuts, self.cuts)
        fractions = rng.uniform(*span, (len(corners), 3))
        return CutCorners(corners, tuple(map(tuple, fractions.tolist())))

    def _microscope(self, rng: np.random.Generator) -> Microscope:
        """Microscope that counts the dose's electrons behind the reference thickness."""
        counts = DOSES[self.dose] if isinstance(self.dose, str) else float(self.dose)
        background = rng.uniform(0.05, 0.3) * REFERENCE_THICKNESS
        sigma, step = rng.uniform(0.5, 1.5), rng.uniform(0, 0.3) * SAMPLING
        ideal = PRESETS["ideal"]
        microscope = replace(
            ideal,
            contrast=Contrast(attenuation=_ATTENUATION),
            film=CarbonFilm(background, attenuation=_ATTENUATION, roughness=0.0, grain=False),
            probe=Probe((self.blur or sigma) * SAMPLING, diffraction=False),
            scan=replace(ideal.scan, jitter=step if counts else 0.0, jitter_memory=0.9),
            detector=replace(ideal.detector, shot_noise=counts is not None),
        )
        return microscope.at_dose((counts or 1000.0) / (_ATTENUATION * REFERENCE_THICKNESS))


def seen_again(rng: np.random.Generator, scene: Scene) -> Scene:
    """Scene with the same object under the same microscope, in another pose at another place."""
    (particle,) = scene.particles
    return replace(scene, particles=(_posed(rng, particle, scene.grid),))


def _posed(rng: np.random.Generator, particle: Particle, grid: Grid) -> Particle:
    """Particle in a random pose at a random place where it lies wholly inside the image."""
    rotation = random_rotation(rng)
    room = np.maximum(0, np.array(grid.centre) - _reach(particle.shape, rotation))
    y, x = np.array(grid.centre) + room * rng.uniform(-1, 1, 2)
    return replace(particle, position=(float(y), float(x)), rotation=rotation)


def _reach(shape: Shape, rotation: object) -> np.ndarray:
    """How far the shape reaches from its origin along y and x [nm]."""
    if (points := shape.hull()) is None:
        return np.full(2, shape.radius)
    return np.abs(rotation.apply(points)).max(axis=0)[1::-1]  # type: ignore[attr-defined]
