"""Whole fits: search, noise, number of cuts, goodness, tables and surfaces."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.transform import Rotation

from napari_stem3d._errors import InputError
from napari_stem3d.analysis.fitting.frame import can_be_fitted, fit_frame
from napari_stem3d.analysis.fitting.gain import share_gain
from napari_stem3d.analysis.fitting.goodness import goodness
from napari_stem3d.analysis.fitting.noise import image_noise, learnt_noise
from napari_stem3d.analysis.fitting.patch import Noise
from napari_stem3d.analysis.fitting.proposal import Proposal
from napari_stem3d.analysis.fitting.refinement import refine
from napari_stem3d.analysis.fitting.search import likely_bodies
from napari_stem3d.analysis.fitting.surfaces import place_mesh, write_surface
from napari_stem3d.analysis.fitting.table import fit_table, particle_of
from napari_stem3d.simulation import Cone, Cuboid, Cylinder, Particle, Sphere, random_rotation

PIXEL = (0.25, 0.2)
TURN = random_rotation(np.random.default_rng(4))
BODIES = [
    Particle(Sphere(9.0), (8.1, 8.3)),
    Particle(Cylinder(6.0, 9.0), (8.0, 8.3), TURN),
    Particle(Cone(8.0, 9.0), (8.0, 8.3), TURN),
    Particle(Cuboid(6.0, 7.5, 9.0), (8.0, 8.3), TURN),
]


def fit(look, mask, name, sampling=PIXEL):
    image, labels = look.patch.image, mask.astype(np.int32)
    options = {"shapes": [name], "proposals": [Proposal({name: 1.0})]}
    return next(fit_frame(image, labels, sampling, **options))


@pytest.mark.parametrize("particle", BODIES, ids=lambda body: body.shape.name)
def test_a_body_is_found_without_any_network(taken, particle):
    look, mask = taken(particle)
    found = fit(look, mask, particle.shape.name)
    assert found.believable
    sizes, sigmas = np.array(sorted(found.lengths.values())).T
    wanted = sorted(particle.shape.lengths.values())
    np.testing.assert_allclose(sizes, wanted, atol=5 * sigmas.max(), rtol=0.05)
    assert found.volume[0] == pytest.approx(particle.volume, rel=0.05)
    assert found.corners[0] > 0.95


def test_cut_corners_are_counted(taken, cuboid):
    look, mask = taken(cuboid, gain=120.0)
    found = fit(look, mask, "cuboid")
    assert found.alternatives[0].corners == 2
    assert sum(found.corners.values()) == pytest.approx(1)


def test_particles_of_one_matter_tell_each_others_depth(taken):
    body = Cuboid(6.0, 7.5, 9.0)
    turns = [Rotation.from_rotvec(v) for v in ((0, 0, 0.3), (0.7, 0.5, 0.1), (0.4, -0.6, 0.2))]
    fits = []
    for seed, turn in enumerate(turns):  # the first is seen along an edge, which hides its length
        look, mask = taken(Particle(body, (8.0, 8.3), turn), seed=seed)
        fits.append(fit(look, mask, "cuboid"))
    shared = share_gain(fits)

    def depth(of):
        (length, sigma) = max(of.lengths.values(), key=lambda pair: pair[1])
        return length, sigma

    assert depth(shared[0])[1] < 0.3 * depth(fits[0])[1]
    assert depth(shared[0])[0] == pytest.approx(9, rel=0.05)
    assert shared[0].believable


def test_neighbours_do_not_disturb_the_one_that_is_fitted(taken):
    look, mask = taken(BODIES[0])
    labels = 5 * mask.astype(np.int32)
    image = look.patch.image.copy()
    image[:, -12:], labels[:, -12:] = 3000.0, 9  # a neighbour that touches it
    options = {"shapes": ["sphere"], "proposals": [Proposal({"sphere": 1.0})], "only": 5}
    (found,) = fit_frame(image, labels, PIXEL, **options)
    assert found.label == 5
    assert found.lengths["diameter"][0] == pytest.approx(9, rel=0.02)


def test_one_particle_alone_tells_no_gain(taken):
    look, mask = taken(BODIES[0])
    alone = [fit(look, mask, "sphere")]
    assert share_gain(alone) == alone


def test_a_wrong_shape_is_not_believed(taken, cuboid):
    look, mask = taken(cuboid)
    assert not fit(look, mask, "sphere").believable
    assert not fit(look, mask, "cylinder").believable


def test_an_image_without_noise_is_explained_and_a_wrong_shape_is_not(taken, cuboid):
    """Nothing is more exact than half a percent: what is left of a perfect image is no misfit."""
    look, mask = taken(cuboid)
    perfect = dataclasses.replace(look, patch=look.patch._replace(image=look.model))
    found = fit(perfect, mask, "cuboid")
    assert found.believable and found.alternatives[0].corners == 2
    assert found.volume[0] == pytest.approx(cuboid.volume, rel=0.02)
    assert not fit(perfect, mask, "sphere").believable


def test_lengths_are_in_pixels_without_calibration(taken):
    look, mask = taken(BODIES[0])
    with pytest.raises(StopIteration):
        fit(look, np.zeros_like(mask), "sphere")
    found = fit(look, mask, "ellipsoid", None)  # pixels that are no squares make it one
    assert found.unit == "px"
    assert "dimensions_px" in fit_table([found])
    assert min(size for size, _ in found.lengths.values()) == pytest.approx(9 / 0.25, rel=0.05)


def test_residuals_of_the_truth_are_noise_whatever_the_noise_is_said_to_be(taken, cuboid):
    values = []
    for seed in range(16):
        look, _ = taken(cuboid, seed=seed)
        wrong = look.patch._replace(variance=2 * look.patch.variance)
        values.append(goodness(refine(dataclasses.replace(look, patch=wrong))))
    assert min(values) > 1e-3
    assert 0.2 < np.mean(values) < 0.8


def test_noise_is_learnt_from_what_a_fit_leaves(taken, cuboid):
    look, _ = taken(cuboid)
    noise = learnt_noise(look, Noise(0.0, 500.0, 1.0))
    assert noise.variance(np.array(600.0)) == pytest.approx(600, rel=0.1)
    assert noise.variance(np.array(200.0)) == pytest.approx(200, rel=0.1)


def test_noise_of_an_image_is_that_of_its_counts():
    rng = np.random.default_rng(0)
    labels = np.zeros((128, 128), np.int32)
    labels[40:90, 40:90] = 1
    image = rng.poisson(np.where(labels, 800.0, 200.0))
    noise = image_noise(image, labels)
    assert noise.variance(np.array(200.0)) == pytest.approx(200, rel=0.15)
    assert noise.variance(np.array(800.0)) == pytest.approx(800, rel=0.3)


def test_likely_bodies_look_like_the_image(taken):
    look, mask = taken(BODIES[1])
    best = likely_bodies(Cylinder, look.patch, mask)[0]
    assert best.shape.diameter == pytest.approx(6, rel=0.25)
    assert best.shape.height == pytest.approx(9, rel=0.25)


def test_rows_make_their_bodies_again(taken, cuboid, tmp_path):
    look, mask = taken(cuboid, gain=120.0)
    found = fit(look, mask, "cuboid")
    table = fit_table([found], PIXEL)
    table.to_csv(tmp_path / "fit.csv", index=False)
    row = pd.read_csv(tmp_path / "fit.csv").iloc[0]
    again, own = particle_of(row, PIXEL), found.particle
    assert again.volume == pytest.approx(own.volume, rel=1e-3)
    assert again.position == pytest.approx(own.position, rel=1e-9)
    assert (again.rotation * own.rotation.inv()).magnitude() < 1e-9
    assert again.deformed_corners == own.deformed_corners


def test_surfaces_enclose_the_volume_and_survive_a_file(cuboid, tmp_path):
    trimesh = pytest.importorskip("trimesh")
    surface = place_mesh(cuboid)
    write_surface(surface, tmp_path / "body.stl")
    mesh = trimesh.load_mesh(tmp_path / "body.stl")
    assert mesh.is_watertight
    assert mesh.volume == pytest.approx(cuboid.volume, rel=1e-4)
    centre = mesh.bounds.mean(axis=0)
    assert np.hypot(centre[0] - 8.3, centre[1] - 8.0) < 1.0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"shapes": ["helix"]}, "bounded by planes and quadrics .* Received: helix"),
        ({"sampling": (0.2, 0.0)}, "two positive lengths .* Received"),
        ({"sampling": (0.2, np.nan)}, "two positive lengths .* Received"),
    ],
)
def test_bad_input_gets_one_sentence(options, message):
    with pytest.raises(InputError, match=message):
        next(fit_frame(np.zeros((32, 32)), np.zeros((32, 32), int), **options))


def test_shapes_read_from_files_and_helices_cannot_be_fitted():
    assert can_be_fitted("icosahedron")
    assert not any(map(can_be_fitted, ("mesh", "helix", "other")))
