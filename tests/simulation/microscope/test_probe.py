from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from napari_stem3d._errors import InputError
from napari_stem3d.simulation import (
    PRESETS,
    Beam,
    Cuboid,
    Grid,
    Particle,
    Probe,
    project,
    random_rotation,
)
from napari_stem3d.simulation.compute._random import draw_keys

BEAM = Beam()
SHARP = {"sigma": 0.0, "diffraction": False}


def tilted() -> Particle:
    return Particle(Cuboid(), (16.0, 16.0), random_rotation(np.random.default_rng(2)))


def rise(probe: Probe, axis: int = 0, depths: NDArray | None = None) -> float:
    """Distance over which the image of an edge rises from 20 to 80 % [nm]."""
    grid = Grid((400, 500), (0.05, 0.04))
    position = np.indices(grid.gpts)[axis] * grid.sampling[axis]
    edge = (position > 10).astype(np.float32)[None]
    seen = probe.blur(edge if depths is None else edge[:, None], grid, BEAM, depths)
    profile, place = seen[0].mean(axis=1 - axis), np.unique(position)
    return float(np.interp(0.8, profile, place) - np.interp(0.2, profile, place))


def test_diffraction_at_the_aperture() -> None:
    # 64 pm of full width at half maximum at 200 kV and 20 mrad, 128 pm at 10 mrad.
    probe = Probe(sigma=0.0)
    assert 2.3548 * probe.width(BEAM) == pytest.approx(0.064, abs=5e-4)
    assert 2.3548 * probe.width(Beam(convergence=10.0)) == pytest.approx(0.128, abs=5e-4)


def test_source_and_diffraction_add_in_quadrature() -> None:
    alone = Probe(sigma=0.0).width(BEAM)
    assert Probe(sigma=0.05).width(BEAM) == pytest.approx(np.hypot(0.05, alone))
    assert Probe(sigma=0.05, diffraction=False).width(BEAM) == 0.05


@pytest.mark.parametrize("depth", [-10.0, 4.0, 10.0])
def test_out_of_focus_the_cone_is_a_disc(depth: float) -> None:
    # Its diameter is 2 α |z|, 0.4 nm at 20 mrad and 10 nm.
    rng = np.random.default_rng(0)
    radius, angle = np.sqrt(rng.random(400_000)), rng.uniform(0, 2 * np.pi, 400_000)
    rms = (0.020 * abs(depth) * radius * np.cos(angle)).std()
    assert Probe(**SHARP).width(BEAM, depth) == pytest.approx(rms, rel=0.01)
    assert Probe(**SHARP, defocus=7.0).width(BEAM, depth + 7) == pytest.approx(rms, rel=0.01)


def test_the_probe_keeps_every_electron() -> None:
    """SIM-15: energy is conserved."""
    grid = Grid((160, 160), (0.2, 0.25))
    thickness = project(tilted(), grid)
    for probe, slabs in ((Probe(0.8), None), (Probe(0.1, defocus=30.0), np.array([-9.0, 0, 9]))):
        specimen = thickness[None] if slabs is None else np.stack([thickness] * 3)[None] / 3
        blurred = probe.blur(specimen, grid, BEAM, slabs)[0]
        assert blurred.sum(dtype=float) == pytest.approx(thickness.sum(dtype=float), rel=1e-5)
        assert np.ptp(np.diff(blurred)) < 0.9 * np.ptp(np.diff(thickness))


@pytest.mark.parametrize("sigma", [0.2, 0.5, 1.5])
@pytest.mark.parametrize("axis", [0, 1])
def test_an_edge_rises_over_1_683_sigma(sigma: float, axis: int) -> None:
    """SIM-15: the measured width of an edge is the one predicted."""
    assert rise(Probe(sigma, diffraction=False), axis) == pytest.approx(1.683 * sigma, rel=0.05)


def test_every_slab_is_blurred_at_its_own_depth() -> None:
    probe = Probe(0.1, defocus=-20.0)
    for depth in (-20.0, 0.0, 15.0):
        width = probe.width(BEAM, depth)
        assert rise(probe, depths=np.array([depth])) == pytest.approx(1.683 * width, rel=0.05)


def test_without_width_the_image_is_what_it_was() -> None:
    image = np.random.default_rng(0).random((2, 8, 9), np.float32)
    np.testing.assert_array_equal(Probe(**SHARP).blur(image, Grid((8, 9)), BEAM), image)


def test_slabs_of_a_sharp_probe_add_up() -> None:
    slabs = np.random.default_rng(0).random((2, 3, 8, 9), np.float32)
    seen = Probe(**SHARP).blur(slabs, Grid((8, 9)), Beam(convergence=0.1), np.zeros(3))
    np.testing.assert_allclose(seen, slabs.sum(axis=1), rtol=1e-6)


def images_of_both(slabs: int, defocus: float) -> tuple[NDArray, NDArray]:
    """Images of a particle and of its mirror image in the plane of the specimen."""
    probe = Probe(0.05, diffraction=False, slabs=slabs, defocus=defocus)
    microscope = dataclasses.replace(PRESETS["ideal"], probe=probe)
    grid, keys = Grid((160, 160)), draw_keys(np.random.default_rng(0), 1)
    ends = np.linspace(-12, 12, slabs + 1)
    cuts = [project(tilted(), grid, between=pair) for pair in itertools.pairwise(ends)]
    depths = (ends[1:] + ends[:-1]) / 2
    upright, mirrored = (np.stack(order)[None] for order in (cuts, cuts[::-1]))
    return tuple(microscope.images(m, grid, keys, depths)[0] for m in (upright, mirrored))


def test_only_depth_tells_a_particle_from_its_mirror_image() -> None:
    """P-9: one slab keeps the mirror symmetry, several out of focus break it."""
    same, mirrored = images_of_both(1, 10.0)
    np.testing.assert_array_equal(same, mirrored)
    front, back = images_of_both(5, 10.0)
    assert abs(front - back).max() > 0.02 * front.max()
    focused, symmetric = images_of_both(5, 0.0)  # the cone is as wide above as below the focus
    np.testing.assert_allclose(focused, symmetric, atol=1e-5 * focused.max())


@pytest.mark.parametrize(
    ("probe", "gpts"), [(Probe(4.5), (64, 20)), (Probe(0.1, defocus=1000.0), (40, 64))]
)
def test_a_probe_wider_than_the_image_is_refused(probe: Probe, gpts: tuple[int, int]) -> None:
    with pytest.raises(InputError, match=r"^Probe.sigma, .*must be smaller than the image, [48] n"):
        probe.blur(np.zeros((1, *gpts), np.float32), Grid(gpts), BEAM)
