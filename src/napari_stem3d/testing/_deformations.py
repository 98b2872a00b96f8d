"""Check of a deformation: what it does to a body, and that it leaves the given one alone."""

from __future__ import annotations

import numpy as np

from napari_stem3d.simulation import (
    Body,
    Deformation,
    MissingSlab,
    Particle,
    Shape,
    random_rotation,
)
from napari_stem3d.testing._fields import check_travel, check_value
from napari_stem3d.testing._images import arrays, check_image, same
from napari_stem3d.testing._require import require, require_named_dataclass


def check_deformation(
    deformation: Deformation, shape: Shape, *, poses: int = 4, seed: int = 0
) -> None:
    """Check that a deformation keeps the contract of `napari_stem3d.simulation.Deformation`.

    It must give a new body, the same every time, whose thickness adds up to its volume within
    0.5 %, also where another deformation came before; its `random` must give one that the shape
    can take; and it must reach another process as it is.

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
    kind = type(deformation)
    require_named_dataclass(kind, Deformation)
    check_value(deformation)
    before = arrays(shape.body)
    body = deformation.apply(shape, shape.body)
    require(isinstance(body, Body), f"{deformation}.apply must return a Body, not {body!r}")
    require(
        same(before, arrays(shape.body)),
        f"{deformation}.apply must return a new Body and leave the one it is given alone",
    )
    require(
        same(arrays(body), arrays(deformation.apply(shape, shape.body))),
        f"{deformation}.apply must give the same body every time it is called",
    )
    require(not same(before, arrays(body)), f"{deformation}.apply leaves {shape} as it was")
    slab = MissingSlab(shape.radius / 8, position=0.0)
    rng = np.random.default_rng(seed)
    for number in range(poses):
        wrong = (slab, deformation) if number % 2 else (deformation,)
        particle = Particle(shape, rotation=random_rotation(rng), deformations=wrong)
        names = " and ".join(map(str, wrong))
        check_image(particle, particle.volume, f"{shape} with {names}")
    after = deformation.apply(shape, slab.apply(shape, shape.body))
    require(
        not same(arrays(body), arrays(after)),
        f"{deformation}.apply must deform the body it is given, and forgets what came before",
    )
    _check_drawn(kind, shape, seed)
    check_travel(deformation)


def _check_drawn(kind: type[Deformation], shape: Shape, seed: int) -> None:
    """Check that a deformation can be drawn, and that the same seed draws the same."""
    some, others = (
        [kind.random(shape, 1, rng) for _ in range(3)]
        for rng in (np.random.default_rng(seed), np.random.default_rng(seed))
    )
    require(some == others, f"{kind.__qualname__}.random must take all its chances from the rng")
    for drawn in some:
        require(
            isinstance(drawn, kind),
            f"{kind.__qualname__}.random must return a {kind.__qualname__}, not {drawn!r}",
        )
        drawn.apply(shape, shape.body)
