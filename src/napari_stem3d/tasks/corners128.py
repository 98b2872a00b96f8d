"""The reference conditions "corners-128": one particle of known truth in 128 x 128 pixels."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from napari_stem3d._errors import InputError
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

SIZE, SAMPLING = 128, 0.2  # pixels, nm
HALF_EDGES = (0.12, 0.26)  # of the image's side
REFERENCE_THICKNESS = 64 * SAMPLING  # nm: the body whose counts per pixel define the dose
DOSES = {"clean": None, "standard": 1000.0, "low": 100.0, "very-low": 10.0}
TASKS = ("deformed", "corners", "shape")
SHAPES = ("sphere", "cuboid", "tetrahedron", "square_pyramid", "cone", "cylinder", "octahedron")
_ATTENUATION = 1e-3  # 1/nm; the linear signal makes its value immaterial


@dataclass(frozen=True)
class Corners128:
    """Draws the scenes of one task at one dose.

    Attributes
    ----------
    task : str
        ``"deformed"`` (a cuboid, half of them intact, half with 1 to 8 deformed corners),
        ``"corners"`` (a cuboid with 0 to 8 deformed corners, uniformly) or ``"shape"``
        (one of `SHAPES`, intact).
    dose : str
        ``"clean"``, ``"standard"``, ``"low"`` or ``"very-low"``.
    """

    task: str
    dose: str = "standard"

    def __post_init__(self) -> None:
        """Refuse unknown tasks and doses."""
        for name, value, known in (("task", self.task, TASKS), ("dose", self.dose, DOSES)):
            if value not in known:
                raise InputError(f"{name} must be one of {', '.join(known)}. Received: {value!r}")

    def __call__(self, rng: np.random.Generator) -> Scene:
        """Scene with one particle wholly inside the image."""
        grid = Grid((SIZE, SIZE), (SAMPLING, SAMPLING))
        shape = self._shape(rng)
        count = {
            "deformed": int(rng.integers(1, 9)) if rng.random() < 0.5 else 0,
            "corners": int(rng.integers(0, 9)),
            "shape": 0,
        }[self.task]
        cuts = (CutCorners.random(shape, count, rng),) if count else ()
        rotation = random_rotation(rng)
        reach = _reach(shape, rotation)
        room = np.maximum(0, np.array(grid.centre) - reach)
        y, x = np.array(grid.centre) + room * rng.uniform(-1, 1, 2)
        particle = Particle(shape, (float(y), float(x)), rotation, cuts)
        return Scene((particle,), grid, _microscope(rng, DOSES[self.dose]))

    def _shape(self, rng: np.random.Generator) -> Shape:
        longest = 2 * HALF_EDGES[1] * SIZE * SAMPLING
        if self.task == "shape":
            return get_shape(SHAPES[rng.integers(len(SHAPES))]).random(rng, longest)
        edges = 2 * rng.uniform(*HALF_EDGES, 3) * SIZE * SAMPLING
        return Cuboid(*edges.tolist())


def _reach(shape: Shape, rotation: object) -> np.ndarray:
    """How far the shape reaches from its origin along y and x [nm]."""
    if (points := shape.hull()) is None:
        return np.full(2, shape.radius)
    return np.abs(rotation.apply(points)).max(axis=0)[1::-1]  # type: ignore[attr-defined]


def _microscope(rng: np.random.Generator, counts: float | None) -> Microscope:
    """Microscope that counts `counts` electrons behind the reference thickness; None: no noise."""
    background = rng.uniform(0.05, 0.3) * REFERENCE_THICKNESS
    sigma, step = rng.uniform(0.5, 1.5) * SAMPLING, rng.uniform(0, 0.3) * SAMPLING
    ideal = PRESETS["ideal"]
    microscope = replace(
        ideal,
        contrast=Contrast(attenuation=_ATTENUATION),
        film=CarbonFilm(background, attenuation=_ATTENUATION, roughness=0.0, grain=False),
        probe=Probe(sigma, diffraction=False),
        scan=replace(ideal.scan, jitter=step if counts else 0.0, jitter_memory=0.9),
        detector=replace(ideal.detector, shot_noise=counts is not None),
    )
    return microscope.at_dose((counts or 1000.0) / (_ATTENUATION * REFERENCE_THICKNESS))
