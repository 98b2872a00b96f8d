"""Number of deformed corners, judged on images of a second simulator.

It shares no code with the package: the reference conditions "corners-128" written once more in
plain NumPy, with pixels averaged over 2 x 2 beams, a blur by Fourier transform and linear
interpolation along the displaced lines. Networks that lean on quirks of their own simulator fail.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SIDE = 128
OBJECTS = 500
COUNTS = 1000  # per pixel behind REFERENCE pixels of matter
REFERENCE = 64

Array = NDArray[np.float64]


def random_turn(rng: np.random.Generator) -> Array:
    """Rotation matrix uniform on SO(3), from the QR decomposition of normal numbers."""
    q, r = np.linalg.qr(rng.normal(size=(3, 3)))
    q = q * np.sign(np.diag(r))
    return q * np.sign(np.linalg.det(q))


def cut_cuboid(rng: np.random.Generator, corners: int) -> tuple[Array, Array, Array]:
    """Planes (normals, distances) of a cuboid with cut corners, and its uncut corners [px]."""
    half = rng.uniform(0.12, 0.26, 3) * SIDE
    normals = [sign * axis for axis in np.eye(3) for sign in (-1.0, 1.0)]
    distances = [side for side in half for _ in range(2)]
    signs = np.array([[i, j, k] for i in (-1, 1) for j in (-1, 1) for k in (-1, 1)])
    for sign in signs[rng.permutation(8)[:corners]]:
        corner = sign * half
        points = corner - np.diag(2 * corner * rng.uniform(0.25, 0.5, 3))
        normal = np.cross(points[1] - points[0], points[2] - points[0])
        normal *= np.sign(normal @ corner) / np.linalg.norm(normal)
        normals.append(normal)
        distances.append(normal @ points[0])
    return np.array(normals), np.array(distances), signs * half


def thickness(normals: Array, distances: Array, centre: Array) -> Array:
    """Thickness [px] in each pixel, the mean over four beams."""
    beams = (np.arange(2 * SIDE) + 0.5) / 2
    x, y = np.meshgrid(beams - centre[0], beams - centre[1])
    top, bottom = np.full(x.shape, np.inf), np.full(x.shape, -np.inf)
    for normal, distance in zip(normals, distances):
        z = (distance - normal[0] * x - normal[1] * y) / normal[2]
        if normal[2] > 0:
            top = np.minimum(top, z)
        else:
            bottom = np.maximum(bottom, z)
    return np.maximum(0, top - bottom).reshape(SIDE, 2, SIDE, 2).mean(axis=(1, 3))


def image(rng: np.random.Generator, corners: int) -> NDArray[np.int64]:
    """Counts of one cuboid at the standard dose."""
    normals, distances, vertices = cut_cuboid(rng, corners)
    turn = random_turn(rng)
    room = np.maximum(0, SIDE / 2 - np.abs(vertices @ turn.T).max(axis=0)[:2])
    centre = SIDE / 2 + rng.uniform(-1, 1, 2) * room
    signal = thickness(normals @ turn.T, distances, centre) / REFERENCE + rng.uniform(0.05, 0.3)
    frequency = np.fft.fftfreq(SIDE + 32)
    transfer = np.exp(-2 * (np.pi * rng.uniform(0.5, 1.5) * frequency) ** 2)
    spectrum = np.fft.fft2(np.pad(signal, 16, mode="edge")) * transfer * transfer[:, None]
    signal = np.fft.ifft2(spectrum).real[16:-16, 16:-16]
    step, shift, pixels = rng.uniform(0, 0.3), 0.0, np.arange(SIDE)
    for row in signal:
        shift = 0.9 * shift + rng.normal(0, step)
        row[:] = np.interp(pixels + shift, pixels, row)
    return rng.poisson(np.maximum(signal, 0) * COUNTS)


def main(seed: int) -> None:
    from napari_stem3d.networks.evaluation import proportion
    from napari_stem3d.tasks.evaluation import ask
    from napari_stem3d.tasks.questions import QUESTIONS

    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 9, OBJECTS)
    images = [image(rng, int(corners)) for corners in truth]
    parts = [ask(images[k : k + 50], QUESTIONS["corners"])[0] for k in range(0, OBJECTS, 50)]
    told = QUESTIONS["corners"].told(np.concatenate(parts))
    hits = int(np.sum(told == truth))
    share, low, high = (100 * value for value in proportion(hits, OBJECTS))
    print(f"right number of corners {hits} of {OBJECTS}  {share:.1f} % ({low:.1f} to {high:.1f})")
