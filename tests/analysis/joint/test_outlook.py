"""How many more images are said to be needed."""

from __future__ import annotations

import numpy as np
import pytest

from napari_stem3d.analysis.fitting.likelihood import Look
from napari_stem3d.analysis.joint.bundle import Bundle
from napari_stem3d.analysis.joint.counting import Counted, counted
from napari_stem3d.analysis.joint.gains import outlook_of
from napari_stem3d.analysis.joint.outlook import MOST, counted_up, more_words, outlook_of_views

ODDS_95 = np.log(19)


def test_steady_gains_are_counted_up() -> None:
    # From odds of 1, gains of 1 reach log 19 = 2.94 with the third image.
    found = counted_up(0.5, np.ones((10, MOST)))
    assert (found.about, found.most) == (3, 3)
    half = np.ones((10, MOST))
    half[:4] = 0.5
    assert (counted_up(0.5, half).about, counted_up(0.5, half).most) == (3, 6)
    assert counted_up(0.5, np.zeros((10, MOST))).about is None


def test_a_settled_question_needs_no_more() -> None:
    assert outlook_of_views(0.96, np.array([0.9, 0.9]), 1 / 9).about == 0
    assert "no more images" in str(outlook_of_views(0.96, np.array([0.9]), 1 / 9))


def test_stronger_views_need_fewer() -> None:
    weak = outlook_of_views(0.4, np.array([0.2, 0.2, 0.25]), 1 / 9)
    strong = outlook_of_views(0.8, np.array([0.7]), 1 / 9)
    assert weak.about is not None and strong.about is not None
    assert 0 < strong.about < weak.about


@pytest.mark.parametrize(
    ("about", "words"),
    [
        (0, "no more images needed for 95%"),
        (1, "about 1 more image for 95%"),
        (2.0, "about 2 more images for 95%"),
        (None, "20 more images may not make it 95%"),
        (np.nan, "20 more images may not make it 95%"),
    ],
)
def test_it_is_said_in_words(about: float | None, words: str) -> None:
    assert more_words(about) == words


def test_what_hidden_corners_may_be_needs_images_that_show_them(looks: list[Look]) -> None:
    found = counted([Bundle((looks[0],))], np.full((1, 9), 1 / 9))
    number = int(np.argmax(found.probabilities))
    other = number + 1 if number + 1 in found.bundles else number - 1
    evidence = np.full(9, -np.inf)
    evidence[[number, other]] = np.log([0.6, 0.4])
    doubtful = outlook_of(Counted(found.bundles, evidence, np.full(9, 1 / 9)))
    assert doubtful.probability == pytest.approx(0.6)
    assert doubtful.about is not None and doubtful.about >= 1
    evidence[other] = -np.inf
    evidence[number] = 0
    assert outlook_of(Counted(found.bundles, evidence, np.full(9, 1 / 9))).about == 0
