"""Checks of the thickness of a particle: what its body says of itself against what is seen."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from napari_stem3d.simulation import Body, Grid, Particle, project
from napari_stem3d.testing._require import require

PIXELS = (301, 241)  # different, and so are the samplings: a mix-up of y and x must show
_TOLERANCE = 0.005

Image = NDArray[np.float32]


def check_image(particle: Particle, volume: float, what: str) -> None:
    """Check the thickness in one pose against the volume and the radius.

    Parameters
    ----------
    particle : Particle
        In its pose; its position does not matter.
    volume : float
        What the thickness must add up to [nm³].
    what : str
        Name of the particle in sentences.
    """
    image, grid, place = draw(particle)
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
    behind, *_ = draw(dataclasses.replace(particle, rotation=turn * particle.rotation))
    require(
        np.abs(behind[::-1] - image).sum() < 1e-3 * image.sum(),
        f"The thickness of {what} is not the same from the front and from behind {pose}",
    )
    twin = Rotation.from_quat(-particle.rotation.as_quat())
    require(
        np.array_equal(draw(dataclasses.replace(particle, rotation=twin))[0], image),
        f"The thickness of {what} changes with the sign of the quaternion {pose}",
    )


def draw(
    particle: Particle, pixels: tuple[int, int] = PIXELS
) -> tuple[Image, Grid, list[NDArray[np.float64]]]:
    """Return the thickness, its pixels, and how far they lie from the particle along y and x."""
    # The image is wider than the radius, so that what reaches farther is seen.
    sampling = tuple(2.2 * particle.body.radius / n for n in pixels)
    grid = Grid(pixels, (sampling[0], sampling[1]))
    image = project(dataclasses.replace(particle, position=grid.centre), grid)
    place = [(np.arange(n) - (n - 1) / 2) * d for n, d in zip(pixels, sampling)]
    return image, grid, list(np.meshgrid(*place, indexing="ij"))


def seen_volume(particle: Particle) -> float:
    """Return the sum of the thickness over the area of the image [nm³]."""
    image, grid, _ = draw(particle)
    return float(image.sum(dtype=float) * np.prod(grid.sampling))


def arrays(body: Body) -> list[NDArray[np.float64]]:
    """Return copies of all the arrays of a body."""
    return [
        np.array(array)
        for sign, piece in body.pieces
        for array in (sign, piece.normals, piece.offsets, piece.quadrics, *(piece.mesh or ()))
    ]


def same(some: list[NDArray[np.float64]], others: list[NDArray[np.float64]]) -> bool:
    """Return whether two bodies have the same arrays."""
    return len(some) == len(others) and all(np.array_equal(a, b) for a, b in zip(some, others))
