"""SIM-07: dents and bumps."""

from __future__ import annotations

import numpy as np
import pytest

from napari_stem3d._errors import InputError
from napari_stem3d.simulation import (
    BumpedFaces,
    Cuboid,
    DentedFaces,
    Grid,
    Particle,
    Polyhedron,
    project,
)


def cap(depth: float, radius: float) -> float:
    return np.pi * depth * (3 * radius**2 + depth**2) / 6


@pytest.mark.parametrize(("depth", "radius"), [(0.5, 2.0), (1.0, 3.0), (2.0, 2.0)])
@pytest.mark.parametrize(("kind", "sign"), [(DentedFaces, -1), (BumpedFaces, 1)])
def test_a_dent_or_bump_is_a_spherical_cap(kind, sign: int, depth: float, radius: float) -> None:
    shape = Cuboid(8.0, 9.0, 10.0)
    for faces in ((0,), (1, 4), tuple(range(6))):
        volume = Particle(shape, deformations=(kind(depth, radius, faces),)).volume
        assert volume - shape.volume == pytest.approx(sign * len(faces) * cap(depth, radius), 1e-3)


def test_its_profile_is_that_of_the_sphere() -> None:
    grid, shape = Grid((101, 91), (0.1, 0.11)), Cuboid(9.0, 8.0, 7.0)
    face = shape.half_spaces()[0].argmax(axis=0)[2]  # the one that looks along the beam
    x = (np.arange(91) * 0.11 - grid.centre[1])[None]
    y = (np.arange(101) * 0.1 - grid.centre[0])[:, None]
    ball = (2.0**2 + 0.8**2) / 1.6
    profile = np.maximum(np.sqrt(np.maximum(ball**2 - x**2 - y**2, 0)) - (ball - 0.8), 0)
    for kind, sign in ((DentedFaces, -1), (BumpedFaces, 1)):
        before, after = (
            project(Particle(shape, grid.centre, deformations=d), grid)
            for d in ((), (kind(0.8, 2.0, (int(face),)),))
        )
        np.testing.assert_allclose(after - before, sign * profile, atol=1e-3)


def test_all_faces_of_every_polyhedron_can_be_dented(polyhedron: Polyhedron) -> None:
    for face in range(len(polyhedron.faces)):
        dent = DentedFaces.random(polyhedron, 1, np.random.default_rng(face), faces=(face,))
        volume = Particle(polyhedron, deformations=(dent,)).volume
        lost = polyhedron.volume - volume
        assert 0.5 * cap(dent.depth, dent.radius) < lost < 1.01 * cap(dent.depth, dent.radius)


def test_a_bump_reaches_beyond_the_shape_and_is_seen_whole() -> None:
    shape = Cuboid(4.0, 4.0, 4.0)
    particle = Particle(shape, (6.0, 6.0), deformations=(BumpedFaces(1.9, 1.95, (0, 1)),))
    assert particle.body.radius >= 3.9
    grid = Grid((121, 121), (0.1, 0.1))
    image = project(particle, grid)
    assert (image[60] > 0).sum() == pytest.approx(78, abs=2)  # 2 * (2 + 1.9) nm along x


@pytest.mark.parametrize("kind", [DentedFaces, BumpedFaces])
def test_what_does_not_fit_on_the_face_is_refused(kind) -> None:
    shape = Cuboid(8.0, 9.0, 10.0)
    with pytest.raises(InputError, match=r"radius of a dent or bump on face 0 .* at most 4.5 nm"):
        kind(1.0, 4.6, (0,)).apply(shape, shape.body)
    with pytest.raises(InputError, match="at most as deep or high as its radius"):
        kind(2.1, 2.0, (0,)).apply(shape, shape.body)


@pytest.mark.parametrize("kind", [DentedFaces, BumpedFaces])
def test_the_pieces_of_a_body_grow_with_its_places_and_do_not_double(kind) -> None:
    shape = Cuboid(8.0, 9.0, 10.0)
    assert len(kind(1.0, 2.0, tuple(range(6))).apply(shape, shape.body).pieces) == 7
