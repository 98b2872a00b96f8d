from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from napari_stem3d._errors import InputError
from napari_stem3d.simulation import (
    Cuboid,
    CutCorners,
    Particle,
    Shape,
    Sphere,
    corner_orbit,
    random_rotation,
    spin,
)


def test_the_truth_is_made_of_plain_numbers_and_strings() -> None:
    cut = CutCorners((2, 5), ((0.5, 0.5, 0.5), (0.25, 0.5, 0.5)))
    rotation = Rotation.from_quat([0.0, 0.6, 0.0, 0.8])
    truth = Particle(Cuboid(4.0, 6.0, 8.0), (np.float64(1.5), 2.5), rotation, (cut,)).truth()
    assert truth == {
        "y_nm": 1.5,
        "x_nm": 2.5,
        "z_nm": 0.0,
        "shape": "cuboid",
        "dimensions_nm": "a=4 b=6 c=8",
        "material": "",
        "deformations": "cut_corners corners=(2,5) fractions=((0.5,0.5,0.5),(0.25,0.5,0.5))",
        "corners": 2,
        "corner_indices": "2 5",
        "corner_orbit": "0-7",
        "volume_nm3": pytest.approx(192 * (1 - 0.125 / 6 - 0.0625 / 6)),
        "orientation_xyzw": "0.0 0.6 0.0 0.8",
        "vy_nm_s": 0.0,
        "vx_nm_s": 0.0,
        "spin_deg_s": 0.0,
    }
    assert {type(value) for value in truth.values()} == {float, int, str}


def test_an_intact_particle_is_its_shape(shape: Shape) -> None:
    particle = Particle(shape)
    assert particle.body is shape.body
    assert particle.volume == shape.volume
    assert particle.deformed_corners == ()
    assert particle.truth()["corner_indices"] == ""


def test_it_lies_at_the_first_pixel_unless_told_otherwise() -> None:
    particle = Particle(Sphere())
    assert particle.position == (0.0, 0.0)
    assert particle.rotation.magnitude() == 0


@pytest.fixture
def particle() -> Particle:
    cut = CutCorners.random(Cuboid(4, 5, 6), 2, np.random.default_rng(1))
    rotation = random_rotation(np.random.default_rng(2))
    return Particle(Cuboid(4, 5, 6), (3.0, 4.0), rotation, (cut,), 2.5, "Ag")


def test_its_quaternion_survives_being_written() -> None:
    """SIM-12."""
    rng = np.random.default_rng(3)
    for _ in range(300):
        first = Particle(Sphere(), rotation=random_rotation(rng))
        numbers = [float(q) for q in first.truth()["orientation_xyzw"].split()]
        second = Particle(Sphere(), rotation=Rotation.from_quat(numbers))
        np.testing.assert_array_equal(second.rotation.as_quat(), first.rotation.as_quat())
        np.testing.assert_array_equal(second.poses([0.0])[0], first.poses([0.0])[0])


def test_standing_still_it_has_one_pose(particle: Particle) -> None:
    matrices, positions = particle.poses([0.0, 1.0, 7.0])
    assert matrices.shape == (3, 3, 3) and positions.shape == (3, 2)
    np.testing.assert_allclose(matrices, [particle.rotation.as_matrix()] * 3, atol=1e-15)
    np.testing.assert_array_equal(positions, [particle.position] * 3)
    assert particle.at(5.0) is particle


def test_moving_it_has_the_poses_of_its_path(particle: Particle) -> None:
    """SIM-13."""
    path = spin(particle, "z", 60.0, 3.0, (1.0, 2.0))
    moving = particle.posed(particle.position, motion=path)
    matrices, positions = moving.poses([0.0, 0.5, 1.0])
    for k, time in enumerate((0.0, 0.5, 1.0)):
        turn = Rotation.from_euler("z", 60 * time, degrees=True) * particle.rotation
        np.testing.assert_allclose(matrices[k], turn.as_matrix(), atol=1e-14)
        still = moving.at(time)
        assert still.motion is None and still.position == tuple(positions[k])
        np.testing.assert_allclose(still.poses([0.0])[0][0], matrices[k], rtol=0, atol=1e-15)
        assert (still.z, still.material, still.body) == (2.5, "Ag", moving.body)


def test_poses_share_the_body(particle: Particle) -> None:
    body = particle.body
    other = particle.posed((1.0, 1.0), Rotation.identity(), z=-3.0)
    assert other.body is body
    assert (other.position, other.z) == ((1.0, 1.0), -3.0)
    assert particle.position == (3.0, 4.0) and particle.z == 2.5


def test_the_truth_tells_the_orbit_and_the_motion(particle: Particle) -> None:
    """SIM-06: the set of corners and the orbit it belongs to; SIM-14: the velocity."""
    truth = particle.truth()
    corners = tuple(map(int, truth["corner_indices"].split()))
    assert truth["corner_orbit"] == corner_orbit(particle.shape, corners)
    assert (truth["z_nm"], truth["material"]) == (2.5, "Ag")
    path = spin(particle, "x", -60.0, 3.0, (1.0, 2.0))
    seen = particle.posed((0.0, 0.0), motion=path).truth([1.0, 1.5, 2.0])
    assert (seen["y_nm"], seen["x_nm"]) == pytest.approx((4.5, 7.0))
    assert (seen["vy_nm_s"], seen["vx_nm_s"], seen["spin_deg_s"]) == pytest.approx((1, 2, 60))
    assert seen.keys() == truth.keys()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"position": (math.nan, 0)}, "position must be two finite lengths (y, x) and z one"),
        ({"position": (1, 2, 3)}, "position must be two finite lengths (y, x) and z one"),
        ({"position": 3.0}, "position must be two finite lengths (y, x) and z one"),
        ({"position": "ab"}, "position must be two finite lengths (y, x) and z one"),
        ({"z": math.inf}, "position must be two finite lengths (y, x) and z one"),
        ({"z": True}, "position must be two finite lengths (y, x) and z one"),
        ({"rotation": (0, 0, 0, 0)}, "rotation must be one SciPy Rotation, or a quaternion"),
        ({"rotation": (0, 0, math.nan, 1)}, "rotation must be one SciPy Rotation, or a quat"),
        ({"rotation": "xyzw"}, "rotation must be one SciPy Rotation, or a quaternion"),
        ({"rotation": Rotation.identity(2)}, "rotation must be one SciPy Rotation, or a quat"),
        ({"material": 79}, "material must be the formula of a material. Received: 79"),
        ({"motion": "fast"}, "motion must be a Trajectory. Received: 'fast'"),
        ({"shape": "cube"}, "shape must be a Shape. Received: 'cube'"),
        ({"deformations": ("twist",)}, "deformations must be a sequence of Deformations."),
        ({"deformations": None}, "deformations must be a sequence of Deformations."),
    ],
)
def test_what_is_no_particle_is_refused(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError) as error:
        Particle(**{"shape": Sphere(), **options})
    assert str(error.value).startswith(sentence)
    assert "Received: " in str(error.value)


def test_a_quaternion_of_zeros_is_no_rotation() -> None:
    """SciPy refuses it before it can reach a particle."""
    with pytest.raises(ValueError, match="zero norm"):
        Rotation.from_quat([0.0, 0.0, 0.0, 0.0])


def test_a_quaternion_of_any_length_is_a_rotation() -> None:
    """SIM-11."""
    turned = Particle(Cuboid(), rotation=(0, 0, 3e-200, 3e-200))
    assert np.allclose(turned.rotation.as_euler("zyx", degrees=True), (90, 0, 0))
