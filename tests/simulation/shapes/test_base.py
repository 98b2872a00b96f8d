"""What a shape derives from its fields and from the one method that its author writes."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from napari_stem3d._errors import InputError
from napari_stem3d.simulation import Grid, Octahedron, Particle, Polyhedron, Shape, length, project


def test_random_dimensions_fill_their_relative_ranges(shape: Shape) -> None:
    rng = np.random.default_rng(0)
    drawn = [asdict(type(shape).random(rng, 20.0)) for _ in range(400)]  # type: ignore[call-overload]
    for field in fields(shape):  # type: ignore[arg-type]
        low, high = (20.0 * end for end in field.metadata["relative"])
        values = np.array([d[field.name] for d in drawn])
        assert low <= values.min() < low + 0.02 * (high - low)
        assert high - 0.02 * (high - low) < values.max() <= high
        assert values.mean() == pytest.approx((low + high) / 2, abs=0.05 * (high - low))


def test_equal_dimensions_are_equal_shapes(shape: Shape) -> None:
    twin = type(shape)(**asdict(shape))  # type: ignore[call-overload]
    assert twin == shape
    assert hash(twin) == hash(shape)


def test_the_radius_is_that_of_the_outermost_point(shape: Shape) -> None:
    # Along its longest diagonal the shadow of a body reaches its radius and no farther.
    grid = Grid((400, 401), (2.4 * shape.radius / 400,) * 2)
    reach = 0.0
    for turn in range(6):
        pose = Particle(shape, grid.centre, Rotation.from_euler("zyx", (0, turn, turn / 2)))
        rows, columns = np.nonzero(project(pose, grid))
        distances = np.hypot(
            rows * grid.sampling[0] - grid.centre[0], columns * grid.sampling[1] - grid.centre[1]
        )
        reach = max(reach, float(distances.max()))
    assert 0.9 * shape.radius < reach <= shape.radius * (1 + 1e-6)


def test_every_edge_of_a_polyhedron_joins_neighbours_both_ways(polyhedron: Polyhedron) -> None:
    neighbours = polyhedron.neighbours()
    assert len(neighbours) == len(polyhedron.vertices())
    for corner, others in enumerate(neighbours):
        assert list(others) == sorted(set(others) - {corner})
        assert all(corner in neighbours[other] for other in others)
    edges, faces = sum(map(len, neighbours)) // 2, len(polyhedron.faces)
    assert len(neighbours) - edges + faces == 2  # Euler


def test_faces_look_outward_and_hold_every_corner(polyhedron: Polyhedron) -> None:
    normals, offsets = polyhedron.half_spaces()
    np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1)
    assert (polyhedron.vertices() @ normals.T <= offsets + 1e-9).all()
    for face, normal, offset in zip(polyhedron.faces, normals, offsets):
        np.testing.assert_allclose(polyhedron.vertices()[list(face)] @ normal, offset)


@dataclass(frozen=True)
class Slab(Shape):
    """A stranger's shape: three pairs of planes and nothing else."""

    name: ClassVar[str] = "slab"
    description: ClassVar[str] = "slab"

    edge: float = length(6.0, "edge")
    height: float = length(2.0, "height")

    def half_spaces(self) -> tuple[np.ndarray, np.ndarray]:
        normals = np.repeat(np.eye(3), 2, axis=0) * np.tile([-1, 1], 3)[:, None]
        return normals, np.repeat([self.edge, self.edge, self.height], 2) / 2


def test_half_spaces_alone_make_a_shape() -> None:
    slab = Slab()
    assert slab.volume == pytest.approx(72.0)
    assert slab.radius == pytest.approx(np.sqrt(19.0))
    grid = Grid((41, 41))
    assert project(Particle(slab, grid.centre), grid).max() == pytest.approx(2.0)


@dataclass(frozen=True)
class Formless(Shape):
    name: ClassVar[str] = "formless"
    description: ClassVar[str] = "without a form"

    edge: float = length(6.0, "edge")


def test_a_shape_without_a_form_says_which_methods_there_are() -> None:
    with pytest.raises(InputError, match="'formless' must define half_spaces, quadric, mesh or p"):
        _ = Formless().body


def test_a_quadric_must_tell_its_radius() -> None:
    class Ball(Formless):
        def quadric(self) -> Any:
            return np.diag([1.0, 1.0, 1.0, -1.0])

    with pytest.raises(NotImplementedError, match="Ball must define its radius"):
        _ = Ball().radius


def test_the_body_is_made_once() -> None:
    shape = Octahedron()
    assert shape.body is shape.body
