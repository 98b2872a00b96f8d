from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from napari_stem3d.analysis.fitting.goodness import goodness
from napari_stem3d.analysis.fitting.patch import COUNTS, Patch, smoothed
from napari_stem3d.analysis.fitting.refinement import begin, refine
from napari_stem3d.analysis.fitting.result import Alternative, Fit
from napari_stem3d.analysis.fitting.variable import Variable
from napari_stem3d.analysis.identifying.alternatives import (
    EXACT,
    alternatives,
    alternatives_of,
    alternatives_text,
)
from napari_stem3d.analysis.identifying.weak import weak_numbers
from napari_stem3d.simulation import (
    Cuboid,
    CutCorners,
    Cylinder,
    Grid,
    Helix,
    Particle,
    Sphere,
    project,
    random_rotation,
)
from napari_stem3d.simulation.compute import blur

GRID = Grid((72, 72), (0.25, 0.25))


def look_at(particle: Particle, gain: float = 60.0):
    """Fit the particle itself to an image of it, from the truth."""
    ideal = gain * blur(project(particle, GRID)[None], (1.0, 1.0))[0] + 50.0
    image = np.random.default_rng(1).poisson(ideal).astype(float)
    place = np.arange(72) * 0.25
    patch = smoothed(Patch(image, np.ones_like(image), place, place), COUNTS)
    return refine(begin(Variable(particle), patch))


@pytest.fixture(scope="module")
def lying() -> Fit:
    """A cuboid with one corner cut, edge c nearly along the beam, and another fit."""
    cuts = CutCorners((0,), ((0.3, 0.4, 0.25),))
    pose = Rotation.from_rotvec([0.05, 0.08, 0.4])
    particle = Particle(Cuboid(8.0, 9.0, 7.0), (8.9, 8.8), pose, (cuts,))
    look = look_at(particle)
    worse = look_at(Particle(Cuboid(8.0, 9.0, 7.0), (8.9, 8.8), pose))
    explained = (Alternative(look, 0.9), Alternative(worse, 0.1))
    return Fit(1, explained, goodness(look), (slice(0, 72), slice(0, 72)))


def test_exact_alternatives_give_the_same_image(lying):
    readings = alternatives_of(lying)
    image = project(lying.particle, GRID)
    exact = [r for r in readings if r.probability is None]
    assert {r.kind for r in exact} == {"mirror", "numbering"}
    for reading in exact:
        assert project(reading.particle, GRID) == pytest.approx(image, abs=1e-4)
        assert reading.told == EXACT
    (tie,) = [r for r in readings if r.kind == "near tie"]
    assert tie.probability == pytest.approx(0.1)
    assert np.abs(project(tie.particle, GRID) - image).max() > 0.1


def test_the_edge_along_the_beam_is_what_the_free_gain_hides(lying):
    weak = {one.name: one for one in weak_numbers(lying.look)}
    assert not {"a", "b"} & set(weak)
    assert weak["c"].sigma > 0.1
    assert "points along the beam" in weak["c"].sentence
    assert "because the gain is free" in weak["c"].sentence


def test_text_names_the_mirror_the_numberings_and_the_weak_edge(lying):
    text = alternatives_text(lying)
    lines = text.splitlines()
    assert lines[0].startswith("A cuboid of a")
    assert "not identifiable from one projection" in text
    assert sum("3 other numberings" in line for line in lines) == 1
    assert any(line.startswith("hardly told: Edge c") for line in lines)


def test_a_mirror_image_in_the_same_place_is_no_alternative():
    assert {r.kind for r in alternatives(Particle(Sphere()))} == {"numbering", "revolution"}
    flat = Particle(Cuboid(6, 8, 9))
    assert {r.kind for r in alternatives(flat)} == {"numbering"}


def test_a_turn_about_an_axis_of_revolution_is_one():
    particle = Particle(Cylinder(), rotation=random_rotation(np.random.default_rng(3)))
    (turned,) = [r for r in alternatives(particle) if r.kind == "revolution"]
    place = (9.0, 9.0)
    images = [project(p.posed(place), GRID) for p in (particle, turned.particle)]
    assert images[1] == pytest.approx(images[0], abs=1e-4)


def test_the_same_body_found_twice_is_no_near_tie():
    particle = Particle(Helix(), (9.0, 9.0), random_rotation(np.random.default_rng(2)))
    (mirror, _) = alternatives(particle)
    again = [(mirror.particle, 0.5), (particle, 0.3), (Particle(Sphere()), 0.001)]
    assert [r.kind for r in alternatives(particle, again)] == ["mirror", "numbering"]
