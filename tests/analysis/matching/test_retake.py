from __future__ import annotations

import numpy as np
import pytest

from napari_stem3d.analysis.matching import match_microscope, retake
from napari_stem3d.simulation import Experiment

pytestmark = pytest.mark.tensorflow  # particles are told apart by the network


def test_particles_come_back_as_bright_and_as_sharp():
    """SIM-20: real and simulated image beside each other show the same scene."""
    experiment = Experiment("sphere", {"diameter": 8.0}, particles=12, size=192, sampling=0.4)
    sample = experiment.dataset()[0]
    match = match_microscope(sample.image, experiment.sampling)
    again = retake(sample.image, match, np.random.default_rng(1))
    inside, film = sample.thickness > 5, match.film
    bright, level = (image[inside].mean() - image[film].mean() for image in (sample.image, again))
    assert abs(level / bright - 1) < 0.05
    edges = (
        np.abs(np.gradient(np.where(film, 0, image), axis=1)) for image in (sample.image, again)
    )
    sharp, seen = (np.percentile(edge, 98) for edge in edges)
    assert seen > 0.8 * sharp
    assert not np.array_equal(again, retake(sample.image, match, np.random.default_rng(2)))


def test_gaps_are_filled_with_film():
    sample = Experiment(size=96, sampling=0.4).dataset()[0]
    image = sample.image.copy()
    image[:10] = np.nan
    match = match_microscope(image, (0.4, 0.4))
    assert np.isfinite(retake(image, match, np.random.default_rng(0))).all()
