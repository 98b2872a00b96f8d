"""Images as networks are shown them."""

from __future__ import annotations

import numpy as np
import pytest

from napari_stem3d._errors import InputError
from napari_stem3d.analysis.inputs import fit_square, reader_of


def test_an_image_keeps_its_proportions_and_its_middle() -> None:
    y, x = np.mgrid[:30, :60]
    image = np.exp(-((y - 14.5) ** 2 + (x - 29.5) ** 2) / 50).astype(np.float32)
    fitted = fit_square(image, 40)
    assert fitted.shape == (40, 40)
    weights = np.clip(fitted - 0.05, 0, None)
    rows, columns = np.mgrid[:40, :40]
    assert np.average(rows, weights=weights) == pytest.approx(19.5, abs=0.05)
    assert np.average(columns, weights=weights) == pytest.approx(19.5, abs=0.05)
    spread = [np.sqrt(np.average((a - 19.5) ** 2, weights=weights)) for a in (rows, columns)]
    assert spread[0] == pytest.approx(spread[1], rel=0.02)


def test_the_whole_image_is_scaled_to_0_and_1_whatever_its_grey_values() -> None:
    rng = np.random.default_rng(1)
    image = rng.normal(size=(50, 40))
    read = reader_of((None, 32, 32, 3))
    (view,) = read([image])
    assert view.shape == (1, 32, 32, 3)
    assert (view.min(), view.max()) == (0, 1)
    assert np.ptp(view, axis=-1).max() == 0
    np.testing.assert_allclose(read([300 * image - 7])[0], view, atol=1e-4)


@pytest.mark.tensorflow
def test_a_network_of_crops_sees_the_largest_particle_in_eight_views() -> None:
    y, x = np.mgrid[:96, :96]
    image = 10.0 * (np.hypot(y - 60, x - 60) < 20) + 9.0 * (np.hypot(y - 15, x - 15) < 9)
    image += np.random.default_rng(2).normal(0, 0.2, image.shape)
    (views,) = reader_of((None, 64, 64, 2))([image])
    assert views.shape == (8, 64, 64, 2)
    area = views[0, ..., 1].sum()
    assert area == pytest.approx(np.pi * 28**2, rel=0.1)


@pytest.mark.tensorflow
def test_an_image_without_a_particle_is_shown_whole() -> None:
    (views,) = reader_of((None, 64, 64, 2))([np.zeros((48, 48))])
    assert views.shape == (8, 64, 64, 2)


@pytest.mark.parametrize("shape", [(None, None, None, 1), (None, 32, 32, 5), (None, 10)])
def test_an_input_that_no_image_fits_is_one_sentence(shape: tuple) -> None:
    with pytest.raises(InputError, match="The input of a network for images must be"):
        reader_of(shape)
