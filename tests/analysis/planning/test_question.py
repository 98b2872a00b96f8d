from __future__ import annotations

import numpy as np
import pytest

from napari_stem3d import InputError
from napari_stem3d.analysis.planning import Limits, Question
from napari_stem3d.simulation import Cuboid, Octahedron, Sphere, Tetrahedron


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"corners": 2, "against": 4}, "one more or one less than corners"),
        ({"corners": 2, "against": 2}, "one more or one less than corners"),
        ({"corners": 8, "against": 9}, "has 8 corners"),
        ({"shape": Tetrahedron(), "corners": 4, "against": 5}, "has 4 corners"),
        ({"shape": Sphere()}, "shape must have corners"),
        ({"depth": 0.7}, "depth must lie between"),
        ({"probability": 90}, "probability must lie between"),
    ],
)
def test_a_question_that_makes_no_sense_gets_one_sentence(wrong, told):
    with pytest.raises(InputError, match=f"{told}.*Received: "):
        Question(**wrong)


def test_limits_that_end_before_they_begin_are_refused():
    with pytest.raises(InputError, match=r"dwell must not be above.*Received: 5 and 1 µs"):
        Limits(shortest_dwell=5.0, longest_dwell=1.0)


def test_particles_are_those_that_the_question_is_about():
    question, rng = Question(1, 2, 0.2, 0.3, shape=Octahedron(8.0)), np.random.default_rng(0)
    drawn = [question.draw(rng, 2) for _ in range(300)]
    assert all(len(one.deformed_corners) == 2 for one in drawn)
    assert {k for one in drawn for k in one.deformed_corners} == set(range(6))
    logs = np.log([one.deformations[0].fractions for one in drawn])
    assert logs.mean() == pytest.approx(np.log(0.2), abs=0.03)
    assert logs.std() == pytest.approx(0.3, abs=0.03)
    assert question.draw(rng, 0).deformations == ()


def test_its_words_name_size_material_and_shape():
    assert Question(material="Pd").body == "10 nm Pd cuboid"
    assert Question(shape=Cuboid(8, 10, 14)).body == "8 × 10 × 14 nm Au cuboid"
