"""Check of a shape: its fields, its surface, its volume, and its thickness in many poses."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull
from scipy.spatial.transform import Rotation

from napari_stem3d._errors import InputError
from napari_stem3d.simulation import Particle, Shape, random_rotation
from napari_stem3d.testing._fields import check_fields, check_travel, check_value
from napari_stem3d.testing._images import arrays, check_image, draw, same, seen_volume
from napari_stem3d.testing._require import require, require_named_dataclass

_DIRECTIONS = 100  # from which silhouettes are seen
_STEP = 0.02  # by which dimensions are changed
_ASKEW = Rotation.from_rotvec([0.7, 0.4, -0.3])


def check_shape(shape_class: type[Shape], *, poses: int = 4, seed: int = 0, **given: Any) -> None:
    """Check that a shape keeps the contract of `napari_stem3d.simulation.Shape`.

    The default and random instances are projected in random poses. Their thickness must add up to
    the volume within 0.5 %, stay inside the radius, balance on the origin, and be the same from the
    front and from behind. If the shape is convex, its mean silhouette must be a quarter of its
    surface (Cauchy's theorem). Volume and thickness must follow every dimension alike, and an
    instance must reach another process as it is.

    Parameters
    ----------
    shape_class : type
        The class, as `register_shapes` returns it.
    poses : int
        Number of poses in which every instance is projected.
    seed : int
        Seed of the instances and poses.
    **given
        Values of fields that the shape cannot do without, such as the path of a file.

    Raises
    ------
    AssertionError
        With the first broken promise in one sentence.
    """
    require_named_dataclass(shape_class, Shape)
    check_fields(shape_class, given)
    rng = np.random.default_rng(seed)
    default = shape_class(**given)
    drawn = (shape_class.random(rng, size, **given) for size in (2.0, 10.0, 50.0))
    for shape in (default, *drawn):
        check_value(shape)
        _check_surface(shape)
        for _ in range(poses):
            check_image(Particle(shape, rotation=random_rotation(rng)), shape.volume, str(shape))
        _check_balance(Particle(shape, rotation=random_rotation(rng)))
    _check_silhouettes(default)
    for field in dataclasses.fields(default):  # type: ignore[arg-type]
        if "unit" in field.metadata and not field.metadata.get("whole"):
            _check_slope(default, field.name)
    check_travel(default)


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


def _check_balance(particle: Particle) -> None:
    image, _, place = draw(particle)
    centre = [float((image * along).sum() / image.sum()) for along in place]
    require(
        math.hypot(*centre) < 0.01 * particle.shape.radius,
        f"The origin of {particle.shape} must be its centre of mass, which lies {centre} nm off",
    )


def _check_silhouettes(shape: Shape) -> None:
    """Check Cauchy's theorem on a shape that is convex, as its hull is no larger."""
    hull = ConvexHull(np.concatenate([vertices for _, (vertices, _) in shape.body.meshes()]))
    if abs(hull.volume / shape.volume - 1) > 0.003:
        return
    height = (np.arange(_DIRECTIONS) + 0.5) / _DIRECTIONS  # half a sphere: behind, it repeats
    angle = np.pi * (3 - np.sqrt(5)) * np.arange(_DIRECTIONS)
    areas = []
    for turn in Rotation.from_euler("zx", np.stack([angle, np.arccos(height)], axis=1)):
        image, grid, _ = draw(Particle(shape, rotation=turn), (151, 121))
        areas.append((image > 0).sum() * np.prod(grid.sampling))
    require(
        abs(np.mean(areas) / (hull.area / 4) - 1) < 0.01,
        f"The mean silhouette of {shape} is {np.mean(areas):.6g} nm², and must be a quarter of its "
        f"surface, {hull.area / 4:.6g} nm² (Cauchy), because it is convex",
    )


def _check_slope(shape: Shape, name: str) -> None:
    """Check that volume and thickness follow one dimension alike."""
    value = getattr(shape, name)
    try:
        less, more = (
            dataclasses.replace(shape, **{name: value * factor})  # type: ignore[type-var]
            for factor in (1 - _STEP, 1 + _STEP)
        )
    except InputError:  # there is no room beside the default
        return
    require(
        not same(arrays(less.body), arrays(more.body)),
        f"The field {name!r} of {type(shape).__qualname__} has no effect on its body",
    )
    told = more.volume - less.volume
    seen = seen_volume(Particle(more, rotation=_ASKEW)) - seen_volume(
        Particle(less, rotation=_ASKEW)
    )
    require(
        abs(seen - told) < 0.05 * abs(told) + 5e-4 * shape.volume,
        f"The volume of {shape} changes by {told:.4g} nm³ and its thickness by {seen:.4g} nm³ "
        f"where {name!r} changes by {2 * _STEP:.0%}",
    )
