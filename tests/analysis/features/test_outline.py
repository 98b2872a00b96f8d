"""Outlines, their polygons and their sizes, of figures whose truth is plain."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.draw import polygon2mask

from napari_stem3d.analysis.features import find_polygon, measure_sizes, trace_outline
from napari_stem3d.analysis.features.outline import enclosed


def regular(count: int, radius: float, turn: float = 0.2) -> np.ndarray:
    angles = turn + 2 * np.pi * np.arange(count) / count
    return 60 + radius * np.stack([np.sin(angles), np.cos(angles)], axis=1)


def mask_of(corners: np.ndarray) -> np.ndarray:
    return polygon2mask((120, 120), corners)


def ellipse(a: float, b: float) -> np.ndarray:
    y, x = np.mgrid[:120, :120] - 60.3
    return (x / a) ** 2 + (y / b) ** 2 <= 1


@pytest.mark.parametrize("count", [3, 4, 5, 6])
def test_a_polygon_has_its_vertices(count):
    corners = regular(count, 40)
    polygon = find_polygon(trace_outline(mask_of(corners)))
    assert len(polygon.vertices) == count
    off = np.linalg.norm(polygon.vertices[:, None] - corners, axis=-1).min(axis=1)
    assert off.max() < 1
    assert (off < 4 * polygon.sigma).all()


@pytest.mark.parametrize(("a", "b"), [(8, 8), (30, 30), (40, 15)])
def test_round_outlines_have_no_vertices(a, b):
    assert len(find_polygon(trace_outline(ellipse(a, b))).vertices) == 0


def test_small_outlines_do_not_tell():
    mask = np.zeros((12, 12), bool)
    mask[4:8, 4:8] = True
    assert len(find_polygon(trace_outline(mask)).vertices) == 0


@pytest.mark.parametrize("pixels", [1, 2, 5])
def test_the_smallest_particles_have_outlines(pixels):
    mask = np.zeros((9, 9), bool)
    mask[4, 2 : 2 + pixels] = True
    sizes = measure_sizes(trace_outline(mask), find_polygon(trace_outline(mask)))
    assert np.isfinite(np.array(sizes)).all()
    assert 0.3 * pixels < sizes.area.value < 2 * pixels + 1


def test_outlines_run_in_one_sense_and_follow_the_edge_of_the_image():
    mask = np.zeros((40, 40), bool)
    mask[:20, 10:30] = True
    outline = trace_outline(mask)
    assert enclosed(outline.points) == pytest.approx(400, rel=0.01)
    assert outline.points[:, 0].min() > -1


def test_sizes_of_a_disc():
    outline = trace_outline(ellipse(25, 25))
    sizes = measure_sizes(outline, find_polygon(outline))
    truth = (np.pi * 625, 50, 50 * np.pi, 50, 50, 1)
    for measure, value in zip(sizes, truth):
        assert measure.value == pytest.approx(value, abs=3 * measure.sigma)
        assert measure.sigma < 0.05 * value


def test_sizes_of_a_rectangle_in_pixels_that_are_not_square():
    mask = np.zeros((120, 120), bool)
    mask[20:70, 30:60] = True  # 50 rows of 0.5 nm, 30 columns of 2 nm
    outline = trace_outline(mask)
    sizes = measure_sizes(outline, find_polygon(outline), (0.5, 2.0))
    for measure, value in zip(sizes[:5], (1500, 43.70, 170, 65, 25)):
        assert measure.value == pytest.approx(value, abs=3 * measure.sigma)


def test_circularity_of_a_few_pixels_stays_sensible():
    outline = trace_outline(ellipse(2.7, 2.7))
    circularity = measure_sizes(outline, find_polygon(outline)).circularity
    assert circularity.value == pytest.approx(1, abs=0.15)
