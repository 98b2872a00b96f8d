"""Bodies fitted to images whose truth is known, beside the network and beside the truth's own fit.

How far a decision could be made at all is told by fits that begin from the truth: they choose the
number of cuts by evidence alone, and no search can fail. Seeds 31001 to 31004 were tuned on.
"""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

CORNERS = {  # name: dose, depth of cuts, objects
    "standard": ("standard", "large", 500),
    "low dose": ("low", "large", 200),
    "small cuts": ("standard", "small", 200),
}
WRONG = 500
NESTED = {("sphere", "ellipsoid")}  # the second holds the first
SAMPLING = (0.2, 0.2)
PERMUTED = [np.eye(3)[list(p)] * s for p in itertools.permutations(range(3))
            for s in itertools.product((1.0, -1.0), repeat=3)]  # fmt: skip


class Outcome(NamedTuple):
    """What became of one object."""

    true: int
    told: int
    fitted: int
    ideal: int
    p_value: float
    seconds: float
    off: NDArray[np.float64]
    sigmas: NDArray[np.float64]
    degrees: float
    volume: tuple[float, float]


def particles(dataset: Any) -> Iterator[tuple[int, NDArray[Any], NDArray[Any], Any]]:
    """Images of a data set with the mask that is found and what the network says of it."""
    from napari_stem3d.analysis.batches import segment_frames
    from napari_stem3d.analysis.fitting.proposal import propose

    for first in range(0, len(dataset), 50):
        part = range(first, min(first + 50, len(dataset)))
        images = [np.asarray(dataset[k].image, np.float32) for k in part]
        for index, image, labels in zip(part, images, segment_frames(images)):
            sizes = np.bincount(labels.ravel(), minlength=2)
            mask = (labels == 1 + int(np.argmax(sizes[1:]))).astype(np.int32)
            yield index, image, mask, next(propose(image, mask, "particle-classes"))


def fit_cuboid(item: tuple[Any, ...]) -> Outcome | None:
    """Fit one object, and once more from the truth."""
    from napari_stem3d.analysis.fitting.frame import fit_frame

    truth, image, mask, proposal = item
    start = time.process_time()
    options: dict[str, Any] = {"shapes": ["cuboid"], "proposals": [proposal]}
    fit = next(fit_frame(image, mask, SAMPLING, **options), None)
    seconds = time.process_time() - start
    if fit is None:
        return None
    sizes = np.array([truth.shape.a, truth.shape.b, truth.shape.c])
    found, sigmas = np.array(list(fit.lengths.values())).T
    degrees, order = angle(truth.rotation, fit.particle.rotation)
    return Outcome(
        len(truth.deformed_corners),
        int(np.argmax(proposal.corners)),
        fit.alternatives[0].corners,
        from_truth(truth, fit),
        fit.p_value,
        seconds,
        found[order] - sizes,
        sigmas[order],
        degrees,
        (fit.volume[0] / truth.volume - 1, (fit.volume[0] - truth.volume) / fit.volume[1]),
    )


def from_truth(truth: Any, fit: Any) -> int:
    """Number of cuts that evidence chooses when nothing has to be searched."""
    from dataclasses import replace
    from math import comb

    from napari_stem3d.analysis.fitting.cuts import fewer_cuts
    from napari_stem3d.analysis.fitting.refinement import begin, refine
    from napari_stem3d.analysis.fitting.variable import Variable

    look = refine(begin(Variable(truth), fit.look.patch, fit.look.prior))
    full = replace(look, what=replace(look.what, variable=look.what.variable.completed(0.12)))
    looks = [look, *fewer_cuts(refine(full, 8, learn=False))]
    counts = [len(one.what.variable.particle.deformed_corners) for one in looks]
    scores = [one.evidence + 2 * np.log(comb(8, k)) for one, k in zip(looks, counts)]
    return counts[int(np.argmin(scores))]


def angle(truth: Rotation, found: Rotation) -> tuple[float, list[int]]:
    """Smallest turn [degrees] between the axes of two boxes, and which axis is which.

    A box looks the same turned by half turns, and mirrored along the beam.
    """
    best, order = np.inf, [0, 1, 2]
    for mirror in (np.eye(3), np.diag([1.0, 1.0, -1.0])):
        for permuted in PERMUTED:
            turn = mirror @ found.as_matrix() @ permuted.T
            if np.linalg.det(turn) < 0:
                continue
            away = np.degrees((truth.inv() * Rotation.from_matrix(turn)).magnitude())
            if away < best:
                best, order = away, np.abs(permuted).argmax(axis=1).tolist()
    return best, order


def fit_wrong(item: tuple[Any, ...]) -> tuple[float, float] | None:
    """Fit a wrong shape and the right one; how well the residuals agree with either."""
    from napari_stem3d.analysis.fitting.frame import fit_frame

    shapes, image, mask, proposal = item
    values = []
    for shape in shapes:
        fit = next(fit_frame(image, mask, SAMPLING, shapes=[shape], proposals=[proposal]), None)
        if fit is None:
            return None
        values.append(fit.p_value)
    return values[0], values[1]


def side_by_side(function: Any, items: Iterator[Any]) -> list[Any]:
    """Results of a function, by as many processes as there are cores."""
    os.environ.update(NUMBA_NUM_THREADS="1", OMP_NUM_THREADS="1")
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        return [result for result in pool.map(function, list(items)) if result is not None]


def cuboids(name: str, seed: int) -> None:
    from napari_stem3d.simulation import Dataset
    from napari_stem3d.tasks.corners128 import Corners128

    dose, cuts, count = CORNERS[name]
    dataset = Dataset(Corners128("corners", dose, cuts), count, seed)
    truths = [dataset.scene(k).particles[0] for k in range(count)]
    found = side_by_side(fit_cuboid, ((truths[k], *rest) for k, *rest in particles(dataset)))
    rows = list(zip(*found))
    true, told, fitted, ideal, p_values, seconds = (np.array(row) for row in rows[:6])
    print(f"{name}: {len(found)} of {count} objects fitted")
    for what, answer in (("network", told), ("fit", fitted), ("fit from the truth", ideal)):
        show_share(f"  number of cuts, {what}", answer == true)
    off, sigmas = np.array(rows[6]), np.array(rows[7])
    sizes = np.array([[t.shape.a, t.shape.b, t.shape.c] for t in truths])[: len(off)]
    share = np.abs(off) / sizes
    print(f"  dimensions: median error {100 * np.median(share):.2f} %")
    show_share("  dimensions within 2 %", (share < 0.02).ravel())
    show_share("  dimensions within 68 % intervals", (np.abs(off) < sigmas).ravel())
    degrees = np.array(rows[8])
    print(f"  orientation: median error {np.median(degrees):.2f} degrees")
    show_share("  orientation within 1 degree", degrees < 1)
    volumes = np.array(rows[9])
    print(f"  volume: median error {100 * np.median(np.abs(volumes[:, 0])):.2f} %")
    show_share("  volume within 68 % intervals", np.abs(volumes[:, 1]) < 1)
    show_share("  right bodies called wrong, p < 0.01", p_values < 0.01)
    middle, most = np.median(seconds), np.quantile(seconds, 0.9)
    print(f"  seconds of one core per particle: median {middle:.2f}, 90 % below {most:.2f}")


def wrong_shapes(seed: int) -> None:
    from napari_stem3d.analysis.fitting.frame import can_be_fitted
    from napari_stem3d.networks.contracts import SHAPES
    from napari_stem3d.simulation import Dataset
    from napari_stem3d.tasks.corners128 import Corners128

    known = [name for name in SHAPES if can_be_fitted(name)]
    dataset = Dataset(Corners128("shape"), WRONG, seed)
    rng = np.random.default_rng(seed)
    pairs = []
    for k in range(WRONG):
        own = dataset.scene(k).particles[0].shape.name
        others = [name for name in known if name != own and (own, name) not in NESTED]
        pairs.append((str(rng.choice(others)), own))
    found = side_by_side(fit_wrong, ((pairs[k], *rest) for k, *rest in particles(dataset)))
    wrong, right = np.array(found).T
    print(f"wrong shapes: {len(found)} of {WRONG} objects fitted")
    show_share("  wrong shapes called wrong, p < 0.01", wrong < 0.01)
    show_share("  right shapes called wrong, p < 0.01", right < 0.01)


def show_share(what: str, hits: NDArray[np.bool_]) -> None:
    from napari_stem3d.networks.evaluation import proportion

    share, low, high = (100 * value for value in proportion(int(hits.sum()), len(hits)))
    print(f"{what:42s} {hits.sum():4d} of {len(hits):4d}  {share:5.1f} % ({low:.1f} to {high:.1f})")


def main(seed: int) -> None:
    for number, name in enumerate(CORNERS):
        cuboids(name, seed + number)
    wrong_shapes(seed + len(CORNERS))
