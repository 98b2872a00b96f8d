"""What all deformations share: places, how they are drawn, and that they follow each other."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
from scipy import stats

from napari_stem3d._errors import InputError
from napari_stem3d.plugins import registry
from napari_stem3d.simulation import (
    BevelledEdges,
    BumpedFaces,
    Cuboid,
    CutCorners,
    Cylinder,
    Decahedron,
    Deformation,
    DentedFaces,
    Grid,
    Helix,
    Icosahedron,
    MissingSlab,
    Particle,
    Polyhedron,
    RoundedCorners,
    Shape,
    TruncatedCorners,
    project,
    random_rotation,
)

KINDS = list(registry().deformations.values())
AT_PLACES = [CutCorners, TruncatedCorners, RoundedCorners, BevelledEdges, DentedFaces, BumpedFaces]


@pytest.mark.parametrize("kind", KINDS)
def test_every_deformation_can_be_drawn_by_one_signature(
    kind: type[Deformation], polyhedron: Polyhedron
) -> None:
    rng = np.random.default_rng(0)
    for _ in range(2):
        drawn = kind.random(polyhedron, 1, rng)
        particle = Particle(polyhedron, deformations=(drawn,))
        assert particle.volume != polyhedron.volume
        assert particle.volume == pytest.approx(polyhedron.volume, rel=0.5)
    one, same = (kind.random(polyhedron, 1, np.random.default_rng(5)) for _ in range(2))
    assert one == same


@pytest.mark.parametrize("kind", [k for k in KINDS if k not in AT_PLACES])
@pytest.mark.parametrize("shape", [Cylinder(), Helix()], ids=lambda s: s.name)
def test_what_needs_no_places_deforms_any_shape(kind: type[Deformation], shape: Shape) -> None:
    drawn = kind.random(shape, 1, np.random.default_rng(0))
    grid = Grid((60, 70), (0.4, 0.35))
    before, after = (project(Particle(shape, grid.centre, deformations=d), grid)
                     for d in ((), (drawn,)))  # fmt: skip
    assert np.abs(before - after).max() > 0.01


@pytest.mark.parametrize("kind", AT_PLACES)
def test_what_needs_places_says_so(kind: type[Deformation], curved: Shape) -> None:
    with pytest.raises(InputError, match=f"Only a polyhedron has .*: the shape '{curved.name}'"):
        kind.random(curved, 1, np.random.default_rng(0))


@pytest.mark.parametrize(
    ("kind", "places", "number"),
    [(TruncatedCorners, "corners", 8), (BevelledEdges, "edges", 12), (DentedFaces, "faces", 6)],
)
def test_places_are_drawn_with_equal_chances(
    kind: type[Deformation], places: str, number: int
) -> None:
    rng = np.random.default_rng(1)
    drawn = [getattr(kind.random(Cuboid(), 2, rng), places) for _ in range(2000)]
    found = [drawn.count(pair) for pair in itertools.combinations(range(number), 2)]
    assert sum(found) == 2000
    assert stats.chisquare(found).pvalue > 1e-3
    with pytest.raises(InputError, match=f"A cuboid has {number} {places} to deform"):
        kind.random(Cuboid(), number + 1, rng)


def test_lengths_are_uniform_in_their_range_of_the_smallest_dimension() -> None:
    rng = np.random.default_rng(2)
    shape = Cuboid(4.0, 10.0, 20.0)
    drawn = [TruncatedCorners.random(shape, 1, rng).leg for _ in range(500)]
    assert stats.kstest(drawn, stats.uniform(4 * 0.15, 4 * 0.3).cdf).pvalue > 1e-3


def test_what_is_given_is_not_drawn() -> None:
    rng = np.random.default_rng(0)
    assert BumpedFaces.random(Cuboid(), 3, rng, height=0.5).height == 0.5
    assert BumpedFaces.random(Cuboid(), 3, rng, faces=(4,)).faces == (4,)
    assert len(BumpedFaces.random(Cuboid(), 3, rng).faces) == 3
    assert MissingSlab.random(Cuboid(), 1, rng, axis="x").axis == "x"
    with pytest.raises(InputError, match=r"fields of MissingSlab are .*Received: 'depth'"):
        MissingSlab.random(Cuboid(), 1, rng, depth=1.0)


@pytest.mark.parametrize("corners", [(1, 1), (-1,), (0.5,), (True,), ("a",), 3, None, (np.nan,)])
def test_places_that_are_none_are_refused(corners: object) -> None:
    with pytest.raises(InputError, match=r"TruncatedCorners\.corners must be different whole"):
        TruncatedCorners(1.0, corners)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("deformation", "what", "last"),
    [
        (TruncatedCorners(1.0, (12,)), "corners", 11),
        (RoundedCorners(0.5, (99,)), "corners", 11),
        (BevelledEdges(0.5, (25,)), "edges", 24),
        (DentedFaces(0.5, 0.5, (15,)), "faces", 14),
        (BumpedFaces(0.5, 0.5, (15,)), "faces", 14),
    ],
)
def test_places_that_a_shape_lacks_are_refused(deformation, what, last) -> None:
    with pytest.raises(InputError, match=f"The {what} of a decahedron are numbered .* to {last}"):
        _ = Particle(Decahedron(), deformations=(deformation,)).body


def test_lists_of_places_as_files_hold_them_become_tuples() -> None:
    assert TruncatedCorners(1.0, [np.int64(2), 5]) == TruncatedCorners(1.0, (2, 5))
    assert hash(TruncatedCorners(1.0, [2])) == hash(TruncatedCorners(1.0, (2,)))


def test_only_corners_count_as_deformed_corners() -> None:
    both = TruncatedCorners(1.0, (7, 2)), RoundedCorners(1.0, (2, 3)), BevelledEdges(0.5, (5,))
    assert Particle(Cuboid(), deformations=both).deformed_corners == (2, 3, 7)


def test_at_no_place_nothing_changes() -> None:
    shape = Cuboid()
    for kind in AT_PLACES:
        assert (
            kind.random(shape, 0, np.random.default_rng(0)).apply(shape, shape.body) is shape.body
        )


def test_deformations_compose_in_any_order() -> None:
    """SIM-07: whatever came before, the thickness adds up to the volume."""
    rng = np.random.default_rng(3)
    shape = Icosahedron(7.0)
    grid = Grid((150, 140), (0.12, 0.13))
    for _ in range(12):
        order = rng.permutation(len(KINDS))[:3]
        wrong = tuple(KINDS[k].random(shape, 1, rng) for k in order)
        particle = Particle(shape, grid.centre, random_rotation(rng), wrong)
        image = project(particle, grid)
        assert image.min() > -1e-3
        assert image.sum(dtype=float) * 0.12 * 0.13 == pytest.approx(particle.volume, rel=2e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_deformations_are_values_of_their_fields(kind: type[Deformation]) -> None:
    drawn = kind.random(Cuboid(), 1, np.random.default_rng(0))
    fields = {f.name: getattr(drawn, f.name) for f in dataclasses.fields(drawn)}  # type: ignore[arg-type]
    assert kind(**fields) == drawn
    assert hash(kind(**fields)) == hash(drawn)
