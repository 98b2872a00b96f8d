"""Deformation: one frozen dataclass per thing that can be wrong with a particle."""

from __future__ import annotations

import abc
import dataclasses
from typing import Any, ClassVar, Self

import numpy as np

from napari_stem3d._errors import InputError
from napari_stem3d.simulation.bodies.body import Body
from napari_stem3d.simulation.drawing import draw_fields
from napari_stem3d.simulation.fields import Checked, is_whole
from napari_stem3d.simulation.shapes import Polyhedron, Shape


class Deformation(Checked, abc.ABC):
    """A frozen dataclass that knows how to deform the body of a shape.

    A subclass has a `name`, a `description` and fields made by `length` and its like, and by
    `places` where it happens at some corners, edges or faces. Deformations follow each other in
    any order; places are those of the shape as it was.
    """

    name: ClassVar[str]
    description: ClassVar[str]

    def __post_init__(self) -> None:
        """Refuse values that the fields do not allow."""
        super().__post_init__()
        for field in _place_fields(type(self)):
            indices = getattr(self, field.name)
            if (
                not isinstance(indices, (tuple, list))
                or not all(is_whole(index, 0) for index in indices)
                or len(set(indices)) != len(indices)
            ):
                raise InputError(
                    f"{type(self).__name__}.{field.name} must be different whole numbers from 0 "
                    f"on. Received: {indices!r}"
                )
            object.__setattr__(self, field.name, tuple(map(int, indices)))

    @property
    def deformed_corners(self) -> tuple[int, ...]:
        """Indices of the corners that are deformed: its field `corners`, if it has one."""
        return getattr(self, "corners", ())

    @abc.abstractmethod
    def apply(self, shape: Shape, body: Body) -> Body:
        """Body of `shape`, which earlier deformations made `body`, deformed."""

    @classmethod
    def random(cls, shape: Shape, count: int, rng: np.random.Generator, **given: Any) -> Self:
        """Deformation at `count` different places, chosen with equal chances.

        Parameters
        ----------
        shape : Shape
            What is deformed. Lengths are drawn relative to its smallest dimension.
        count : int
            Number of corners, edges or faces; of no meaning to what deforms the whole body.
        rng : numpy.random.Generator
            Source of randomness.
        **given
            Values of fields that are not drawn.

        Returns
        -------
        Deformation
            Instance of this class.

        Raises
        ------
        InputError
            If the shape has no such places, or fewer than `count`.
        """
        for field in _place_fields(cls):
            if field.name not in given:
                given[field.name] = random_places(shape, field.metadata["places"], count, rng)
        return cls(**draw_fields(cls, rng, _smallest_dimension(shape), given))


def places(kind: str) -> Any:
    """Dataclass field for the indices of the ``corners``, ``edges`` or ``faces`` to deform.

    Edges are numbered as `Polyhedron.edges` and faces as `Polyhedron.faces` list them.
    """
    return dataclasses.field(
        default=(0,), metadata={"doc": f"which {kind}, by their indices", "places": kind}
    )


def random_places(shape: Shape, kind: str, count: int, rng: np.random.Generator) -> tuple[int, ...]:
    """Ascending indices of `count` different corners, edges or faces."""
    number = _number_of(require_polyhedron(shape, kind), kind)
    if not is_whole(count, 0, number):
        raise InputError(f"A {shape.name} has {number} {kind} to deform. Received: {count}")
    return tuple(int(k) for k in np.sort(rng.permutation(number)[:count]))


def check_places(shape: Shape, kind: str, indices: tuple[int, ...]) -> Polyhedron:
    """Return the polyhedron after checking that it has these corners, edges or faces."""
    polyhedron = require_polyhedron(shape, kind)
    number = _number_of(polyhedron, kind)
    for index in indices:
        if index >= number:
            raise InputError(
                f"The {kind} of a {shape.name} are numbered from 0 to {number - 1}. "
                f"Received: {index}"
            )
    return polyhedron


def require_polyhedron(shape: Shape, kind: str) -> Polyhedron:
    """Return the shape if it has corners, edges and faces by number."""
    if not isinstance(shape, Polyhedron):
        raise InputError(
            f"Only a polyhedron has {kind} to deform. Received: the shape {shape.name!r}"
        )
    return shape


def _number_of(shape: Polyhedron, kind: str) -> int:
    return len({"corners": shape.neighbours, "edges": shape.edges}.get(kind, lambda: shape.faces)())


def _place_fields(kind: type) -> list[dataclasses.Field[Any]]:
    return [field for field in dataclasses.fields(kind) if "places" in field.metadata]


def _smallest_dimension(shape: Shape) -> float:
    """Return the smallest of a shape's fields in nm."""
    fields = dataclasses.fields(shape)  # type: ignore[arg-type]
    return min(getattr(shape, f.name) for f in fields if f.metadata.get("unit") == "nm")
