"""What an experiment is to tell, and the limits within which it may be made."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from napari_stem3d._errors import InputError
from napari_stem3d.analysis.fitting.variable import DEEPEST, SHALLOWEST
from napari_stem3d.simulation import (
    Cuboid,
    CutCorners,
    Particle,
    Polyhedron,
    quantity,
    random_rotation,
    text,
    whole,
)
from napari_stem3d.simulation.fields import Checked


@dataclass(frozen=True)
class Question(Checked):
    """Whether a particle has lost one number of its corners or the next.

    Which corners, how deep each cut is along each of its edges, the pose and the dimensions are
    unknown; both numbers are as likely beforehand.
    """

    corners: int = whole(2, 0, 64, "number of cut corners")
    against: int = whole(3, 0, 64, "number to be told from it, one more or one less")
    depth: float = quantity(
        0.25, "", 0.02, 0.5, "fraction of its edges that a cut takes, half of the cuts more"
    )
    variation: float = quantity(
        0.2, "", 0.02, 1.0, "standard deviation of the logarithm of these fractions"
    )
    probability: float = quantity(0.9, "", 0.51, 0.999, "wanted probability of the right answer")
    material: str = text("Au", "formula of the particle, such as Pd or SiO2@2.2 (with g/cm³)")
    shape: Polyhedron = field(default_factory=Cuboid)

    def __post_init__(self) -> None:
        """Refuse shapes without corners, and numbers of corners that are no neighbours."""
        super().__post_init__()
        shape: object = self.shape
        if not isinstance(shape, Polyhedron):
            raise InputError(
                f"shape must have corners. Received: {getattr(shape, 'name', repr(shape))}"
            )
        if abs(self.corners - self.against) != 1:
            raise InputError(
                "against must be one more or one less than corners, the hardest question; others "
                f"need less dose. Received: {self.corners} against {self.against}"
            )
        if self.many > self.places:
            raise InputError(
                f"A {self.shape.name} has {self.places} corners that can be cut. "
                f"Received: {self.corners} against {self.against}"
            )

    @property
    def few(self) -> int:
        """The smaller number of cut corners."""
        return min(self.corners, self.against)

    @property
    def many(self) -> int:
        """The larger number of cut corners."""
        return max(self.corners, self.against)

    @property
    def places(self) -> int:
        """Number of corners of the shape."""
        return len(self.shape.vertices())

    @property
    def side(self) -> float:
        """Diameter of the sphere around the shape [nm]."""
        return 2 * float(np.linalg.norm(self.shape.vertices(), axis=1).max())

    @property
    def body(self) -> str:
        """Size, material and shape in words."""
        lengths = dict.fromkeys(self.shape.lengths.values())
        size = " × ".join(f"{length:g}" for length in lengths)
        return f"{size} nm {self.material} {self.shape.name.replace('_', ' ')}"

    def draw(self, rng: np.random.Generator, count: int) -> Particle:
        """Particle with `count` cut corners in a random pose, somewhere within a nm."""
        corners = tuple(sorted(rng.permutation(self.places)[:count].tolist()))
        cuts = CutCorners(corners, tuple(self._cut(rng, corner) for corner in corners))
        y, x = rng.uniform(-0.5, 0.5, 2).tolist()
        deformations = (cuts,) if count else ()
        return Particle(self.shape, (y, x), random_rotation(rng), deformations)

    @property
    def edge(self) -> float:
        """Mean length of the edges that meet in corners [nm]."""
        points, neighbours = self.shape.vertices(), self.shape.neighbours()
        edges = [np.linalg.norm(points[list(n)] - p, axis=1) for p, n in zip(points, neighbours)]
        return float(np.mean(np.concatenate(edges)))

    def cut(self, corner: int) -> tuple[float, ...]:
        """Fractions of the edges of a usual cut."""
        return (self.depth,) * len(self.shape.neighbours()[corner])

    def _cut(self, rng: np.random.Generator, corner: int) -> tuple[float, ...]:
        usual = np.array(self.cut(corner))
        spread = np.exp(self.variation * rng.standard_normal(len(usual)))
        return tuple((usual * spread).clip(SHALLOWEST, DEEPEST).tolist())


@dataclass(frozen=True)
class Limits(Checked):
    """What the instrument and the specimen allow."""

    lowest_current: float = quantity(1.0, "pA", 1e-3, 1e5, "smallest beam current")
    highest_current: float = quantity(200.0, "pA", 1e-3, 1e5, "largest beam current")
    shortest_dwell: float = quantity(0.5, "µs", 0.01, 1e4, "shortest dwell time")
    longest_dwell: float = quantity(100.0, "µs", 0.01, 1e5, "longest dwell time")
    most_dose: float = quantity(
        0.0, "e⁻/nm²", 0.0, 1e12, "dose that the specimen bears, all views together; 0: any"
    )
    most_views: int = whole(5, 1, 10, "images of one particle in other poses that can be had")
    pixel: float = quantity(0.0, "nm", 0.0, 100.0, "side of a pixel; 0: chosen")

    def __post_init__(self) -> None:
        """Refuse ranges that end before they begin."""
        super().__post_init__()
        for name, low, high, unit in (
            ("current", self.lowest_current, self.highest_current, "pA"),
            ("dwell", self.shortest_dwell, self.longest_dwell, "µs"),
        ):
            if low > high:
                raise InputError(
                    f"The smallest {name} must not be above the largest. "
                    f"Received: {low:g} and {high:g} {unit}"
                )
