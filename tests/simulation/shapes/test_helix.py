"""SIM-01: the helix is a closed tube of the right volume, length and hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import cKDTree

from napari_stem3d._errors import InputError
from napari_stem3d.simulation import Grid, Helix, Particle, project


@pytest.mark.parametrize("turns", [0.3, 1.0, 2.7])
def test_the_volume_is_that_of_pappus(turns: float) -> None:
    helix = Helix(diameter=9.0, pitch=5.0, wire=1.5, turns=turns)
    along = turns * np.hypot(np.pi * 9.0, 5.0)
    assert helix.volume == pytest.approx(np.pi * 0.75**2 * along, rel=1e-3)


def test_the_origin_is_the_centre_of_mass_of_uneven_turns() -> None:
    vertices, faces = Helix(turns=1.3).mesh()
    # The centres of tetrahedra between the triangles and a far point, by their signed volumes.
    far = np.array([40.0, 0.0, 0.0])
    a, b, c = (vertices[faces[:, k]] - far for k in range(3))
    volumes = np.einsum("ij,ij->i", a, np.cross(b, c)) / 6
    centres = (a + b + c) / 4 + far
    np.testing.assert_allclose(volumes @ centres / volumes.sum(), 0, atol=1e-9)


def test_every_point_of_the_surface_lies_on_the_wire() -> None:
    helix = Helix(diameter=8.0, pitch=6.0, wire=2.0, turns=2.0)
    vertices = helix.mesh()[0][:-2]
    angle = 4 * np.pi * np.linspace(-0.5, 0.5, 40_001)
    middle = np.stack([4 * np.cos(angle), 4 * np.sin(angle), 6 * angle / (2 * np.pi)], axis=1)
    shift = middle.mean(axis=0)
    distances = cKDTree(middle - shift).query(vertices)[0]
    np.testing.assert_allclose(distances, 1.0, rtol=5e-3)


@pytest.mark.parametrize("left_handed", [False, True])
def test_a_right_handed_helix_turns_counter_clockwise_as_it_climbs(left_handed: bool) -> None:
    vertices = Helix(turns=2.0, left_handed=left_handed).mesh()[0]
    middle = vertices[:-2].reshape(-1, 48, 3).mean(axis=1)  # its axis is the z axis
    angle = np.unwrap(np.arctan2(middle[:, 1], middle[:, 0]))
    assert (np.diff(middle[:, 2]) > 0).all()
    assert angle[-1] - angle[0] == pytest.approx(-4 * np.pi if left_handed else 4 * np.pi)


def test_the_two_hands_are_mirror_images_in_the_plane_of_y() -> None:
    grid = Grid((81, 91), (0.3, 0.25))
    right, left = (
        project(Particle(Helix(turns=2.3, left_handed=hand), grid.centre), grid)
        for hand in (False, True)
    )
    np.testing.assert_allclose(left, right[::-1], atol=1e-4)


@pytest.mark.parametrize(
    "given",
    [
        {"wire": 6.0, "pitch": 6.0},  # the turns touch
        {"wire": 2.0, "pitch": 1.9},
        {"wire": 7.0, "pitch": 9.0, "diameter": 5.0},
        {"wire": 3.0, "diameter": 1.0, "pitch": 0.5, "turns": 0.2},  # bent too sharply
    ],
)
def test_a_wire_that_touches_itself_is_refused(given: dict[str, float]) -> None:
    with pytest.raises(InputError, match="The wire of a helix must be thinner than"):
        Helix(**given)


def test_a_steep_wire_may_be_thicker_than_a_flat_one() -> None:
    assert Helix(diameter=10.0, pitch=6.0, wire=5.0, turns=0.9).volume > 0  # never returns
