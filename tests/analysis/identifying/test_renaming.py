from __future__ import annotations

import numpy as np
import pytest

from napari_stem3d.analysis.identifying.renaming import (
    axes_of_revolution,
    is_chiral,
    mirrored,
    orbit,
)
from napari_stem3d.simulation import (
    BevelledEdges,
    Cone,
    Cuboid,
    CutCorners,
    Cylinder,
    Decahedron,
    DentedFaces,
    Ellipsoid,
    Grid,
    Helix,
    Icosahedron,
    MissingSlab,
    Octahedron,
    Particle,
    Rod,
    Rough,
    Sphere,
    Tetrahedron,
    TruncatedCorners,
    Twisted,
    corner_orbit,
    project,
    random_rotation,
)

BOX, CUBE = Cuboid(8, 9, 11), Cuboid(8, 8, 8)
THREE = CutCorners((0, 3, 5), ((0.3, 0.4, 0.2), (0.5, 0.2, 0.3), (0.1, 0.2, 0.3)))
EVEN = CutCorners((0, 3, 5), ((0.3,) * 3,) * 3)
BODIES = {
    "helix": (Helix(), (), True),
    "box": (BOX, (), False),
    "chiral cuts": (BOX, (THREE,), True),
    "chiral cuts of a cube": (CUBE, (THREE,), True),
    "even cuts of a cube": (CUBE, (EVEN,), False),
    "truncated": (Octahedron(), (TruncatedCorners(2.0, (1,)),), False),
    "bevelled and dented": (BOX, (BevelledEdges(1.0, (0, 5)), DentedFaces(1.0, 2.0, (2,))), None),
    "slab": (BOX, (MissingSlab(1.0, 1.5, "x"),), False),
    "twisted": (BOX, (Twisted(4.0),), True),
    "rough": (BOX, (Rough(),), True),
    "cone": (Cone(), (), False),
    "sphere": (Sphere(), (), False),
    "ellipsoid": (Ellipsoid(6, 8, 10), (), False),
    "tetrahedron": (Tetrahedron(), (), False),
    "decahedron": (Decahedron(), (), False),
    "icosahedron": (Icosahedron(), (), False),
}
GRID = Grid((96, 96), (0.3, 0.3))


def lying(name: str) -> Particle:
    shape, deformations, _ = BODIES[name]
    pose = random_rotation(np.random.default_rng(len(name)))
    return Particle(shape, (14.1, 15.3), pose, deformations, z=2.0)


@pytest.mark.parametrize("name", BODIES)
def test_mirror_image_and_other_numberings_give_the_same_image(name):
    """ML-19: what one projection cannot tell, computed and not guessed."""
    particle = lying(name)
    image = project(particle, GRID)
    for other in (mirrored(particle), *orbit(particle)):
        assert project(other, GRID) == pytest.approx(image, abs=1e-4)


@pytest.mark.parametrize("name", [name for name in BODIES if BODIES[name][2] is not None])
def test_which_bodies_have_a_hand(name):
    assert is_chiral(lying(name)) == BODIES[name][2]


def test_the_mirror_image_of_a_helix_has_the_other_hand():
    helix = lying("helix")
    assert mirrored(helix).shape == Helix(left_handed=True)
    assert mirrored(mirrored(helix)).shape == helix.shape


def test_chiral_cuts_become_those_of_the_other_hand():
    particle = lying("chiral cuts")
    other = mirrored(particle)
    assert other.shape == particle.shape
    # Mirror images share an orbit only where reflections count as well.
    corners = particle.deformed_corners, other.deformed_corners
    assert len({corner_orbit(BOX, own, mirror=True) for own in corners}) == 1
    assert len({corner_orbit(BOX, own) for own in corners}) == 2


def test_a_body_without_a_hand_keeps_its_corners_in_another_pose():
    particle = lying("even cuts of a cube")
    other = mirrored(particle)
    assert set(other.deformed_corners) == set(particle.deformed_corners)
    assert (other.rotation * particle.rotation.inv()).magnitude() > 0.1


@pytest.mark.parametrize(
    ("name", "count"), [("box", 3), ("even cuts of a cube", 23), ("helix", 1), ("icosahedron", 59)]
)
def test_orbits_are_as_large_as_the_group_of_rotations(name, count):
    assert len(orbit(lying(name))) == count


def test_axes_of_revolution():
    shapes = (Sphere(), Cylinder(), Rod(), Cone(), BOX)
    assert [axes_of_revolution(Particle(s)) for s in shapes] == [(0, 1, 2), (2,), (2,), (2,), ()]
