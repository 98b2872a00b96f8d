from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from napari_stem3d.simulation import Cuboid, CutCorners, Particle, Shape, Sphere


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
