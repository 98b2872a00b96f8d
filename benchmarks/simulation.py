"""Speed and error of the projection and of the whole chain, beside a voxel body.

The reference does what is usually done: the body is a cube of voxels, which is rotated with linear
interpolation (SciPy) and summed along the beam. Both see the same cuboids in the same poses.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from scipy.ndimage import affine_transform

from napari_stem3d.simulation import (
    PRESETS,
    Cuboid,
    CutCorners,
    Grid,
    Microscope,
    Particle,
    project,
    random_rotation,
    spin,
)
from napari_stem3d.simulation.bodies.projection import pack, project_packed
from napari_stem3d.simulation.compute._random import draw_keys, poisson

SIDE = 128
GRID = Grid((SIDE, SIDE), (0.2, 0.2))
BATCH = 512
VOXEL_POSES = 5


def draw(count: int, seed: int) -> list[Particle]:
    """Cuboids of the reference conditions corners-128, with 0 to 8 deformed corners."""
    rng = np.random.default_rng(seed)
    extent = SIDE * GRID.sampling[0]
    particles = []
    for _ in range(count):
        shape = Cuboid(*(2 * rng.uniform(0.12, 0.26, 3) * extent).tolist())
        cuts = CutCorners.random(shape, int(rng.integers(9)), rng)
        particles.append(Particle(shape, GRID.centre, random_rotation(rng), (cuts,)))
    return particles


def voxels(particle: Particle) -> NDArray[np.float32]:
    """The body in its own frame, axes (z, y, x): 1 where the centre of a voxel is inside."""
    line = (np.arange(SIDE) - (SIDE - 1) / 2) * GRID.sampling[0]
    z, y, x = np.meshgrid(line, line, line, indexing="ij")
    inside = np.ones((SIDE,) * 3, bool)
    ((_, piece),) = particle.body.pieces
    for (nx, ny, nz), offset in zip(piece.normals, piece.offsets):
        inside &= nx * x + ny * y + nz * z <= offset
    return inside.astype(np.float32)


def rotate_and_sum(body: NDArray[np.float32], particle: Particle) -> NDArray[np.float32]:
    """Thickness [nm] of a voxel body in the particle's pose."""
    # From the laboratory's (z, y, x) back to the body's.
    back = particle.rotation.inv().as_matrix()[::-1, ::-1]
    middle = np.full(3, (SIDE - 1) / 2)
    turned = affine_transform(body, back, middle - back @ middle, order=1)
    return turned.sum(axis=0) * np.float32(GRID.sampling[0])


def seconds(function: Callable[[], Any], repeats: int) -> float:
    """Least time of a few calls: what else runs on the machine only ever adds to it."""
    function()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def volume_error(images: Sequence[NDArray[np.float32]], particles: Sequence[Particle]) -> float:
    """Root mean square of the relative errors of the volume [%]."""
    pixel = float(np.prod(GRID.sampling))
    errors = [i.sum(dtype=float) * pixel / p.volume - 1 for i, p in zip(images, particles)]
    return 100 * float(np.sqrt(np.mean(np.square(errors))))


def show(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = Table(title=title, title_justify="left")
    for k, column in enumerate(columns):
        table.add_column(column, justify="right" if k else "left")
    for row in rows:
        table.add_row(*row)
    Console(width=100).print(table)


def projection(particles: list[Particle]) -> None:
    packed, out = pack(particles, GRID), np.empty((BATCH, SIDE, SIDE), np.float32)
    few = particles[:VOXEL_POSES]
    bodies = [voxels(p) for p in few]
    summed = [rotate_and_sum(b, p) for b, p in zip(bodies, few)]
    reference = seconds(lambda: rotate_and_sum(bodies[0], few[0]), 3)
    rows_at = np.linspace(0, 1, SIDE)
    turning = [replace(p, motion=spin(p, (1, 1, 0), 90, 1)) for p in particles]
    calls: list[tuple[str, Callable[[], Any]]] = [
        (f"project_packed, batch of {BATCH}", lambda: project_packed(packed, GRID, out)),
        ("pack and project_packed", lambda: project_packed(pack(particles, GRID), GRID, out)),
        ("project, one by one", lambda: [project(p, GRID) for p in particles]),
        (
            "the same, turning by 90° meanwhile",
            lambda: [project(p, GRID, times=rows_at) for p in turning],
        ),
    ]
    ways = [(name, seconds(call, 10) / BATCH) for name, call in calls]
    error = f"{volume_error(project_packed(packed, GRID), particles):.3f}"
    rows = [
        (name, f"{1 / each:,.0f}", f"{1e6 * each:,.0f}", f"{reference / each:,.0f}", error)
        for name, each in ways
    ]
    rows[-1] = (*rows[-1][:-1], "")  # what turns has no image with its volume
    rows.append(
        (
            f"rotate and sum {SIDE}³ voxels",
            f"{1 / reference:,.1f}",
            f"{1e6 * reference:,.0f}",
            "1",
            f"{volume_error(summed, few):.3f}",
        )
    )
    columns = ("way", "images/s", "µs per image", "times faster", "volume error, %")
    show("Projection of cuboids with 0 to 8 deformed corners, 128 x 128 pixels", columns, rows)


def chain(particles: list[Particle], seed: int) -> None:
    rng = np.random.default_rng(seed)
    keys = draw_keys(rng, BATCH)
    packed = pack(particles, GRID)
    maps = project_packed(packed, GRID)
    default, ideal = Microscope(), PRESETS["ideal"]
    counting = replace(
        ideal,
        film=replace(default.film, roughness=0.0, grain=False),
        probe=default.probe,
        scan=replace(ideal.scan, jitter=default.scan.jitter),
        detector=replace(ideal.detector, shot_noise=True),
    )
    uncounted = replace(counting, detector=ideal.detector)
    expected = uncounted.images(maps, GRID, keys)
    stages = {
        stage: replace(ideal, **{stage: getattr(default, stage)})
        for stage in ("film", "probe", "scan", "detector")
    }

    def images(microscope: Microscope) -> NDArray[np.float32]:
        return microscope.images(maps, GRID, keys)

    calls: list[tuple[str, Callable[[], Any]]] = [
        ("nothing but contrast", partial(images, ideal)),
        *((f"and {stage}", partial(images, alone)) for stage, alone in stages.items()),
        ("even film, probe, line jitter, counts", partial(images, counting)),
        ("the default microscope", partial(images, default)),
        (
            "projection and even film, probe, line jitter, counts",
            lambda: counting.images(project_packed(packed, GRID), GRID, keys),
        ),
        (
            "the same with NumPy's Poisson sampler",
            lambda: rng.poisson(uncounted.images(project_packed(packed, GRID), GRID, keys)),
        ),
        ("Poisson counts alone", lambda: poisson(keys, expected)),
        ("Poisson counts by NumPy", lambda: rng.poisson(expected)),
    ]
    times = [(name, seconds(call, 5) / BATCH) for name, call in calls]
    rows = [(name, f"{1 / each:,.0f}", f"{1e6 * each:,.0f}") for name, each in times]
    show("The microscope, 128 x 128 pixels", ("stages", "images/s", "µs per image"), rows)
    reference = seconds(lambda: rotate_and_sum(voxels(particles[0]), particles[0]), 1)
    whole = dict(times)["projection and even film, probe, line jitter, counts"]
    print(
        "With a voxel body instead of the projection the chain is "
        f"{(reference + whole) / whole:,.0f} times slower."
    )


def main(seed: int) -> None:
    particles = draw(BATCH, seed)
    projection(particles)
    chain(particles, seed)
