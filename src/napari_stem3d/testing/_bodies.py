"""Checks of shapes and deformations: what a body says of itself against what is projected."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from napari_stem3d._errors import InputError
from napari_stem3d.simulation import (
    Body,
    Deformation,
    Grid,
    Particle,
    Shape,
    project,
    random_rotation,
)
from napari_stem3d.testing._require import require, require_named_dataclass

_PIXELS = (301, 241)  # different, and so are the samplings: a mix-up of y and x must show
_TOLERANCE = 0.005


def check_shape(shape_class: type[Shape], *, poses: int = 4, seed: int = 0) -> None:
    """Check that a shape keeps the contract of `napari_stem3d.simulation.Shape`.

    The default and random instances are projected in random poses. Their thickness must add up to
    the volume within 0.5 %, stay inside the radius, balance on the origin, and be the same from the
    front and from behind.

    Parameters
    ----------
    shape_class : type
        The class, as `register_shapes` returns it.
    poses : int
        Number of poses in which every instance is projected.
    seed : int
        Seed of the instances and poses.

    Raises
    ------
    AssertionError
        With the first broken promise in one sentence.
    """
    require_named_dataclass(shape_class, Shape)
    _check_fields(shape_class)
    rng = np.random.default_rng(seed)
    for shape in (shape_class(), *(shape_class.random(rng, size) for size in (2.0, 10.0, 50.0))):
        _check_value(shape)
        _check_surface(shape)
        for _ in range(poses):
            _check_image(Particle(shape, rotation=random_rotation(rng)), shape.volume, str(shape))
        _check_balance(Particle(shape, rotation=random_rotation(rng)))


def check_deformation(
    deformation: Deformation, shape: Shape, *, poses: int = 4, seed: int = 0
) -> None:
    """Check that a deformation keeps the contract of `napari_stem3d.simulation.Deformation`.

    Parameters
    ----------
    deformation : Deformation
        An instance, strong enough to be seen.
    shape : Shape
        A shape that it can deform.
    poses : int
        Number of poses in which the deformed shape is projected.
    seed : int
        Seed of the poses.

    Raises
    ------
    AssertionError
        With the first broken promise in one sentence.
    """
    require_named_dataclass(type(deformation), Deformation)
    _check_value(deformation)
    what = f"{shape} with {deformation}"
    before = _arrays(shape.body)
    body = deformation.apply(shape, shape.body)
    require(isinstance(body, Body), f"{deformation}.apply must return a Body, not {body!r}")
    require(
        _same(before, _arrays(shape.body)),
        f"{deformation}.apply must return a new Body and leave the one it is given alone",
    )
    require(
        _same(_arrays(body), _arrays(deformation.apply(shape, shape.body))),
        f"{deformation}.apply must give the same body every time it is called",
    )
    require(not _same(before, _arrays(body)), f"{deformation}.apply leaves {shape} as it was")
    rng = np.random.default_rng(seed)
    for _ in range(poses):
        particle = Particle(shape, rotation=random_rotation(rng), deformations=(deformation,))
        _check_image(particle, particle.volume, what)


def _check_fields(shape_class: type[Shape]) -> None:
    fields = dataclasses.fields(shape_class)  # type: ignore[arg-type]
    require(fields, f"{shape_class.__qualname__} must have at least one dimension")
    for field in fields:
        where = f"The field {field.name!r} of {shape_class.__qualname__}"
        for key in ("unit", "min", "max", "doc", "relative"):
            require(key in field.metadata, f"{where} has no {key!r}: make it with length()")
        require(field.metadata["unit"] == "nm", f"{where} must be a length in nm")
        require(field.default is not dataclasses.MISSING, f"{where} must have a default")
        low, high = field.metadata["relative"]
        require(0 < low <= high, f"{where} has an empty range 'relative': {low} to {high}")
        try:
            shape_class(**{field.name: 2 * field.metadata["max"]})
        except InputError:
            continue
        require(False, f"{where} takes twice its 'max': does __post_init__ call super()?")


def _check_value(thing: Any) -> None:
    """Check that a frozen dataclass is nothing but its fields."""
    fields = {field.name: getattr(thing, field.name) for field in dataclasses.fields(thing)}
    twin = type(thing)(**fields)
    require(twin == thing, f"{thing} made again from its own fields is another one: {twin}")
    require(hash(twin) == hash(thing), f"{thing} made again from its own fields hashes otherwise")


def _check_surface(shape: Shape) -> None:
    """Check volume, radius and surface without projecting anything."""
    surface, planes = shape.mesh(), shape.half_spaces()
    require(
        surface is None or (planes is None and shape.quadric() is None),
        f"{shape} gives a mesh and half_spaces or a quadric: write one or the other",
    )
    if planes is not None:
        lengths = np.linalg.norm(planes[0], axis=1)
        require(np.allclose(lengths, 1), f"The normals of {shape} must have length 1: {lengths}")
    if surface is not None:
        _check_mesh(*surface, str(shape))
    for quantity in ("volume", "radius"):
        value = getattr(shape, quantity)
        require(
            np.isfinite(value) and value > 0,
            f"The {quantity} of {shape} must be a positive number, not {value!r}",
        )


def _check_mesh(vertices: NDArray[Any], faces: NDArray[Any], what: str) -> None:
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    there = {tuple(edge) for edge in edges.tolist()}
    require(
        len(there) == len(edges) and {(b, a) for a, b in there} == there,
        f"The mesh of {what} is not closed: two triangles must meet at every edge, "
        "and run along it in opposite directions",
    )
    volume = np.einsum(
        "ij,ij->", vertices[faces[:, 0]], np.cross(vertices[faces[:, 1]], vertices[faces[:, 2]])
    )
    require(volume > 0, f"The triangles of {what} must run counter-clockwise seen from outside")


def _check_image(particle: Particle, volume: float, what: str) -> None:
    """Check the thickness in one pose against the volume and the radius."""
    image, grid, place = _image(particle)
    pose = f"at the quaternion {np.round(particle.rotation.as_quat(), 6).tolist()}"
    require(np.isfinite(image).all(), f"The thickness of {what} is not finite {pose}")
    projected = image.sum(dtype=float) * np.prod(grid.sampling)
    require(
        abs(projected / volume - 1) < _TOLERANCE,
        f"The thickness of {what} adds up to {projected:.6g} nm³ {pose}, and its volume is "
        f"{volume:.6g} nm³: they may differ by {_TOLERANCE:.1%}",
    )
    outside = np.hypot(*place) > particle.body.radius * (1 + 1e-6)
    require(
        not image[outside].any(),
        f"{what} reaches farther than its radius of {particle.body.radius:.6g} nm {pose}",
    )
    # Half a turn about x swaps front and back, and top and bottom of the image.
    turn = Rotation.from_rotvec([np.pi, 0, 0])
    behind, *_ = _image(dataclasses.replace(particle, rotation=turn * particle.rotation))
    require(
        np.abs(behind[::-1] - image).sum() < 1e-3 * image.sum(),
        f"The thickness of {what} is not the same from the front and from behind {pose}",
    )
    twin = Rotation.from_quat(-particle.rotation.as_quat())
    require(
        np.array_equal(_image(dataclasses.replace(particle, rotation=twin))[0], image),
        f"The thickness of {what} changes with the sign of the quaternion {pose}",
    )


def _check_balance(particle: Particle) -> None:
    image, _, place = _image(particle)
    centre = [float((image * along).sum() / image.sum()) for along in place]
    require(
        math.hypot(*centre) < 0.01 * particle.shape.radius,
        f"The origin of {particle.shape} must be its centre of mass, which lies {centre} nm off",
    )


def _image(particle: Particle) -> tuple[NDArray[np.float32], Grid, list[NDArray[np.float64]]]:
    """Thickness of a particle in the middle of an image, the grid, and every pixel's (y, x) [nm].

    The image is wider than the radius, so that what reaches farther is seen.
    """
    sampling = tuple(2.2 * particle.body.radius / n for n in _PIXELS)
    grid = Grid(_PIXELS, sampling)  # type: ignore[arg-type]
    place = np.meshgrid(
        *((np.arange(n) - (n - 1) / 2) * d for n, d in zip(_PIXELS, sampling)), indexing="ij"
    )
    return project(dataclasses.replace(particle, position=grid.centre), grid), grid, list(place)


def _arrays(body: Body) -> list[NDArray[Any]]:
    """Return copies of all the arrays of a body."""
    return [
        np.array(array)
        for sign, piece in body.pieces
        for array in (sign, piece.normals, piece.offsets, piece.quadrics, *(piece.mesh or ()))
    ]


def _same(some: list[NDArray[Any]], others: list[NDArray[Any]]) -> bool:
    return len(some) == len(others) and all(map(np.array_equal, some, others))
