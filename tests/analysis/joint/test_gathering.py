"""Images that show one body find each other, and strangers stay apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from napari_stem3d._errors import InputError
from napari_stem3d.analysis.fitting.likelihood import Look
from napari_stem3d.analysis.joint.gathering import Group, alone, gather
from napari_stem3d.analysis.joint.placing import distinct, motions
from napari_stem3d.analysis.joint.together import COLUMNS, fit_together, put_together
from napari_stem3d.simulation import Cuboid, CutCorners, Particle

ANY = np.full(9, 1 / 9)
EDGES = (7.0, 8.5, 10.5)
OTHER = Particle(Cuboid(7.4, 7.6, 9.5), deformations=(CutCorners((0,), ((0.4, 0.4, 0.4),)),))


@pytest.fixture(scope="module")
def singles(looks: list[Look]) -> list[Group]:
    return [alone(k, [look], ANY) for k, look in enumerate(looks)]


def test_a_box_has_48_labellings() -> None:
    assert motions().shape == (48, 3, 3)
    assert len({m.tobytes() for m in motions()}) == 48
    assert sorted(np.linalg.det(motions()).round()) == [-1] * 24 + [1] * 24
    np.testing.assert_allclose(
        motions() @ motions().transpose(0, 2, 1), np.eye(3)[None] * np.ones((48, 1, 1))
    )


def test_images_of_one_body_are_joined_whatever_their_labels(singles: list[Group]) -> None:
    stages = list(gather(singles))
    assert [len(groups) for groups in stages] == [1, 1, 1]
    group = stages[-1][0]
    assert group.images == (0, 1, 2)
    assert group.belongs > 0.99
    assert np.argmax(group.counted.probabilities) == 2
    best = group.counted.best
    errors = np.sqrt(np.diag(best.covariance))[:3]
    sizes = np.array(list(best.variable.lengths.values()))
    order = np.argsort(sizes)
    off = np.log(sizes[order] / EDGES) / errors[order]
    assert np.abs(off).max() < 4
    single = singles[0].counted.best
    assert (errors[order] < np.sort(np.sqrt(np.diag(single.covariance))[:3])[-1]).all()


def test_a_stranger_stays_apart_and_is_named(
    singles: list[Group], picture: Callable[..., Look]
) -> None:
    stranger = alone(2, [picture(OTHER, 7)], ANY)
    together = put_together([*singles[:2], stranger], 0.4)
    assert together.strangers == [2]
    assert together.group.images == (0, 1)
    assert together.belongs[2] < 0.01
    assert together.belongs[0] > 0.99
    assert "Image 2 shows another particle" in together.sentence
    assert list(together.table.columns) == list(COLUMNS)
    assert together.table["orientation_xyzw"].isna().tolist() == [False, False, True]
    np.testing.assert_allclose(together.table.filter(like="p_corners").sum(axis=1), 1, rtol=1e-6)
    volume, error = together.volume
    truth = OTHER_VOLUME
    assert abs(volume - truth) < 5 * error < 0.05 * truth
    assert all(chance > 1e-4 for chance in together.p_values.values())


OTHER_VOLUME = Particle(
    Cuboid(*EDGES), deformations=(CutCorners((1, 6), ((0.3, 0.35, 0.4), (0.4, 0.3, 0.3))),)
).volume


def test_repetitions_are_dropped(singles: list[Group]) -> None:
    bundle = singles[0].bundles[0]
    assert distinct([bundle, replace(bundle), bundle]) == [bundle]


@pytest.mark.parametrize("labels", [[], [np.zeros((9, 9), int)] * 2])
def test_images_and_labels_go_together(labels: list[np.ndarray]) -> None:
    frames = [np.zeros((9, 9))] * (len(labels) // 2)
    with pytest.raises(InputError, match="frames must be one image at least"):
        fit_together(frames, labels)
