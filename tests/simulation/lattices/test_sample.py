from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_stem3d._errors import InputError
from napari_stem3d.simulation import PRESETS, Defects, Grid, Lattice, LatticeSample, LatticeScene
from napari_stem3d.simulation.lattices import ATOMIC, CLASSES

GRID = Grid((150, 200), (0.02, 0.025))


@pytest.fixture(scope="module")
def sample() -> LatticeSample:
    defects = Defects(
        vacancies=0.6, whole_columns=True, substitutions=0.6, replaced="W", substitute="Mo"
    )
    still = replace(ATOMIC["80 kV"], scan=PRESETS["ideal"].scan)
    scene = LatticeScene(Lattice("WS2", rotation=12), GRID, still, defects)
    return scene.image(np.random.default_rng(3))


def test_truth_tells_every_site_in_the_image(sample: LatticeSample):
    rows = sample.truth()
    assert list(rows[0]) == ["site", "y", "x", "y_nm", "x_nm", "element", "atoms", "class"]
    assert [row["site"] for row in rows] == list(range(1, len(rows) + 1))
    for row, (y, x), kind in zip(rows, sample.positions, sample.classes):
        assert (row["y"], row["x"], row["class"]) == (y, x, kind)
        assert row["y_nm"] == pytest.approx(0.02 * y) and row["x_nm"] == pytest.approx(0.025 * x)
        assert -0.5 <= y < 149.5 and -0.5 <= x < 199.5
        assert (row["element"] == "") == (row["atoms"] == 0) == (kind == "vacancy")
        assert kind in CLASSES
    # Three atoms in two columns per cell.
    assert len(rows) / 15 == pytest.approx(2 / (0.3153**2 * np.sqrt(3) / 2), rel=0.03)
    assert {row["element"] for row in rows} >= {"", "W", "S", "Mo"}


def test_discs_lie_where_the_sites_are(sample: LatticeSample):
    labels = sample.labels(0.06)
    y, x = np.indices(GRID.gpts)
    for i, (row, column) in enumerate(sample.positions, start=1):
        near = np.hypot((y - row) * 0.02, (x - column) * 0.025) <= 0.06
        np.testing.assert_array_equal(labels == i, near)


def test_where_discs_overlap_the_nearer_site_counts(sample: LatticeSample):
    labels = sample.labels(0.3)
    y, x = np.indices(GRID.gpts)
    away = np.hypot(
        (y[..., None] - sample.positions[:, 0]) * 0.02,
        (x[..., None] - sample.positions[:, 1]) * 0.025,
    )
    inside = away.min(axis=2) <= 0.3
    np.testing.assert_array_equal(labels > 0, inside)
    chosen = np.take_along_axis(away, labels[..., None].astype(np.int64) - 1, axis=2)[..., 0]
    np.testing.assert_allclose(chosen[inside], away.min(axis=2)[inside])


def test_masks_part_the_classes(sample: LatticeSample):
    masks = sample.masks(0.05)
    assert tuple(masks) == CLASSES
    assert not masks["boundary"].any()
    total = sum(masks.values())
    np.testing.assert_array_equal(total > 0, sample.labels(0.05) > 0)
    area = masks["vacancy"].sum() * 0.02 * 0.025
    count = np.sum(sample.classes == "vacancy")
    assert area == pytest.approx(count * np.pi * 0.05**2, rel=0.15)


def test_gaussian_masks_are_one_in_the_middle(sample: LatticeSample):
    masks = sample.masks(0.04, gaussian=True, by="element")
    assert set(masks) == {"W", "S", "Mo"}
    for name, mask in masks.items():
        assert mask.dtype == np.float32 and mask.min() == 0 and mask.max() <= 1
        here = np.array(sample.sites.elements()) == name
        y, x = np.rint(sample.positions[here]).astype(int).T
        corner = np.hypot(0.01, 0.0125)  # nm from the middle of a pixel
        assert mask[y, x].min() >= np.exp(-0.5 * (corner / 0.04) ** 2) - 1e-6
    y, x = np.indices(GRID.gpts)
    only = sample.positions[np.array(sample.sites.elements()) == "Mo"]
    away = np.hypot((y[..., None] - only[:, 0]) * 0.02, (x[..., None] - only[:, 1]) * 0.025)
    expected = np.exp(-0.5 * (away.min(axis=2) / 0.04) ** 2)
    np.testing.assert_allclose(masks["Mo"], expected, atol=4e-4)


@pytest.mark.parametrize("radius", [0.0, -1.0, float("nan"), "wide", True, 1e9])
def test_bad_radii_are_refused(sample: LatticeSample, radius: object):
    for draw in (sample.labels, sample.masks):
        with pytest.raises(InputError, match="radius must be a positive length"):
            draw(radius)  # type: ignore[operator]


def test_unknown_groups_are_refused(sample: LatticeSample):
    with pytest.raises(InputError, match="by must be class or element"):
        sample.masks(by="colour")


def test_an_image_between_the_atoms_has_no_truth():
    scene = LatticeScene(Lattice("SrTiO3", shift_y=0.05, shift_x=0.05), Grid((3, 3), (0.01, 0.01)))
    sample = scene.image(np.random.default_rng(0))
    assert sample.truth() == [] and not sample.labels(0.02).any()
    assert not any(mask.any() for mask in sample.masks(0.02).values())
