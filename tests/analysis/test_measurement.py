"""One table of all that is measured, and its way into a file and back."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from napari_stem3d._errors import InputError
from napari_stem3d.analysis.measurement import as_arrays, as_text, measure_frame
from napari_stem3d.analysis.measurement.plots import draw_histograms
from napari_stem3d.analysis.segmentation import segment_frame
from napari_stem3d.analysis.weighing import Balance
from napari_stem3d.simulation import Cuboid, Grid, Sphere, simulate
from napari_stem3d.simulation.scenes.creases import creases
from napari_stem3d.tasks.corners128 import Corners128

pytestmark = pytest.mark.tensorflow
GRID = Grid((128, 160), (0.25, 0.25))


@pytest.fixture(scope="module")
def cuboids():
    sample = simulate(Cuboid(8, 10, 12), frames=1, particles=2, grid=GRID, seed=3)[0]
    return sample, measure_frame(sample.image, sample.labels, GRID.sampling)


def test_each_quantity_has_its_unit_and_its_error(cuboids):
    _, found = cuboids
    table = found.table
    assert found.unit == "nm"
    assert list(table["particle"]) == [1, 2]
    for name in ("volume_nm3", "height_nm", "area_nm2", "diameter_nm", "perimeter_nm"):
        assert (table[name] > 0).all()
        assert (table[f"{name}_sigma"] > 0).all()
    assert set(table["volume_by"]) == {"network"}


def test_sizes_are_those_of_the_bodies(cuboids):
    sample, found = cuboids
    for row, particle in zip(found.table.itertuples(), sample.particles):
        area = np.sum(sample.labels == row.particle) * 0.25**2
        assert row.area_nm2 == pytest.approx(area, rel=0.03)
        assert row.volume_nm3 == pytest.approx(particle.volume, abs=3 * row.volume_nm3_sigma)
        assert row.height_nm == pytest.approx(sample.thickness.max(), rel=0.3)
        assert row.shape == "cuboid"


def test_corners_of_a_cuboid_are_told_with_their_distances(cuboids):
    """ML-16: the matrix of distances in nm is symmetric, and as long as the cuboid at most."""
    for row in cuboids[1].table.itertuples():
        distances, sigma = row.corner_distances_nm, row.corner_distances_nm_sigma
        assert distances.shape == sigma.shape == (row.corners_seen, row.corners_seen)
        np.testing.assert_array_equal(distances, distances.T)
        assert distances.max() < np.linalg.norm([8, 10, 12]) + 0.5
        assert row.vertices <= row.corners_seen == len(row.corners_nm)
        assert ((row.corners_probability > 0) & (row.corners_probability < 1)).all()
        assert row.edges_seen.max() < row.corners_seen


def test_corners_of_a_fitted_body_are_where_they_are():
    """ML-14 to 16, by the body that explains the image: closer than grey values alone tell."""
    scene = Corners128("deformed")(np.random.default_rng(8))
    image, particle = scene.image(np.random.default_rng(1)).image, scene.particles[0]
    labels = segment_frame(image).labels
    plain, fitted = (measure_frame(image, labels, (0.2, 0.2), fit=fit) for fit in (False, True))
    true = creases(particle).corners @ particle.rotation.as_matrix()[1::-1].T + particle.position
    off = []
    for found in (plain, fitted):
        places = found.table["corners_nm"][0]
        off.append(np.linalg.norm(true[:, None] - places, axis=-1).min(axis=1).max())
    assert off[1] < 0.1 < off[0]  # nm, of the corner that is missed most
    assert (plain.table["corners_by"] == "grey values").all()
    row = fitted.table.iloc[0]
    assert row.corners_by == "fit" and row.corners_seen == len(true)
    assert (row.corners_nm_sigma > 0).all() and (row.corners_nm_sigma < 0.1).all()
    assert "Corners of 1 of 1 particles" in " ".join(fitted.notes)


def test_a_body_that_does_not_explain_the_image_tells_no_corners():
    scene = Corners128("deformed")(np.random.default_rng(8))
    image = scene.image(np.random.default_rng(1)).image
    labels = segment_frame(image).labels
    ripples = 1 + 0.2 * np.sin(np.arange(image.shape[1]))  # which no body of flat faces has
    image = np.where(labels > 0, image * ripples, image)
    steps: list[tuple[int, int]] = []
    found = measure_frame(
        image, labels, (0.2, 0.2), fit=True, progress=lambda *step: steps.append(step)
    )
    assert set(found.table["corners_by"]) == {"grey values"}
    shares = [done / total for done, total in steps]
    assert shares == sorted(shares) and shares[-1] == 1


def test_lists_survive_a_file(cuboids):
    table = cuboids[1].table
    file = io.StringIO(as_text(table).to_csv(index=False))
    back = as_arrays(pd.read_csv(file, keep_default_na=False))
    assert list(back) == list(table)
    for name in table:
        for first, second in zip(table[name], back[name]):
            if isinstance(first, np.ndarray):
                assert second.shape == first.shape
                np.testing.assert_allclose(second, first, rtol=1e-5)


def test_a_balance_weighs_where_the_network_guesses(cuboids):
    sample, _ = cuboids
    balance = Balance(vacuum=0.0, full_beam=2e5)
    table = measure_frame(sample.image, sample.labels, GRID.sampling, balance).table
    assert set(table["volume_by"]) == {"weighing"}
    assert {"volume_nm3", "volume_nm3_sigma", "atoms", "atoms_sigma", "height_nm"} <= set(table)


def test_spheres_have_neither_vertices_nor_corners():
    sample = simulate(Sphere(12), frames=1, particles=2, grid=GRID, seed=5)[0]
    found = measure_frame(sample.image, sample.labels)
    table = found.table
    assert found.unit == "px"
    assert set(table["shape"]) == {"sphere"}
    assert (table[["vertices", "corners_seen"]] == 0).all(axis=None)
    assert {"volume_px3", "volume_px3_sigma", "area_px2", "vertices_px"} <= set(table)
    assert not any("_nm" in name for name in table)
    np.testing.assert_allclose(table["diameter_px"], 48, atol=1)
    assert list(as_text(table)["corner_distances_px"]) == ["", ""]


def test_nothing_to_measure_is_an_empty_table():
    found = measure_frame(np.zeros((32, 32)), np.zeros((32, 32), int), (1.0, 1.0))
    assert len(found.table) == 0
    assert "volume_nm3" in found.table
    assert not found.height.any()
    assert list(as_arrays(as_text(found.table))) == list(found.table)


def test_gaps_and_tiny_particles_are_measured_too():
    image = np.random.default_rng(0).normal(10, 1, (48, 48))
    labels = np.zeros((48, 48), int)
    for label, (y, size) in {3: (5, 1), 4: (15, 2), 9: (30, 12)}.items():
        labels[y : y + size, 10 : 10 + size] = label
    image[labels > 0] += 20
    image[20:22] = np.nan
    table = measure_frame(image, labels).table
    assert list(table["particle"]) == [3, 4, 9]
    assert np.isfinite(table["area_px2"]).all()


def test_labels_of_another_shape_are_one_sentence():
    with pytest.raises(InputError, match="Labels must be whole numbers"):
        measure_frame(np.zeros((32, 32)), np.zeros((32, 30), int))


def test_every_particle_is_in_one_bar_of_each_histogram(cuboids):
    table = pd.concat([cuboids[1].table] * 30, ignore_index=True)
    figure = Figure(figsize=(9, 3))
    FigureCanvasAgg(figure)
    bars = draw_histograms(figure, table)
    for axes in figure.axes:
        rows = [bar.rows for bar in bars if bar.patch.axes is axes]
        assert sorted(np.concatenate(rows)) == list(range(len(table)))
    assert bars[-1].meaning == "shape cuboid"
    assert bars[-1].patch.get_width() == len(table)
