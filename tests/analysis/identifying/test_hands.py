from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_stem3d._errors import InputError
from napari_stem3d.analysis.identifying.hands import NOT_IDENTIFIABLE, decide_hand
from napari_stem3d.analysis.identifying.stage import Tilt
from napari_stem3d.simulation import Cuboid, CutCorners, Helix, Particle, random_rotation

HELIX = Helix(7.0, 5.0, 1.5, 1.8)
SAMPLING = (0.2, 0.2)
TOLD = replace(HELIX, diameter=7.5, pitch=4.7, turns=1.9)


@pytest.mark.parametrize("left", [True, False])
def test_two_signed_tilts_tell_the_hand_of_a_helix(photographed, left):
    """ML-19: from two images of signed tilt the hand is decided."""
    helix = replace(HELIX, left_handed=left)
    particle = Particle(helix, rotation=random_rotation(np.random.default_rng(left)))
    tilts = [Tilt(-15), Tilt(15)]
    images = photographed(particle, tilts, seed=int(left))
    found = decide_hand(images, TOLD, tilts, sampling=SAMPLING)
    assert found.hand == ("left-handed" if left else "right-handed")
    assert found.probabilities[found.hand] > 0.99
    # Its dimensions were told wrongly by 6 %; the images know better.
    assert found.particle.shape.pitch == pytest.approx(5.0, rel=0.02)
    assert found.particle.shape.left_handed == left
    assert found.off < 1.5


def test_signs_of_the_tilts_decide(photographed):
    particle = Particle(HELIX, rotation=random_rotation(np.random.default_rng(4)))
    images = photographed(particle, [Tilt(-15), Tilt(15)])
    wrong = decide_hand(images, HELIX, [Tilt(15), Tilt(-15)], sampling=SAMPLING, spread=0)
    assert wrong.hand == "left-handed"


@pytest.mark.parametrize("tilts", [None, [None], [20.0]])
def test_one_projection_never_tells(photographed, tilts):
    """ML-19: not identifiable for a single image, and never guessed."""
    images = photographed(Particle(HELIX), [Tilt(20)])
    found = decide_hand(images, HELIX, tilts, sampling=SAMPLING)
    assert found.hand is None and not found.is_decided
    assert NOT_IDENTIFIABLE in found.sentence
    assert set(found.probabilities.values()) == {0.5}


@pytest.mark.parametrize("tilts", [None, [None, 20], [20, 20.1], [-90, 90], [(0, 5), (180, 5)]])
def test_tilts_without_sign_or_along_one_line_do_not_tell(tilts):
    images = np.zeros((2, 32, 32))
    found = decide_hand(images, HELIX, tilts, sampling=SAMPLING)
    assert found.hand is None
    assert NOT_IDENTIFIABLE in found.sentence


def test_a_body_that_is_its_own_mirror_image_has_no_hand():
    found = decide_hand(np.zeros((2, 32, 32)), Cuboid(), [-15, 15], sampling=SAMPLING)
    assert found.hand is None
    assert found.sentence == "This cuboid is its own mirror image: it has no hand."


def test_a_known_pose_is_followed_and_chiral_cuts_have_a_hand(photographed):
    cuts = CutCorners((0, 3), ((0.4, 0.5, 0.3), (0.3, 0.4, 0.5)))
    pose = random_rotation(np.random.default_rng(6))
    particle = Particle(Cuboid(7, 9, 11), rotation=pose, deformations=(cuts,))
    tilts = [Tilt(0), Tilt(25)]
    images = photographed(particle, tilts, seed=2)
    found = decide_hand(images, particle, tilts, sampling=SAMPLING, search=False)
    assert found.hand == "as given"
    other = decide_hand(images, particle, [Tilt(0), Tilt(-25)], sampling=SAMPLING, search=False)
    assert other.hand != "as given"


def test_images_of_something_else_get_no_answer(photographed):
    tilts = [Tilt(-15), Tilt(15)]
    images = photographed(Particle(Cuboid(6, 9, 11)), tilts)
    found = decide_hand(images, Particle(HELIX), tilts, sampling=SAMPLING, search=False)
    assert found.hand is None
    assert "no pose of this body explains" in found.sentence


def test_impossible_arguments_are_named():
    images = np.zeros((2, 32, 32))
    with pytest.raises(InputError, match="tilts must be one for each of 2"):
        decide_hand(images, HELIX, [1], sampling=SAMPLING)
    with pytest.raises(InputError, match="at least one image"):
        decide_hand([], HELIX, sampling=SAMPLING)
    with pytest.raises(InputError, match="spread"):
        decide_hand(images, HELIX, [1, 2], sampling=SAMPLING, spread=2)
    with pytest.raises(InputError, match="no particle"):
        decide_hand(images, HELIX, [1, 22], sampling=SAMPLING)


def test_images_of_something_dark_are_no_answer(photographed):
    """Where every pose would need a negative gain, nothing is said, and nothing is raised."""
    tilts = [Tilt(-15), Tilt(15)]
    dark = [-image for image in photographed(Particle(HELIX), tilts)]
    held = [np.pad(np.ones((6, 6), np.int32), (image.shape[0] - 6) // 2) for image in dark]
    known = Particle(HELIX)
    found = decide_hand(dark, known, tilts, sampling=SAMPLING, labels=held, search=False)
    assert found.hand is None and "No answer" in found.sentence
    assert set(found.probabilities.values()) == {0.5}
