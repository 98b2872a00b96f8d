"""Temperatures, on votes whose sureness is known."""

from __future__ import annotations

import numpy as np
import pytest

from napari_stem3d.networks.contracts import CLASSES, ORBITS
from napari_stem3d.tasks.calibration import best_temperature, calibrate


def votes(temperature: float, views: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Answers drawn from known probabilities, told too surely or not surely enough."""
    rng = np.random.default_rng(0)
    scores = rng.normal(0, 2, (4000, 1, 5))
    chances = np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True)
    right = np.array([rng.multinomial(1, own) for own in chances[:, 0]])
    told = np.exp(scores * temperature)
    return np.repeat(told / told.sum(axis=-1, keepdims=True), views, axis=1), right


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("views", [1, 3])
def test_the_temperature_is_found_by_which_scores_were_multiplied(
    temperature: float, views: int
) -> None:
    assert best_temperature(*votes(temperature, views)) == pytest.approx(temperature, rel=0.06)


@pytest.mark.tensorflow
def test_scores_are_divided_by_it_in_the_network() -> None:
    from napari_stem3d.networks.classifiers import build_particle_classifier

    model = build_particle_classifier((8, 12, 16))
    crops = np.random.default_rng(0).normal(size=(2, 64, 64, 2)).astype(np.float32)
    before = {name: np.asarray(values) for name, values in model(crops).items()}
    found = calibrate(model, count=3)
    assert set(found) == {"shape", "corners", "orbit"}
    after = {name: np.asarray(values) for name, values in model(crops).items()}
    for name, classes in (("shape", len(CLASSES)), ("corners", 9), ("orbit", len(ORBITS))):
        sharp = before[name] ** (1 / found[name])
        assert after[name].shape == (2, classes)
        np.testing.assert_allclose(
            after[name], sharp / sharp.sum(axis=-1, keepdims=True), rtol=1e-4
        )
    np.testing.assert_array_equal(after["corner_maps"], before["corner_maps"])
