"""Statements about particles: their form is a contract, their truth is measured elsewhere."""

from __future__ import annotations

import numpy as np
import pytest

from napari_stem3d._errors import InputError
from napari_stem3d.analysis.classification import COLUMNS, classify_frame
from napari_stem3d.analysis.statements import deformed_chance
from napari_stem3d.networks.contracts import CLASSES
from napari_stem3d.simulation import Cuboid, Cylinder, Grid, Particle, Sample, Scene, Sphere


@pytest.fixture(scope="module")
def sample() -> Sample:
    particles = (
        Particle(Cuboid(6, 7, 8), (8.0, 8.0)),
        Particle(Sphere(9), (20.0, 8.0)),
        Particle(Cylinder(6, 9), (12.0, 22.0)),
    )
    return Scene(particles, Grid((144, 160), (0.2, 0.2))).image(np.random.default_rng(3))


@pytest.mark.tensorflow
def test_there_is_one_row_per_label_with_the_columns_of_the_contract(sample: Sample) -> None:
    labels = np.where(sample.labels == 2, 9, sample.labels)  # labels need not be consecutive
    table = classify_frame(sample.image, labels)
    assert list(table.columns) == list(COLUMNS)
    assert list(table["particle"]) == [1, 3, 9]
    centres = table[["y", "x"]].to_numpy() * 0.2
    np.testing.assert_allclose(centres, [(8, 8), (12, 22), (20, 8)], atol=0.1)


@pytest.mark.tensorflow
def test_probabilities_are_consistent_with_the_statements(sample: Sample) -> None:
    table = classify_frame(sample.image, sample.labels)
    shapes = table[[c for c in COLUMNS if c.startswith("p_") and c[2:] in CLASSES]]
    corners = table[[c for c in COLUMNS if c.startswith("p_corners_")]].to_numpy()
    np.testing.assert_allclose(shapes.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(corners.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(table["shape_probability"], shapes.max(axis=1))
    np.testing.assert_allclose(table["deformed_probability"], deformed_chance(corners), rtol=1e-5)
    assert ((table["corners"] > 0) == table["deformed"]).all()
    np.testing.assert_allclose(
        table["corners_probability"], corners[np.arange(len(table)), table["corners"]]
    )


@pytest.mark.tensorflow
def test_simple_particles_are_told_apart(sample: Sample) -> None:
    assert list(classify_frame(sample.image, sample.labels)["shape"]) == [
        "cuboid",
        "sphere",
        "cylinder",
    ]


@pytest.mark.tensorflow
def test_an_image_without_particles_gives_no_rows_but_all_columns() -> None:
    table = classify_frame(np.ones((32, 32)), np.zeros((32, 32), int))
    assert len(table) == 0
    assert list(table.columns) == list(COLUMNS)


@pytest.mark.parametrize(
    "labels",
    [np.zeros((5, 5), int), np.full((32, 32), -1), np.zeros((32, 32), float)],
    ids=["shape", "negative", "fractional"],
)
def test_labels_that_do_not_fit_are_refused(labels: np.ndarray) -> None:
    with pytest.raises(InputError, match="Labels must be whole numbers"):
        classify_frame(np.ones((32, 32)), labels)
