"""Instances: what the network sees becomes particles, on made-up maps and on a real image."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from napari_stem3d._errors import InputError
from napari_stem3d.analysis.classification import classify_frame
from napari_stem3d.analysis.segmentation import instances, segment_frame
from napari_stem3d.networks.prediction import Maps
from napari_stem3d.signals import load

# 160 single-layer spheres of sio2_spheres_haadf.hspy. Counted by eye: blobs found by a Laplacian
# of Gaussian were drawn as circles over the image; whatever lies within 3 pixels of an edge,
# under or over a neighbour, or in a pile was struck out, and two that the filter had missed were
# added.
SPHERES = np.loadtxt(Path(__file__).with_name("sio2_spheres.csv"), delimiter=",", skiprows=1)
SPHERE_AREA = np.pi * 2.75**2  # pixels


def discs(*places: tuple[float, float, float]) -> Maps:
    """Maps of discs (y, x, radius), interiors two pixels smaller."""
    y, x = np.mgrid[:64, :96]
    foreground, interior = np.zeros((2, 64, 96), np.uint8)
    for cy, cx, radius in places:
        distance = np.hypot(y - cy, x - cx)
        foreground[distance <= radius] = 255
        interior[distance <= radius - 2] = 255
    return Maps(foreground, interior, np.zeros((64, 96), np.float16))


def test_discs_that_touch_are_two() -> None:
    labels = instances(discs((32, 30, 15), (32, 58, 15)))
    assert len(np.unique(labels)) == 3
    assert labels[32, 30] != labels[32, 58]


def test_interiors_joined_by_a_neck_are_two() -> None:
    maps = discs((32, 30, 15), (32, 58, 15))
    maps.interior[29:36, 30:58] = 255
    labels = instances(maps)
    assert labels[32, 30] != labels[32, 58]


def test_a_long_particle_stays_one() -> None:
    maps = discs()
    maps.foreground[20:40, 10:80] = 255
    maps.interior[22:38, 12:78] = 255
    maps.interior[22:24, 30:34] = 0  # a ragged edge
    assert len(np.unique(instances(maps))) == 2


def test_a_wire_that_crosses_itself_stays_one() -> None:
    maps = discs()
    y, x = np.mgrid[:64, :96]
    wires = [np.abs(y - 32 - slope * (x - 48)) / np.hypot(1, slope) for slope in (0.5, -0.5)]
    maps.foreground[np.minimum(*wires) < 4] = 255
    maps.interior[np.minimum(*wires) < 2] = 255
    maps.interior[:, 46:50] = 0  # seen in pieces
    assert len(np.unique(instances(maps))) == 2


@pytest.mark.parametrize("side", [14, 20, 30])
def test_boxes_side_by_side_are_two(side: int) -> None:
    maps = discs()
    for left in (10, 10 + side):
        maps.foreground[10 : 10 + side, left : left + side] = 255
        maps.interior[12 : 8 + side, left + 2 : left + side - 2] = 255
    labels = instances(maps)
    expected = 3 if side > 16 else 2  # of what is less than 16 pixels thin, parts are joined
    assert len(np.unique(labels)) == expected


def test_a_particle_without_interior_is_found_and_a_speck_is_not() -> None:
    maps = discs()
    maps.foreground[10:15, 10:15] = 255
    maps.foreground[40:43, 40:43] = 255
    labels = instances(maps)
    assert labels[12, 12] > 0
    assert labels[41, 41] == 0


@pytest.mark.parametrize(
    "frame",
    [
        np.zeros((16, 16), complex),
        np.zeros((16, 16, 3)),
        np.zeros(16),
        np.zeros((4, 16)),
        np.full((16, 16), "a"),
    ],
    ids=["complex", "rgb", "line", "sliver", "text"],
)
def test_what_is_no_image_is_refused_in_one_sentence(frame: NDArray) -> None:
    with pytest.raises(InputError, match=r"^[^\n]*Received: [^\n]*$"):
        segment_frame(frame)


@pytest.mark.parametrize("zoom", [0.0, -1.0, 100.0, float("nan")])
def test_an_absurd_zoom_is_refused(zoom: float) -> None:
    with pytest.raises(InputError, match="zoom must lie between"):
        segment_frame(np.zeros((16, 16)), zoom=zoom)


@pytest.mark.tensorflow
@pytest.mark.parametrize("value", [0.0, 7.5, np.nan])
def test_an_empty_image_has_no_particles(value: float) -> None:
    found = segment_frame(np.full((40, 50), value))
    assert found.labels.shape == (40, 50)
    assert not found.labels.any()
    assert not found.thickness.any()


@pytest.mark.tensorflow
def test_the_intensity_scale_does_not_matter() -> None:
    y, x = np.mgrid[:96, :128]
    image = 100 * np.sqrt(np.maximum(0, 20**2 - (y - 40) ** 2 - (x - 60) ** 2))
    image += np.random.default_rng(0).normal(20, 5, image.shape)
    found = segment_frame(image).labels
    assert found.max() == 1
    for changed in (0.01 * image, image + 5e4, np.where(image == image[3, 3], np.nan, image)):
        other = segment_frame(changed).labels
        assert np.mean((found > 0) != (other > 0)) < 0.002


@pytest.mark.tensorflow
def test_real_spheres_are_found_apart_and_called_spheres(shared_data: Path) -> None:
    (stack,) = load(shared_data / "haadf" / "sio2_spheres_haadf.hspy")
    image = next(stack.frames)
    labels = segment_frame(image).labels
    rows, columns = np.rint(SPHERES).astype(int).T
    at_centre = labels[rows, columns]
    area = np.bincount(labels.ravel())[at_centre]
    claims = np.bincount(at_centre)[at_centre]
    separate = (at_centre > 0) & (claims == 1) & (area > SPHERE_AREA / 2) & (area < 2 * SPHERE_AREA)
    assert separate.mean() >= 0.85
    table = classify_frame(image, labels).set_index("particle")
    assert (table.loc[at_centre[separate], "shape"] == "sphere").mean() >= 0.90
