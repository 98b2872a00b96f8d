from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from napari_stem3d._errors import InputError
from napari_stem3d.simulation import (
    PRESETS,
    Cuboid,
    Experiment,
    Microscope,
    Motion,
    Movie,
    Probe,
    RandomDeformation,
    simulate,
)

SMALL = {"size": (24, 32), "sampling": (0.5, 0.4), "frames": 2}


def test_the_series_is_that_of_its_parts():
    """SIM-01: one object tells all, and gives what `simulate` gives for the same choices."""
    microscope = Microscope(probe=Probe(sigma=0.4))
    experiment = Experiment(
        "cuboid", {"a": 4, "b": 6}, 2, particles=2, seed=3, microscope=microscope, **SMALL
    )
    series = simulate(
        Cuboid(4, 6),
        deformed_corners=2,
        frames=2,
        particles=2,
        grid=experiment.grid,
        microscope=microscope,
        seed=3,
    )
    for mine, theirs in zip(experiment.dataset(), series, strict=True):
        np.testing.assert_array_equal(mine.image, theirs.image)
        assert mine.truth() == theirs.truth()


def test_a_single_number_stands_for_both_axes():
    experiment = Experiment(size=64, sampling=0.3)
    assert (experiment.grid.gpts, experiment.grid.sampling) == ((64, 64), (0.3, 0.3))


def test_deformations_are_drawn_anew_but_for_the_fields_that_are_told():
    """SIM-07: each particle has other corners and edges, of the magnitude asked for."""
    told = (
        RandomDeformation("truncated_corners", 3, {"leg": 1.5}),
        RandomDeformation("bevelled_edges", 2),
    )
    experiment = Experiment(deformations=told, particles=8, **SMALL)
    particles = experiment.dataset().scene(0).particles
    corners, edges = zip(*(p.deformations for p in particles))
    assert {c.leg for c in corners} == {1.5}
    assert {len(c.corners) for c in corners} == {3}
    assert len({c.corners for c in corners}) > 1
    assert {len(e.edges) for e in edges} == {2}
    assert len({e.width for e in edges}) == len(particles)


def test_places_can_be_told():
    told = RandomDeformation("truncated_corners", fields={"corners": (1, 6)})
    experiment = Experiment(deformations=(told,), **SMALL)
    assert {s.particles[0].deformed_corners for s in experiment.dataset()} == {(1, 6)}


def test_a_movie_shows_the_same_particles():
    """SIM-12: the step of the motion turns them from frame to frame."""
    series = Experiment(movie=True, motion=Motion(step=10.0), **SMALL).dataset()
    assert isinstance(series, Movie)
    first, second = (s.particles[0].rotation for s in series)
    assert np.degrees((second * first.inv()).magnitude()) == pytest.approx(10)


@pytest.mark.parametrize(
    ("fields", "part"),
    [
        ({"shape": "cube"}, "expected one of"),
        ({"shape": 3}, "Experiment.shape"),
        ({"shape": "sphere", "dimensions": {"edge": 3}}, "are diameter. Received: 'edge'"),
        ({"shape": "sphere", "dimensions": {"diameter": -3}}, "Sphere.diameter"),
        ({"shape": "sphere", "dimensions": {"diameter": "wide"}}, "Sphere.diameter"),
        ({"frames": 0}, "Experiment.frames"),
        ({"particles": 1.5}, "Experiment.particles"),
        ({"seed": True}, "Experiment.seed"),
        ({"size": (0, 3)}, "Experiment.size must lie between 1 and 65536 px"),
        ({"size": 10.5}, "Experiment.size"),
        ({"size": (1, 2, 3)}, "Experiment.size must be one number or two"),
        ({"sampling": float("nan")}, "Experiment.sampling"),
        ({"placement": "near"}, "apart, touching"),
        ({"poses": "upright"}, "random, resting"),
        ({"movie": 1}, "Experiment.movie"),
        ({"motion": 3}, "must be a Motion"),
        ({"microscope": PRESETS}, "must be a Microscope"),
        ({"deformations": ("twist",)}, "RandomDeformation"),
        ({"dimensions": 3}, "Experiment.dimensions must be a mapping"),
    ],
)
def test_what_is_no_experiment_is_refused(fields, part):
    with pytest.raises(InputError, match=part):
        Experiment(**fields)


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("rust",), "expected one of"),
        (("rounded_corners", 1, {"depth": 1.0}), "are count, leg, corners. Received: 'depth'"),
        (("rounded_corners", -1), "RandomDeformation.count"),
        (("rounded_corners", 1, 3), "RandomDeformation.fields must be a mapping"),
        (("rough", 1, {"rms": -1.0}), "Rough.rms must lie between"),
        (("missing_slab", 1, {"axis": "w"}), "MissingSlab.axis must be one of"),
    ],
)
def test_what_is_no_deformation_is_refused(arguments, part):
    with pytest.raises(InputError, match=part):
        RandomDeformation(*arguments)


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"deformed_corners": 9}, "8 corners"),
        ({"shape": "sphere", "deformed_corners": 1}, "corners to deform"),
        ({"deformations": (RandomDeformation("rounded_corners", 9),)}, "8 corners"),
        ({"deformations": (RandomDeformation("rounded_corners", 1, {"leg": 8.0}),)}, "at most"),
        ({"shape": "mesh"}, "MeshShape.path"),
    ],
)
def test_what_cannot_be_made_is_refused_before_the_first_image(changes, part):
    with pytest.raises(InputError, match=part):
        dataclasses.replace(Experiment(), **changes).dataset()
