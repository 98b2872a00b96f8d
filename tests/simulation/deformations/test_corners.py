"""SIM-06: what a truncated and a rounded corner are missing, to the last digit."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.integrate import dblquad

from napari_stem3d._errors import InputError
from napari_stem3d.simulation import (
    Cuboid,
    Decahedron,
    Grid,
    Octahedron,
    Particle,
    Polyhedron,
    RoundedCorners,
    Shape,
    SquarePyramid,
    TruncatedCorners,
    project,
)


def missing(shape: Shape, deformation: TruncatedCorners | RoundedCorners) -> float:
    return shape.volume - Particle(shape, deformations=(deformation,)).volume


@pytest.mark.parametrize("leg", [0.1, 1.0, 3.99])
def test_each_cut_of_a_right_angled_corner_removes_a_sixth_of_its_cube(leg: float) -> None:
    """SIM-06: each cut of leg d removes exactly d³/6, in all 256 subsets."""
    shape = Cuboid(8.0, 9.0, 10.0)
    for count in range(9):
        for corners in itertools.combinations(range(8), count):
            assert missing(shape, TruncatedCorners(leg, corners)) == pytest.approx(
                count * leg**3 / 6, rel=1e-9, abs=1e-9
            )


def test_cuts_that_meet_share_what_they_remove() -> None:
    shape = Cuboid(8.0, 9.0, 10.0)
    apart = missing(shape, TruncatedCorners(5.0, (0, 7)))
    meeting = missing(shape, TruncatedCorners(5.0, (0, 4)))  # the ends of the edge of 8 nm
    assert apart == pytest.approx(2 * 125 / 6)
    assert meeting < apart


def test_the_corner_of_an_octahedron_is_a_square_pyramid() -> None:
    assert missing(Octahedron(10.0), TruncatedCorners(3.0, (1, 2))) == pytest.approx(
        2 * 27 * np.sqrt(2) / 6
    )


def test_the_cut_crosses_every_edge_at_the_leg(polyhedron: Polyhedron) -> None:
    points, neighbours = polyhedron.vertices(), polyhedron.neighbours()
    for corner, others in enumerate(neighbours):
        if isinstance(polyhedron, Decahedron) and len(others) == 4:
            continue  # no plane crosses all four alike
        body = TruncatedCorners(1.0, (corner,)).apply(polyhedron, polyhedron.body)
        ((_, piece),) = body.pieces
        edges = points[list(others)] - points[corner]
        crossings = points[corner] + edges / np.linalg.norm(edges, axis=1)[:, None]
        np.testing.assert_allclose(crossings @ piece.normals[-1], piece.offsets[-1])
        assert points[corner] @ piece.normals[-1] > piece.offsets[-1]


def rounded_off(leg: float) -> float:
    """Volume between a right-angled corner and the sphere that touches its edges at `leg`."""

    def depth(y: float, x: float) -> float:
        to_plane = leg - x - y
        squared = 2 * leg**2 - (x - leg) ** 2 - (y - leg) ** 2
        return min(to_plane, max(0.0, leg - np.sqrt(max(squared, 0.0))))

    return dblquad(depth, 0, leg, 0, lambda x: leg - x, epsabs=1e-3)[0]


@pytest.mark.parametrize("leg", [1.0, 2.0, 4.0])
def test_a_rounded_corner_is_missing_what_lies_beyond_the_sphere(leg: float) -> None:
    shape = Cuboid(8.0, 9.0, 10.0)
    for corners in ((3,), (0, 1, 6), tuple(range(8))):
        lost = missing(shape, RoundedCorners(leg, corners))
        assert lost == pytest.approx(len(corners) * rounded_off(leg), rel=5e-3, abs=5e-3)
        assert 0 < lost < missing(shape, TruncatedCorners(leg, corners))


def test_a_rounded_corner_touches_the_edges_and_keeps_the_diagonal_to_the_sphere() -> None:
    # Along the body diagonal, the sphere about (d, d, d) of radius √2 d ends (√3 - √2) d inside.
    grid = Grid((81, 81), (0.05, 0.05))
    shape, leg = Cuboid(10, 10, 10), 3.0
    particle = Particle(shape, (2.0 + 5.0, 2.0 + 5.0), deformations=(RoundedCorners(leg, (0,)),))
    image = project(particle, grid)  # the corner lies at the pixel (40, 40), at the depth -5
    whole = project(Particle(shape, particle.position), grid)
    lost = whole - image
    assert lost[40, 40] == pytest.approx(leg, abs=0.01)  # along the edge, up to the sphere
    assert lost[50, 50] == pytest.approx(leg - np.sqrt(2 * 9 - 2 * 2.5**2), rel=1e-3)
    assert lost[60, 60] == pytest.approx(0, abs=1e-4)  # the sphere reaches the surface before


def test_a_rounded_corner_keeps_more_than_the_cut_in_every_pixel() -> None:
    grid = Grid((90, 100), (0.2, 0.18))
    shape = SquarePyramid(12.0, 9.0)
    images = [
        project(Particle(shape, grid.centre, deformations=d), grid)
        for d in ((), (RoundedCorners(2.0, (0, 4)),), (TruncatedCorners(2.0, (0, 4)),))
    ]
    assert (images[0] >= images[1] - 1e-4).all()
    assert (images[1] >= images[2] - 1e-4).all()


@pytest.mark.parametrize(
    ("deformation", "most"), [(TruncatedCorners(8.1, (0,)), 8), (RoundedCorners(4.1, (0,)), 4)]
)
def test_legs_longer_than_their_edges_are_refused(deformation, most: int) -> None:
    with pytest.raises(InputError, match=f"leg at corner 0 of a cuboid must be at most {most} nm"):
        deformation.apply(Cuboid(8.0, 9.0, 10.0), Cuboid(8.0, 9.0, 10.0).body)
